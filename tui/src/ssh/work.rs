//! What a channel was opened for: the dashboard, plain mode, a command, enrolment, or a word for whoever comes without
//! a terminal. Each runs as one task and ends with an exit status and one line in the log, which names by id alone.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use keyward_keys::view::SessionKind;
use keyward_keys::{Caller, Door as DoorKind, Origin, Service};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Door;
use super::auth::Who;
use super::channel::Work;
use super::connection::Stage;
use super::guard::Guard;
use super::output::ChannelOutput;
use super::reach;
use crate::cli::{self, Context, Stdin, exit};
use crate::enrol::{Enrolled, Enrolment};
use crate::session::{self, ExitReason, HostInfo, LineReader, Output, Stop, Terminal, terminal_lines};
use crate::term::caps::Caps;
use crate::term::environment::Environment;

/// How long a command may still speak once its session has ended: it may be the one that ended it.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// One piece of work, with all it needs.
pub(super) struct Job {
    pub(super) door: Arc<Door>,
    pub(super) who: Who,
    pub(super) address: IpAddr,
    /// The address and port the client reached.
    pub(super) reached: Option<SocketAddr>,
    pub(super) exempt: bool,
    /// What the client calls itself.
    pub(super) client: String,
    /// What it is.
    pub(super) work: Work,
    /// The terminal's kind, when there is one.
    pub(super) term: Option<String>,
    pub(super) environment: Environment,
    pub(super) input: mpsc::Receiver<Bytes>,
    pub(super) size: watch::Receiver<(u16, u16)>,
    pub(super) output: Arc<ChannelOutput>,
    pub(super) gone: CancellationToken,
    pub(super) done: CancellationToken,
    pub(super) guard: Arc<Guard>,
    pub(super) stage: watch::Sender<Stage>,
}

/// How a piece of work ended.
struct Outcome {
    kind: &'static str,
    status: u32,
    reason: Option<ExitReason>,
}

/// Does the work and closes the channel.
pub(super) async fn run(job: Job) {
    let _done = job.done.clone().drop_guard();
    let started = Instant::now();
    let line = Line::of(&job);
    let (output, stage) = (Arc::clone(&job.output), job.stage.clone());
    let outcome = match job.who.clone() {
        Who::Person(caller) => Person { job, caller }.work().await,
        Who::Joining(key) => Box::pin(join(job, key)).await,
    };
    output.finish(outcome.status).await;
    line.write(&outcome, started);
    if outcome.reason == Some(ExitReason::SignedOut) {
        stage.send_replace(Stage::Ended);
    }
}

/// The log's one line about a piece of work.
struct Line {
    account: Option<String>,
    credential: Option<String>,
    source: IpAddr,
    client: String,
    term: Option<String>,
    guard: Arc<Guard>,
}

impl Line {
    fn of(job: &Job) -> Self {
        let (account, credential) = match &job.who {
            Who::Person(caller) => (caller.account(), caller.credential()),
            Who::Joining(_) => (None, None),
        };
        Self {
            account: account.map(|id| id.to_string()),
            credential: credential.map(|id| id.to_string()),
            source: job.address,
            client: job.client.clone(),
            term: job.term.clone(),
            guard: Arc::clone(&job.guard),
        }
    }

    fn write(&self, outcome: &Outcome, started: Instant) {
        tracing::info!(
            kind = outcome.kind,
            account = self.account,
            credential = self.credential,
            source = %self.source,
            client = self.client,
            term = self.term,
            seconds = started.elapsed().as_secs(),
            received = self.guard.received.load(Relaxed),
            sent = self.guard.sent.load(Relaxed),
            status = outcome.status,
            reason = outcome.reason.map(tracing::field::display),
            "an SSH session ended"
        );
    }
}

impl Job {
    fn pty(&self) -> bool {
        self.term.is_some()
    }

    fn caps(&self) -> Caps {
        Caps::detect(self.term.as_deref().unwrap_or("dumb"), &self.environment)
    }

    fn stop(&self) -> Stop {
        Stop { gone: self.gone.clone(), restart: self.door.restart.clone() }
    }

    /// How `login` reaches this host again.
    fn host(&self, login: &str) -> HostInfo {
        reach::host(self.door.settings.host_name.as_deref(), self.reached, login)
    }

    /// One line of talk, on standard error.
    async fn say(&self, line: &str) {
        let bytes = terminal_lines(format!("{line}\n").as_bytes(), self.pty());
        // Whoever is gone does not read it.
        let _ = self.output.errors().send(bytes).await;
    }

