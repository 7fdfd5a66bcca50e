//! When each job is due, by the clock of the wall, also where that is set back. It does not know what a job does.

use std::sync::Arc;

use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::Poke;

/// What runs, and when.
pub(super) struct Entry {
    /// Second, minute, hour, day, month, weekday; UTC.
    pub(super) schedule: &'static str,
    pub(super) run: Arc<dyn Fn() -> Poke + Send + Sync>,
}

/// A running scheduler. It reckons when a job is due next each time that it was, so by a clock that is set back
/// by a day it would run none for a day.
pub(super) struct Timetable {
    scheduler: JobScheduler,
    entries: Vec<Entry>,
    /// What the clock showed last, ms since the epoch.
    seen_ms: i64,
}

impl Timetable {
    /// Has all of these run from now on.
    pub(super) async fn start(entries: Vec<Entry>, now_ms: i64) -> Result<Self, JobSchedulerError> {
        Ok(Self { scheduler: begun(&entries).await?, entries, seen_ms: now_ms })
    }

    /// Reckons everything anew where the clock shows less than it did. Whether it does.
    pub(super) async fn glance(&mut self, now_ms: i64) -> Result<bool, JobSchedulerError> {
        let set_back = now_ms < self.seen_ms;
        if set_back {
            let new = begun(&self.entries).await?;
            std::mem::replace(&mut self.scheduler, new).shutdown().await?;
        }
        self.seen_ms = now_ms;
        Ok(set_back)
    }

    /// Starts nothing more.
    pub(super) async fn end(mut self) -> Result<(), JobSchedulerError> {
        self.scheduler.shutdown().await
    }
}

async fn begun(entries: &[Entry]) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    for Entry { schedule, run } in entries {
        let run = Arc::clone(run);
        scheduler.add(Job::new_async(*schedule, move |_, _| run())?).await?;
    }
    scheduler.start().await?;
    Ok(scheduler)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_set_back_stops_no_job() {
        let (ran, mut runs) = mpsc::unbounded_channel();
        let run: Arc<dyn Fn() -> Poke + Send + Sync> = Arc::new(move || {
            let ran = ran.clone();
            Box::pin(async move { ran.send(()).unwrap_or_default() })
        });
        let entries = vec![Entry { schedule: "* * * * * *", run }];
        let now_ms = 1_773_144_000_000;
        let mut timetable = Timetable::start(entries, now_ms).await.unwrap();
        assert!(
            !timetable.glance(now_ms).await.unwrap() && !timetable.glance(now_ms + 15_000).await.unwrap()
        );
        assert!(timetable.glance(now_ms - 86_400_000).await.unwrap(), "a day less");
        assert!(!timetable.glance(now_ms - 86_385_000).await.unwrap(), "and it goes on from there");
        while runs.try_recv().is_ok() {}
        let ran = timeout(Duration::from_secs(20), runs.recv()).await;
        assert_eq!(ran, Ok(Some(())), "it runs by what is reckoned anew");
        timetable.end().await.unwrap();
    }
}
