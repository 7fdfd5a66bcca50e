//! The profile and its settings: who one is, how things look, how one signs in, and what one is told. A row for each
//! setting; Enter changes it.

mod deliveries;
mod factor;
mod forms;
mod listed;
mod paint;
mod qr;
mod sessions;
mod ssh_keys;
mod theme;
mod webhooks;

use keyward_keys::input::{PreferencesChange, ProfileChange};
use keyward_keys::view::UserView;
use keyward_keys::{Event, NoticeKind as Told};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{AccountAnswer, AccountQuery, Answer, Query, RequestId, WebhookAnswer, WebhookAsk};
use crate::notice::{Notice, NoticeKind};
use crate::pages::read::Read;
use crate::pages::{Page, Step, about_people};
use crate::term::input::Mouse;
use crate::widgets::list::{self, List};
use crate::widgets::pen::Ui;

use factor::FactorPage;
use sessions::SessionsPage;
use ssh_keys::SshKeysPage;
use theme::ThemePage;
use webhooks::WebhooksPage;

pub(crate) use paint::told;

/// A setting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Setting {
    Name,
    Email,
    Zone,
    Viewing,
    Theme,
    Password,
    Factor,
    SshKeys,
    Sessions,
    Passphrase,
    Unlock,
    Lock,
    Notifications,
    Quiet,
    Webhooks,
    Told(Told),
}

/// Every setting, in the order of the page.
fn settings() -> impl Iterator<Item = Setting> {
    use Setting as S;
    let first = [
        S::Name,
        S::Email,
        S::Zone,
        S::Viewing,
        S::Theme,
        S::Password,
        S::Factor,
        S::SshKeys,
        S::Sessions,
        S::Passphrase,
        S::Unlock,
        S::Lock,
        S::Notifications,
        S::Webhooks,
        S::Quiet,
    ];
    first.into_iter().chain(Told::ALL.into_iter().map(S::Told))
}

/// The page.
#[derive(Default)]
pub(crate) struct ProfilePage {
    user: Read<Box<UserView>>,
    list: List<Setting>,
    /// How many SSH keys, sessions and webhooks.
    keys: Read<usize>,
    sessions: Read<usize>,
    webhooks: Read<usize>,
    changing: Option<Pending>,
    /// What a new unlock passphrase costs is asked.
    loss: Option<Pending>,
    covered: bool,
}

impl ProfilePage {
    fn read(&mut self, cx: &mut Cx<'_>) {
        self.user.ask(cx, Query::Me);
        self.keys.ask(cx, Query::Account(AccountQuery::SshKeys));
        self.sessions.ask(cx, Query::Account(AccountQuery::Sessions));
        self.webhooks.ask(cx, Query::Webhooks(WebhookAsk::All));
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(paint::parts(cx.area).0).height)
    }

    fn cover(&mut self, page: Box<dyn Page>) -> Step {
        self.covered = true;
        Step::Open(page)
    }

    fn change(&mut self, preferences: PreferencesChange, cx: &mut Cx<'_>) {
        let change = ProfileChange { preferences, ..ProfileChange::default() };
        self.changing = Some(cx.ask(Query::Account(AccountQuery::Change(Box::new(change)))));
    }

    /// Tells of a kind of notification, or no longer does.
    fn turn(&mut self, kind: Told, cx: &mut Cx<'_>) {
        let Some(user) = self.user.get() else { return };
        let is_muted = |kind: Told| user.preferences.muted.iter().any(|muted| muted == kind.name());
        let muted = Told::ALL.into_iter().filter(|one| is_muted(*one) != (*one == kind)).collect();
        self.change(PreferencesChange { muted: Some(muted), ..PreferencesChange::default() }, cx);
    }

    fn act(&mut self, cx: &mut Cx<'_>) -> Step {
        let (Some(setting), Some(user)) = (self.list.current(), self.user.get().cloned()) else {
            return Step::Stay;
        };
        match setting {
            Setting::Name => self.cover(forms::name(&user.name)),
            Setting::Email => self.cover(forms::email(&user)),
            Setting::Zone => self.cover(forms::zone(&user.time_zone)),
            Setting::Theme => self.cover(Box::new(ThemePage::new(&user.theme))),
            Setting::Password => self.cover(forms::password()),
            Setting::Factor if user.two_factor_enabled => self.cover(forms::factor_off()),
            Setting::Factor => self.cover(Box::new(FactorPage::default())),
            Setting::SshKeys => self.cover(Box::new(SshKeysPage::default())),
            Setting::Sessions => self.cover(Box::new(SessionsPage::default())),
            Setting::Passphrase => self.cover(forms::passphrase(user.unlock_passphrase)),
            Setting::Unlock if user.unlock_passphrase => self.cover(forms::unlock()),
            Setting::Unlock => self.cover(forms::passphrase(false)),
            Setting::Lock => {
                self.changing = Some(cx.ask(Query::Account(AccountQuery::Lock)));
                Step::Stay
            }
            Setting::Notifications => {
                let notifications = Some(!user.preferences.notifications);
                self.change(PreferencesChange { notifications, ..PreferencesChange::default() }, cx);
                Step::Stay
            }
            Setting::Viewing => {
                let share_viewing = Some(!user.preferences.share_viewing);
                self.change(PreferencesChange { share_viewing, ..PreferencesChange::default() }, cx);
                Step::Stay
            }
            Setting::Quiet => self.cover(forms::quiet(user.preferences.quiet_hours.as_deref())),
            Setting::Webhooks => self.cover(Box::new(WebhooksPage::default())),
            Setting::Told(kind) => {
                self.turn(kind, cx);
                Step::Stay
            }
        }
    }
}

