//! One audit record in full.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use keyward_keys::Id;
use keyward_keys::input::AuditQuery;
use keyward_keys::view::AuditView;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::audit::words;
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, marks, scrolled};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, at, safe, wrap};

/// Columns of a fact's label.
const LABEL: u16 = 10;
/// Columns a record takes at most.
const COLUMNS: u16 = 100;

/// The page.
pub(super) struct RecordPage {
    record: AuditView,
    names: HashMap<Id, String>,
    zone: TimeZone,
    opening: Option<Pending>,
    naming: Option<Pending>,
    scroll: usize,
}

impl RecordPage {
    pub(super) fn new(record: AuditView, names: HashMap<Id, String>, zone: TimeZone) -> Self {
        Self { record, names, zone, opening: None, naming: None, scroll: 0 }
    }

    /// It was done to a key.
    fn key(&self) -> Option<Id> {
        self.record.object.filter(|_| self.record.action.starts_with("key."))
    }
}

impl Page for RecordPage {
    fn place(&self) -> Place {
        Place::Record
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        command == Command::Open && self.key().is_none()
    }

    fn crumb(&self) -> String {
        format!("Record {}", format::count(self.record.seq))
    }

    fn again(&self) -> Option<Again> {
        let AuditView { seq, timestamp, ref action, .. } = self.record;
        let moment = AuditQuery {
            page: 1,
            limit: 100,
            action: Some(action.clone()),
            from: Some(timestamp),
            to: timestamp.checked_add(1.millisecond()).ok(),
            ..AuditQuery::default()
        };
        Again::after(Query::Audit(Box::new(moment)), move |answer| match answer {
            Answer::Audit(page) => {
                let record = page.records.into_iter().find(|record| record.seq == seq)?;
                Some(Self::new(record, HashMap::new(), TimeZone::UTC))
            }
            _ => None,
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.zone = TimeZone::get(&cx.user.time_zone).unwrap_or(TimeZone::UTC);
        let AuditView { actor, object, space, .. } = self.record;
        let mut unknown: Vec<Id> = [actor, object, space].into_iter().flatten().collect();
        unknown.retain(|id| !self.names.contains_key(id));
        if !unknown.is_empty() {
            self.naming = Some(cx.ask(Query::Names(unknown)));
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        match (command, self.key()) {
            (Command::Back, _) => return Step::Back,
            (Command::Open, Some(key)) => self.opening = Some(cx.ask(Query::Key(key))),
            (Command::Open, None) => cx.say(NoticeKind::Info, "This record is not about a key."),
            _ => {}
        }
        let columns = cx.area.width.min(COLUMNS);
        let last = lines(&self.record, &self.names, &self.zone, columns).len();
        let last = last.saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.opening, id) || Pending::is(self.naming, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.naming.take_if(|pending| Pending::is(Some(*pending), id)).is_some() {
            if let Ok(Answer::Names(names)) = result {
                self.names.extend(names);
            }
            return Step::Stay;
        }
        self.opening = None;
        match result {
            Ok(Answer::Key(key)) => return Step::Open(Box::new(KeyPage::new(*key))),
            Err(notice) if notice.kind == NoticeKind::Gone => {
                cx.say(NoticeKind::Info, "The key is gone, or no longer yours to see.");
            }
            Err(notice) => cx.tell(notice),
            Ok(_) => {}
        }
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let narrow = Rect { width: area.width.min(COLUMNS), ..area };
        facts(narrow, buf, &self.record, &self.names, &self.zone, self.scroll, ui);
        at(area, 0, 0)
    }
}

/// Draws a record's facts from a line on.
pub(super) fn facts(
    area: Rect,
    buf: &mut Buffer,
    record: &AuditView,
    names: &HashMap<Id, String>,
    zone: &TimeZone,
    from: usize,
    ui: &Ui,
) {
    let (_, _, outcome) = words::outcome(record.outcome, ui);
    let lines = lines(record, names, zone, area.width);
    for (row, (label, text)) in (0..area.height).zip(lines.iter().skip(from)) {
        let tone = match *label {
            "Outcome" => outcome,
            "Did" => Tone::Strong,
            _ => Tone::Text,
        };
        Pen::new(buf, area, row).cell(label, LABEL, ui.style(Tone::Dim)).text(text, ui.style(tone));
    }
}

/// Draws what a narrow list leaves out of a record: in full what it was done to, what was done, and from where.
pub(super) fn rest(area: Rect, buf: &mut Buffer, record: &AuditView, names: &HashMap<Id, String>, ui: &Ui) {
    let request = record.request_id.as_ref().map(|id| format!("request {}", safe(id)));
    let from = record.from.as_ref().map(|from| format!("from {}", safe(from)));
    let by = format!("by {}", marks::door(record.door));
    let way: Vec<String> = [from, Some(by), request].into_iter().flatten().collect();
    let facts = [
        ("Who", words::actor(record, names)),
        ("To", words::object(record, names)),
        ("What", safe(&record.detail).into_owned()),
        ("Came", way.join(", ")),
    ];
    let rows = facts.iter().filter(|(_, text)| !text.is_empty()).flat_map(|(label, text)| {
        let wrapped = wrap(text, area.width.saturating_sub(LABEL));
        wrapped.into_iter().enumerate().map(move |(at, line)| (if at == 0 { *label } else { "" }, line))
    });
    for (row, (label, line)) in (0..area.height).zip(rows) {
        Pen::new(buf, area, row).cell(label, LABEL, ui.style(Tone::Dim)).text(line, ui.style(Tone::Text));
    }
}

/// Label and text of each line.
fn lines(
    record: &AuditView,
    names: &HashMap<Id, String>,
    zone: &TimeZone,
    columns: u16,
) -> Vec<(&'static str, String)> {
    let with_id = |id: Id| match names.get(&id) {
        Some(name) => format!("{} ({id})", safe(name)),
        None => id.to_string(),
    };
    let who = match record.actor {
        Some(id) => format!("{}, {}", with_id(id), safe(&record.actor_kind)),
        None => words::actor(record, names),
    };
    let rule = keyward_keys::policy::RULES.iter().find(|rule| rule.name == record.action);
    let may = rule.map(|rule| {
        let standings: Vec<String> =
            rule.allowed.iter().map(|standing| format!("{standing:?}").to_lowercase()).collect();
        standings.join(", ")
    });
    let zone_name = zone.iana_name().unwrap_or("UTC");
    let facts = [
        ("When", Some(format!("{} {zone_name}", words::when(record.timestamp, zone, true)))),
        ("Did", Some(safe(&record.action).into_owned())),
        ("Outcome", Some(format!("{:?}", record.outcome).to_lowercase())),
        ("Who", Some(who)),
        ("To", record.object.map(with_id)),
        ("In", record.space.map(with_id)),
        ("What", Some(safe(&record.detail).into_owned()).filter(|text| !text.is_empty())),
        ("By", Some(marks::door(record.door).to_owned())),
        ("From", record.from.as_ref().map(|from| safe(from).into_owned())),
        ("Request", record.request_id.as_ref().map(|id| safe(id).into_owned())),
        ("May", may),
        ("Number", Some(format::count(record.seq))),
    ];
    let mut lines = Vec::new();
    for (label, text) in facts {
        let wrapped = wrap(&text.unwrap_or_default(), columns.saturating_sub(LABEL));
        lines.extend(
            wrapped.into_iter().enumerate().map(|(at, line)| (if at == 0 { label } else { "" }, line)),
        );
    }
    lines
}
