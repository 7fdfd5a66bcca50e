//! A door of its own for each test, on port 0, and clients for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keyward_keys::crypto::{MasterKey, PasswordCost};
use keyward_keys::input::{AddedAccount, NewAccount, NewKey};
use keyward_keys::view::KeyView;
use keyward_keys::{
    Caller, Clock, Door, Origin, Plan, Registration, Service, ServiceOptions, ServiceSettings,
};
use keyward_tui::ssh::{HostKey, Shutdown, SshSettings, serve};
use russh::ChannelMsg;
use russh::client::{self, KeyboardInteractiveAuthResponse as Prompted, Msg};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery";
/// The deadline of every wait.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits, with a deadline that names what was waited for.
#[track_caller]
pub(crate) fn within<T>(what: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(value) => value,
            Err(_) => panic!("{place}: waited in vain for {what}"),
        }
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    pub(crate) shutdown: Shutdown,
    pub(crate) task: JoinHandle<()>,
    _folder: TempDir,
}

/// Somebody with an account, a password and a key.
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) email: String,
    pub(crate) key: Arc<PrivateKey>,
    pub(crate) caller: Caller,
}

/// A key made from a number.
pub(crate) fn key(seed: u8) -> Arc<PrivateKey> {
    Arc::new(PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32])))
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(SshSettings {
            exempt: vec!["127.0.0.0/8".parse().unwrap()],
            ..SshSettings::default()
        })
        .await
    }

    pub(crate) async fn start_with(settings: SshSettings) -> Self {
        Self::open(settings, Clock::system()).await
    }

    /// One whose core has this clock.
    pub(crate) async fn at(clock: &Clock) -> Self {
        Self::open(SshSettings::default(), clock.clone()).await
    }

    async fn open(settings: SshSettings, clock: Clock) -> Self {
        let folder = TempDir::new().unwrap();
        let service = Service::open(ServiceOptions {
            path: folder.path().join("keyward.redb"),
            master_key: MasterKey::generate().unwrap(),
            settings: ServiceSettings { registration: settings.registration, ..ServiceSettings::new(clock) },
            password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
        })
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let host_key = HostKey::generate().unwrap();
        let task = tokio::spawn(serve(listener, service.clone(), settings, host_key, shutdown.clone()));
        Self { address, service, shutdown, task, _folder: folder }
    }

    /// Somebody with a key made from `seed` and a plan that allows many API keys.
    pub(crate) async fn person(&self, login: &str, seed: u8) -> Person {
        let key = key(seed);
        let account = NewAccount {
            name: format!("The person {login}"),
            email: format!("{login}@example.com"),
            password: PASSWORD.into(),
            code: None,
            ssh_key: Some(key.public_key().to_openssh().unwrap()),
        };
        let added = AddedAccount { account, operator: false, plan: Plan::Enterprise };
        let system = self.service.system_caller("test", Door::Local);
        let user = self.service.add_account(&system, added).await.unwrap();
        let origin = Origin { door: Door::Local, address: None, request: None };
        let fingerprint = key.fingerprint(HashAlg::Sha256).sha256().unwrap();
        let caller = self.service.sign_in_with_ssh_key(origin, &user.login, &fingerprint).await.unwrap();
        Person { login: user.login, email: user.email, key, caller }
    }

    pub(crate) async fn api_key(&self, person: &Person, name: &str, value: &str) -> KeyView {
        let new = NewKey {
            name: name.to_owned(),
            service: "Stripe".to_owned(),
            value: value.into(),
            ..NewKey::default()
        };
        self.service.create_key(&person.caller, new).await.unwrap()
    }

    /// A connection that has not signed in.
    pub(crate) async fn connect(&self) -> client::Handle<Trusting> {
        self.connect_with(client::Config::default()).await
    }

    pub(crate) async fn connect_with(&self, config: client::Config) -> client::Handle<Trusting> {
        within("a connection", client::connect(Arc::new(config), self.address, Trusting)).await.unwrap()
    }

    /// A connection signed in with the person's key.
    pub(crate) async fn sign_in(&self, person: &Person) -> client::Handle<Trusting> {
        let mut session = self.connect().await;
        assert!(try_key(&mut session, &person.login, &person.key).await, "{} signs in", person.login);
        session
    }

    /// Runs one command as the person, with this on its standard input.
    pub(crate) async fn run(&self, person: &Person, command: &str, stdin: &[u8]) -> Finished {
        let session = self.sign_in(person).await;
        let channel = session.channel_open_session().await.unwrap();
        channel.exec(true, command).await.unwrap();
        if !stdin.is_empty() {
            channel.data(stdin).await.unwrap();
        }
        channel.eof().await.unwrap();
        within(command, finish(channel)).await
    }
}

pub(crate) async fn try_key(
    session: &mut client::Handle<Trusting>,
    user: &str,
    key: &Arc<PrivateKey>,
) -> bool {
    let key = PrivateKeyWithHashAlg::new(Arc::clone(key), None);
    within("an answer to a key", session.authenticate_publickey(user, key)).await.unwrap().success()
}

pub(crate) async fn try_password(session: &mut client::Handle<Trusting>, user: &str, password: &str) -> bool {
    try_answers(session, user, &[password]).await
}

