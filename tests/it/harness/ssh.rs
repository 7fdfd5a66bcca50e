//! An SSH client in this process: signs in, runs commands, opens dashboards.

use std::net::SocketAddr;
use std::sync::Arc;

use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::screen::Screen;
use super::within;

/// Takes any host key: the tests know whom they started.
pub(crate) struct AnyHost;

impl client::Handler for AnyHost {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

/// A connection that is signed in.
pub(crate) struct Ssh {
    pub(crate) handle: Handle<AnyHost>,
}

/// What a command said and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: Option<u32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A command that has not ended.
pub(crate) struct Running(Channel<Msg>);

impl Running {
    /// Types this and the end of standard input.
    pub(crate) async fn say(&self, stdin: &str) {
        if !stdin.is_empty() {
            self.0.data_bytes(stdin.as_bytes().to_vec()).await.expect("standard input is sent");
        }
        self.0.eof().await.expect("the end of standard input is sent");
    }

    /// What it says until it ends.
    pub(crate) async fn end(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        while let Some(message) = self.0.wait().await {
            match message {
                ChannelMsg::Data { data } => outcome.stdout += &String::from_utf8_lossy(&data),
                ChannelMsg::ExtendedData { data, ext: 1 } => {
                    outcome.stderr += &String::from_utf8_lossy(&data);
                }
                ChannelMsg::ExitStatus { exit_status } => outcome.status = Some(exit_status),
                _ => {}
            }
        }
        outcome
    }
}

/// Why somebody did not get in.
#[derive(Debug)]
pub(crate) struct Refused;

impl Ssh {
    /// Connects without signing in.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Handle<AnyHost>, russh::Error> {
        let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
        within("an SSH connection", client::connect(config, address, AnyHost)).await
    }

    pub(crate) async fn with_key(
        address: SocketAddr,
        login: &str,
        key: &PrivateKey,
    ) -> Result<Self, Refused> {
        let mut handle = Self::connect(address).await.map_err(|_| Refused)?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), None);
        match within("the answer to a key", handle.authenticate_publickey(login, key)).await {
            Ok(AuthResult::Success) => Ok(Self { handle }),
            _ => Err(Refused),
        }
    }

    /// Signs in by keyboard-interactive.
    pub(crate) async fn with_password(
        address: SocketAddr,
        login: &str,
        password: &str,
    ) -> Result<Self, Refused> {
        let mut handle = Self::connect(address).await.map_err(|_| Refused)?;
        let start = handle.authenticate_keyboard_interactive_start(login, None);
        let mut answer = within("a question", start).await.map_err(|_| Refused)?;
        loop {
            match answer {
                KeyboardInteractiveAuthResponse::Success => return Ok(Self { handle }),
                KeyboardInteractiveAuthResponse::Failure { .. } => return Err(Refused),
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answers = prompts.iter().map(|_| password.to_owned()).collect();
                    let respond = handle.authenticate_keyboard_interactive_respond(answers);
                    answer = within("the answer to a password", respond).await.map_err(|_| Refused)?;
                }
            }
        }
    }

    /// Runs a command without a terminal, with this on its standard input.
    pub(crate) async fn run(&self, command: &str, stdin: &str) -> Outcome {
        within(command, async {
            let mut running = self.command(command).await;
            running.say(stdin).await;
            running.end().await
        })
        .await
    }

    /// Starts a command without a terminal, and leaves its standard input open.
    pub(crate) async fn command(&self, command: &str) -> Running {
        let channel = self.handle.channel_open_session().await.expect("a channel");
        channel.exec(true, command).await.expect("the command is sent");
        Running(channel)
    }

    /// Opens a terminal of this size and its shell: the dashboard, or whatever the person gets.
    pub(crate) async fn dashboard(&self, cols: u16, rows: u16) -> Screen {
        self.terminal("xterm-256color", cols, rows).await
    }

    /// Opens the dashboard and in it the list of keys.
    pub(crate) async fn key_list(&self, cols: u16, rows: u16) -> Screen {
        let screen = self.dashboard(cols, rows).await;
        screen.press("2").await;
        screen
    }

    pub(crate) async fn terminal(&self, term: &str, cols: u16, rows: u16) -> Screen {
        let channel = self.handle.channel_open_session().await.expect("a channel");
        // Colours and Unicode, whatever machine the test runs on.
        for (name, value) in [("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
            channel.set_env(false, name, value).await.expect("a variable is sent");
        }
        channel
            .request_pty(false, term, cols.into(), rows.into(), 0, 0, &[])
            .await
            .expect("a pty is asked for");
        channel.request_shell(false).await.expect("a shell is asked for");
        Screen::new(channel, cols, rows)
    }
}

/// A client that has exchanged keys on this stream, and a task that ends when the server has closed it. (The client
/// itself does not look while it waits for its user.)
pub(crate) async fn watched(stream: TcpStream) -> Result<(Handle<AnyHost>, JoinHandle<()>), russh::Error> {
    let (ours, theirs) = tokio::io::duplex(65_536);
    let (mut from_client, mut to_client) = tokio::io::split(theirs);
    let (mut from_server, mut to_server) = stream.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let ends = tokio::spawn(async move {
        // A reset is an end too.
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        let _ = to_client.shutdown().await;
    });
    Ok((within("a key exchange", client::connect_stream(Arc::default(), ours, AnyHost)).await?, ends))
}
