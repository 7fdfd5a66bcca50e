//! Fetches at a fixed rate while others try passwords: how much later the answers come. The server runs in a process of its
//! own, with the cost of passwords that the daemon has. Times without and with them are taken in turns, so that whatever
//! else the machine does falls on both.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;

use crate::drive::{self, Outcome};
use crate::live::Server;
use crate::{Args, Result, own, prepare};

/// Turns without and with wrong passwords.
const ROUNDS: u32 = 3;

pub(crate) async fn measure(args: &Args) -> Result<()> {
    let server = Server::start()?;
    let api = server.address.as_str();
    let requests = prepare::requests(args, api, (own::EMAIL, own::PASSWORD)).await?;
    writeln!(
        std::io::stdout(),
        "{:>7} {:>10} {:>12} {:>9} {:>12} {:>9} {:>9}   answers to wrong passwords",
        "callers",
        "fetches/s",
        "p50 without",
        "p50 with",
        "p99 without",
        "p99 with",
        "p99 ratio"
    )?;
    for callers in &args.callers {
        drive::paced(api, &requests, *callers, args.rate, Duration::from_secs(1)).await?;
        let time = Duration::from_secs(args.seconds) / ROUNDS;
        let mut turns: Vec<(Outcome, Outcome)> = Vec::new();
        let mut answers = BTreeMap::new();
        for _ in 0..ROUNDS {
            let without = drive::paced(api, &requests, *callers, args.rate, time).await?;
            let (with, answered) = tokio::join!(
                drive::paced(api, &requests, *callers, args.rate, time),
                guess(api, args.logins, time)
            );
            turns.push((without, with?));
            for (status, count) in answered? {
                *answers.entry(status).or_insert(0) += count;
            }
        }
        let both = turns.into_iter().reduce(|(a, b), (c, d)| (a.and(c), b.and(d)));
        let (without, with) = both.ok_or("nothing was measured")?;
        report(*callers, &without, &with, &answers)?;
    }
    server.stop()
}

/// Tries passwords at a fixed rate, half of them for somebody who exists; answers how often each status came.
async fn guess(api: &str, rate: u32, time: Duration) -> Result<BTreeMap<u16, u64>> {
    let (client, url) = (Client::new(), Arc::<str>::from(format!("http://{api}/api/auth/login")));
    let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
    let (until, mut guesses) = (Instant::now() + time, JoinSet::new());
    for number in 0_u64.. {
        pace.tick().await;
        if Instant::now() > until {
            break;
        }
        let email =
            if number.is_multiple_of(2) { own::EMAIL.to_owned() } else { format!("{number}@example.com") };
        let login = json!({"email": email, "password": format!("guess {number}")});
        let request = client.post(&*url).json(&login);
        guesses.spawn(async move { request.send().await.map(|response| response.status().as_u16()) });
    }
    let mut answers = BTreeMap::new();
    while let Some(status) = guesses.join_next().await {
        *answers.entry(status??).or_insert(0) += 1;
    }
    Ok(answers)
}

fn report(callers: usize, without: &Outcome, with: &Outcome, answers: &BTreeMap<u16, u64>) -> Result<()> {
    let ms = |outcome: &Outcome, part| outcome.percentile(part).as_secs_f64() * 1e3;
    let refused = without.refused + with.refused;
    if refused > 0 {
        return Err(format!("{refused} fetches were refused").into());
    }
    let answers: Vec<String> = answers.iter().map(|(status, count)| format!("{status}: {count}")).collect();
    Ok(writeln!(
        std::io::stdout(),
        "{callers:>7} {:>10.0} {:>12.2} {:>9.2} {:>12.2} {:>9.2} {:>9.2}   {}",
        with.answered as f64 / with.time.as_secs_f64(),
        ms(without, 0.50),
        ms(with, 0.50),
        ms(without, 0.99),
        ms(with, 0.99),
        ms(with, 0.99) / ms(without, 0.99),
        answers.join(", "),
    )?)
}
