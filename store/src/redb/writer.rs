//! The writer: one thread takes whatever queued while the last commit was in flight, writes it in one durable
//! commit, tells the observer, shows the new state, and only then acknowledges. A group that is only usage goes into
//! the journal instead, and is folded by commits that take turns with such groups. It must not wake while there is
//! nothing to do.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::ReadableDatabase;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::interface::{ChainHasher, CommitTiming, Cursor, Observer, Timing};
use crate::redb::backlog::Backlog;
use crate::redb::database::{Open, engine};
use crate::redb::filling::{Filling, admit};
use crate::redb::folder::Folder;
use crate::redb::header::Header;
use crate::redb::journal::{Journal, Written};
use crate::redb::ledger::Ledger;
use crate::redb::medium::Medium;
use crate::redb::pace::Pace;
use crate::redb::port::RawRead;
use crate::redb::published::Published;
use crate::redb::queue::{Done, Group};
use crate::redb::snapshot::View;
use crate::redb::standing::Standing;
use crate::redb::transaction::Tx;
use crate::usage::{Appended, Engine, Worked};

/// Free room on the disk, beyond what a group needs, before a full disk is tried again.
pub(crate) const BREATH: u64 = 2 * 1024 * 1024;
/// How long folding rests after a commit or a fold that failed.
const REST: Duration = Duration::from_secs(1);
/// How long a stop may take to fold what is left: more than the most that memory holds takes.
const FOLDING_LAST: Duration = Duration::from_secs(3);

/// The writer's parts, all its own.
pub(crate) struct Writer {
    pub(crate) backlog: Arc<Backlog>,
    /// Where the callers run, when they run on a runtime.
    pub(crate) runtime: Option<Handle>,
    /// How commits go.
    pub(crate) standing: Arc<Standing>,
    pub(crate) timing: Option<Timing>,
    pub(crate) medium: Arc<dyn Medium>,
    pub(crate) header: Header,
    /// None in a file that has no room for one.
    pub(crate) journal: Option<Journal>,
    pub(crate) cache_bytes: usize,
    pub(crate) chain: Arc<dyn ChainHasher>,
    pub(crate) observer: Option<Observer>,
    pub(crate) published: Arc<Published>,
    pub(crate) newest: watch::Sender<Cursor>,
    pub(crate) usage: Engine,
    pub(crate) folder: Folder,
    pub(crate) ledger: Ledger,
    /// Every arrival up to this one is folded.
    pub(crate) folded: u64,
    pub(crate) quick_repair_after: Duration,
    pub(crate) quick_repair_sizes: RangeInclusive<u64>,
    pub(crate) last_commit: Instant,
    /// The last commit is without the record that makes a repair quick.
    pub(crate) unrecorded: bool,
    pub(crate) pace: Pace,
    /// Folding rests after something failed.
    pub(crate) rest_until: Option<Instant>,
    pub(crate) state: State,
}

impl Drop for Writer {
    /// However it ends, nobody waits for it any more.
    fn drop(&mut self) {
        self.standing.close();
        self.backlog.end();
    }
}

/// How the writer stands with the file.
pub(crate) enum State {
    /// It can write.
    Open(Open),
    /// The last commit failed; the file must be opened again, and that will tell whether the commit is in it.
    Failed(Failure),
}

/// After a commit that failed.
#[derive(Default)]
pub(crate) struct Failure {
    undecided: Option<Box<Done>>,
}

impl Writer {
    /// Runs until told to stop, or until a sync fails: what that covered can't be known any more.
    pub(crate) fn run(mut self) {
        let mut group = Group::default();
        let mut starved = false;
        let mut journaled = false;
        loop {
            let go_on = self.gather(&mut group, journaled);
            let started = Instant::now();
            let result = self.write(&mut group, &mut starved, &mut journaled);
            self.tell(started, &result);
            if result.is_err() {
                self.rest_until = Some(Instant::now() + REST);
            }
            let fatal = matches!(result, Err(Error::Closed));
            if group.requests() > 0 {
                self.pace.wrote(self.backlog.waiting().requests);
            }
            group.answer(result, self.runtime.as_ref());
            // A caller who went away is no error.
            group.moments.drain(..).for_each(|reply| drop(reply.send(self.moment())));
            if !go_on || fatal {
                if !fatal {
                    self.fold_the_rest(starved);
                }
                return;
            }
        }
    }