impl Page for ProfilePage {
    fn place(&self) -> Place {
        Place::Profile
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let passphrase = self.user.get().is_some_and(|user| user.unlock_passphrase);
        command == Command::Forgotten && !passphrase
    }

    fn crumb(&self) -> String {
        "Profile".to_owned()
    }

    fn again(&self) -> Option<Again> {
        let row = self.list.left();
        Again::page(move || Self { list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.user.put(Box::new(cx.user.clone()));
        self.list.renew(settings(), Self::height(cx));
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => return self.act(cx),
            Command::Forgotten if self.user.get().is_some_and(|user| user.unlock_passphrase) => {
                self.loss = Some(cx.ask(Query::Account(AccountQuery::Loss)));
            }
            Command::Forgotten => cx.say(NoticeKind::Info, "There is no unlock passphrase yet: set one."),
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let rows = list::rows(paint::parts(cx.area).0);
        if self.list.mouse(mouse, rows) && double { self.act(cx) } else { Step::Stay }
    }

    fn awaits(&self, id: RequestId) -> bool {
        [self.changing, self.loss].into_iter().any(|pending| Pending::is(pending, id))
            || self.user.awaits(id)
            || self.keys.awaits(id)
            || self.sessions.awaits(id)
            || self.webhooks.awaits(id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.changing, id) {
            self.changing = None;
            match result {
                Ok(Answer::Me(user)) => self.user.put(user),
                Ok(_) => {
                    cx.say(NoticeKind::Done, "Locked: sealed keys ask for your unlock passphrase again.");
                }
                Err(notice) => cx.tell(notice),
            }
        } else if Pending::is(self.loss, id) {
            self.loss = None;
            match result {
                Ok(Answer::Account(AccountAnswer::Loss(loss))) => {
                    let factor = self.user.get().is_some_and(|user| user.two_factor_enabled);
                    return self.cover(forms::forgotten(&loss, factor));
                }
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
        } else if self.user.awaits(id) {
            self.user.take(result, cx, |answer| match answer {
                Answer::Me(user) => Some(user),
                _ => None,
            });
        } else if self.keys.awaits(id) {
            self.keys.take(result, cx, |answer| match answer {
                Answer::Account(AccountAnswer::SshKeys(keys)) => Some(keys.len()),
                _ => None,
            });
        } else if self.webhooks.awaits(id) {
            self.webhooks.take(result, cx, |answer| match answer {
                Answer::Webhooks(WebhookAnswer::All(webhooks)) => Some(webhooks.len()),
                _ => None,
            });
        } else {
            self.sessions.take(result, cx, |answer| match answer {
                Answer::Account(AccountAnswer::Sessions(sessions)) => Some(sessions.len()),
                _ => None,
            });
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        if cx.front && about_people(event) {
            self.read(cx);
        }
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
        if cx.front && std::mem::take(&mut self.covered) {
            self.read(cx);
        }
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        match self.user.get() {
            Some(user) => self.draw(user, area, buf, ui),
            None => self.user.paint_absence("your profile", area, buf, ui),
        }
    }
}
