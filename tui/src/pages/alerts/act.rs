//! What a person does about an alert, the same from the list and from its own page: what is asked first, what is sent, and
//! what is said of it afterwards.

use keyward_keys::input::{AlertAction, AlertRespond, AlertSnooze, Rotate, RotationMethodName, duration};
use keyward_keys::view::{AlertHistory, AlertState, AlertView, KeyView, RotationRehearsal};
use keyward_keys::{AlertTurnKind, Environment, Id};

use super::words;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::Command;
use crate::app::{AlertAnswer, AlertAsk, Answer, Query, RequestId, RotationAnswer, RotationAsk};
use crate::notice::{Notice, NoticeKind};
use crate::pages::asking;
use crate::pages::form::parse::{parse_limit, parse_networks};
use crate::widgets::format;
use crate::widgets::pen::safe;

/// How long one is put off.
const SNOOZES: &[(char, &str)] =
    &[('1', "1 hour"), ('4', "4 hours"), ('d', "a day"), ('c', "as long as I say")];

/// This would do nothing about the alert as it stands: it is over, or has no key that it could be done to.
pub(super) fn refuses(command: Command, alert: &AlertView, history: Option<&AlertHistory>) -> bool {
    let key = history.filter(|history| history.alert.id == alert.id).and_then(|history| history.key.as_ref());
    match command {
        Command::Acknowledge | Command::Snooze | Command::Settle => alert.state == AlertState::Resolved,
        Command::Freeze => key.is_none_or(|key| key.frozen),
        Command::Narrow | Command::Lower | Command::Rotate => key.is_none(),
        _ => false,
    }
}

/// The hands of a page: what was asked about which alert, and what is under way.
#[derive(Default)]
pub(super) struct Hands {
    about: Option<Id>,
    doing: Option<Pending>,
}

