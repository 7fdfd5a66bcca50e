//! What a key's page asks of the core and when, and where the answers go.

use keyward_keys::input::UsageQuery;
use keyward_keys::view::LiveView;

use crate::app::cx::Cx;
use crate::app::{Answer, Query, RequestId, RotationAnswer, RotationAsk};
use crate::notice::{Notice, NoticeKind};
use crate::pages::key::tabs::{Shape, Tab};
use crate::pages::key::{KeyPage, Live};
use crate::widgets::pen::safe;
use crate::widgets::ring::Ring;

/// Live figures are read again at most this often, ms.
pub(super) const LIVE_MS: i64 = 100;

impl KeyPage {
    pub(super) fn read(&mut self, cx: &mut Cx<'_>) {
        self.reading = Some(cx.ask(Query::Key(self.key.id)));
        self.report.doubt();
        self.doubt_panels();
        self.live_wanted = true;
        self.pump(cx);
    }

    /// What the panels show of the key itself may have changed.
    pub(super) fn doubt_panels(&mut self) {
        self.rotation.doubt();
        self.versions.doubt();
        self.access.doubt();
        self.trail.doubt();
    }

    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        if !cx.front || self.gone {
            return;
        }
        let rested = cx.now_ms >= self.live_asked_ms + LIVE_MS;
        if self.live_wanted && rested && self.live_pending.is_none() && self.paused_ms.is_none() {
            self.live_wanted = false;
            self.live_asked_ms = cx.now_ms;
            self.live_pending = Some(cx.ask(Query::Live(self.key.id)));
        }
        let id = self.key.id;
        let (shape, tab) = (Shape::of(cx.area), self.tab);
        let week = || UsageQuery { timeframe: Some("week".to_owned()), ..UsageQuery::default() };
        self.report.ask(|| cx.ask(Query::Usage(id, week())));
        // What rotating does next depends on where that stands, on every panel.
        self.rotation.ask(|| cx.ask(Query::Rotation(RotationAsk::One(id))));
        if shape.shows(Tab::Versions, tab) {
            self.versions.ask(|| cx.ask(Query::Versions(id)));
        }
        if shape.shows(Tab::Audit, tab) {
            self.trail.ask(|| cx.ask(Query::Trail(id)));
        }
        // The other two tell people by the names that are in it.
        if [Tab::Access, Tab::Versions, Tab::Audit].into_iter().any(|one| shape.shows(one, tab)) {
            self.access.ask(|| cx.ask(Query::Access(id)));
        }
    }

    /// Goes to another panel.
    pub(super) fn turn_to(&mut self, tab: Tab, cx: &mut Cx<'_>) {
        self.tab = tab;
        self.scroll = 0;
        self.pump(cx);
    }

    /// Takes an answer to one of the panels' questions; hands back what is none of theirs.
    pub(super) fn took_panel(
        &mut self,
        id: RequestId,
        result: Result<Answer, Notice>,
    ) -> Option<Result<Answer, Notice>> {
        if self.report.takes(id) {
            self.report.put(result.and_then(|answer| match answer {
                Answer::Usage(report) => Ok(*report),
                _ => unexpected(),
            }));
            self.took_week();
        } else if self.rotation.takes(id) {
            self.rotation.put(result.and_then(|answer| match answer {
                Answer::Rotation(RotationAnswer::One(view)) => Ok(view),
                _ => unexpected(),
            }));
        } else if self.versions.takes(id) {
            self.versions.put(result.and_then(|answer| match answer {
                Answer::Versions(versions) => Ok(versions),
                _ => unexpected(),
            }));
        } else if self.access.takes(id) {
            self.access.put(result.and_then(|answer| match answer {
                Answer::Access(access) => Ok(*access),
                _ => unexpected(),
            }));
        } else if self.trail.takes(id) {
            self.trail.put(result.and_then(|answer| match answer {
                Answer::Trail(trail) => Ok(trail),
                _ => unexpected(),
            }));
        } else {
            return Some(result);
        }
        None
    }

    pub(super) fn took_live(&mut self, view: LiveView) {
        let requests = Ring::new(view.ends_at, view.requests.clone());
        let errors = Ring::new(view.ends_at, view.errors.clone());
        self.live = Some(Live { requests, errors, view });
    }

    fn took_week(&mut self) {
        let day = |date: &str| {
            let date: jiff::civil::Date = date.parse().ok()?;
            Some(date.strftime("%a").to_string())
        };
        let days = self.report.value().into_iter().flat_map(|report| &report.daily_breakdown);
        let days: Vec<_> = days
            .map(|row| (day(&row.date).unwrap_or_else(|| safe(&row.date).into_owned()), row.requests))
            .collect();
        self.week = days[days.len().saturating_sub(7)..].to_vec();
    }
}

/// The answer to another question.
fn unexpected<T>() -> Result<T, Notice> {
    Err(Notice::new(NoticeKind::Failure, "The core answered something else."))
}
