//! The fields of a key that people set: what they may hold, and what a change to some of them does. Place and custody
//! are `moving`'s.

use keyward_store::model::{ApiKey, Status};

use crate::error::{Fault, Result};
use crate::input::KeyPatch;
use crate::service::budgets;
use crate::service::key_networks;
use crate::service::rotation;
use crate::service::text::Faults;
use crate::view::KeyStatus;

pub(crate) fn check_tags(faults: &mut Faults, tags: &[String]) -> Vec<String> {
    if tags.len() > 20 {
        faults.add("tags", format!("has {} tags; 20 is the most", tags.len()));
    }
    let mut checked: Vec<String> = Vec::with_capacity(tags.len().min(20));
    for (index, tag) in tags.iter().take(20).enumerate() {
        let tag = faults.line(format!("tags/{index}"), tag, 1, 40);
        if !checked.contains(&tag) {
            checked.push(tag);
        }
    }
    checked
}

pub(crate) fn check_rotation(faults: &mut Faults, days: Option<u32>) {
    if days.is_some_and(|days| days > 3650) {
        faults.add("rotationInterval", "is more than 3650 days; 0 turns rotation off");
    }
}

impl KeyPatch {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of(check_patch(self.clone()))
    }
}

/// A patch with every field checked, its texts normalised.
pub(crate) fn check_patch(mut patch: KeyPatch) -> Result<KeyPatch> {
    let mut faults = Faults::default();
    patch.name = patch.name.map(|name| faults.line("name", &name, 1, 128));
    patch.service = patch.service.map(|service| faults.line("service", &service, 1, 64));
    patch.description = patch.description.map(|text| faults.line("description", &text, 0, 1000));
    patch.tags = patch.tags.map(|tags| check_tags(&mut faults, &tags));
    check_rotation(&mut faults, patch.rotation_interval);
    if let Some(Some(rotation)) = &patch.rotation {
        rotation::check(&mut faults, rotation);
    }
    if let Some(networks) = &patch.networks {
        key_networks::check(&mut faults, networks);
    }
    budgets::check(&mut faults, patch.monthly_budget.flatten());
    if patch.status == Some(KeyStatus::Expired) {
        faults.add("status", "is active or inactive; to let a key expire, set expiresAt");
    }
    faults.check()?;
    Ok(patch)
}

/// Applies a patch; answers the names of the fields it set.
pub(crate) fn apply(patch: &KeyPatch, key: &mut ApiKey) -> Vec<&'static str> {
    let mut set = Vec::new();
    let mut text = |field: &'static str, new: &Option<String>, old: &mut String| {
        if let Some(new) = new {
            old.clone_from(new);
            set.push(field);
        }
    };
    text("name", &patch.name, &mut key.name);
    text("service", &patch.service, &mut key.service);
    text("description", &patch.description, &mut key.description);
    if let Some(environment) = patch.environment {
        key.environment = environment;
        set.push("environment");
    }
    if let Some(status) = patch.status {
        key.status = if status == KeyStatus::Inactive { Status::Inactive } else { Status::Active };
        set.push("status");
    }
    if let Some(tags) = &patch.tags {
        key.tags.clone_from(tags);
        set.push("tags");
    }
    if let Some(limit) = patch.monthly_limit {
        key.monthly_limit = limit;
        set.push("monthlyLimit");
    }
    if let Some(refuse) = patch.refuse_over_limit {
        key.refuse_over_limit = refuse;
        set.push("refuseOverLimit");
    }
    if let Some(frozen) = patch.frozen {
        key.frozen_ms = frozen.then(|| key.frozen_ms.unwrap_or(key.updated_ms));
        set.push("frozen");
    }
    if let Some(expires) = patch.expires_at {
        key.expires_ms = expires.map(|at| at.as_millisecond());
        set.push("expiresAt");
    }
    if let Some(days) = patch.rotation_interval {
        key.rotation_interval_days = days;
        set.push("rotationInterval");
    }
    set
}
