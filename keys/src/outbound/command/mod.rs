//! Rotation by a program of the operator's own: started without a shell and with nothing of our environment, told the step
//! on its standard input, listened to until it ends or its time is over, and ended with all that it started. What it
//! prints goes nowhere but into the answer's shape.

mod file;
pub(super) mod group;
mod orphans;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::error::{CallError, CallResult, Class};
use super::step::{Created, Step, Subject, Told};
use super::{Outbound, value};
use file::Program;
use group::{EndOnDrop, Group, MARK, end_all, of_folder};

pub use file::CommandEntry;
pub use orphans::adopt_orphans;

/// Bytes that a program may print on each of its outputs.
const PRINTED: usize = 128 * 1024;

/// How long its outputs may stay open once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a program is told, as one JSON document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    #[serde(flatten)]
    told: Told<'a>,
    /// The new value; none at *create*.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
}

/// What a program answers to *create*.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    #[serde(deserialize_with = "value::secret")]
    api_key: SecretString,
    #[serde(default)]
    provider_id: Option<String>,
    #[serde(default)]
    expires_at: Option<jiff::Timestamp>,
}

impl Outbound {
    /// Runs the command of this name for the step *create*, and takes the value that it prints:
    /// `{"apiKey": …, "providerId": …}`.
    ///
    /// # Errors
    /// See [`Outbound::command_step`].
    pub async fn command_create(&self, name: &str, subject: &Subject) -> CallResult<Created> {
        let printed = self.run_command(name, Step::Create, subject, None).await?;
        let who = format!("the command {name}");
        let made: Made = serde_json::from_slice(&printed).map_err(|_| {
            CallError::config(format!("{who} did not print {{\"apiKey\": …, \"providerId\": …}} for create"))
                .maybe_done(true)
        })?;
        let Made { api_key, provider_id, expires_at } = made;
        let value = value::checked(api_key, &who)?;
        Ok(Created { value, provider_id: provider_id.filter(|id| !id.is_empty()), expires_at })
    }

    /// Runs the command of this name for *set*, *test* or *finish*, with the new value and its id on standard input. What
    /// it prints is thrown away.
    ///
    /// # Errors
    /// By its exit status (sysexits.h): 65 refuses the value, 75 is transient, 77 auth, 78 and whatever is not named here
    /// config. Transient too when its time is over.
    pub async fn command_step(
        &self,
        name: &str,
        step: Step,
        subject: &Subject,
        value: &SecretString,
        provider_id: Option<&str>,
    ) -> CallResult<()> {
        self.run_command(name, step, subject, Some((value, provider_id))).await.map(drop)
    }

    async fn run_command(
        &self,
        name: &str,
        step: Step,
        subject: &Subject,
        value: Option<(&SecretString, Option<&str>)>,
    ) -> CallResult<Zeroizing<Vec<u8>>> {
        let program = self.command(name).await?;
        let _turn = self.client().turn().await?;
        let (api_key, provider_id) = value.unzip();
        let input = Input {
            told: Told::new(step, subject),
            api_key: api_key.map(ExposeSecret::expose_secret),
            provider_id: provider_id.flatten(),
        };
        let input = serde_json::to_vec(&input).map(Zeroizing::new);
        let input = input.map_err(|_| CallError::config("the step cannot be written as JSON"))?;
        let mark = self.mark()?;
        run(name, &program, input, mark).await.map_err(|error| error.maybe_done(step == Step::Create))
    }

    /// What all that a program starts is known by.
    fn mark(&self) -> CallResult<String> {
        let random = crate::crypto::random_array::<16>();
        let random = random.map_err(|_| CallError::transient("the system gives no random bytes"))?;
        Ok(self.folder().map(of_folder).unwrap_or_default() + &hex::encode(random))
    }

    /// Ends what programs have left behind that were started by an earlier run of the daemon: one that is killed cannot.
    pub async fn end_leftovers(&self) {
        if let Some(folder) = self.folder().map(std::path::Path::to_owned) {
            // The worst that comes of a failure here is what there was before.
            let _ = tokio::task::spawn_blocking(move || end_all(&of_folder(&folder))).await;
        }
    }
}

