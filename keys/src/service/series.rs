//! Usage as lines of a chart: cut into stretches of time, told apart by whose calls they are or by what kind, beside the
//! period before. Which keys are read and what is shown is here; how they are read is `read`'s, calendars are `frame`'s.

mod frame;
mod kinds;
mod read;

use std::collections::HashMap;
use std::sync::Arc;

use keyward_store::model::{ApiKey, Id, SpaceKind};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::{Breakdown, SeriesQuery};
use crate::policy::Permission;
use crate::prices::Pricer;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::list::environment;
use crate::service::mirror::Tables;
use crate::service::overview::LONGEST_CELL_MS;
use crate::service::report::Span;
use crate::service::shares::models;
use crate::view::{PreviousPeriod, UsageLine, UsageSeries};

use frame::Frame;
use read::{Line, Read, Source, Sum};

/// Lines a chart has at most, and keys that may be named.
const MOST_LINES: usize = 8;

impl Service {
    /// Usage of the keys that are named, or of all that the caller may see, as lines of a chart.
    pub async fn usage_series(&self, caller: &Caller, query: &SeriesQuery) -> Result<UsageSeries> {
        let account = caller.person()?;
        if query.instance && !query.keys.is_empty() {
            return Err(Error::invalid("instance", "goes with no keys"));
        }
        if query.keys.len() > MOST_LINES {
            return Err(Error::invalid("keys", format!("names more than {MOST_LINES} keys")));
        }
        let now_ms = self.now_ms();
        let span = self.span(caller, &query.span, now_ms)?;
        let frame = Frame::of(&span, query.step, query.compare, now_ms)?;
        let ids = self.charted(caller, account, query, frame.reach().0, now_ms)?;
        let (mut sources, lines) = self.told_apart(&ids, query.by, &frame);
        let (usage, by, named) = (self.0.usage.clone(), query.by, !query.keys.is_empty());
        let book = Arc::clone(&self.0.settings.prices);
        let (mut read, frame) = {
            let _turn = self.0.overviews.lock().await;
            // Reading many keys takes a while: beside the runtime, for one person at a time.
            let reading = move || {
                let _asking = usage.asking();
                let mut read = Read::keys(lines, &usage, &frame, &mut sources, &book, by)?;
                let mut pricer = Pricer::new(&book);
                match by {
                    Some(Breakdown::Key) => read.busiest_keys(&usage, &frame, sources, named, &mut pricer)?,
                    Some(Breakdown::Model) => read.models(&usage, &frame, &sources, &mut pricer)?,
                    Some(Breakdown::Environment | Breakdown::Team) => read.busiest_lines(),
                    Some(Breakdown::Method | Breakdown::Status | Breakdown::Token) => {
                        read.busiest_kinds(&usage, &frame, &mut sources)?;
                    }
                    Some(Breakdown::Endpoint) | None => {}
                }
                Ok::<_, Error>((read, frame))
            };
            tokio::task::spawn_blocking(reading).await.map_err(|error| Error::Internal(Box::new(error)))??
        };
        if query.instance {
            read.tally.models.clear();
        }
        Ok(self.series(span, &frame, read))
    }

