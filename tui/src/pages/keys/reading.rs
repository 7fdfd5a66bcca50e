//! What the list asks of the core and when, and what it takes from the answers and from what happens there. It asks for
//! what is in view and no more, and for nothing while another page covers it.

use keyward_keys::view::KeyPage as PageOfKeys;
use keyward_keys::{Event, Id};

use crate::app::cx::{Cx, Pending};
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::keys::{KeysPage, rows};
use crate::pages::sooner;
use crate::widgets::format;
use crate::widgets::ring::Ring;

/// Figures in view are read again at most this often, ms.
const FIGURES_MS: i64 = 200;
/// Changes the activity pane remembers.
const CHANGES: usize = 40;

impl KeysPage {
    /// Asks for what is missing, one page at a time, and for the figures of the rows in view.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>) {
        if !cx.front {
            return;
        }
        let height = Self::height(cx);
        if self.loading.is_none() {
            let page = if self.restart { Some(0) } else { self.rows.wanted(height) };
            if let Some(page) = page.filter(|_| self.restart || (self.failed.is_none() && self.loaded)) {
                let query = self.choice.query(self.search.text(), &self.teams, page);
                self.loading = Some((cx.ask(Query::List(query)), page, self.restart));
                self.restart = false;
            }
        }
        let rested = cx.now_ms >= self.figures_asked_ms + FIGURES_MS;
        let idle = self.rates_pending.is_none() && self.views_pending.is_none();
        if !self.choice.bin {
            self.counts.pump(cx);
        }
        if self.figures_wanted && rested && idle && !self.choice.bin {
            let ids: Vec<Id> = self.rows.visible(height).map(|key| key.id).collect();
            self.figures_wanted = false;
            if !ids.is_empty() {
                self.figures_asked_ms = cx.now_ms;
                self.rates_pending = Some(cx.ask(Query::Rates(ids.clone())));
                self.views_pending = Some(cx.ask(Query::Rows(ids)));
            }
        }
    }

    /// Another list from now on.
    pub(super) fn start_over(&mut self, keep: bool, cx: &mut Cx<'_>) {
        (self.restart, self.keep, self.failed) = (true, keep, None);
        self.pump(cx);
    }

    /// Every question that has no answer yet.
    pub(super) fn pending(&self) -> [Option<Pending>; 6] {
        [
            self.loading.map(|(pending, ..)| pending),
            self.rates_pending,
            self.views_pending,
            self.teams_pending,
            self.counts.pending(),
            self.many.pending(),
        ]
    }

    /// Takes the answer to one of them.
    pub(super) fn took(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        if Pending::is(self.rates_pending, id) {
            self.rates_pending = None;
            if let Ok(Answer::Rates(rates)) = result {
                let now_s = cx.now_ms.div_euclid(1_000);
                self.rates = rates.into_iter().map(|(id, counts)| (id, Ring::new(now_s, counts))).collect();
            }
        } else if Pending::is(self.views_pending, id) {
            self.views_pending = None;
            if let Ok(Answer::Rows(keys)) = result {
                self.rows.renew(keys);
            }
        } else if Pending::is(self.teams_pending, id) {
            self.teams_pending = None;
            if let Ok(Answer::Teams(teams)) = result {
                self.teams = teams.into_iter().map(|team| (team.id, team.name)).collect();
                self.restart |= self.search.text().contains("team:");
            }
        } else if Pending::is(self.counts.pending(), id) {
            self.counts.took(match result {
                Ok(Answer::Hygiene(counted)) => Some(counted),
                _ => None,
            });
        } else if Pending::is(self.many.pending(), id) {
            self.done(result, cx);
        } else if let Some((_, number, fresh)) = self.loading.take() {
            match result {
                // Meanwhile another list was asked for.
                _ if self.restart => {}
                Ok(Answer::Keys(page)) => self.arrived(number, fresh, page, cx),
                Ok(_) => {}
                Err(notice) if self.loaded => {
                    self.failed = Some(notice.clone());
                    cx.tell(notice);
                }
                Err(notice) => self.failed = Some(notice),
            }
        }
    }

    fn arrived(&mut self, number: usize, fresh: bool, page: PageOfKeys, cx: &mut Cx<'_>) {
        (self.loaded, self.failed) = (true, None);
        let height = Self::height(cx);
        if fresh {
            self.rows.restart(page, self.keep, height);
            if let Some(place) = self.left.take() {
                self.rows.seek(place, height);
            }
        } else {
            self.rows.put(number, page, height);
        }
        self.figures_wanted = true;
    }

    /// Holds everything still, or takes in at once what was missed.
    pub(super) fn pause(&mut self, cx: &mut Cx<'_>) {
        self.paused_ms = if self.paused_ms.is_some() { None } else { Some(cx.now_ms) };
        if self.paused_ms.is_none() && std::mem::take(&mut self.missed) {
            self.failed = None;
            self.rows.doubt();
            self.counts.want();
            self.figures_wanted = true;
        }
        self.pump(cx);
    }

    /// Takes what happened in the core.
    pub(super) fn heard(&mut self, event: &Event, cx: &Cx<'_>) {
        match event {
            Event::Usage { .. } | Event::KeyChanged { .. } if self.paused_ms.is_some() => self.missed = true,
            Event::Usage { api_key, .. } => {
                let height = Self::height(cx);
                self.figures_wanted |= self.rows.visible(height).any(|key| key.id == *api_key);
            }
            Event::KeyChanged { api_key, .. } => {
                let known = self.rows.visible(rows::SCREEN).find(|key| key.id == *api_key);
                let name = known.map_or_else(|| "another key".to_owned(), |key| key.name.clone());
                self.changes.truncate(CHANGES - 1);
                self.changes.push_front((cx.now_ms, name));
                self.failed = None;
                self.rows.doubt();
                self.counts.want();
            }
            // What they may not see any more must not stay on the screen.
            Event::AccountChanged { .. } | Event::Lagged => {
                (self.failed, self.paused_ms) = (None, None);
                self.rows.doubt();
                self.counts.want();
                self.figures_wanted = true;
            }
            Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::AlertChanged { .. }
            | Event::Draining { .. } => {}
        }
    }

    /// When the page next changes by time alone, or asks again.
    pub(super) fn moves_at(&self, now_ms: i64) -> Option<i64> {
        let figures = self.figures_wanted && !self.choice.bin;
        let figures = figures.then_some(self.figures_asked_ms + FIGURES_MS);
        let waiting = self.rates_pending.is_some() || self.views_pending.is_some();
        let long = self.loading.and_then(|(pending, ..)| pending.long_from(now_ms));
        let reads = sooner(figures.filter(|_| !waiting), long);
        if self.paused_ms.is_some() {
            return reads;
        }
        let used = self.rows.visible(rows::SCREEN).filter_map(|key| key.last_used);
        let ages = used.map(|at| format::age_changes_at(now_ms, at.as_millisecond())).min();
        let counts = self.counts.next_tick().filter(|_| !self.choice.bin);
        sooner(ages, sooner(reads, counts))
    }

    /// The last minute of a key in view still moves.
    pub(super) fn moves(&self, now_ms: i64) -> bool {
        let now_s = now_ms.div_euclid(1_000);
        self.paused_ms.is_none() && self.rates.values().any(|ring| ring.moves(now_s))
    }
}

/// How a failed read is put on the page.
pub(super) fn failure(notice: &Notice) -> (&'static str, &str) {
    match notice.kind {
        NoticeKind::SignedOut => ("You are no longer signed in.", &notice.text),
        _ => ("The keys could not be read.", &notice.text),
    }
}