/// What one of a program's outputs had to say; none when it was too much.
type Heard = Option<Zeroizing<Vec<u8>>>;

async fn run(
    name: &str,
    program: &Program,
    input: Zeroizing<Vec<u8>>,
    mark: String,
) -> CallResult<Zeroizing<Vec<u8>>> {
    let (mut child, under_way) = orphans::start(|| start(name, program, &mark))?;
    let group = Arc::new(Group::of(&child, mark));
    // Whatever happens from here on, everything that it started ends with it.
    let _end = EndOnDrop(Arc::clone(&group));
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut talks = JoinSet::new();
    let (of_stdout, of_stderr) = (Arc::clone(&group), Arc::clone(&group));
    talks.spawn(async move { (true, listen(stdout, &of_stdout).await) });
    talks.spawn(async move { (false, listen(stderr, &of_stderr).await) });
    talks.spawn(async move {
        if let Some(mut stdin) = stdin {
            // A program may not want to know.
            let _ = stdin.write_all(&input).await;
        }
        (false, Some(Zeroizing::default()))
    });
    // It is waited for also when nobody waits for this any more.
    let ended = tokio::spawn(async move {
        let status = child.wait().await;
        drop(under_way);
        let _ = tokio::task::spawn_blocking(orphans::end_orphans).await;
        status
    });
    let limit = Duration::from_secs(program.timeout_seconds.into());
    let status = tokio::time::timeout(limit, ended).await;
    // What it left behind would hold its outputs open.
    group.end();
    let (mut printed, mut whole) = (Zeroizing::default(), true);
    let told = tokio::time::timeout(LAST_WORDS, async {
        while let Some(heard) = talks.join_next().await {
            match heard {
                Ok((true, Some(text))) => printed = text,
                Ok((_, heard)) => whole &= heard.is_some(),
                Err(_) => whole = false,
            }
        }
    });
    // Nobody is heard out who left the group.
    let _ = told.await;
    match status {
        _ if !whole => Err(CallError::config(format!(
            "the command {name} printed more than {PRINTED} bytes, and was ended"
        ))),
        Err(_) => {
            let limit = program.timeout_seconds;
            Err(CallError::transient(format!(
                "the command {name} did not end within {limit} s, and was ended"
            )))
        }
        Ok(Ok(Ok(status))) if status.success() => Ok(printed),
        Ok(Ok(Ok(status))) => Err(failure(name, status.code())),
        Ok(_) => Err(CallError::transient(format!("the command {name} could not be waited for"))),
    }
}

/// Starts it in a process group of its own, in the root folder, with a path to search, the mark and nothing else of ours.
fn start(name: &str, program: &Program, mark: &str) -> CallResult<Child> {
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env(MARK, mark);
    command.current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such program",
            std::io::ErrorKind::PermissionDenied => "it may not be run",
            _ => "the system refuses",
        };
        CallError::config(format!("the command {name} could not be started: {why}"))
    })
}

/// Listens to an output until it closes. Of more than is bearable nothing is kept, and the group is ended.
async fn listen(output: Option<impl AsyncRead + Unpin>, group: &Group) -> Heard {
    let mut text = Zeroizing::new(Vec::new());
    if let Some(output) = output {
        // An output that breaks off has said what it had to.
        let _ = output.take(PRINTED as u64 + 1).read_to_end(&mut text).await;
    }
    if text.len() > PRINTED {
        group.end();
        return None;
    }
    Some(text)
}

fn failure(name: &str, code: Option<i32>) -> CallError {
    let (class, what) = match code {
        Some(65) => (Class::Refused, "says that the new value is of no use"),
        Some(75) => (Class::Transient, "asks to be run again"),
        Some(77) => (Class::Auth, "says that it was not let in"),
        Some(_) => (Class::Config, "failed"),
        None => return CallError::config(format!("the command {name} was ended by a signal")),
    };
    let code = code.unwrap_or_default();
    CallError::new(class, format!("the command {name} {what} (exit status {code})"))
}
