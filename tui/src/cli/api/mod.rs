//! The subsystem `api`: requests and answers as lines of JSON, over one connection. A request is a command of the table; its
//! answer is what the command prints under `--json`, and comes under the request's id. `watch` goes on beside what comes after
//! it. One task, one command at a time, and nothing is kept for a client that does not read.

mod answer;
mod lines;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use keyward_keys::Error;
use keyward_keys::view::LiveEvent;
use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::command::Verb;
use super::request::{Request, id_of, stops};
use super::stdin::Stdin;
use super::watch::Watch;
use super::{Context, Failure, Problem, execute, exit, print};
use crate::session::Output;
use answer::Answer;
use lines::Lines;

/// Watches that one client may have.
const MOST_WATCHES: usize = 16;

/// A watch under way, and the id of its request.
struct Watched {
    id: String,
    watch: Watch,
    stop: CancellationToken,
}

/// A watch with what came of it; none when it is over.
type Told = (Watched, Option<LiveEvent>);

/// What one client has open.
struct Session<'a> {
    context: &'a Context<'a>,
    out: Arc<dyn Output>,
    lines: Lines,
    watches: FuturesUnordered<BoxFuture<'static, Told>>,
    /// How each of them is stopped, by its id.
    stops: HashMap<String, CancellationToken>,
}

/// One event of a watch: what live clients are sent, under the request's id.
#[derive(Serialize)]
struct Event<'a> {
    id: &'a serde_json::value::RawValue,
    #[serde(flatten)]
    event: &'a LiveEvent,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: &'a serde_json::value::RawValue,
    /// What the command would have exited with.
    status: u32,
    error: Problem<'a>,
}

/// Answers requests until there are no more, or the daemon goes down; answers the exit status.
pub(crate) async fn serve(
    context: &Context<'_>,
    out: Arc<dyn Output>,
    input: mpsc::Receiver<Bytes>,
    draining: &CancellationToken,
) -> u32 {
    let lines = Lines::new(input);
    let mut session =
        Session { context, out, lines, watches: FuturesUnordered::new(), stops: HashMap::new() };
    match session.run(draining).await {
        Ok(status) => status,
        Err(failure) => failure.status(),
    }
}

impl Session<'_> {
    async fn run(&mut self, draining: &CancellationToken) -> Result<u32, Failure> {
        loop {
            tokio::select! {
                biased;
                Some((watched, event)) = self.watches.next(), if !self.watches.is_empty() => {
                    self.tell(watched, event).await?;
                }
                () = draining.cancelled(), if self.watches.is_empty() => return Ok(exit::TRY_LATER),
                line = self.lines.next() => match line {
                    None => return Ok(exit::OK),
                    Some(Ok(line)) if line.trim_ascii().is_empty() => {}
                    Some(Ok(line)) => self.take(&line).await?,
                    Some(Err(too_long)) => self.refuse("null", &Failure::Usage(too_long)).await?,
                },
            }
        }
    }

    /// Does what one line asks for, and answers.
    async fn take(&mut self, line: &[u8]) -> Result<(), Failure> {
        let id = id_of(line);
        if let Some(of) = stops(line) {
            return self.stop(&id, &of).await;
        }
        match Request::read(line) {
            Err(fault) => self.refuse(&id, &Failure::Usage(fault)).await,
            Ok(request) => match request.verb {
                Verb::Watch => match self.watch(&id, &request).await {
                    Ok(()) => Ok(()),
                    Err(failure) => self.refuse(&id, &failure).await,
                },
                _ => self.answer(&id, &request).await,
            },
        }
    }

    /// Runs a command; what it prints is the answer. What comes in meanwhile waits.
    async fn answer(&mut self, id: &str, request: &Request) -> Result<(), Failure> {
        let answer = Answer::new(id, Arc::clone(&self.out));
        let context = Context { out: &answer, ..*self.context };
        let none = SecretString::default();
        let stdin = Stdin::Given(request.input.as_ref().unwrap_or(&none));
        let done = self.lines.alongside(execute(&context, request.verb, &request.args, stdin)).await;
        match done {
            Ok(()) => Ok(answer.end().await?),
            // Half of an answer is out: only an end of everything can say that the rest does not come.
            Err(failure) if answer.begun() => Err(failure),
            Err(failure) => self.refuse(id, &failure).await,
        }
    }

    async fn watch(&mut self, id: &str, request: &Request) -> Result<(), Failure> {
        if self.watches.len() >= MOST_WATCHES {
            return Err(Failure::Usage(format!("{MOST_WATCHES} watches are open; stop one first")));
        }
        if id == "null" || self.stops.contains_key(id) {
            return Err(Failure::Usage("a watch needs an id that no other watch has".to_owned()));
        }
        let watch = Watch::begin(self.context, &request.args).await?;
        let stop = CancellationToken::new();
        self.stops.insert(id.to_owned(), stop.clone());
        self.watches.push(Box::pin(next(Watched { id: id.to_owned(), watch, stop })));
        Ok(())
    }

    /// Stops a watch, whose own answer tells that it is over.
    async fn stop(&mut self, id: &str, of: &str) -> Result<(), Failure> {
        match self.stops.get(of) {
            Some(stop) => stop.cancel(),
            None => return self.refuse(id, &Error::NotFound("watch").into()).await,
        }
        let answer = Answer::new(id, Arc::clone(&self.out));
        Ok(self.lines.alongside(answer.end()).await?)
    }

    async fn tell(&mut self, watched: Watched, event: Option<LiveEvent>) -> Result<(), Failure> {
        let Some(event) = event else {
            self.stops.remove(&watched.id);
            let over = Answer::new(&watched.id, Arc::clone(&self.out));
            return Ok(self.lines.alongside(over.end()).await?);
        };
        let text = print::json(&Event { id: &answer::raw(&watched.id), event: &event });
        self.lines.alongside(self.context.print(&text)).await?;
        if let LiveEvent::SystemAlert(alert) = &event
            && alert.is_shutdown()
        {
            return Err(Error::Busy.into());
        }
        self.watches.push(Box::pin(next(watched)));
        Ok(())
    }

    async fn refuse(&mut self, id: &str, failure: &Failure) -> Result<(), Failure> {
        if let Failure::Gone = failure {
            return Err(Failure::Gone);
        }
        let (status, error) = (failure.status(), failure.problem());
        let text = print::json(&Refused { id: &answer::raw(id), status, error });
        self.lines.alongside(self.context.print(&text)).await
    }
}

async fn next(mut watched: Watched) -> Told {
    let event = tokio::select! {
        biased;
        () = watched.stop.cancelled() => None,
        event = watched.watch.next() => event,
    };
    (watched, event)
}
