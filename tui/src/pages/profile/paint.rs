//! Draws the settings: a row each, and beside them a word on the selected one.

use keyward_keys::NoticeKind as Told;
use keyward_keys::view::UserView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::profile::theme::THEMES;
use crate::pages::profile::{ProfilePage, Setting};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::{self, Column};
use crate::widgets::pen::{Pen, Ui, frame, safe, wrap};

/// From this width on, there is a pane beside the list.
const WIDE: u16 = 100;
const PANE: u16 = 40;

#[derive(Clone, Copy)]
enum Cell {
    Group,
    Setting,
    Value,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Group, "", 13, 14, 3),
    Column::new(Cell::Setting, "SETTING", 19, 24, 8),
    Column::new(Cell::Value, "NOW", 14, 46, 9),
];

/// The list, and the pane beside it, which may be empty.
pub(super) fn parts(area: Rect) -> (Rect, Rect) {
    let pane = if area.width >= WIDE { PANE } else { 0 };
    let gap = if pane > 0 { 2 } else { 0 };
    let left = Rect { width: area.width - pane - gap, ..area };
    (left, Rect { x: area.right() - pane, width: pane, height: area.height.min(16), ..area })
}

impl ProfilePage {
    pub(super) fn draw(&self, user: &UserView, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let (left, pane) = parts(area);
        let settings: Vec<Setting> = super::settings().collect();
        if let Some(setting) = self.list.current().filter(|_| pane.width > 0) {
            let inner = frame(buf, pane, label(setting), ui.style(Tone::Faint), ui);
            for (row, line) in (0u16..).zip(wrap(&about(setting, user), inner.width)) {
                Pen::new(buf, inner, row).text(line, ui.style(Tone::Text));
            }
        }
        list::table(&self.list, COLUMNS, left, buf, ui, true, |pen, row, cell, width| {
            let setting = settings[row];
            let first = row == 0 || group(settings[row - 1]) != group(setting);
            match cell {
                Cell::Group => pen.cell(if first { group(setting) } else { "" }, width, ui.style(Tone::Dim)),
                Cell::Setting => pen.cell(label(setting), width, ui.style(Tone::Strong)),
                Cell::Value => {
                    let (mark, value, tone) = self.value(setting, user, ui);
                    if !mark.is_empty() {
                        pen.text(mark, ui.style(tone)).skip(1);
                    }
                    pen.text(safe(&value), ui.style(tone))
                }
            };
        })
    }

    /// Mark, words and tone of what is set.
    fn value(&self, setting: Setting, user: &UserView, ui: &Ui) -> (&'static str, String, Tone) {
        let plain = |text: String| ("", text, Tone::Text);
        let good = |text: &str| (ui.glyphs.check, text.to_owned(), Tone::Good);
        let lacking = |text: &str| (ui.glyphs.warning, text.to_owned(), Tone::Warn);
        let off = |text: &str| (ui.glyphs.inactive, text.to_owned(), Tone::Dim);
        let count = |read: Option<&usize>, one: &str, many: &str| match read {
            Some(1) => plain(format!("1 {one}")),
            Some(n) => plain(format!("{n} {many}")),
            None => plain(String::new()),
        };
        match setting {
            Setting::Name => plain(user.name.clone()),
            Setting::Email if user.email_verified => plain(user.email.clone()),
            Setting::Email => lacking(&format!("{}, not verified", user.email)),
            Setting::Zone => plain(user.time_zone.clone()),
            Setting::Viewing if user.preferences.share_viewing => good("shared with your teams"),
            Setting::Viewing => off("not shared"),
            Setting::Theme => {
                let theme = THEMES.iter().find(|theme| theme.0.name() == user.theme);
                plain(theme.map_or_else(
                    || user.theme.clone(),
                    |(theme, about)| format!("{}: {about}", theme.name()),
                ))
            }
            Setting::Password => plain(match user.last_login {
                Some(at) => format!("last sign-in {}", format::ago(ui.now_ms, at.as_millisecond())),
                None => "never used".to_owned(),
            }),
            Setting::Factor if user.two_factor_enabled => good("on"),
            Setting::Factor => lacking("off"),
            Setting::SshKeys => count(self.keys.get(), "key", "keys"),
            Setting::Sessions => count(self.sessions.get(), "open", "open"),
            Setting::Passphrase if user.unlock_passphrase => good("set"),
            Setting::Passphrase => lacking("none yet"),
            Setting::Unlock if user.unlock_passphrase => plain("open sealed keys".to_owned()),
            Setting::Unlock => off("needs an unlock passphrase"),
            Setting::Lock => plain("close sealed keys again".to_owned()),
            Setting::Webhooks => count(self.webhooks.get(), "webhook", "webhooks"),
            Setting::Notifications if user.preferences.notifications => good("on"),
            Setting::Notifications => off("off"),
            Setting::Quiet => match &user.preferences.quiet_hours {
                Some(quiet) => good(quiet),
                None => off("none"),
            },
            Setting::Told(_) if !user.preferences.notifications => off("notifications are off"),
            Setting::Told(kind) if user.preferences.muted.iter().any(|muted| muted == kind.name()) => {
                off("muted")
            }
            Setting::Told(_) => good("told"),
        }
    }
}