/// Answers what is asked, one after another; the last answer is for all that is asked further.
pub(crate) async fn try_answers(
    session: &mut client::Handle<Trusting>,
    user: &str,
    mut answers: &[&str],
) -> bool {
    let mut prompted =
        within("a prompt", session.authenticate_keyboard_interactive_start(user, None)).await.unwrap();
    loop {
        prompted = match prompted {
            Prompted::Success => return true,
            Prompted::Failure { .. } => return false,
            Prompted::InfoRequest { prompts, .. } => {
                let given = prompts.iter().map(|_| answers[0].to_owned()).collect();
                answers = if answers.len() > 1 { &answers[1..] } else { answers };
                let respond = session.authenticate_keyboard_interactive_respond(given);
                within("an answer to a password", respond).await.unwrap()
            }
        };
    }
}

/// What came of a command.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) status: Option<u32>,
    pub(crate) refused: bool,
}

impl Finished {
    pub(crate) fn out(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    pub(crate) fn err(&self) -> &str {
        std::str::from_utf8(&self.stderr).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Reads a channel to its end.
pub(crate) async fn finish(mut channel: russh::Channel<Msg>) -> Finished {
    let mut finished = Finished::default();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => finished.stdout.extend_from_slice(&data),
            ChannelMsg::ExtendedData { data, .. } => finished.stderr.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => finished.status = Some(exit_status),
            ChannelMsg::Failure => {
                finished.refused = true;
                break;
            }
            _ => {}
        }
    }
    finished
}

/// Somebody's terminal: an emulator fed by a channel with a pty.
pub(crate) struct Tty {
    pub(crate) channel: russh::Channel<Msg>,
    pub(crate) emulator: vt100::Parser,
    pub(crate) bytes: usize,
    pub(crate) status: Option<u32>,
    pub(crate) ended: bool,
    _session: client::Handle<Trusting>,
}

impl Tty {
    /// Opens a terminal of this kind and size, and asks for a shell, or for `command`.
    pub(crate) async fn open(
        session: client::Handle<Trusting>,
        term: &str,
        (cols, rows): (u32, u32),
        command: Option<&str>,
    ) -> Self {
        let channel = within("a channel", session.channel_open_session()).await.unwrap();
        channel.request_pty(true, term, cols, rows, 0, 0, &[]).await.unwrap();
        match command {
            Some(command) => channel.exec(true, command).await.unwrap(),
            None => channel.request_shell(true).await.unwrap(),
        }
        let (emulated_rows, emulated_cols) = (rows.clamp(4, 200) as u16, cols.clamp(8, 500) as u16);
        let emulator = vt100::Parser::new(emulated_rows, emulated_cols, 0);
        Self { channel, emulator, bytes: 0, status: None, ended: false, _session: session }
    }

    pub(crate) async fn type_in(&self, text: &str) {
        self.channel.data(text.as_bytes()).await.unwrap();
    }

    pub(crate) fn text(&self) -> String {
        self.emulator.screen().contents()
    }

    /// The row that the cursor is in.
    pub(crate) fn line_of_cursor(&self) -> String {
        let screen = self.emulator.screen();
        let row = usize::from(screen.cursor_position().0);
        screen.rows(0, screen.size().1).nth(row).unwrap_or_default()
    }

    /// Reads until the screen holds what is looked for.
    #[track_caller]
    pub(crate) fn until(&mut self, what: &str) -> impl Future<Output = ()> {
        let wanted = what.to_owned();
        self.until_that(what, move |tty| tty.text().contains(&wanted))
    }

    #[track_caller]
    pub(crate) fn until_that(
        &mut self,
        what: &str,
        holds: impl Fn(&Self) -> bool,
    ) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let end = tokio::time::Instant::now() + PATIENCE;
            while !holds(self) {
                let read = tokio::time::timeout_at(end, self.read()).await;
                assert!(
                    matches!(read, Ok(true)) || holds(self),
                    "{place}: waited in vain for {what}; status {:?}, the screen says:\n{}",
                    self.status,
                    self.text()
                );
            }
        }
    }

    #[track_caller]
    pub(crate) fn until_end(&mut self) -> impl Future<Output = ()> {
        self.until_that("the end", |tty| tty.ended)
    }

    /// Reads one message; false when there are no more.
    pub(crate) async fn read(&mut self) -> bool {
        match self.channel.wait().await {
            Some(ChannelMsg::Data { data } | ChannelMsg::ExtendedData { data, .. }) => {
                self.bytes += data.len();
                self.emulator.process(&data);
                // A terminal answers the question that every terminal knows.
                if data.windows(3).any(|three| three == b"\x1b[c") {
                    self.channel.data(&b"\x1b[?62;52c"[..]).await.unwrap();
                }
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => self.status = Some(exit_status),
            Some(_) => {}
            None => self.ended = true,
        }
        !self.ended
    }

    /// The terminal is as it was before: no alternate screen, no modes left on, the cursor visible.
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        let screen = self.emulator.screen();
        assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

/// A client that trusts every host key: the test just made it.
pub(crate) struct Trusting;

impl client::Handler for Trusting {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(true)
    }
}

pub(crate) fn limited() -> SshSettings {
    SshSettings { registration: Registration::Invite, ..SshSettings::default() }
}