    /// Folds what is left, for a start is followed by questions: each would add it up event by event, beside the folding.
    /// What does not get there is in the journal, and the next start takes it from there.
    fn fold_the_rest(&mut self, mut starved: bool) {
        let until = Instant::now() + FOLDING_LAST;
        self.usage.fold_soon();
        while self.usage.has_unfolded() && !self.rests(Instant::now()) && Instant::now() < until {
            self.exchange_folds();
            if self.usage.is_folding() {
                let worked = self.folder.wait();
                self.take_back(worked);
            }
            if let Err(error) = self.write(&mut Group::default(), &mut starved, &mut false) {
                tracing::warn!(%error, "usage is left for the next start to fold");
                return;
            }
        }
    }

    /// Notes how a commit went. One that had nothing to write is none.
    fn tell(&self, started: Instant, result: &Result<Done>) {
        let appended = result.iter().flat_map(|done| &done.appended).flatten();
        let events = appended.map(Appended::accepted).sum();
        if events == 0 && result.as_ref().is_ok_and(|done| done.marker.is_none()) {
            return;
        }
        self.standing.wrote(result);
        if let Some(timing) = &self.timing {
            timing(CommitTiming { took: started.elapsed(), events, durable: result.is_ok() });
        }
    }

    /// Takes what is queued; waits for the first request, or until a commit is due. Takes nothing when the group before
    /// was `journaled` and a commit is due: it is the commit's turn. `false` after the last request.
    fn gather(&mut self, group: &mut Group, journaled: bool) -> bool {
        self.exchange_folds();
        let due = self.usage.wants_commit_at().into_iter().chain(self.wants_record_at()).min();
        let due = due.map(|at| self.rest_until.map_or(at, |rest| rest.max(at)));
        if journaled && due.is_some_and(|at| at <= Instant::now()) {
            return true;
        }
        while let Some(growth) = self.pace.grow(self.backlog.waiting().requests) {
            self.backlog.await_company(growth.until, growth.time);
        }
        self.backlog.await_first(due);
        let go_on = self.backlog.take(group);
        if group.requests() > 0 {
            self.pace.took(group.requests(), Instant::now());
        } else {
            // It was called for what came back.
            self.exchange_folds();
        }
        go_on
    }

    /// When a commit is due that records what the last ones in quick succession did not.
    fn wants_record_at(&self) -> Option<Instant> {
        let last = self.unrecorded.then_some(self.last_commit)?;
        last.checked_add(self.quick_repair_after)
    }

    /// Takes back what was worked out beside this thread, and has the next folds worked out when they are due.
    fn exchange_folds(&mut self) {
        let worked = match self.usage.is_folding() && self.usage.is_pressed() {
            // Callers wait for it, instead of being refused in the end.
            true => Some(self.folder.wait()),
            false => self.folder.finished(),
        };
        if let Some(worked) = worked {
            self.take_back(worked);
        }
        let now = Instant::now();
        if !self.rests(now)
            && let Some(planned) = self.usage.plan(now)
            && let Err(error) = self.folder.order(planned, self.published.view())
        {
            self.take_back(Err(error));
        }
    }

    /// Whether folding rests, for something failed.
    fn rests(&self, now: Instant) -> bool {
        self.rest_until.is_some_and(|rest| rest > now)
    }

    /// Takes folds back for the next commit. Those that failed are planned again after a rest.
    fn take_back(&mut self, worked: Result<Worked>) {
        if let Err(error) = &worked {
            tracing::error!(%error, "usage could not be folded");
            self.standing.wrote(&worked);
            self.rest_until = Some(Instant::now() + REST);
        }
        self.usage.worked_out(worked.ok());
    }

    /// Writes a group and shows it; tells whether it was `journaled`. On an error nothing of it is applied.
    fn write(&mut self, group: &mut Group, starved: &mut bool, journaled: &mut bool) -> Result<Done> {
        if let State::Failed(_) = self.state {
            self.reopen()?;
        }
        if *starved && self.medium.free() < BREATH + 4 * group.bytes as u64 {
            return Err(Error::Full);
        }
        self.usage.begin_group();
        let mut done = Done::default();
        *journaled = self.write_journal(group, &mut done).inspect_err(|_| self.usage.abort_group())?;
        if *journaled {
            return Ok(done);
        }
        let State::Open(open) = &self.state else { return Err(Error::Closed) };
        self.ledger.begin();
        // Recording which pages are free spares a start after a crash the reading of every page. It costs as much as a
        // commit, and more with the file, so commits in quick succession go without where a file is soon read or the
        // record is dear; one that follows the last of them makes up for it. Those that fold have it too, for there
        // are few of them, and nothing else is written while usage is reported.
        let alone = self.last_commit.elapsed() >= self.quick_repair_after;
        let middling = self.medium.len().is_ok_and(|length| self.quick_repair_sizes.contains(&length));
        let mut recorded = alone || middling;
        let result = open.begin().and_then(|mut transaction| {
            let mut filling = Filling {
                chain: &*self.chain,
                observed: self.observer.is_some(),
                ledger: &mut self.ledger,
                usage: &mut self.usage,
                folded: self.folded,
                even_empty: alone && self.unrecorded,
            };
            recorded |= filling.fill(&Tx::new(&transaction), group, &mut done)?;
            transaction.set_quick_repair(recorded);
            match done.marker {
                Some(_) => transaction.commit().map_err(engine),
                None => transaction.abort().map_err(engine),
            }
        });
        match result {
            Ok(()) if done.marker.is_none() => {
                self.ledger.abort();
                self.usage.abort_group();
                Ok(done)
            }
            Ok(()) => {
                let view = View::new(open.redb.begin_read().map_err(engine)?);
                self.settle(&mut done, Arc::new(view));
                self.unrecorded = !recorded;
                *starved = false;
                Ok(done)
            }
            Err(error @ Error::Damaged { .. }) => {
                self.ledger.abort();
                self.usage.abort_group();
                Err(error)
            }
            Err(error) => {
                *starved = matches!(error, Error::Full);
                self.failed(error, done)
            }
        }
    }

