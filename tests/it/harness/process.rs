//! The real program as a process of its own: started, waited for, killed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running `keyward serve`; killed when this is dropped. Its ready file and log lie beside the data folder.
pub(crate) struct Process {
    child: Child,
    /// Both doors' addresses, as in the ready file.
    pub(crate) ready: Value,
    pub(crate) ready_file: PathBuf,
    /// Its standard error, which a pipe that nobody reads would block.
    pub(crate) log: PathBuf,
}

/// A command line on this data folder, with nothing of the environment but what it needs.
pub(crate) fn keyward(binary: &Path, data_dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("KEYWARD_DATA_DIR", data_dir).args(args).stdin(Stdio::null());
    command
}

/// Runs a command to its end, with this on its standard input.
pub(crate) fn run(mut command: Command, stdin: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that fails early does not read.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    child.wait_with_output().expect("the program ends")
}

impl Process {
    /// Starts a daemon and waits until both doors accept. `settings` as for `--set`.
    pub(crate) fn serve(binary: &Path, data_dir: &Path, settings: &[&str]) -> Self {
        Self::start(keyward(binary, data_dir, &[]), data_dir, settings)
    }

    /// The same with a command line that was prepared by hand: another environment, or limits.
    pub(crate) fn start(mut command: Command, data_dir: &Path, settings: &[&str]) -> Self {
        let ready_file = data_dir.with_extension("ready");
        command.args(["serve", "--ready-file"]).arg(&ready_file);
        for setting in ["ssh.listen=127.0.0.1:0", "api.listen=127.0.0.1:0", "limits.drain_seconds=1"] {
            command.args(["--set", setting]);
        }
        for setting in settings {
            command.args(["--set", setting]);
        }
        let log = data_dir.with_extension("log");
        let stderr = std::fs::File::create(&log).expect("a log file");
        let child = command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("the program starts");
        let mut process = Self { child, ready: Value::Null, ready_file, log };
        process.wait_ready();
        process
    }

    fn wait_ready(&mut self) {
        let pid = u64::from(self.child.id());
        let ready_file = self.ready_file.clone();
        let ready = wait_until("the ready file", || {
            if let Some(status) = self.child.try_wait().expect("a child") {
                panic!("the daemon ended with {status}: {}", self.stderr());
            }
            let ready: Value = serde_json::from_str(&std::fs::read_to_string(&ready_file).ok()?).ok()?;
            // An older start's file is not ours.
            (ready["pid"].as_u64() == Some(pid)).then_some(ready)
        });
        self.ready = ready;
    }

    /// The HTTP door's base address.
    pub(crate) fn api(&self) -> String {
        self.ready["api"].as_str().expect("an address").to_owned()
    }

    /// The SSH door's address.
    pub(crate) fn ssh(&self) -> std::net::SocketAddr {
        self.ready["ssh"].as_str().and_then(|text| text.parse().ok()).expect("an address")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM, and answers the exit code once it has ended.
    pub(crate) fn terminate(self) -> (Option<i32>, String) {
        self.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Waits until it has ended by itself; answers the exit code and what it said on standard output.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let status = wait_until("the daemon ends", || self.child.try_wait().expect("a child"));
        let mut stdout = String::new();
        let _ = self.child.stdout.take().expect("a pipe").read_to_string(&mut stdout);
        (status.code(), stdout)
    }

    /// Sends SIGKILL, as a power cut would, and waits until it is gone.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("a child");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("our own child");
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until there is an answer, or the deadline passes.
pub(crate) fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
