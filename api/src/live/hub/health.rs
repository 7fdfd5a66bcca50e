//! How the instance is, told to whoever listens when it changes. It looks, and mends nothing.

use keyward_keys::view::SystemAlert;

use super::Hub;
use crate::live::alert::Condition;

impl Hub {
    /// Tells everybody when the store stops taking changes, room runs out or a job fails, and when that is over.
    pub(super) async fn look_at_health(&self) {
        let health = self.0.service.health().await;
        let now = Condition::of(&health);
        let (store, jobs) = {
            let mut state = self.state();
            let jobs = std::mem::replace(&mut state.failing_jobs, health.failing_jobs.clone());
            (state.store.replace(now), jobs)
        };
        if store.unwrap_or(Condition::Fine) != now {
            self.alert(&now.alert());
        }
        for job in health.failing_jobs.difference(&jobs) {
            self.alert(&SystemAlert::job_failed(job));
        }
        for job in jobs.difference(&health.failing_jobs) {
            self.alert(&SystemAlert::job_ok(job));
        }
    }
}
