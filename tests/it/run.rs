//! `keyward run`: the real program around real commands.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Method;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::daemon::{BINARY, text};
use crate::harness::Daemon;
use crate::harness::http::Http;
use crate::harness::process::wait_until;

/// A daemon, a person, and a token for all that is in production.
struct Place {
    daemon: Daemon,
    ana: Http,
    token: String,
}

impl Place {
    async fn build() -> Self {
        let daemon = Daemon::start().await;
        let ana = daemon.person("ana@example.com").await;
        let ana = daemon.http().login(&ana).await;
        let body = json!({ "name": "app", "environment": "production", "scopes": ["fetch"] });
        let token = ana.post("/api/tokens", &body).await.expect(201);
        let token = token["token"].as_str().unwrap().to_owned();
        Self { daemon, ana, token }
    }

    async fn key(&self, name: &str, value: &str) -> Value {
        let body = json!({ "name": name, "service": "X", "apiKey": value, "environment": "production" });
        self.ana.post("/api/keys", &body).await.expect(201)
    }

    /// `keyward run …`, with the token in its environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("KEYWARD_URL", format!("http://{}", self.daemon.api));
        command.env("KEYWARD_TOKEN", &self.token).arg("run").args(args).stdin(Stdio::null());
        command
    }

    /// Runs it to its end, beside the daemon, which is in this process.
    async fn run(&self, args: &[&str]) -> Output {
        output(self.command(args)).await
    }
}

