//! From what was told in passing to what it is about, by one key: an alert's page, or a key's.

use keyward_keys::view::NotificationView;
use keyward_keys::{Id, NoticeKind as Told};

use super::{Answer, App, Effect, Query};
use crate::notice::{Notice, NoticeKind};
use crate::pages::Step;
use crate::pages::alerts::AlertPage;
use crate::pages::key::KeyPage;

/// What something that was told is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About {
    Alert(Id),
    Key(Id),
}

impl About {
    pub(crate) fn of(notice: &NotificationView) -> Option<Self> {
        notice.alert_id.map(Self::Alert).or(notice.api_key_id.map(Self::Key))
    }
}

impl App {
    /// Tells of a notification in passing.
    pub(super) fn tell_of(&mut self, notice: NotificationView) {
        let fires = notice.kind == Told::AlertFiring.name();
        let kind = if fires { NoticeKind::Warning } else { NoticeKind::Info };
        let about = About::of(&notice);
        let mut text = notice.message;
        if about.is_some() {
            self.about = about;
            text.push_str("  (o opens it)");
        }
        self.toasts.say(self.seen_ms, kind, text);
    }

    /// Goes to what was told of last.
    pub(super) fn follow(&mut self, effects: &mut Vec<Effect>) {
        match self.about {
            Some(About::Alert(alert)) => self.go(Step::Open(Box::new(AlertPage::new(alert))), effects),
            Some(About::Key(key)) => {
                let query = Query::Key(key);
                self.following = Some(self.lend(self.pages.len() - 1, effects, |_, cx| cx.ask(query)));
            }
            None => {
                let text = "Nothing was told yet that could be opened.";
                self.toasts.say(self.seen_ms, NoticeKind::Info, text);
            }
        }
    }

    /// The key was found, or is gone.
    pub(super) fn followed(&mut self, result: Result<Answer, Notice>, effects: &mut Vec<Effect>) {
        match result {
            Ok(Answer::Key(key)) => self.go(Step::Open(Box::new(KeyPage::new(*key))), effects),
            Ok(_) => {}
            Err(notice) if notice.kind == NoticeKind::Gone => {
                let text = "What it is about is gone, or no longer yours to see.";
                self.toasts.say(self.seen_ms, NoticeKind::Info, text);
            }
            Err(notice) => self.toasts.push(self.seen_ms, notice),
        }
    }
}
