//! Sends requests that were rendered before and times the answers: bare sockets, so that the program costs little
//! beside the daemon it measures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Result;

/// What one run showed.
pub(crate) struct Outcome {
    pub(crate) answered: u64,
    /// Answers that were not 2xx.
    pub(crate) refused: u64,
    pub(crate) time: Duration,
    /// Microseconds, sorted.
    times: Vec<u32>,
}

impl Outcome {
    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.times.extend(other.times);
        self.times.sort_unstable();
        let (answered, refused) = (self.answered + other.answered, self.refused + other.refused);
        Self { answered, refused, time: self.time + other.time, times: self.times }
    }

    pub(crate) fn percentile(&self, part: f64) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        Duration::from_micros(self.times.get(at).copied().unwrap_or_default().into())
    }
}

pub(crate) async fn run(
    api: &str,
    requests: &Arc<[Vec<u8>]>,
    callers: usize,
    time: Duration,
) -> Result<Outcome> {
    let started = Instant::now();
    let until = started + time;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let mut stream = TcpStream::connect(api).await?;
        stream.set_nodelay(true)?;
        let requests = requests.clone();
        tasks.spawn(async move {
            let (mut times, mut refused, mut buffer) = (Vec::new(), 0, Vec::with_capacity(16 * 1024));
            let mut next = caller * 37;
            while Instant::now() < until {
                let request = &requests[next % requests.len()];
                next += 1;
                let sent = Instant::now();
                stream.write_all(request).await?;
                refused += u64::from(!answer(&mut stream, &mut buffer).await?);
                times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Result::Ok((times, refused))
        });
    }
    gather(tasks, started).await
}

/// Asks at a fixed rate, spread over the callers, and times what was due late from when it was due.
pub(crate) async fn paced(
    api: &str,
    requests: &Arc<[Vec<u8>]>,
    callers: usize,
    rate: u32,
    time: Duration,
) -> Result<Outcome> {
    let started = Instant::now();
    let every = Duration::from_secs(1) * u32::try_from(callers)? / rate;
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let mut stream = TcpStream::connect(api).await?;
        stream.set_nodelay(true)?;
        let requests = requests.clone();
        let mut due = started + every * u32::try_from(caller)? / u32::try_from(callers)?;
        tasks.spawn(async move {
            let (mut times, mut refused, mut buffer) = (Vec::new(), 0, Vec::with_capacity(16 * 1024));
            let mut next = caller * 37;
            while due < started + time {
                let late = Instant::now() > due;
                tokio::time::sleep_until(due.into()).await;
                let sent = if late { due } else { Instant::now() };
                stream.write_all(&requests[next % requests.len()]).await?;
                refused += u64::from(!answer(&mut stream, &mut buffer).await?);
                times.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                (due, next) = (due + every, next + 1);
            }
            Result::Ok((times, refused))
        });
    }
    gather(tasks, started).await
}

async fn gather(mut tasks: JoinSet<Result<(Vec<u32>, u64)>>, started: Instant) -> Result<Outcome> {
    let (mut times, mut refused) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (some, more) = done??;
        times.extend(some);
        refused += more;
    }
    times.sort_unstable();
    Ok(Outcome { answered: times.len() as u64, refused, time: started.elapsed(), times })
}

/// Reads one answer whole; whether it is 2xx.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<bool> {
    buffer.clear();
    let mut whole = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        if whole.is_none() {
            whole = length(buffer)?;
        }
        if whole.is_some_and(|whole| buffer.len() >= whole) {
            return Ok(buffer.starts_with(b"HTTP/1.1 2"));
        }
    }
}

/// The length of the answer with its head, once the head is there.
fn length(buffer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buffer[..end])?;
    let body = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let body: usize = body.ok_or("an answer without a length")?.trim().parse()?;
    Ok(Some(end + 4 + body))
}
