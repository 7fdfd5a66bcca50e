//! The library's callbacks for one connection. Each answers at once and leaves the work to a task of its own: while a
//! callback waits, nothing else of its connection moves. Only sign-in may wait.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{ChannelId, ChannelOpenFailure, Error, Pty, Sig};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Door;
use super::auth::{Asked, Who};
use super::channel::{Channel, Work};
use super::connection::Stage;
use super::guard::Guard;
use super::limits::{Slot, Source};
use super::output::ChannelOutput;

/// One connection.
pub(super) struct Connection {
    pub(super) door: Arc<Door>,
    pub(super) address: IpAddr,
    pub(super) source: Source,
    /// The name that the last request gave.
    pub(super) user: String,
    /// What was asked for last, and of whom.
    pub(super) asked: Option<Asked>,
    /// Set once, by a proof.
    pub(super) who: Option<Who>,
    guard: Arc<Guard>,
    pub(super) reached: Option<SocketAddr>,
    exempt: bool,
    slot: Option<Slot>,
    stage: watch::Sender<Stage>,
    deadline_extended: bool,
    channels: HashMap<ChannelId, Channel>,
    /// Cancelled when the connection ends, however it ends.
    gone: CancellationToken,
    _gone: DropGuard,
}

impl Connection {
    pub(super) fn new(
        door: Arc<Door>,
        guard: Arc<Guard>,
        address: IpAddr,
        reached: Option<SocketAddr>,
        exempt: bool,
        slot: Option<Slot>,
        stage: watch::Sender<Stage>,
    ) -> Self {
        let gone = CancellationToken::new();
        Self {
            door,
            address,
            source: address.into(),
            user: String::new(),
            asked: None,
            who: None,
            guard,
            reached,
            exempt,
            slot,
            stage,
            deadline_extended: false,
            channels: HashMap::new(),
            _gone: gone.clone().drop_guard(),
            gone,
        }
    }

    /// A prompt is on somebody's screen: they get twice the time, once.
    pub(super) fn prompt_shown(&mut self) {
        let extra = self.door.settings.login_deadline;
        if !std::mem::replace(&mut self.deadline_extended, true) {
            self.stage.send_modify(|stage| {
                if let Stage::Stranger(deadline) = stage {
                    *deadline += extra;
                }
            });
        }
    }

    /// Begins a channel's work: the dashboard, a command, or the answering of requests.
    fn start(&mut self, id: ChannelId, work: Work, session: &mut Session) -> Result<(), Error> {
        let client = String::from_utf8_lossy(session.remote_sshid());
        let client: String = client.chars().filter(char::is_ascii_graphic).take(64).collect();
        let (Some(channel), Some(who)) = (self.channels.get_mut(&id), &self.who) else {
            return session.channel_failure(id);
        };
        let still_good = match who {
            Who::Person(caller) => self.door.service.still_valid(caller),
            Who::Joining(_) => true,
        };
        if !still_good {
            self.stage.send_replace(Stage::Ended);
            return session.channel_failure(id);
        }
        let Some(input) = channel.begin(&work) else { return session.channel_failure(id) };
        session.channel_success(id)?;
        let job = super::work::Job {
            door: Arc::clone(&self.door),
            who: who.clone(),
            address: self.address,
            reached: self.reached,
            exempt: self.exempt,
            client,
            work,
            term: channel.term.clone(),
            environment: channel.environment.clone(),
            input,
            size: channel.size.subscribe(),
            output: Arc::clone(&channel.output),
            gone: channel.gone.clone(),
            done: channel.done.clone(),
            guard: Arc::clone(&self.guard),
            stage: self.stage.clone(),
        };
        self.door.work.spawn(super::work::run(job));
        Ok(())
    }
}

impl Handler for Connection {
    type Error = Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Error> {
        Ok(self.banner())
    }

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Error> {
        Ok(self.probed(user))
    }

    async fn auth_password(&mut self, user: &str, _password: &str) -> Result<Auth, Error> {
        // Not among the methods: a client that sends it all the same is answered like any other.
        Ok(self.probed(user))
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        Ok(self.key_offered(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        // Room that is needed while somebody signs in must not stay part of their connection.
        Ok(Box::pin(self.key_proven(user, key.public_key)).await)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        Ok(Box::pin(self.answered(user, response)).await)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Error> {
        self.slot = None;
        self.guard.known.store(true, Relaxed);
        self.stage.send_replace(Stage::Known);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: russh::Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        self.channels.retain(|_, channel| !channel.done.is_cancelled());
        if self.channels.len() >= self.door.settings.channels {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        // A read half that nobody reads would freeze the whole connection: input comes by the callbacks alone.
        let (_, half) = channel.split();
        let gone = self.gone.child_token();
        let id = half.id();
        self.channels.insert(id, Channel::new(ChannelOutput::new(half, gone.clone()), gone));
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        if let Some(channel) = self.channels.remove(&id) {
            channel.gone.cancel();
        }
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Error> {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.end_input();
        }
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Error> {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.take_input(data);
        }
        Ok(())
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        term: &str,
        cols: u32,
        rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        let Some(channel) = self.channels.get_mut(&id) else { return session.channel_failure(id) };
        channel.pty(term, cols, rows);
        session.channel_success(id)
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        cols: u32,
        rows: u32,
        _width: u32,
        _height: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        let Some(channel) = self.channels.get(&id) else { return session.channel_failure(id) };
        channel.resize(cols, rows);
        session.channel_success(id)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        let channel = self.channels.get_mut(&id);
        if channel.is_some_and(|channel| channel.environment.insert(name, value)) {
            session.channel_success(id)
        } else {
            session.channel_failure(id)
        }
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.start(id, Work::Shell, session)
    }

    async fn exec_request(&mut self, id: ChannelId, line: &[u8], session: &mut Session) -> Result<(), Error> {
        self.start(id, Work::Command(String::from_utf8_lossy(line).into_owned()), session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        if name == "api" { self.start(id, Work::Api, session) } else { session.channel_failure(id) }
    }

    // The defaults leave these unanswered, and clients would wait for ever.

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single_connection: bool,
        _auth_protocol: &str,
        _auth_cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(id)
    }

    async fn signal(&mut self, id: ChannelId, _signal: Sig, session: &mut Session) -> Result<(), Error> {
        session.channel_failure(id)
    }
}
