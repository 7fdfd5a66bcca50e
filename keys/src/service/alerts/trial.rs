//! A rule tried on a key's past month: when it would have fired. From rollups: by the hour, and windows of an hour at most
//! by the minute where minutes are kept. Today's limit is taken for that of the whole month.

use keyward_store::model::ApiKey;
use keyward_store::usage::{Cell, Grain, Usage};

use crate::caller::Caller;
use crate::clock::{month_around, timestamp};
use crate::error::{Error, Fault, Result};
use crate::input::{AlertTrial, KeyRef};
use crate::policy::Permission;
use crate::service::Service;
use crate::service::alerts::condition::{Facts, Limits, kind};
use crate::service::text::Faults;
use crate::view::{AlertFiring, AlertTrialView};

const HOUR_MS: i64 = 3_600_000;

/// How far back it looks, ms.
const PAST_MS: i64 = 30 * 24 * HOUR_MS;

/// Minutes are kept for longer than this.
const MINUTES_MS: i64 = 47 * HOUR_MS;

/// Windows of so many minutes are looked at by the minute.
const FINE_WINDOW: u32 = 60;

/// Firings that are told of one by one.
const MOST_TOLD: usize = 100;

impl AlertTrial {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        self.limits(&mut faults);
        faults.into_vec()
    }

    fn limits(&self, faults: &mut Faults) -> Option<Limits> {
        if self.condition.is_some_and(|condition| !kind(condition).replayable) {
            faults.add("condition", "cannot be tried on the past, of which only the calls are kept");
        }
        Limits::checked(faults, self.condition, self.threshold, self.recovery, self.window)
    }
}

impl Service {
    /// When a rule that is not made yet would have fired in a key's past month.
    pub async fn try_alert_rule(&self, caller: &Caller, trial: &AlertTrial) -> Result<AlertTrialView> {
        caller.person()?;
        let mut faults = Faults::default();
        let limits = trial.limits(&mut faults);
        let id = match self.resolve(caller, &KeyRef::Id(trial.api_key_id.clone())) {
            Ok(id) => Some(id),
            Err(error) => {
                faults.add("apiKeyId", error.to_string());
                None
            }
        };
        faults.check()?;
        let (Some(id), Some(limits)) = (id, limits) else { return Err(Error::NotFound("key")) };
        let key = self.key_row(caller, Permission::UsageRead, id)?;
        let (usage, now_ms) = (self.0.usage.clone(), self.now_ms());
        let _turn = self.0.overviews.lock().await;
        let trying = move || Past::read(&usage, &key.record, &limits, now_ms).map(|past| past.replay());
        tokio::task::spawn_blocking(trying).await.map_err(|error| Error::Internal(Box::new(error)))?
    }
}

/// What is kept of a key's past: cells with start and end, by rising time.
struct Past<'a> {
    key: &'a ApiKey,
    limits: &'a Limits,
    /// The first moment, where by-the-minute begins, and the last.
    span_ms: (i64, i64, i64),
    cells: Vec<(i64, i64, Cell)>,
    /// The last call before the first moment.
    used_ms: Option<i64>,
    /// Calls of the first moment's month before it.
    month_used: u64,
}

impl<'a> Past<'a> {
    fn read(usage: &Usage, key: &'a ApiKey, limits: &'a Limits, now_ms: i64) -> Result<Self> {
        let from_ms = Grain::Day.start_of(now_ms - PAST_MS);
        let fine = (1..=FINE_WINDOW).contains(&limits.window_minutes);
        let fine_ms = Grain::Hour.start_of(if fine { now_ms - MINUTES_MS } else { now_ms });
        let month_ms = month_around(from_ms).0.as_millisecond();
        let before = usage.cells(key.id, Grain::Day, 0, from_ms)?;
        let in_month = before.iter().filter(|(start_ms, _)| *start_ms >= month_ms);
        let month_used = in_month.map(|(_, cell)| cell.requests).sum();
        let used_ms = before.last().map(|(start_ms, _)| start_ms + Grain::Day.length_ms());
        let mut cells = Vec::new();
        for (grain, from_ms, to_ms) in [(Grain::Hour, from_ms, fine_ms), (Grain::Minute, fine_ms, now_ms)] {
            let stretch = usage.cells(key.id, grain, from_ms, to_ms)?.into_iter();
            cells.extend(stretch.map(|(start_ms, cell)| (start_ms, start_ms + grain.length_ms(), cell)));
        }
        Ok(Self { key, limits, span_ms: (from_ms, fine_ms, now_ms), cells, used_ms, month_used })
    }

