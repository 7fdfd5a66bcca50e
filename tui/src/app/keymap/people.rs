//! The tables of keys about people: teams, the profile, what one is told, audit, support, the API.

use super::bindings::{ENTER, ESC, Group, SHIFT_TAB, TAB, c, k, row};
use super::{Command as C, Scope as S};
use crate::term::input::{Key, KeyCode};

const RIGHT: Key = k(KeyCode::Right);

pub(super) static GROUPS: &[Group] = &[
    Group {
        scope: S::Teams,
        title: "List of teams",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the selected team").line("team show"),
            row(C::New, &[c('n')], "new", 80, "Make a team").line("team create NAME"),
            row(C::Join, &[c('J')], "join", 70, "Join a team with a code").line("team join"),
            row(C::Policy, &[c('P')], "roles", 50, "What each role may do"),
            row(C::Edit, &[c('e')], "edit", 40, "Change the selected team: its name, its budget"),
            row(C::Delete, &[c('D')], "delete", 20, "Delete the selected team, which must have no keys"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the teams again").line("team ls"),
        ],
    },
    Group {
        scope: S::Team,
        title: "A team's page",
        rows: &[
            row(C::New, &[c('n')], "invite", 90, "Invite somebody; the code is shown once")
                .line("team invite EMAIL"),
            row(C::Edit, &[c('e'), ENTER], "role", 80, "Give the selected member another role")
                .line("team role PERSON --role ROLE"),
            row(C::Delete, &[c('D')], "remove", 70, "Remove the selected member, or withdraw the invitation")
                .line("team remove PERSON"),
            row(C::Next, &[TAB], "other list", 60, "To the invitations, or back to the people"),
            row(C::Previous, &[SHIFT_TAB], "other list", 0, "To the invitations, or back to the people"),
            row(C::Policy, &[c('P')], "roles", 50, "What each role may do"),
            row(C::Leave, &[c('L')], "leave", 30, "Leave the team").line("team leave"),
            row(C::Pause, &[c('p')], "pause", 20, "Hold who is here still, or let it go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the team again").line("team members"),
        ],
    },
    Group {
        scope: S::Departed,
        title: "After somebody left",
        rows: &[row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the selected key")],
    },
    Group {
        scope: S::Once,
        title: "What is shown once",
        rows: &[row(C::Copy, &[c('y')], "copy", 90, "Send it to your terminal's clipboard")],
    },
    Group {
        scope: S::Profile,
        title: "Profile",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT, c(' ')], "change", 90, "Change the selected setting")
                .line("profile edit"),
            row(
                C::Forgotten,
                &[c('F')],
                "forgot",
                40,
                "Set a new unlock passphrase without the one you forgot",
            )
            .line("passphrase --forgotten"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the profile again").line("profile show"),
        ],
    },
    Group {
        scope: S::Theme,
        title: "Choosing a theme",
        rows: &[row(C::Open, &[ENTER, c('l'), RIGHT], "keep", 90, "Keep the selected theme")],
    },
    Group {
        scope: S::Factor,
        title: "Setting up the second factor",
        rows: &[
            row(C::Accept, &[ENTER], "switch on", 90, "Switch it on with the code that was typed"),
            row(
                C::Copy,
                &[Key::ctrl('y')],
                "copy the link",
                60,
                "Send the link for the app to your terminal's clipboard",
            ),
            row(C::Cancel, &[ESC], "cancel", 80, "Leave; nothing is switched on"),
        ],
    },
    Group {
        scope: S::SshKeys,
        title: "SSH keys",
        rows: &[
            row(C::New, &[c('n')], "add", 90, "Add an SSH key by pasting it"),
            row(C::Delete, &[c('D')], "remove", 70, "Remove the selected SSH key; what it opened ends"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the SSH keys again"),
        ],
    },
    Group {
        scope: S::Sessions,
        title: "Sessions",
        rows: &[
            row(C::Delete, &[c('D')], "end", 90, "End the selected session").line("sessions end SESSION"),
            row(C::EndOthers, &[c('X')], "end all others", 80, "Sign out everywhere but here"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the sessions again").line("sessions ls"),
        ],
    },
    Group {
        scope: S::Webhooks,
        title: "Webhooks",
        rows: &[
            row(
                C::Open,
                &[ENTER, c('l'), RIGHT],
                "what was sent",
                90,
                "Show what was sent, and what came of it",
            )
            .line("webhooks deliveries WEBHOOK"),
            row(C::Test, &[c('t')], "try", 80, "Send a message that says nothing but that it can be")
                .line("webhooks test WEBHOOK"),
            row(C::New, &[c('n')], "add", 70, "Have notifications sent to another address")
                .line("webhooks add --name NAME"),
            row(C::Switch, &[c('x')], "off or on", 60, "Send nothing to the selected one, or again"),
            row(C::Rotate, &[c('R')], "new secret", 55, "Make another secret for the selected one")
                .line("webhooks replace-secret WEBHOOK"),
            row(C::Delete, &[c('D')], "remove", 50, "Remove the selected one").line("webhooks rm WEBHOOK"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the webhooks again").line("webhooks ls"),
        ],
    },
    Group {
        scope: S::Deliveries,
        title: "What was sent to a webhook",
        rows: &[
            row(C::Test, &[c('t')], "try", 90, "Send a message that says nothing but that it can be"),
            row(C::Resend, &[c('a')], "again", 80, "Send the selected message once more, under the same id")
                .line("webhooks redeliver WEBHOOK --delivery ID"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read what was sent again"),
        ],
    },
    Group {
        scope: S::Notices,
        title: "Notifications",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the alert or the key it is about"),
            row(C::Read, &[c(' '), c('x')], "read", 80, "Mark the selected one as read"),
            row(C::ReadAll, &[c('X')], "all read", 70, "Mark all as read"),
            row(C::Unread, &[c('u')], "unread", 60, "Show only what is unread, or all"),
            row(C::Delete, &[c('D')], "delete", 40, "Delete the selected one"),
            row(C::Pause, &[c('p')], "pause", 20, "Hold the list still, or let it go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the notifications again"),
        ],
    },
    Group {
        scope: S::Audit,
        title: "Audit",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the selected record"),
            row(C::Search, &[c('/')], "filter", 80, "Filter: who, what, how it ended, since when")
                .line("audit"),
            row(C::NextPage, &[c(']')], "older", 60, "The next page, which is older"),
            row(C::PreviousPage, &[c('[')], "newer", 50, "The page before, which is newer"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the newest records again").line("audit"),
        ],
    },
    Group {
        scope: S::Record,
        title: "An audit record",
        rows: &[row(C::Open, &[ENTER, c('l'), RIGHT], "open the key", 90, "Open the key it is about")],
    },
    Group {
        scope: S::Support,
        title: "Support",
        rows: &[
            row(C::Open, &[ENTER, c('l'), RIGHT], "open", 90, "Open the selected question"),
            row(C::New, &[c('n')], "ask", 80, "Ask the operators something"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the questions again"),
        ],
    },
    Group {
        scope: S::Ticket,
        title: "A question",
        rows: &[
            row(C::Answer, &[c('a')], "answer", 90, "Say something more"),
            row(C::Close, &[c('x')], "close", 60, "Close it: it is settled"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read it again"),
        ],
    },
    Group {
        scope: S::Routes,
        title: "API",
        rows: &[
            row(C::Copy, &[c('y')], "copy curl", 90, "Copy the selected route's line for curl"),
            row(C::CopyLine, &[c('s')], "copy ssh", 80, "Copy the line for ssh that does the same"),
        ],
    },
];
