//! The real OpenSSH client, and tmux as the terminal around it. Nothing of the person who runs the tests is used: no
//! configuration, no agent, no keys, no known hosts; all of it lies in a folder of the test.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use russh::keys::PrivateKey;
use russh::keys::ssh_key::LineEnding;
use tempfile::TempDir;

use super::{DEADLINE, within};

/// With this set to `1` the programs must be there.
const REQUIRED: &str = "KEYWARD_TEST_REAL_CLIENTS";

/// Whether the programs are on this machine.
pub(crate) fn available() -> bool {
    all_there(&["ssh", "sftp", "ssh-agent", "tmux"])
}

/// Whether Node.js and its package manager are on this machine.
pub(crate) fn node_available() -> bool {
    all_there(&["node", "npm"])
}

/// Whether a browser is on this machine.
pub(crate) fn chromium_available() -> bool {
    all_there(&[super::chromium::PROGRAM])
}

fn all_there(programs: &[&'static str]) -> bool {
    let missing: Vec<_> =
        programs.iter().filter(|program| Command::new(program).arg("-V").output().is_err()).collect();
    let required = variable(REQUIRED) == "1";
    assert!(!required || missing.is_empty(), "{REQUIRED} is 1 and these are missing: {missing:?}");
    missing.is_empty()
}

/// One person's `ssh`.
pub(crate) struct OpenSsh {
    folder: TempDir,
    target: String,
    port: u16,
}

impl OpenSsh {
    /// For this account name, with this key.
    pub(crate) fn new(address: SocketAddr, login: &str, key: &PrivateKey) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        key.write_openssh_file(folder.path().join("id"), LineEnding::LF).expect("the key is written");
        Self { folder, target: format!("{login}@127.0.0.1"), port: address.port() }
    }

    /// A folder for what a test needs beside it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A command line up to its destination; `more` are further options.
    pub(crate) fn words(&self, program: &str, more: &[&str]) -> Vec<String> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let (key, hosts) = (file("id"), format!("UserKnownHostsFile={}", file("known_hosts")));
        let port = format!("Port={}", self.port);
        let own = [
            program,
            "-F",
            "none",
            "-i",
            &key,
            "-o",
            &port,
            "-o",
            &hosts,
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "IdentitiesOnly=yes",
        ];
        own.iter().chain(more).map(ToString::to_string).chain([self.target.clone()]).collect()
    }

    /// Runs `ssh OPTIONS HOST REMOTE` to its end.
    pub(crate) async fn run(&self, options: &[&str], remote: &[&str], stdin: &str) -> Output {
        self.run_as("ssh", options, remote, stdin).await
    }

    pub(crate) async fn run_as(
        &self,
        program: &str,
        options: &[&str],
        remote: &[&str],
        stdin: &str,
    ) -> Output {
        use tokio::io::AsyncWriteExt as _;
        let mut child = self.start(program, options, remote);
        let mut input = child.stdin.take().expect("a pipe");
        // A program that is refused does not read.
        let _ = input.write_all(stdin.as_bytes()).await;
        drop(input);
        within(&format!("{program} {options:?} {remote:?} ends"), child.wait_with_output())
            .await
            .expect("an output")
    }

    /// Starts it; it is killed when the child is dropped.
    pub(crate) fn start(&self, program: &str, options: &[&str], remote: &[&str]) -> tokio::process::Child {
        let batch: &[&str] = &["-o", "BatchMode=yes"];
        let words = self.words(program, &[batch, options].concat());
        let mut command = tokio::process::Command::new(program);
        command.args(&words[1..]).args(remote).env_clear().envs(environment(self.folder()));
        command
            .env("SSH_AUTH_SOCK", self.folder().join("agent"))
            .env("DISPLAY", "127.0.0.1:77")
            .env("TERM", "xterm-256color");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().expect("the program starts")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is no setting of the daemon's, but about the tests themselves"
)]
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// What a program needs of the environment, with its home in this folder.
fn environment(home: &Path) -> [(&'static str, String); 4] {
    let home = home.display().to_string();
    [
        ("PATH", variable("PATH")),
        ("HOME", home.clone()),
        ("TMUX_TMPDIR", home),
        ("LANG", "C.UTF-8".to_owned()),
    ]
}

/// A terminal with a shell in it, in a tmux of its own that ends with this.
pub(crate) struct Terminal {
    folder: TempDir,
    socket: String,
}

impl Terminal {
    /// A shell in a window of this size.
    pub(crate) fn open(cols: u16, rows: u16) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let socket = format!("keyward-it-{}-{number}", std::process::id());
        let settings = "set -g status off\nset -g escape-time 0\nset -g set-clipboard on\n";
        std::fs::write(folder.path().join("tmux.conf"), settings).expect("tmux's settings are written");
        let terminal = Self { folder, socket };
        let (cols, rows) = (cols.to_string(), rows.to_string());
        let shell = "env PS1='shell> ' sh";
        terminal.tmux(&["new-session", "-d", "-x", &cols, "-y", &rows, shell]);
        terminal
    }

    /// One command of tmux; answers what it prints.
    pub(crate) fn tmux(&self, args: &[&str]) -> String {
        let config: PathBuf = self.folder.path().join("tmux.conf");
        let mut command = Command::new("tmux");
        command.env_clear().envs(environment(self.folder.path()));
        command.args(["-u", "-L", &self.socket, "-f"]).arg(config).args(args);
        let output = command.output().expect("tmux runs");
        assert!(output.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("tmux prints UTF-8")
    }

    /// Types this text as it is.
    pub(crate) fn text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", "--", text]);
    }

    /// Presses keys by tmux's names, such as `Enter` or `C-s`.
    pub(crate) fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a line for the shell, or for whoever asks.
    pub(crate) fn line(&self, text: &str) {
        self.text(text);
        self.keys(&["Enter"]);
    }

    /// Types an `ssh` command line for the shell, quoted, by way of a script, for it is longer than the window.
    pub(crate) fn ssh(&self, words: &[String]) {
        let script = self.folder.path().join("go");
        let line = quoted(words);
        std::fs::write(&script, format!("exec {line}\n")).expect("a script is written");
        self.line(&format!("sh {}", script.display()));
    }

    /// What it shows.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Alternate screen, any mouse reporting, cursor shown: what a program may leave behind.
    pub(crate) fn modes(&self) -> String {
        self.tmux(&["display", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}"]).trim().to_owned()
    }

    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        self.tmux(&["resize-window", "-x", &cols.to_string(), "-y", &rows.to_string()]);
    }

    /// Waits until the screen has this text.
    pub(crate) async fn wait(&self, text: &str) -> String {
        self.wait_for(text, |screen| screen.contains(text)).await
    }

    /// Waits until the screen is as it should be; answers it.
    pub(crate) async fn wait_for(&self, what: &str, condition: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if condition(&screen) {
                return screen;
            }
            assert!(started.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain: {what}\n{screen}");
            // tmux tells nobody that a screen has changed, so it is asked again.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let mut command = Command::new("tmux");
        command.env_clear().envs(environment(self.folder.path()));
        // Gone already is as good.
        let _ = command.args(["-L", &self.socket, "kill-server"]).output();
    }
}

fn quoted(words: &[String]) -> String {
    let words = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
    words.collect::<Vec<_>>().join(" ")
}
