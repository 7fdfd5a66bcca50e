//! The service as its doors use it, on a real store in a temporary folder.

#![expect(clippy::expect_used, reason = "a test ends where its preparation fails")]

mod accounts;
mod administration;
mod alert_responses;
mod alerts;
mod anomalies;
mod audit;
#[path = "../support/authenticator.rs"]
mod authenticator;
mod batch;
mod billing;
mod bin;
mod budgets;
mod codes;
mod costs;
mod custody;
mod damage;
mod deletion;
mod environments;
mod exposure;
mod fetch;
mod forgotten;
mod harness;
mod home;
mod hygiene;
mod keys;
mod mail;
mod marks;
mod members;
mod monitor;
mod moving;
mod notifications;
mod once;
mod passwords;
mod policy;
mod profile;
mod rotation;
mod rotation_outside;
mod rotation_schedule;
mod second_factor;
mod series;
mod sessions;
mod sharing;
mod teams;
mod tokens;
mod unlock;
mod usage;
mod usage_bad;
mod usage_reports;
mod usage_sums;
mod versions;
mod webhook_secrets;
mod webhook_times;
mod webhooks;
mod why;