    fn terminal(self, caps: Caps) -> Terminal {
        Terminal { input: self.input, size: self.size, output: self.output, caps }
    }
}

/// Work for somebody with an account.
struct Person {
    job: Job,
    caller: Caller,
}

impl Person {
    async fn work(self) -> Outcome {
        let kind = self.kind();
        if self.job.door.draining.is_cancelled() {
            self.job.say("Keyward is going down; try again in a moment.").await;
            return Outcome { kind, status: exit::TRY_LATER, reason: None };
        }
        let service = self.job.door.service.clone();
        let user = match service.me(&self.caller).await {
            Ok(user) => user,
            Err(error) => {
                self.job.say(&format!("Keyward: {error}")).await;
                return Outcome { kind, status: exit::of(&error), reason: Some(ExitReason::SignedOut) };
            }
        };
        let permit = match self.caller.account() {
            Some(account) => self.job.door.settings.registry.admit(account, self.job.exempt),
            None => None,
        };
        let Some(_permit) = permit else {
            self.job.say("Too many sessions are open; close one and try again.").await;
            return Outcome { kind, status: exit::TRY_LATER, reason: None };
        };
        let host = self.job.host(&user.login);
        let is = match kind {
            "dashboard" => SessionKind::Dashboard,
            "plain" => SessionKind::Plain,
            _ => SessionKind::Command,
        };
        let presence = match service.enter(&self.caller, is, &self.job.client) {
            Ok(presence) => presence,
            Err(error) => {
                self.job.say(&format!("Keyward: {error}")).await;
                return Outcome { kind, status: exit::of(&error), reason: Some(ExitReason::SignedOut) };
            }
        };
        let person = Self { caller: presence.caller().clone(), ..self };
        // Dashboards stay open by the thousand: they must not hold room for what the others need.
        match kind {
            "dashboard" => person.dashboard(host).await,
            "plain" => Box::pin(person.plain(host)).await,
            "command" => Box::pin(person.command(host)).await,
            "api" => Box::pin(person.api(host)).await,
            _ => Box::pin(person.greeting(host)).await,
        }
    }

    fn kind(&self) -> &'static str {
        match (&self.job.work, self.job.pty()) {
            (Work::Api, _) => "api",
            (Work::Command(line), _) if line.trim() == "plain" => "plain",
            (Work::Command(_), _) => "command",
            (Work::Shell, true) if self.job.caps().plain => "plain",
            (Work::Shell, true) => "dashboard",
            (Work::Shell, false) => "greeting",
        }
    }

    async fn dashboard(self, host: HostInfo) -> Outcome {
        let Self { job, caller } = self;
        let (caps, stop, limits) = (job.caps(), job.stop(), job.door.settings.session);
        let (service, spots) = (job.door.service.clone(), job.door.settings.spots.clone());
        let reason = session::run(job.terminal(caps), caller, service, host, stop, limits, &spots).await;
        Outcome { kind: "dashboard", status: reason.status(), reason: Some(reason) }
    }

    async fn plain(self, host: HostInfo) -> Outcome {
        let Self { job, caller } = self;
        let (pty, caps, stop, limits) = (job.pty(), job.caps(), job.stop(), job.door.settings.session);
        let service = job.door.service.clone();
        let reason = session::run_plain(job.terminal(caps), pty, caller, service, host, stop, limits).await;
        Outcome { kind: "plain", status: reason.status(), reason: Some(reason) }
    }

    async fn command(self, host: HostInfo) -> Outcome {
        let Self { mut job, caller } = self;
        let line = job.work.line().to_owned();
        let (out, err) = (Arc::clone(&job.output), job.output.errors());
        let (pty, total) = (job.pty(), job.door.settings.session.total);
        let service = job.door.service.clone();
        let context = Context { service: &service, caller: &caller, host: &host, out: &*out, err: &err, pty };
        let mut reader;
        let stdin = if pty {
            reader = LineReader::new(job.input, Arc::clone(&out) as Arc<dyn Output>, true);
            Stdin::Asked(&mut reader)
        } else {
            Stdin::Piped(&mut job.input)
        };
        let (status, reason) = tokio::select! {
            biased;
            status = cli::run(&context, &line, stdin) => (status, None),
            () = job.gone.cancelled() => (exit::CANCELLED, None),
            reason = signed_out(&service, &caller) => (exit::CANCELLED, Some(reason)),
            () = tokio::time::sleep(total) => (exit::CANCELLED, Some(ExitReason::TooLong)),
        };
        Outcome { kind: "command", status, reason }
    }

    async fn api(self, host: HostInfo) -> Outcome {
        let Self { job, caller } = self;
        let (out, err) = (Arc::clone(&job.output) as Arc<dyn Output>, job.output.errors());
        let total = job.door.settings.session.total;
        let service = job.door.service.clone();
        let context =
            Context { service: &service, caller: &caller, host: &host, out: &*out, err: &err, pty: false };
        let (status, reason) = tokio::select! {
            biased;
            status = cli::serve_api(&context, Arc::clone(&out), job.input, &job.door.draining) => (status, None),
            () = job.gone.cancelled() => (exit::CANCELLED, None),
            reason = session::no_longer_good(&service, &caller) => (exit::CANCELLED, Some(reason)),
            () = tokio::time::sleep(total) => (exit::CANCELLED, Some(ExitReason::TooLong)),
        };
        Outcome { kind: "api", status, reason }
    }

    /// Without a terminal there is no dashboard: say who this is, and what can be done.
    async fn greeting(mut self, host: HostInfo) -> Outcome {
        let (service, out) = (self.job.door.service.clone(), Arc::clone(&self.job.output));
        let context = Context {
            service: &service,
            caller: &self.caller,
            host: &host,
            out: &*out,
            err: &*out,
            pty: false,
        };
        let mut status = exit::OK;
        for line in ["whoami", "help"] {
            status = status.max(cli::run(&context, line, Stdin::Piped(&mut self.job.input)).await);
        }
        Outcome { kind: "greeting", status, reason: None }
    }
}

