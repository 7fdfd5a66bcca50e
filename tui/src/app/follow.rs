//! From what was told in passing to what it is about, by one key: an alert's page, or a key's.

use keyward_keys::input::AlertQuery;
use keyward_keys::view::NotificationView;
use keyward_keys::{Id, NoticeKind as Told};

use super::{AlertAnswer, AlertAsk, Answer, App, Effect, Query};
use crate::notice::{Notice, NoticeKind};
use crate::pages::Step;
use crate::pages::alerts::{AlertPage, AlertsPage};
use crate::pages::key::KeyPage;

/// Alerts of a key that are looked through for the one that was told of.
const MOST: u32 = 20;

/// What something that was told is about.
pub(super) struct About {
    api_key: Id,
    /// The words that were told, when they were of an alert.
    alert: Option<String>,
}

impl App {
    /// Tells of a notification in passing.
    pub(super) fn tell_of(&mut self, notice: NotificationView) {
        let fires = notice.kind == Told::AlertFiring.name();
        let alert = fires || notice.kind == Told::AlertRecovered.name();
        let kind = if fires { NoticeKind::Warning } else { NoticeKind::Info };
        let mut text = notice.message.clone();
        if let Some(api_key) = notice.api_key_id {
            self.about = Some(About { api_key, alert: alert.then_some(notice.message) });
            text.push_str("  (o opens it)");
        }
        self.toasts.say(self.seen_ms, kind, text);
    }

    /// Goes to what was told of last.
    pub(super) fn follow(&mut self, effects: &mut Vec<Effect>) {
        let Some(about) = &self.about else {
            self.toasts.say(self.seen_ms, NoticeKind::Info, "Nothing was told yet that could be opened.");
            return;
        };
        let api_key_id = Some(about.api_key.to_string());
        let query = match about.alert {
            Some(_) => {
                let query = AlertQuery { page: 1, limit: MOST, api_key_id, ..AlertQuery::default() };
                Query::Alerts(AlertAsk::List(query))
            }
            None => Query::Key(about.api_key),
        };
        self.following = Some(self.lend(self.pages.len() - 1, effects, |_, cx| cx.ask(query)));
    }

    /// It was found, or is gone.
    pub(super) fn followed(&mut self, result: Result<Answer, Notice>, effects: &mut Vec<Effect>) {
        let step = match result {
            Ok(Answer::Key(key)) => Step::Open(Box::new(KeyPage::new(*key))),
            Ok(Answer::Alerts(AlertAnswer::List(page))) => {
                let told = self.about.as_ref().and_then(|about| about.alert.as_deref()).unwrap_or_default();
                let found = page.alerts.iter().find(|alert| told.contains(&alert.message));
                match found.or(page.alerts.first()) {
                    Some(alert) => Step::Open(Box::new(AlertPage::new(alert.id))),
                    None => Step::Open(Box::new(AlertsPage::default())),
                }
            }
            Ok(_) => return,
            Err(notice) if notice.kind == NoticeKind::Gone => {
                let text = "What it is about is gone, or no longer yours to see.";
                self.toasts.say(self.seen_ms, NoticeKind::Info, text);
                return;
            }
            Err(notice) => return self.toasts.push(self.seen_ms, notice),
        };
        self.go(step, effects);
    }
}
