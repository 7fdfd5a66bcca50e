//! Kills the real daemon under load, again and again, and counts afterwards.
//!
//! Each call carries an id of its own. After a restart, the calls that were under way are sent again, as an app
//! would; then the daemon must have counted every call once: fewer is a loss, more is a doubled one. After the first kill the
//! key gets a limit that half as many calls again use up; each answer, and each fetch, must keep to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::Http;
use super::process::Process;

/// What is done to the daemon.
pub(crate) struct Load {
    pub(crate) binary: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) email: &'static str,
    pub(crate) password: &'static str,
    pub(crate) callers: usize,
    /// How long calls come in before a kill; up to twice that.
    pub(crate) pause: Duration,
}

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Report {
    pub(crate) rounds: u32,
    /// Calls that were acknowledged before a kill.
    pub(crate) acknowledged: u64,
    /// Calls that were under way at a kill, and sent again.
    pub(crate) repeated: u64,
    /// Of those, the ones that had been stored all the same.
    pub(crate) duplicates: u64,
    /// Counted too few.
    pub(crate) lost: u64,
    /// Counted too many, in the key's total or in its rollups.
    pub(crate) doubled: u64,
    /// Answers that did not tell the limit as it was, fetches that were refused below it, and those that were not above.
    pub(crate) astray: u64,
    /// Answers that told a call within the limit, since it was set; and what it left then.
    pub(crate) within: u64,
    pub(crate) allowed: u64,
    /// The slowest restart until both doors accepted, ms.
    pub(crate) slowest_restart_ms: u64,
}

impl Load {
    /// Does this many rounds of load, kill, restart and count.
    pub(crate) async fn rounds(&self, rounds: u32) -> Report {
        let mut report = Report::default();
        let mut daemon = self.serve();
        let http = self.sign_in(&daemon).await;
        let key = self.make_key(&http).await;
        let body = json!({ "name": "crash", "keys": [key], "scopes": ["fetch"] });
        let token = http.post("/api/tokens", &body).await.expect(201);
        let token = token["token"].as_str().expect("a token").to_owned();
        let mut limit = None;
        for round in 1..=rounds {
            let http = self.sign_in(&daemon).await;
            let under_way = self.until_killed(daemon, http, &key, limit, &mut report).await;
            let started = std::time::Instant::now();
            daemon = self.serve();
            report.slowest_restart_ms = report.slowest_restart_ms.max(started.elapsed().as_millis() as u64);
            let http = self.sign_in(&daemon).await;
            for id in &under_way {
                let reply = http.post(&format!("/api/usage/{key}/track"), &call(id)).await.expect(201);
                report.duplicates += reply["duplicates"].as_u64().unwrap_or(0);
            }
            report.repeated += under_way.len() as u64;
            report.rounds = round;
            let total = self.count(&http, &key, &mut report).await;
            match limit {
                Some(limit) => {
                    let app = Http::new(&daemon.api()).bearer(&token);
                    let fetched = app.get(&format!("/api/keys/{key}/value")).await.status.as_u16();
                    report.astray += u64::from(fetched != if total > limit { 429 } else { 200 });
                }
                None => {
                    report.allowed = total / 2 + 1;
                    let change = json!({ "monthlyLimit": total + report.allowed, "refuseOverLimit": true });
                    let path = format!("/api/keys/{key}");
                    assert_eq!(http.patch(&path, &change).await.status.as_u16(), 200);
                    limit = Some(total + report.allowed);
                }
            }
        }
        let _ = daemon.terminate();
        report
    }

    fn serve(&self) -> Process {
        Process::serve(&self.binary, &self.data, &["limits.exempt=[\"127.0.0.0/8\"]"])
    }

    async fn sign_in(&self, daemon: &Process) -> Http {
        Http::new(&daemon.api()).login_as(self.email, self.password).await
    }

    async fn make_key(&self, http: &Http) -> String {
        let body =
            json!({ "name": "crash", "service": "test", "apiKey": "value", "environment": "production" });
        let reply = http.post("/api/keys", &body).await;
        assert_eq!(reply.status.as_u16(), 201, "{}", reply.text);
        let reply = reply.json();
        let key = if reply["_id"].is_string() { &reply } else { &reply["apiKey"] };
        key["_id"].as_str().expect("an id").to_owned()
    }

    /// Calls come in until the daemon is killed; answers the ids of those that got no answer.
    async fn until_killed(
        &self,
        daemon: Process,
        http: Http,
        key: &str,
        limit: Option<u64>,
        report: &mut Report,
    ) -> Vec<String> {
        let counts: Arc<[AtomicU64; 3]> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..self.callers)
            .map(|_| {
                let (http, counts, stop) = (http.clone(), Arc::clone(&counts), Arc::clone(&stop));
                let path = format!("/api/usage/{key}/track");
                tokio::spawn(async move {
                    loop {
                        let id = format!("{:032x}", fastrand::u128(..));
                        let request = http.request(reqwest::Method::POST, &path).json(&call(&id));
                        match request.send().await {
                            Ok(reply) if reply.status() == 201 => {
                                counts[0].fetch_add(1, Ordering::Relaxed);
                                // The answer may be cut off by the kill.
                                let Ok(told) = reply.json::<Value>().await else { return None };
                                if let Some(limit) = limit {
                                    let (used, over) = (&told["limit"]["used"], &told["limit"]["exceeded"]);
                                    let right =
                                        used.as_u64().is_some_and(|used| *over == json!(used > limit));
                                    counts[1].fetch_add(u64::from(!right), Ordering::Relaxed);
                                    counts[2].fetch_add(u64::from(*over == json!(false)), Ordering::Relaxed);
                                }
                            }
                            Ok(reply) => panic!("{}", reply.status()),
                            Err(_) => return Some(id),
                        };
                        if stop.load(Ordering::Relaxed) {
                            return None;
                        }
                    }
                })
            })
            .collect();
        // Load is what is waited for here, so this is no wait for a condition.
        tokio::time::sleep(self.pause + self.pause.mul_f64(fastrand::f64())).await;
        tokio::task::spawn_blocking(move || daemon.kill()).await.expect("the daemon is killed");
        stop.store(true, Ordering::Relaxed);
        let mut under_way = Vec::new();
        for caller in callers {
            under_way.extend(caller.await.expect("a caller"));
        }
        let sums = [&mut report.acknowledged, &mut report.astray, &mut report.within];
        sums.into_iter().zip(&*counts).for_each(|(sum, count)| *sum += count.load(Ordering::Relaxed));
        under_way
    }

    /// Answers how many calls there should be.
    async fn count(&self, http: &Http, key: &str, report: &mut Report) -> u64 {
        let expected = report.acknowledged + report.repeated;
        let record = http.get(&format!("/api/keys/{key}")).await.expect(200);
        let record = if record["_id"].is_string() { record } else { record["apiKey"].clone() };
        let total = record["usageCount"].as_u64().expect("a count");
        let usage: Value = http.get(&format!("/api/usage/{key}?timeframe=week")).await.expect(200);
        let rollups = usage["summary"]["totalRequests"].as_u64().expect("a sum");
        for counted in [total, rollups] {
            report.lost = report.lost.max(expected.saturating_sub(counted));
            report.doubled = report.doubled.max(counted.saturating_sub(expected));
        }
        expected
    }
}

fn call(id: &str) -> Value {
    json!({ "endpoint": "/v1/crash", "method": "POST", "statusCode": 200, "responseTime": 12.5, "eventId": id })
}