fn group(setting: Setting) -> &'static str {
    match setting {
        Setting::Name | Setting::Email | Setting::Zone | Setting::Viewing => "You",
        Setting::Theme => "Appearance",
        Setting::Password | Setting::Factor | Setting::SshKeys | Setting::Sessions => "Signing in",
        Setting::Passphrase | Setting::Unlock | Setting::Lock => "Sealed keys",
        Setting::Notifications | Setting::Quiet | Setting::Webhooks | Setting::Told(_) => "Notifications",
    }
}

fn label(setting: Setting) -> &'static str {
    match setting {
        Setting::Name => "Name",
        Setting::Email => "E-mail",
        Setting::Zone => "Time zone",
        Setting::Viewing => "What you look at",
        Setting::Theme => "Theme",
        Setting::Password => "Password",
        Setting::Factor => "Second factor",
        Setting::SshKeys => "SSH keys",
        Setting::Sessions => "Sessions",
        Setting::Passphrase => "Unlock passphrase",
        Setting::Unlock => "Unlock",
        Setting::Lock => "Lock",
        Setting::Notifications => "Notifications",
        Setting::Quiet => "Quiet hours",
        Setting::Webhooks => "Sent elsewhere",
        Setting::Told(kind) => told(kind),
    }
}

/// A kind of notification, in words.
pub(crate) fn told(kind: Told) -> &'static str {
    match kind {
        Told::KeyDeleted => "Deleted keys",
        Told::MonthlyLimit => "Monthly limits",
        Told::MonthlyBudget => "Monthly budgets",
        Told::Anomaly => "Unusual usage",
        Told::AlertFiring => "Alerts",
        Told::AlertRecovered => "Alerts that recover",
        Told::NewSignIn => "New sign-ins",
        Told::SessionEnded => "Copied sessions",
        Told::MemberJoined => "People who join",
        Told::MemberLeft => "People who leave",
        Told::PassphraseReset => "Passphrase resets",
        Told::Support => "Support",
        Told::RotationDue => "Rotations to do",
        Told::RotationDone => "Rotations done",
        Told::RotationFailed => "Failed rotations",
        Told::RotationRecovered => "Recovered rotations",
        Told::RotationOverlapExtended => "Extended overlaps",
    }
}

/// What a setting is for, and what Enter does.
fn about(setting: Setting, user: &UserView) -> String {
    let text = match setting {
        Setting::Name => "What others read in the team, in support and in audit records. Enter changes it.",
        Setting::Email if !user.email_verified => {
            "A code was mailed there. Until you hand it in, nothing else is, and no invitation for it is accepted. Enter \
             takes the code, sends another one, or changes the address."
        }
        Setting::Email => "You sign in with it, and invitations find you by it. Enter changes it.",
        Setting::Zone => "Reports begin their days here. Enter changes it.",
        Setting::Viewing if user.preferences.share_viewing => {
            "Members of your teams see which page or key you have open. Enter stops that."
        }
        Setting::Viewing => {
            "Members of your teams see that you are connected. Enter lets them see which page or key you have open, too: \
             a key only where they may see it themselves."
        }
        Setting::Theme => "Enter shows each theme as you move over it, and keeps the one you choose.",
        Setting::Password => {
            "For REST, and for ssh where the host allows it. Enter sets a new one: everything else you \
                              have open ends, this session goes on."
        }
        Setting::Factor if user.two_factor_enabled => {
            "Signing in with a password asks for a code of your app. Enter switches it off."
        }
        Setting::Factor => {
            "A code of an authenticator app when you sign in with your password. Enter shows the QR code."
        }
        Setting::SshKeys => {
            "Each opens this dashboard without a password. Enter lists, adds and removes them."
        }
        Setting::Sessions => {
            "Apps, browsers and terminals you are signed in from. Enter lists and ends them."
        }
        Setting::Passphrase if user.unlock_passphrase => {
            "Opens what is sealed to you; the server cannot without it. Enter changes it. F if you forgot it."
        }
        Setting::Passphrase => {
            "With one, sealed keys can open to you, and the server alone cannot read them. Enter sets it."
        }
        Setting::Unlock => {
            "Enter asks for your unlock passphrase. It holds while you use it, and lets in who waits for you."
        }
        Setting::Lock => "Enter forgets your opened key in this session.",
        Setting::Webhooks => {
            "To programs, Slack, Discord, ntfy or by mail, yours and your teams'. Enter lists, tries and adds them."
        }
        Setting::Notifications => "Enter switches all of them off or on.",
        Setting::Quiet => {
            "What is sent to your channels then waits for their end, but for what is urgent. Enter sets them."
        }
        Setting::Told(_) => "Enter mutes this kind, or has it told again.",
    };
    text.to_owned()
}
