//! The SSH side: an account with a key, and dashboards opened with it in this process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use russh::client::{self, Handle, Msg};
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::daemon::Daemon;
use crate::{Result, fill};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A dashboard that has been silent for so long has drawn what it had to.
const QUIET: Duration = Duration::from_millis(250);
/// What a terminal answers to the question that every terminal knows.
const ATTRIBUTES: &[u8] = b"\x1b[?62;52c";

/// Who signs in.
pub(crate) struct Person {
    /// The e-mail address, which signs in over HTTP.
    pub(crate) email: &'static str,
    /// The password.
    pub(crate) password: String,
    /// The name for `ssh`.
    pub(crate) login: &'static str,
    /// A folder with the private key in `id`.
    pub(crate) folder: PathBuf,
    key: Arc<PrivateKey>,
}

/// Columns and rows.
#[derive(Clone, Copy)]
pub(crate) struct Size(u16, u16);

impl Size {
    /// Cells of the usual window.
    pub(crate) const USUAL: u32 = 80 * 24;

    pub(crate) fn cells(self) -> u32 {
        u32::from(self.0) * u32::from(self.1)
    }
}

/// A dashboard on a connection of its own.
pub(crate) struct Dashboard {
    handle: Handle<AnyHost>,
    channel: Channel<Msg>,
}

/// A dashboard, and how long after the request for it the screen showed something, and the keys.
pub(crate) struct Opened {
    pub(crate) dashboard: Dashboard,
    pub(crate) first: Duration,
    pub(crate) full: Duration,
}

/// Makes an operator's account with a fresh key and password; operators may own any number of keys.
pub(crate) async fn make_person(daemon: &Daemon, folder: &Path) -> Result<Person> {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&random()?));
    key.write_openssh_file(folder.join("id"), LineEnding::LF)?;
    std::fs::write(folder.join("id.pub"), key.public_key().to_openssh()?)?;
    let password: String = random()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut command = Command::new(&daemon.binary);
    command.env_clear().arg("--data-dir").arg(&daemon.data).args(["user", "add", "--operator"]);
    command.args(["--email", "ana@example.com", "--name", "Ana", "--password-stdin", "--ssh-key"]);
    let mut child = command.arg(folder.join("id.pub")).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(password.as_bytes()).await?;
    }
    if !child.wait().await?.success() {
        return Err("the account was not made".into());
    }
    let folder = folder.to_owned();
    Ok(Person { email: "ana@example.com", password, login: "ana", folder, key: Arc::new(key) })
}

fn random() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

impl Dashboard {
    /// Signs in and opens it; more frames may follow.
    pub(crate) async fn open(person: &Person, daemon: &Daemon, size: Size) -> Result<Opened> {
        let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
        let mut handle = client::connect(config, daemon.ssh, AnyHost).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&person.key), None);
        if !handle.authenticate_publickey(person.login, key).await?.success() {
            return Err("the key was refused".into());
        }
        let channel = handle.channel_open_session().await?;
        for (name, value) in [("COLORTERM", "truecolor"), ("LANG", "C.UTF-8")] {
            channel.set_env(false, name, value).await?;
        }
        let (cols, rows) = (size.0.into(), size.1.into());
        channel.request_pty(false, "xterm-256color", cols, rows, 0, 0, &[]).await?;
        let began = Instant::now();
        channel.request_shell(false).await?;
        let mut dashboard = Self { handle, channel };
        let mut seen = dashboard.frame().await?.to_vec();
        let first = began.elapsed();
        // From Home to the list, which has more to show.
        dashboard.press(b"2").await?;
        while find(&seen, fill::PREFIX.as_bytes()).is_none() {
            seen.extend_from_slice(&dashboard.frame().await?);
        }
        let full = began.elapsed();
        dashboard.press(ATTRIBUTES).await?;
        Ok(Opened { dashboard, first, full })
    }

    /// The next bytes for the terminal.
    pub(crate) async fn frame(&mut self) -> Result<Bytes> {
        tokio::time::timeout(PATIENCE, self.data()).await.map_err(|_| "a dashboard drew nothing")?
    }

    /// All bytes that come within this time.
    pub(crate) async fn listen(&mut self, time: Duration) -> Result<usize> {
        let end = tokio::time::Instant::now() + time;
        let mut bytes = 0;
        while let Ok(data) = tokio::time::timeout_at(end, self.data()).await {
            bytes += data?.len();
        }
        Ok(bytes)
    }

    /// Reads until nothing comes for a while.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        while self.listen(QUIET).await? > 0 {}
        Ok(())
    }

    /// Sends keys, as a terminal does.
    pub(crate) async fn press(&self, keys: &[u8]) -> Result<()> {
        Ok(self.channel.data_bytes(keys.to_vec()).await?)
    }

    /// Takes another size.
    pub(crate) async fn resize(&self, cols: u16, rows: u16) -> Result<()> {
        Ok(self.channel.window_change(cols.into(), rows.into(), 0, 0).await?)
    }

    /// Counts the pieces that come within this time.
    pub(crate) async fn count(&mut self, time: Duration) -> Result<usize> {
        let end = tokio::time::Instant::now() + time;
        let mut pieces = 0;
        while let Ok(data) = tokio::time::timeout_at(end, self.data()).await {
            data?;
            pieces += 1;
        }
        Ok(pieces)
    }

    /// Leaves as a closed window does.
    pub(crate) async fn close(self) -> Result<()> {
        self.channel.close().await?;
        Ok(self.handle.disconnect(russh::Disconnect::ByApplication, "", "").await?)
    }

    async fn data(&mut self) -> Result<Bytes> {
        loop {
            match self.channel.wait().await {
                Some(ChannelMsg::Data { data }) => return Ok(data),
                Some(_) => {}
                None => return Err("a dashboard ended".into()),
            }
        }
    }
}

/// Where `needle` begins in `hay`.
fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// Takes any host key: the daemon was started here.
struct AnyHost;

impl client::Handler for AnyHost {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        _: &PublicKeyOrCertificate,
    ) -> std::result::Result<bool, Self::Error> {
        Ok(true)
    }
}

impl Size {
    /// Columns and rows.
    pub(crate) fn sides(self) -> (u16, u16) {
        (self.0, self.1)
    }

    /// An emulator of this size.
    pub(crate) fn emulator(self) -> vt100::Parser {
        vt100::Parser::new(self.1, self.0, 0)
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let sides =
            text.split_once('x').and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
        sides.map(|(cols, rows)| Self(cols, rows)).ok_or("write it as COLUMNSxROWS, as in 80x24")
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.0, self.1)
    }
}
