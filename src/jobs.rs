//! What the daemon does by itself, and when: one list. Each job is safe to run twice, runs once at the start, and
//! never beside itself. What a job does is the core's.
//!
//! The scheduler looks at its list twice a second, whether or not something is due. That is the one thing an idle
//! daemon does, with a glance at the clock four times a minute: a look at a few rows in memory, some ten microseconds, no I/O. The
//! jobs themselves read from memory first, and write only when there is something to remove.

mod timetable;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_keys::{Caller, Clock, Door, Service};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::{Error, Result};
use timetable::{Entry, Timetable};

type Work = Pin<Box<dyn Future<Output = keyward_keys::Result<u64>> + Send>>;
type Poke = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Task {
    name: &'static str,
    /// Second, minute, hour, day, month, weekday; UTC.
    schedule: &'static str,
    work: fn(Service, Caller) -> Work,
    /// Ends when the job is due before its time, if that can be.
    poke: Option<fn(Service) -> Poke>,
}

/// All jobs. Off the full hour, when everybody else's run.
const TASKS: [Task; 13] = [
    Task {
        name: "purge_bin",
        schedule: "10 7 * * * *",
        work: |service, caller| Box::pin(async move { service.purge_bin(&caller).await }),
        poke: None,
    },
    Task {
        name: "prune_usage",
        schedule: "20 37 * * * *",
        work: |service, caller| Box::pin(async move { service.prune_usage(&caller).await.map(|()| 0) }),
        poke: None,
    },
    Task {
        name: "forget_answers",
        schedule: "40 22 * * * *",
        work: |service, caller| Box::pin(async move { service.forget_answers(&caller).await }),
        poke: None,
    },
    Task {
        name: "forget_codes",
        schedule: "50 52 * * * *",
        work: |service, caller| Box::pin(async move { service.forget_codes(&caller).await }),
        poke: None,
    },
    Task {
        name: "end_expired_sessions",
        schedule: "30 */5 * * * *",
        work: |service, caller| Box::pin(async move { service.end_expired_sessions(&caller).await }),
        poke: None,
    },
    Task {
        name: "mark_departures",
        schedule: "15 */5 * * * *",
        work: |service, caller| Box::pin(async move { service.mark_departures(&caller).await }),
        poke: None,
    },
    Task {
        name: "mark_values",
        schedule: "35 * * * * *",
        work: |service, caller| Box::pin(async move { service.mark_values(&caller).await }),
        poke: None,
    },
    Task {
        name: "watch_anomalies",
        // A reading is full a minute after its ten.
        schedule: "5 1/10 * * * *",
        work: |service, caller| Box::pin(async move { service.watch_anomalies(&caller).await }),
        poke: None,
    },
    Task {
        name: "watch_budgets",
        schedule: "8 * * * * *",
        work: |service, caller| Box::pin(async move { service.watch_budgets(&caller).await }),
        poke: None,
    },
    Task {
        name: "watch_alerts",
        schedule: "5 * * * * *",
        work: |service, caller| Box::pin(async move { service.watch_alerts(&caller).await }),
        poke: None,
    },
    Task {
        name: "deliver_webhooks",
        schedule: "*/2 * * * * *",
        work: |service, caller| Box::pin(async move { service.deliver_webhooks(&caller).await }),
        poke: None,
    },
    Task {
        name: "sign_audit",
        schedule: "45 * * * * *",
        work: |service, caller| Box::pin(async move { service.sign_audit(&caller).await }),
        poke: Some(|service| Box::pin(async move { service.audit_unsigned().await })),
    },
    Task {
        name: "rotate_due",
        schedule: "25 * * * * *",
        work: |service, caller| Box::pin(async move { service.rotate_due(&caller).await }),
        poke: Some(|service| Box::pin(async move { service.rotation_due().await })),
    },
];

/// How often it is looked whether the clock was set back.
const GLANCE: Duration = Duration::from_secs(15);

/// How long a running job may take once the daemon stops. It is safe to cut: its work is one commit after another.
const PATIENCE: Duration = Duration::from_secs(5);

/// The running jobs.
pub struct Jobs {
    running: TaskTracker,
    stopping: CancellationToken,
}

impl Jobs {
    /// Schedules all jobs, and runs each once.
    ///
    /// # Errors
    /// The scheduler refused one.
    pub async fn start(service: &Service) -> Result<Self> {
        let (running, stopping) = (TaskTracker::new(), CancellationToken::new());
        let mut entries = Vec::new();
        for task in &TASKS {
            let runner = Arc::new(Runner { task, service: service.clone(), alone: Mutex::new(()) });
            running.spawn(Arc::clone(&runner).run());
            if let Some(poke) = task.poke {
                running.spawn(stopping.clone().run_until_cancelled_owned(Arc::clone(&runner).poked(poke)));
            }
            let tracker = running.clone();
            let run = move || -> Poke { Box::pin(tracker.track_future(Arc::clone(&runner).run())) };
            entries.push(Entry { schedule: task.schedule, run: Arc::new(run) });
        }
        let timetable = Timetable::start(entries, Clock::system().now_ms()).await.map_err(Error::Jobs)?;
        running.spawn(keep_time(timetable, stopping.clone()));
        service.jobs_scheduled(&service.system_caller("jobs", Door::System), true)?;
        Ok(Self { running, stopping })
    }

    /// Starts no more of them, and waits for those that run.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.running.close();
        if tokio::time::timeout(PATIENCE, self.running.wait()).await.is_err() {
            tracing::warn!("a job did not finish in time; it goes on at the next start");
        }
    }
}

/// Looks after the clock until the daemon stops.
async fn keep_time(mut timetable: Timetable, stopping: CancellationToken) {
    while stopping.run_until_cancelled(tokio::time::sleep(GLANCE)).await.is_some() {
        match timetable.glance(Clock::system().now_ms()).await {
            Ok(false) => {}
            Ok(true) => tracing::warn!("the clock was set back; when the jobs are due was worked out anew"),
            Err(error) => tracing::error!(%error, "the clock was set back, and the jobs wait for its time"),
        }
    }
    if let Err(error) = timetable.end().await {
        tracing::warn!(%error, "the scheduler did not stop");
    }
}

struct Runner {
    task: &'static Task,
    service: Service,
    alone: Mutex<()>,
}

impl Runner {
    /// Runs the job whenever it is due before its time.
    async fn poked(self: Arc<Self>, poke: fn(Service) -> Poke) {
        loop {
            poke(self.service.clone()).await;
            // One that runs already may not have seen it.
            drop(self.alone.lock().await);
            Arc::clone(&self).run().await;
        }
    }

    async fn run(self: Arc<Self>) {
        let Ok(_alone) = self.alone.try_lock() else { return };
        let name = self.task.name;
        let caller = self.service.system_caller(name, Door::System);
        let started = Instant::now();
        let done = (self.task.work)(self.service.clone(), caller).await;
        self.service.job_ran(name, done.is_ok(), started.elapsed());
        match done {
            Ok(0) => {}
            Ok(count) => tracing::info!(job = name, count, "a job did what was due"),
            Err(error) => tracing::error!(job = name, error = crate::error::chain(&error), "a job failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_cron_scheduler::Job;

    use super::*;

    #[test]
    fn every_schedule_is_one_the_scheduler_takes() {
        for task in &TASKS {
            Job::new_async(task.schedule, |_, _| Box::pin(async {})).unwrap_or_else(|error| {
                panic!("{}: {error}", task.name);
            });
        }
    }
}