async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_finds_the_keys_in_its_environment_and_not_the_token() {
    let place = Place::build().await;
    let id = place.key("Stripe Live", "sk-$HOME-1 '\"").await["keyId"].as_str().unwrap().to_owned();
    place.key("database-url", "postgres://x").await;
    let print = ["--env", "production", "--", "env"];
    let printed = place.run(&print).await;
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let mut lines: Vec<_> = text(&printed.stdout).lines().filter(|line| !line.starts_with("PATH=")).collect();
    lines.sort_unstable();
    let url = format!("KEYWARD_URL=http://{}", place.daemon.api);
    assert_eq!(lines, ["DATABASE_URL=postgres://x", &url, "STRIPE_LIVE=sk-$HOME-1 '\""]);

    for key in ["stripe live", &id] {
        let chosen = [
            "--env",
            "production",
            "--key",
            &format!("{key}=PAY"),
            "--",
            "sh",
            "-c",
            "echo $PAY$DATABASE_URL",
        ];
        assert_eq!(text(&place.run(&chosen).await.stdout), "sk-$HOME-1 '\"\n");
    }
    let file = place.daemon.folder.path().join("token");
    std::fs::write(&file, format!("{}\n", place.token)).unwrap();
    let mut by_file =
        place.command(&["--env", "production", "--", "sh", "-c", "echo $KEYWARD_TOKEN_FILE$STRIPE_LIVE"]);
    by_file.env_remove("KEYWARD_TOKEN").env("KEYWARD_TOKEN_FILE", &file);
    assert_eq!(text(&output(by_file).await.stdout), "sk-$HOME-1 '\"\n");
    let mut by_stdin = place.command(&["--env", "production", "--token-stdin", "--", "cat"]);
    by_stdin.env_remove("KEYWARD_TOKEN").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = by_stdin.spawn().unwrap();
    let line = format!("{}\nthe command's own\n", place.token);
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), line.as_bytes()).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(text(&output.stdout), "the command's own\n");
    place.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_starts_without_every_key() {
    let place = Place::build().await;
    let run = async |args: &[&str]| {
        let args = [args, &["--", "sh", "-c", "echo started"]].concat();
        let output = place.run(&args).await;
        assert_eq!(text(&output.stdout), "", "{args:?} started");
        (output.status.code(), text(&output.stderr).to_owned())
    };
    assert_eq!(run(&["--env", "production"]).await.0, Some(3), "there is none");
    place.key("one", "v").await;
    place.key("One!", "v").await;
    let (code, said) = run(&["--env", "production"]).await;
    assert!(code == Some(5) && said.contains("both be ONE"), "{said}");
    let (code, said) = run(&["--env", "production", "--key", "one", "--key", "two"]).await;
    assert!(code == Some(3) && said.contains("two: there is no such key"), "{said}");
    assert_eq!(run(&["--env", "production", "--key", "one=LD_PRELOAD"]).await.0, Some(5));
    assert_eq!(run(&[]).await.0, Some(2));
    assert_eq!(run(&["--env", "moon"]).await.0, Some(2));

    let with = async |change: fn(&mut Command) -> &mut Command| {
        let mut command =
            place.command(&["--env", "production", "--key", "one", "--", "sh", "-c", "echo started"]);
        change(&mut command);
        let output = output(command).await;
        assert_eq!(text(&output.stdout), "");
        let said = text(&output.stderr).to_owned();
        assert!(said.starts_with("keyward: "), "{said}");
        output.status.code()
    };
    assert_eq!(with(|command| command.env("KEYWARD_TOKEN", "kw_wrong")).await, Some(4));
    assert_eq!(with(|command| command.env_remove("KEYWARD_TOKEN")).await, Some(2));
    assert_eq!(with(|command| command.env("KEYWARD_TOKEN_FILE", "/nowhere")).await, Some(2));
    assert_eq!(with(|command| command.env("KEYWARD_URL", "ftp://here")).await, Some(2));
    assert_eq!(with(|command| command.env("KEYWARD_URL", "http://127.0.0.1:1")).await, Some(75));
    place.daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_and_the_pid_are_the_command_s() {
    let place = Place::build().await;
    place.key("one", "v").await;
    let run = async |script: &str| place.run(&["--env", "production", "--", "sh", "-c", script]).await.status;
    assert_eq!(run("exit 42").await.code(), Some(42));
    let killed = run("kill -TERM $$").await;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&killed), Some(Signal::SIGTERM as i32));
    let watched = async |script: &str| {
        place.run(&["--env", "production", "--watch", "--", "sh", "-c", script]).await.status.code()
    };
    assert_eq!(watched("exit 42").await, Some(42));
    assert_eq!(watched("kill -TERM $$").await, Some(128 + Signal::SIGTERM as i32));
    assert_eq!(place.run(&["--env", "production", "--", "/no/such/program"]).await.status.code(), Some(127));
    assert_eq!(place.run(&["--env", "production", "--", "/etc/passwd"]).await.status.code(), Some(126));

    let mut child = place.command(&["--env", "production", "--", "sh", "-c", "echo $$; exec sleep 60"]);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert_eq!(line.trim(), child.id().to_string(), "it became the command");
    signal(&child, Signal::SIGKILL);
    child.wait().unwrap();
    place.daemon.stop().await;
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// Waits until a file holds so many lines, and answers them.
fn lines(file: &Path, count: usize) -> Vec<String> {
    wait_until("lines of the command", || {
        let lines: Vec<_> = std::fs::read_to_string(file).ok()?.lines().map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_command_is_restarted_when_a_key_comes_and_left_alone_when_the_daemon_goes() {
    let place = Place::build().await;
    place.key("one", "first").await;
    let file = place.daemon.folder.path().join("starts");
    let script = format!(
        "trap 'echo hup >> {0}' HUP; echo $ONE$TWO >> {0}; while :; do sleep 0.05; done",
        file.display()
    );
    let start = |more: &[&str]| {
        // Nobody would wait for the next look: the daemon says when there is something new.
        let args =
            [&["--env", "production", "--watch", "--every", "3600"], more, &["--", "sh", "-c", &script]]
                .concat();
        place.command(&args).spawn().unwrap()
    };
    let mut child = start(&[]);
    tokio::task::block_in_place(|| assert_eq!(lines(&file, 1), ["first"]));
    signal(&child, Signal::SIGHUP);
    tokio::task::block_in_place(|| assert_eq!(lines(&file, 2)[1], "hup", "signals are passed on"));
    place.key("two", "second").await;
    tokio::task::block_in_place(|| assert_eq!(lines(&file, 3)[2], "firstsecond"));

    let daemon = place.daemon.stop().await;
    signal(&child, Signal::SIGHUP);
    tokio::task::block_in_place(|| assert_eq!(lines(&file, 4)[3], "hup", "it still runs"));
    assert!(child.try_wait().unwrap().is_none());
    signal(&child, Signal::SIGTERM);
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!(status.code(), Some(128 + Signal::SIGTERM as i32));
    drop(daemon);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_restarts_the_watched_command_or_signals_it_and_moves_the_value_s_tag() {
    let place = Place::build().await;
    let body = json!({
        "name": "one", "service": "X", "apiKey": "first", "environment": "production",
        "rotation": { "method": "generate", "template": "new-{24}", "overlap": "1h" },
    });
    let id = place.ana.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    let folder = place.daemon.folder.path();
    let (restarted, signalled) = (folder.join("restarted"), folder.join("signalled"));
    let start = |file: &Path, more: &[&str]| {
        let script = format!(
            "trap 'echo usr1 >> {0}' USR1; echo $ONE >> {0}; while :; do sleep 0.05; done",
            file.display()
        );
        let args =
            [&["--env", "production", "--watch", "--every", "3600"], more, &["--", "sh", "-c", &script]];
        place.command(&args.concat()).spawn().unwrap()
    };
    let children = [start(&restarted, &[]), start(&signalled, &["--signal", "usr1"])];
    tokio::task::block_in_place(|| {
        assert_eq!(
            (lines(&restarted, 1), lines(&signalled, 1)),
            (vec!["first".into()], vec!["first".into()])
        );
    });

    let app = place.daemon.http().bearer(&place.token);
    let at = format!("/api/keys/{id}/value");
    let asked = async |known: &str| {
        let reply = app.send(app.request(Method::GET, &at).header(IF_NONE_MATCH, known)).await;
        (reply.status.as_u16(), reply.headers[ETAG].to_str().unwrap().to_owned(), reply.text)
    };
    let old = app.get(&at).await;
    assert_eq!(old.expect(200)["apiKey"], "first");
    assert_eq!(old.headers[ETAG], "\"1\"");
    assert_eq!(asked("\"1\"").await, (304, "\"1\"".to_owned(), String::new()));

    place.ana.post(&format!("/api/keys/{id}/rotate"), &json!({})).await.expect(202);
    let (started, told) = tokio::task::block_in_place(|| (lines(&restarted, 2), lines(&signalled, 2)));
    let (status, tag, text) = asked("\"1\"").await;
    assert_eq!((status, &*tag), (200, "\"2\""), "{text}");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(started, ["first", value["apiKey"].as_str().unwrap()], "it has the new value");
    assert!(started[1].starts_with("new-"), "{started:?}");
    assert_eq!(told, ["first", "usr1"]);
    assert_eq!(asked("\"2\"").await.0, 304);
    for mut child in children {
        signal(&child, Signal::SIGTERM);
        tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    }
    place.daemon.stop().await;
}

/// Stands between a command and the daemon, and lets no stream of events through; answers its address.
async fn without_events(api: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut asks, mut answered) = client.into_split();
            let (mut answers, mut asked) = TcpStream::connect(api).await.unwrap().into_split();
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut answered).await });
            tokio::spawn(async move {
                let mut piece = vec![0; 16 * 1024];
                while let Ok(length @ 1..) = asks.read(&mut piece).await {
                    if piece.starts_with(b"GET ") || asked.write_all(&piece[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_command_may_be_signalled_instead_and_needs_no_word_from_the_daemon() {
    let place = Place::build().await;
    let between = without_events(place.daemon.api).await;
    place.key("one", "first").await;
    let file = place.daemon.folder.path().join("starts");
    let script =
        format!("trap 'echo usr1 >> {0}' USR1; echo $$ >> {0}; while :; do sleep 0.05; done", file.display());
    let args =
        ["--env", "production", "--watch", "--every", "1", "--signal", "usr1", "--", "sh", "-c", &script];
    let mut command = place.command(&args);
    let mut child = command.env("KEYWARD_URL", format!("http://{between}")).spawn().unwrap();
    tokio::task::block_in_place(|| lines(&file, 1));
    place.key("two", "second").await;
    tokio::task::block_in_place(|| assert_eq!(lines(&file, 2)[1], "usr1"));
    signal(&child, Signal::SIGTERM);
    tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    place.daemon.stop().await;
}