    /// All keys there are, for operators, if what is asked tells nothing of what they are called.
    fn of_instance(&self, caller: &Caller, query: &SeriesQuery) -> Result<Vec<Id>> {
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::MetricsRead, Target::Instance, None)?;
        if query.team.is_some() {
            return Err(Error::invalid("instance", "goes with no team"));
        }
        match query.by {
            None | Some(Breakdown::Environment | Breakdown::Method | Breakdown::Status) => {}
            Some(_) => {
                let detail = "is environment, method or status of the whole instance, whose names are its teams' alone";
                return Err(Error::invalid("by", detail));
            }
        }
        Ok(tables.keys.rows().map(|row| row.record.id).collect())
    }

    /// The keys that are read.
    pub(super) fn charted(
        &self,
        caller: &Caller,
        account: Id,
        query: &SeriesQuery,
        from_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<Id>> {
        let mut ids = match query.keys.is_empty() {
            true if query.instance => self.of_instance(caller, query)?,
            true => self.metered(caller, account),
            false => Vec::new(),
        };
        // Cells are whole: one that the span begins in may hold an earlier call.
        ids = self.used_since(ids, from_ms - LONGEST_CELL_MS, now_ms);
        for key in &query.keys {
            let id = self.resolve(caller, key)?;
            self.key_row(caller, Permission::UsageRead, id)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let tables = self.mirror().read();
        if let Some(team) = query.team
            && !may(&tables, caller.identity, Permission::UsageRead, Target::Space(team))
        {
            return Err(Error::NotFound("team"));
        }
        let wanted = |key: &ApiKey| {
            query.environment.is_none_or(|environment| key.environment == environment)
                && query.team.is_none_or(|team| key.space == team)
        };
        ids.retain(|id| tables.keys.get(*id).is_some_and(|row| wanted(&row.record)));
        Ok(ids)
    }

    /// Which line each key's calls belong to.
    fn told_apart(&self, ids: &[Id], by: Option<Breakdown>, frame: &Frame) -> (Vec<Source>, Vec<Line>) {
        let tables = self.mirror().read();
        let mut lines: Vec<Line> = Vec::new();
        let mut places: HashMap<(Option<Id>, String), usize> = HashMap::new();
        let mut line_of = |label: (Option<Id>, String)| {
            *places.entry(label).or_insert_with_key(|(id, name)| {
                lines.push(Line { id: *id, name: name.clone(), sum: Sum::new(frame) });
                lines.len() - 1
            })
        };
        let sources = ids.iter().map(|id| {
            let key = tables.keys.get(*id).map(|row| &row.record);
            let label = key.and_then(|key| label(&tables, key, by));
            let service = key.map(|key| key.service.clone()).unwrap_or_default();
            Source { key: *id, service, line: label.map(&mut line_of), requests: 0 }
        });
        (sources.collect(), lines)
    }

    fn series(&self, span: Span, frame: &Frame, mut read: Read) -> UsageSeries {
        let compared = frame.before.is_some();
        let kinds = {
            let tables = self.mirror().read();
            for line in read.lines.iter_mut().filter(|line| line.name.is_empty()) {
                let key = line.id.and_then(|id| tables.keys.get(id));
                line.name = key.map(|key| key.record.name.clone()).unwrap_or_default();
            }
            let kinds = read.kinds.as_ref();
            kinds.map(|kinds| kinds.shown(&tables, read.total.requests(), compared)).unwrap_or_default()
        };
        let line = |id: Option<Id>, name: String, sum: &Sum| UsageLine {
            id,
            name,
            summary: read::summed(&sum.now),
            previous: compared.then(|| read::summed(&sum.before)),
            points: read::points(&frame.now, &sum.now),
        };
        let previous = frame.before.as_ref().map(|before| PreviousPeriod {
            from: timestamp(before.starts.first().copied().unwrap_or(before.end_ms)),
            to: timestamp(before.until_ms),
            points: read::points(before, &read.total.before),
        });
        UsageSeries {
            step: frame.step,
            timezone: span.zone.iana_name().unwrap_or("UTC").to_owned(),
            from: timestamp(frame.now.starts.first().copied().unwrap_or(span.from_ms)),
            to: timestamp(frame.now.until_ms),
            total: line(None, "all".to_owned(), &read.total),
            endpoints: read.busiest_endpoints(compared),
            kinds,
            models: models(&read.tally),
            currency: self.0.settings.prices.currency.clone(),
            lines: read.lines.into_iter().map(|of| line(of.id, of.name, &of.sum)).collect(),
            timeframe: span.name,
            previous,
        }
    }
}

/// What a key's line is of, and what that is called. Keys have no lines before it is known which are the busiest.
fn label(tables: &Tables, key: &ApiKey, by: Option<Breakdown>) -> Option<(Option<Id>, String)> {
    match by? {
        Breakdown::Environment => Some((None, environment(key.environment).to_owned())),
        Breakdown::Team => {
            let team = tables.spaces.get(&key.space).filter(|space| space.record.kind == SpaceKind::Team);
            let own = || (None, "your own".to_owned());
            Some(team.map_or_else(own, |team| (Some(team.record.id), team.record.name.clone())))
        }
        Breakdown::Key
        | Breakdown::Model
        | Breakdown::Endpoint
        | Breakdown::Method
        | Breakdown::Status
        | Breakdown::Token => None,
    }
}