    /// Takes a group into the journal; `false` when it must go into the tables.
    fn write_journal(&mut self, group: &mut Group, done: &mut Done) -> Result<bool> {
        let Some(journal) = self.journal.as_mut().filter(|_| group.is_usage()) else { return Ok(false) };
        admit(&mut self.usage, group, &*self.published.view(), done)?;
        let Some((number, arrival)) = self.usage.encode_group() else {
            self.usage.abort_group();
            return Ok(true);
        };
        match journal.append(number, &arrival)? {
            Written::Durable => self.usage.commit_group(None),
            Written::NoRoom => return Ok(false),
            Written::Unconfirmed => return Err(Error::Closed),
        }
        if journal.is_half_full() {
            self.usage.fold_soon();
        }
        Ok(true)
    }

    /// A durable group becomes visible to everybody, before it is acknowledged.
    fn settle(&mut self, done: &mut Done, view: Arc<View>) {
        self.last_commit = Instant::now();
        self.ledger.commit();
        self.folded = done.folded_through.unwrap_or(self.folded);
        self.journal.iter_mut().for_each(|journal| journal.release(self.folded));
        self.show(view);
        if let Some(observer) = &self.observer
            && !done.rows.is_empty()
        {
            observer(&done.rows);
        }
        self.announce();
    }

    fn show(&mut self, view: Arc<View>) {
        self.usage.commit_group(Some(view.clone()));
        self.published.replace(view);
    }

    /// Wakes those who follow the feed: after the observer, for whoever hears of a change looks at what it keeps.
    fn announce(&self) {
        let cursor = self.ledger.cursor();
        self.newest.send_if_modified(|newest| std::mem::replace(newest, cursor) != cursor);
    }

    /// After an engine's error: redb refuses everything until it is opened again. That also tells whether the
    /// commit is in the file after all.
    fn failed(&mut self, error: Error, done: Done) -> Result<Done> {
        tracing::error!(error = %error, "a commit failed");
        let previous =
            std::mem::replace(&mut self.state, State::Failed(Failure { undecided: Some(Box::new(done)) }));
        if let State::Open(open) = previous
            && open.pages.sync_failed()
        {
            tracing::error!("the disk did not confirm what was written; the store stops");
            return Err(Error::Closed);
        }
        match self.reopen() {
            Ok(Some(done)) => Ok(*done),
            Ok(None) | Err(_) => Err(error),
        }
    }

    /// Opens the file again. Answers the undecided group when it turns out to be in the file.
    fn reopen(&mut self) -> Result<Option<Box<Done>>> {
        let State::Failed(failure) = &mut self.state else { return Ok(None) };
        let open = Open::new(&self.medium, &self.header, self.cache_bytes)?;
        let view = Arc::new(View::new(open.redb.begin_read().map_err(engine)?));
        let landed = match failure.undecided.as_ref().and_then(|done| done.marker) {
            Some((table, key)) => view.raw_get(table, &key)?.is_some(),
            None => false,
        };
        let mut undecided = failure.undecided.take();
        self.state = State::Open(open);
        self.unrecorded = true;
        self.standing.opened_again();
        tracing::info!(landed, "the database was opened again");
        match &mut undecided {
            Some(done) if landed => self.settle(done, view),
            _ => {
                self.ledger.abort();
                self.usage.abort_group();
                // Snapshots of the former opening are closed; everybody needs the new one.
                self.usage.begin_group();
                self.show(view);
                undecided = None;
            }
        }
        Ok(undecided)
    }
}