/// Ends when the session is good for nothing any more, and whoever ended it from here was told so.
async fn signed_out(service: &Service, caller: &Caller) -> ExitReason {
    let reason = session::no_longer_good(service, caller).await;
    tokio::time::sleep(LAST_WORDS).await;
    reason
}

/// Work for somebody who wants an account: enrolment, then their first dashboard.
async fn join(job: Job, key: Option<String>) -> Outcome {
    let refused = |status| Outcome { kind: "enrolment", status, reason: None };
    if job.door.draining.is_cancelled() {
        job.say("Keyward is going down; try again in a moment.").await;
        return refused(exit::TRY_LATER);
    }
    if job.work != Work::Shell || !job.pty() {
        let command = job.host(super::auth::JOIN).ssh_command.replacen("ssh", "ssh -t", 1);
        job.say(&format!("Joining asks a few questions and needs a terminal: {command}")).await;
        return refused(exit::USAGE);
    }
    let enrolment = Enrolment {
        service: job.door.service.clone(),
        registration: job.door.settings.registration,
        host: job.host(super::auth::JOIN).address,
        origin: Origin { door: DoorKind::Ssh, address: Some(job.address), request: None },
        key,
        caps: job.caps(),
        size: *job.size.borrow(),
    };
    let (caps, stop, limits) = (job.caps(), job.stop(), job.door.settings.session);
    let (_, unread) = mpsc::channel(1);
    let mut job = job;
    let input = std::mem::replace(&mut job.input, unread);
    let reader = LineReader::new(input, Arc::clone(&job.output) as Arc<dyn Output>, true);
    let deadline = limits.idle;
    let enrolled = tokio::select! {
        enrolled = enrolment.run(reader, |login| job.host(login).ssh_command) => enrolled,
        () = stop.gone.cancelled() => Enrolled::Left,
        () = stop.restart.cancelled() => Enrolled::Left,
        () = tokio::time::sleep(deadline) => Enrolled::Left,
    };
    let Enrolled::Joined { caller, login, input } = enrolled else { return refused(exit::CANCELLED) };
    let (host, service, spots) =
        (job.host(&login), job.door.service.clone(), job.door.settings.spots.clone());
    let is = if caps.plain { SessionKind::Plain } else { SessionKind::Dashboard };
    let Ok(presence) = service.enter(&caller, is, &job.client) else { return refused(exit::CANCELLED) };
    let caller = presence.caller().clone();
    job.input = input;
    let terminal = job.terminal(caps);
    let reason = if terminal.caps.plain {
        session::run_plain(terminal, true, caller, service, host, stop, limits).await
    } else {
        session::run(terminal, caller, service, host, stop, limits, &spots).await
    };
    Outcome { kind: "enrolment", status: reason.status(), reason: Some(reason) }
}
