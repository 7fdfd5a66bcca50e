//! The daemon as a child process, and what the kernel says about it. Knows nothing of what it is asked.

use std::fmt;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::process::{Child, Command};

use crate::Result;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon; killed when this is dropped.
pub(crate) struct Daemon {
    /// Its binary.
    pub(crate) binary: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// The SSH door.
    pub(crate) ssh: SocketAddr,
    /// The HTTP door's base address.
    pub(crate) api: String,
    child: Child,
    pid: u32,
}

#[derive(Deserialize)]
struct Ready {
    pid: u32,
    ssh: SocketAddr,
    api: String,
}

/// Resident memory of a process, in KiB.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    all: u64,
    anonymous: u64,
}

impl Daemon {
    /// Starts it on a data folder within `folder`; answers how long it took until both doors accepted.
    pub(crate) async fn start(binary: &Path, folder: &Path) -> Result<(Self, Duration)> {
        let (data, ready_file) = (folder.join("data"), folder.join("ready"));
        let began = Instant::now();
        let mut command = Command::new(binary);
        command.env_clear().arg("serve").arg("--data-dir").arg(&data).arg("--ready-file").arg(&ready_file);
        for setting in [
            "ssh.listen=127.0.0.1:0",
            "api.listen=127.0.0.1:0",
            "limits.exempt=[\"127.0.0.0/8\"]",
            "limits.ssh_sessions=10000",
        ] {
            command.args(["--set", setting]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(folder.join("log"))?);
        let mut child = command.kill_on_drop(true).spawn()?;
        loop {
            // It is written at once and removed at a stop, so what can be read is whole and of this start.
            if let Ok(text) = std::fs::read_to_string(&ready_file) {
                let took = began.elapsed();
                let Ready { pid, ssh, api } = serde_json::from_str(&text)?;
                return Ok((Self { binary: binary.to_owned(), data, ssh, api, child, pid }, took));
            }
            if child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(folder.join("log"))?;
                return Err(format!("the daemon did not start:\n{log}").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Stops it as a service manager would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill(Pid::from_raw(i32::try_from(self.pid)?), Signal::SIGTERM)?;
        let status = self.child.wait().await?;
        if status.success() { Ok(()) } else { Err(format!("the daemon ended with {status}").into()) }
    }

    /// Its resident memory now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|rest| rest.split_whitespace().next());
            Ok(number.ok_or_else(|| format!("no {name} in the daemon's status"))?.parse()?)
        };
        Ok(Memory { all: field("VmRSS:")?, anonymous: field("RssAnon:")? })
    }

    /// Processor time it has taken so far, in the kernel's ticks of 10 ms.
    pub(crate) fn cpu_ticks(&self) -> Result<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name may hold anything, and ends at the last parenthesis; user and system time are fields 14 and 15.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
        let times: Vec<&str> = fields.into_iter().flatten().skip(11).take(2).collect();
        times.iter().try_fold(0, |sum, time| Ok(sum + time.parse::<u64>()?))
    }
}

impl Memory {
    /// What each of `count` dashboards cost over `before`.
    pub(crate) fn each_over(self, before: Self, count: usize) -> String {
        let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / count.max(1) as f64;
        format!(
            "{:.0} KB ({:.0} anonymous)",
            each(self.all, before.all),
            each(self.anonymous, before.anonymous)
        )
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |kib: u64| kib as f64 / 1024.0;
        write!(f, "{:.1} MB ({:.1} anonymous)", mb(self.all), mb(self.anonymous))
    }
}