impl Hands {
    /// Does what a command says about this alert, or asks first; whether the command was one of these.
    pub(super) fn command(
        &mut self,
        command: Command,
        alert: &AlertView,
        history: Option<&AlertHistory>,
        cx: &mut Cx<'_>,
    ) -> bool {
        let history = history.filter(|history| history.alert.id == alert.id);
        let of_key = matches!(command, Command::Freeze | Command::Narrow | Command::Lower | Command::Rotate);
        if of_key && words::of_several(alert) {
            cx.say(
                NoticeKind::Info,
                "It is of the budget of several keys; on its page Enter leads to where that goes.",
            );
            return true;
        }
        if self.respond(command, alert.id, history, cx) {
            return true;
        }
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

    /// Does something about the key, or asks first: by how much it touches.
    fn respond(
        &mut self,
        command: Command,
        alert: Id,
        history: Option<&AlertHistory>,
        cx: &mut Cx<'_>,
    ) -> bool {
        let key = history.and_then(|history| history.key.as_ref());
        let undo = history.and_then(|history| history.undo.as_ref());
        match (command, key) {
            (Command::Freeze | Command::Narrow | Command::Lower | Command::Rotate, None) => {
                cx.say(NoticeKind::Info, "Its key is not there, or is being read: try again.");
            }
            (Command::Freeze, Some(key)) if key.frozen => {
                cx.say(NoticeKind::Info, "It is frozen already; its page thaws it with f.");
            }
            (Command::Freeze, Some(key)) if key.environment == Environment::Production => {
                let text = format!(
                    "Freeze {}? It is used in production: apps cannot fetch it until it is thawed. Calls are still \
                     counted; z takes it back.",
                    safe(&key.name)
                );
                cx.open(Dialog::confirm(Subject::Freeze, "Freeze", text, true));
            }
            (Command::Freeze, Some(_)) => self.ask(done(alert, AlertAction::Freeze), cx),
            (Command::Narrow, Some(key)) => ask_networks(key, &typed(key), None, cx),
            (Command::Lower, Some(key)) => {
                ask_limit(key, &key.current_month_usage.max(1).to_string(), None, cx);
            }
            (Command::Rotate, Some(key)) => {
                let ask = RotationAsk::Rehearse(key.id, Rotate::default());
                self.doing = Some(cx.ask(Query::Rotation(ask)));
            }
            (Command::Undo, _) if undo.is_none() => {
                cx.say(NoticeKind::Info, "Nothing is there to take back.");
            }
            (Command::Undo, _) => self.ask(done(alert, AlertAction::Undo), cx),
            _ => return false,
        }
        self.about = Some(alert);
        true
    }

    fn ask(&mut self, ask: AlertAsk, cx: &mut Cx<'_>) {
        cx.close_way_back();
        self.doing = Some(cx.ask(Query::Alerts(ask)));
    }

    /// A dialog of ours has ended.
    pub(super) fn verdict(
        &mut self,
        subject: Subject,
        verdict: &Verdict,
        history: Option<&AlertHistory>,
        cx: &mut Cx<'_>,
    ) {
        let Some(id) = self.about else { return };
        let key = history.filter(|history| history.alert.id == id).and_then(|history| history.key.as_ref());
        let snooze = |minutes| AlertAsk::Snooze(id, AlertSnooze { until: None, minutes: Some(minutes) });
        match (subject, verdict) {
            (Subject::Freeze, _) => self.ask(done(id, AlertAction::Freeze), cx),
            (Subject::Rotate, _) => self.ask(done(id, AlertAction::Rotate), cx),
            (Subject::Narrow, Verdict::Line(text)) => match networks_of(id, text) {
                Some(ask) => self.ask(ask, cx),
                None => {
                    let error = "networks such as 10.0.0.0/8 203.0.113.7, with spaces between".to_owned();
                    key.into_iter().for_each(|key| ask_networks(key, text, Some(error.clone()), cx));
                }
            },
            (Subject::Lower, Verdict::Line(text)) => match parse_limit(text) {
                Ok(Some(limit)) => {
                    let respond =
                        AlertRespond { action: AlertAction::Limit, limit: Some(limit), networks: None };
                    self.ask(AlertAsk::Respond(id, respond), cx);
                }
                Ok(None) | Err(_) => {
                    let error = "a number, such as 50000 or 50k".to_owned();
                    key.into_iter().for_each(|key| ask_limit(key, text, Some(error.clone()), cx));
                }
            },
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
            Ok(Answer::Alerts(AlertAnswer::History(history))) => {
                if let Some(turn) = history.turns.last() {
                    let key = words::key(&history.alert);
                    let text = match turn.turn {
                        AlertTurnKind::Undone => format!("{key}: taken back, what {}.", turn.detail),
                        _ => format!("{key}: you {}. z takes it back.", turn.detail),
                    };
                    cx.say(NoticeKind::Done, text);
                }
            }
            Ok(Answer::Rotation(RotationAnswer::Rehearsal(rehearsal))) => rehearsed(&rehearsal, cx),
            Ok(_) => {}
            // What was wrong with a figure says more than that something was.
            Err(notice) => match notice.faults.first() {
                Some(fault) => {
                    cx.say(NoticeKind::Failure, format!("Not done: {} {}.", fault.field, fault.detail));
                }
                None => cx.tell(notice),
            },
        }
    }
}

fn done(alert: Id, action: AlertAction) -> AlertAsk {
    AlertAsk::Respond(alert, AlertRespond { action, limit: None, networks: None })
}

/// What would break is told before it is asked.
fn rehearsed(rehearsal: &RotationRehearsal, cx: &mut Cx<'_>) {
    if let Some(refused) = &rehearsal.refused {
        cx.say(NoticeKind::Warning, format!("It cannot be rotated now: {refused}"));
    } else if cx.front {
        let foreseen = asking::foreseen(rehearsal, false, cx.ui().glyphs);
        let next = match rehearsal.method {
            RotationMethodName::Remind => "Its page takes the new value then",
            _ => "Its value is replaced",
        };
        let text = format!("{foreseen}\nRotate it now? {next}; z takes that back.");
        cx.open(Dialog::confirm(Subject::Rotate, "Rotate", text, !rehearsal.will_break.is_empty()));
    }
}

/// The networks it is held to, as one types them.
fn typed(key: &KeyView) -> String {
    key.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn ask_networks(key: &KeyView, typed: &str, error: Option<String>, cx: &mut Cx<'_>) {
    let text = format!(
        "From where may apps fetch {}? Networks or addresses with spaces between: 10.0.0.0/8 203.0.113.7. From \
         everywhere else it is refused; z takes it back.",
        safe(&key.name)
    );
    cx.open(Dialog::line(Subject::Narrow, "Narrow its networks", text, typed, error));
}

fn networks_of(alert: Id, text: &str) -> Option<AlertAsk> {
    let networks = parse_networks(text)?;
    let respond = AlertRespond { action: AlertAction::Narrow, limit: None, networks: Some(networks) };
    Some(AlertAsk::Respond(alert, respond))
}

fn ask_limit(key: &KeyView, typed: &str, error: Option<String>, cx: &mut Cx<'_>) {
    let before = key.monthly_limit.map_or_else(|| "none".to_owned(), format::count);
    let text = format!(
        "How many calls a month may {} have? {} are used, the limit is {before}. Over it, apps cannot fetch the \
         key; z takes it back.",
        safe(&key.name),
        format::count(key.current_month_usage)
    );
    cx.open(Dialog::line(Subject::Lower, "Lower its limit", text, typed, error));
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
