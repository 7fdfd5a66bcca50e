//! What a person does about an alert, the same from the list and from its own page: what is asked first, what is sent, and
//! what is said of it afterwards.

use keyward_keys::Id;
use keyward_keys::input::{AlertSnooze, duration};
use keyward_keys::view::{AlertState, AlertView};

use super::words;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::Command;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::widgets::format;

/// How long one is put off.
const SNOOZES: &[(char, &str)] =
    &[('1', "1 hour"), ('4', "4 hours"), ('d', "a day"), ('c', "as long as I say")];

/// The hands of a page: what was asked about which alert, and what is under way.
#[derive(Default)]
pub(super) struct Hands {
    about: Option<Id>,
    doing: Option<Pending>,
}

impl Hands {
    /// Does what a command says about this alert, or asks first; whether the command was one of these.
    pub(super) fn command(&mut self, command: Command, alert: &AlertView, cx: &mut Cx<'_>) -> bool {
        let ours = matches!(command, Command::Acknowledge | Command::Snooze | Command::Settle);
        if !ours {
            return false;
        }
        if alert.state == AlertState::Resolved {
            cx.say(NoticeKind::Info, "It is over already.");
            return true;
        }
        self.about = Some(alert.id);
        match command {
            Command::Acknowledge => self.ask(AlertAsk::Acknowledge(alert.id), cx),
            Command::Snooze => {
                let text = format!("Until then nobody hears of it: {}.", words::key(alert));
                cx.open(Dialog::pick(Subject::Snooze, "Put it off for", text, SNOOZES));
            }
            _ => {
                let text = format!(
                    "Settle it for {}? It is told of again only after its condition was over in between.",
                    words::key(alert)
                );
                cx.open(Dialog::confirm(Subject::Settle, "Settle", text, false));
            }
        }
        true
    }

    fn ask(&mut self, ask: AlertAsk, cx: &mut Cx<'_>) {
        self.doing = Some(cx.ask(Query::Alerts(ask)));
    }

    /// A dialog of ours has ended.
    pub(super) fn verdict(&mut self, subject: Subject, verdict: &Verdict, cx: &mut Cx<'_>) {
        let Some(id) = self.about else { return };
        let snooze = |minutes| AlertAsk::Snooze(id, AlertSnooze { until: None, minutes: Some(minutes) });
        match (subject, verdict) {
            (Subject::Settle, _) => self.ask(AlertAsk::Resolve(id), cx),
            (Subject::Snooze, Verdict::Picked('1')) => self.ask(snooze(60), cx),
            (Subject::Snooze, Verdict::Picked('4')) => self.ask(snooze(4 * 60), cx),
            (Subject::Snooze, Verdict::Picked('d')) => self.ask(snooze(24 * 60), cx),
            (Subject::Snooze, Verdict::Picked(_)) => ask_span("2h", None, cx),
            (Subject::Snooze, Verdict::Line(text)) => match minutes(text) {
                Some(minutes) => self.ask(snooze(minutes), cx),
                None => ask_span(text, Some("a time such as 90m, 2h or 3d, 30 days at most".to_owned()), cx),
            },
            _ => {}
        }
    }

    pub(super) fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.doing, id)
    }

    /// What came of it, which the page reads by itself: the core tells of each change.
    pub(super) fn took(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.doing = None;
        match result {
            Ok(Answer::Alerts(AlertAnswer::Changed(alert))) => {
                cx.say(NoticeKind::Done, told(&alert, cx.now_ms));
            }
            Ok(_) => {}
            Err(notice) => cx.tell(notice),
        }
    }
}

fn ask_span(typed: &str, error: Option<String>, cx: &mut Cx<'_>) {
    let text = "For how long? As 90m, 2h or 3d; 30 days at most.".to_owned();
    cx.open(Dialog::line(Subject::Snooze, "Put it off", text, typed, error));
}

fn minutes(text: &str) -> Option<u32> {
    let minutes = u32::try_from(duration(text)?.as_secs() / 60).ok()?;
    (1..=30 * 24 * 60).contains(&minutes).then_some(minutes)
}

fn told(alert: &AlertView, now_ms: i64) -> String {
    let key = words::key(alert);
    match (alert.state, alert.snoozed_until) {
        (AlertState::Snoozed, Some(until)) => {
            format!("{key}: put off for {}.", format::span(until.as_millisecond() - now_ms))
        }
        (AlertState::Resolved, _) => format!("{key}: settled."),
        (AlertState::Acknowledged | AlertState::Firing | AlertState::Snoozed, _) => {
            format!("{key}: you look after it.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, expected) in [("90m", Some(90)), ("2h", Some(120)), ("3d", Some(4_320)), ("31d", None)] {
            assert_eq!(minutes(text), expected, "{text}");
        }
        assert!([" ", "soon", "5s", "-2h"].into_iter().all(|text| minutes(text).is_none()));
    }
}