    /// The moments that are looked at: the ends of hours, then of minutes where it is fine.
    fn moments(&self) -> impl Iterator<Item = i64> + use<> {
        let (from_ms, fine_ms, now_ms) = self.span_ms;
        let every = |grain: Grain, from_ms: i64, to_ms: i64| {
            let step_ms = grain.length_ms();
            (1..).map(move |number| from_ms + number * step_ms).take_while(move |at_ms| *at_ms <= to_ms)
        };
        every(Grain::Hour, from_ms, fine_ms).chain(every(Grain::Minute, fine_ms, now_ms))
    }

    fn replay(mut self) -> AlertTrialView {
        let (from_ms, fine_ms, now_ms) = self.span_ms;
        let mut month = month_around(from_ms);
        let (mut low, mut next) = (0, 0);
        let (mut count, mut firings, mut now): (u64, Vec<AlertFiring>, Option<AlertFiring>) =
            (0, Vec::new(), None);
        for at_ms in self.moments() {
            while let Some((start_ms, end_ms, cell)) = self.cells.get(next).filter(|cell| cell.1 <= at_ms) {
                if timestamp(*start_ms) >= month.1 {
                    (month, self.month_used) = (month_around(*start_ms), 0);
                }
                self.month_used += cell.requests;
                self.used_ms = Some(*end_ms);
                next += 1;
            }
            if timestamp(at_ms) >= month.1 {
                (month, self.month_used) = (month_around(at_ms), 0);
            }
            if at_ms < self.key.created_ms {
                continue;
            }
            let least_ms = if at_ms <= fine_ms { HOUR_MS } else { 0 };
            let window_ms = (i64::from(self.limits.window_minutes) * 60_000).max(least_ms);
            while self.cells.get(low).is_some_and(|cell| cell.0 < at_ms - window_ms) {
                low += 1;
            }
            let value = self.value(at_ms, month, self.cells.get(low..next).unwrap_or_default(), window_ms);
            match (&mut now, value) {
                (Some(firing), Some(value)) if self.limits.holds(Some(value)) => {
                    firing.value = firing.value.max(value);
                }
                (Some(_), _) => {
                    let over =
                        now.take().map(|firing| AlertFiring { until: Some(timestamp(at_ms)), ..firing });
                    firings.extend(over.filter(|_| firings.len() < MOST_TOLD));
                }
                (None, Some(value)) if self.limits.crosses(Some(value)) => {
                    count += 1;
                    now = Some(AlertFiring { from: timestamp(at_ms), until: None, value });
                }
                (None, _) => {}
            }
        }
        let room = firings.len() < MOST_TOLD;
        firings.extend(now.filter(|_| room));
        let limits = self.limits;
        AlertTrialView {
            api_key_id: self.key.id,
            condition: limits.condition,
            threshold: limits.threshold,
            unit: kind(limits.condition).unit,
            from: timestamp(from_ms.max(self.key.created_ms.min(now_ms))),
            to: timestamp(now_ms),
            count,
            firings,
        }
    }

    fn value(
        &self,
        at_ms: i64,
        month: (jiff::Timestamp, jiff::Timestamp),
        window: &[(i64, i64, Cell)],
        window_ms: i64,
    ) -> Option<u64> {
        let mut sum = Cell::default();
        if self.limits.window_minutes > 0 {
            window.iter().for_each(|(_, _, cell)| sum.merge(cell));
        }
        let facts = Facts {
            now_ms: at_ms,
            key: self.key,
            last_used_ms: self.used_ms,
            month_used: self.month_used,
            month_ms: (month.0.as_millisecond(), month.1.as_millisecond()),
        };
        // Where it is looked at by the hour, a shorter window is an hour long.
        let window_minutes = match self.limits.window_minutes {
            0 => 0,
            _ => u32::try_from(window_ms / 60_000).unwrap_or(u32::MAX),
        };
        facts.value(&Limits { window_minutes, ..*self.limits }, &sum)
    }
}
