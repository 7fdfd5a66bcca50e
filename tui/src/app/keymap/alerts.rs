//! The tables of keys about alerts and the rules for them.

use super::bindings::{ENTER, Group, SHIFT_TAB, TAB, c, k, row};
use super::{Command as C, Scope as S};
use crate::term::input::{Key, KeyCode};

const RIGHT: Key = k(KeyCode::Right);

pub(super) static GROUPS: &[Group] = &[
    Group {
        scope: S::Alerts,
        title: "Alerts",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the selected alert").line("alerts ls"),
            row(C::Next, &[TAB], "next list", 70, "Open alerts, all, those you look after, the rules"),
            row(C::Previous, &[SHIFT_TAB], "", 0, "The list before"),
            row(C::New, &[c('n')], "new rule", 60, "Make a rule: what is looked at every minute")
                .line("alerts rule add --name NAME --condition CONDITION"),
            row(C::Pause, &[c('p')], "pause", 10, "Hold the list still, or let it go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the alerts again").line("alerts ls"),
        ],
    },
    Group {
        scope: S::Alert,
        title: "One alert",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open the key", 70, "Open the key it is about")
                .line("keys show KEY"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read it again"),
        ],
    },
    Group {
        scope: S::Handling,
        title: "What to do about an alert",
        rows: &[
            row(C::Acknowledge, &[c('a')], "look after it", 85, "Say that you look after the alert")
                .line("alerts ack ALERT"),
            row(
                C::Snooze,
                &[c('s')],
                "snooze",
                80,
                "Put the alert off for 1 hour, 4 hours, a day or so long",
            )
            .line("alerts snooze ALERT --minutes 60"),
            row(C::Settle, &[c('x')], "resolve", 75, "Settle the alert; it comes again after it was over")
                .line("alerts resolve ALERT"),
            row(C::Freeze, &[c('f')], "freeze", 68, "Freeze the key: apps cannot fetch it; z takes it back")
                .line("alerts respond ALERT --action freeze"),
            row(C::Narrow, &[c('w')], "networks", 48, "Let apps fetch the key from some networks only")
                .line("alerts respond ALERT --action narrow --network CIDR"),
            row(
                C::Lower,
                &[c('L')],
                "limit",
                46,
                "Lower the key's monthly limit, and refuse fetches over it",
            )
            .line("alerts respond ALERT --action limit --limit N"),
            row(C::Rotate, &[c('R')], "rotate", 47, "Give the key a new value")
                .line("alerts respond ALERT --action rotate"),
            row(C::Undo, &[c('z')], "take back", 30, "Take back what was last done about the key")
                .line("alerts respond ALERT --action undo"),
        ],
    },
    Group {
        scope: S::AlertRules,
        title: "Rules for alerts",
        rows: &[
            row(C::New, &[c('n')], "new", 90, "Make a rule: what is looked at every minute")
                .line("alerts rule add --name NAME --condition CONDITION"),
            row(C::Edit, &[ENTER, c('e')], "change", 85, "Change the selected rule"),
            row(C::Switch, &[c('d')], "on/off", 70, "Switch the selected rule off, or on"),
            row(C::Delete, &[c('D')], "remove", 50, "Remove the selected rule, and end what it raised")
                .line("alerts rule rm RULE"),
            row(C::Next, &[TAB], "next list", 60, "Back to the alerts"),
            row(C::Previous, &[SHIFT_TAB], "", 0, "The list before"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the rules again").line("alerts rules"),
        ],
    },
];
