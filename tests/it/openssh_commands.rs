//! The ordinary `ssh` without a dashboard: commands and their exit codes, what is refused, keys renewed on the way.
//! Skipped like the dashboard's tests where there is no `ssh`.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::real::{OpenSsh, available};
use crate::harness::{Daemon, ssh_key, within};

/// A daemon with a person, and that person's `ssh`.
async fn start() -> (Daemon, OpenSsh) {
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let ssh = OpenSsh::new(daemon.ssh, &ana.user.login, &ana.key);
    (daemon, ssh)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn ended(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[track_caller]
fn value(output: &Output) -> Value {
    ended(output, 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_answer_json_and_say_by_their_exit_code_how_it_went() {
    if !available() {
        return;
    }
    let (_daemon, ssh) = start().await;
    assert_eq!(value(&ssh.run(&[], &["whoami", "--json"], "").await)["login"], "ana");
    let add = ["keys", "add", "--name", "mail", "--service", "SendGrid", "--env", "production", "--json"];
    assert_eq!(value(&ssh.run(&[], &add, "SG.the-value").await)["environment"], "production");
    assert_eq!(value(&ssh.run(&[], &["keys", "ls", "--json"], "").await)["keys"][0]["name"], "mail");
    assert_eq!(value(&ssh.run(&[], &["keys", "show", "mail", "--json"], "").await)["service"], "SendGrid");
    let got = ssh.run(&[], &["keys", "get", "mail", "--env", "production"], "").await;
    assert_eq!((got.status.code(), text(&got.stdout).trim_end()), (Some(0), "SG.the-value"));
    let usage = value(&ssh.run(&[], &["usage", "mail", "--json"], "").await);
    assert_eq!(usage["summary"]["totalRequests"], 0);
    for (command, code) in [
        (["nosuch"].as_slice(), 2),
        (&["keys", "add", "--name", "x"], 2),
        (&["keys", "show", "missing"], 3),
        (&["keys", "get", "missing", "--env", "production"], 3),
        (&["keys", "rm", "mail", "--yes"], 0),
        (&["keys", "get", "mail", "--env", "production"], 3),
    ] {
        let plain = ssh.run(&[], command, "").await;
        ended(&plain, code);
        assert_eq!(plain.stderr.is_empty(), code == 0 && command[1] != "rm", "{}", text(&plain.stderr));
    }
    let wrong = ssh.run(&[], &["keys", "show", "missing", "--json"], "").await;
    ended(&wrong, 3);
    let wrong: Value = serde_json::from_slice(&wrong.stderr).unwrap();
    assert_eq!(wrong["code"], "not_found");
    let table = ssh.run(&["-tt"], &["keys", "ls"], "").await;
    ended(&table, 0);
    assert!(!text(&table.stdout).contains("\x1b[?1049h"), "a command has no dashboard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_there_is_a_short_help_and_at_the_end_of_input_a_dashboard_ends() {
    if !available() {
        return;
    }
    let (_daemon, ssh) = start().await;
    let help = ssh.run(&["-T"], &[], "").await;
    let said = format!("{}{}", text(&help.stdout), text(&help.stderr));
    assert!(said.contains("keys") && said.contains("ssh") && !said.contains('\x1b'), "{said}");
    let ended_by_input = ssh.run(&["-tt"], &[], "").await;
    ended(&ended_by_input, 0);
    let raw = text(&ended_by_input.stdout);
    assert!(raw.rfind("\x1b[?1049l") > raw.rfind("\x1b[?1049h"), "{raw:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_are_answered_a_line_each_also_after_one_that_is_too_long() {
    if !available() {
        return;
    }
    let (_daemon, ssh) = start().await;
    let long = "x".repeat(3 << 20);
    let add =
        json!({"id": 1, "command": "keys add", "args": {"name": "mail", "service": "S"}, "input": "SG.1"});
    let get = json!({"id": "two", "command": "keys get", "args": ["mail"]});
    let mut lines = format!("{add}\n{long}\nnonsense\n");
    (0..1000).for_each(|_| lines.push_str("{\"command\":\"whoami\"}\n"));
    lines.push_str(&format!("{get}\n"));
    let answered = ssh.run(&[], &["-s", "api"], &lines).await;
    ended(&answered, 0);
    let answers: Vec<Value> =
        text(&answered.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 1004);
    assert_eq!((&answers[0]["id"], &answers[0]["result"]["name"]), (&json!(1), &json!("mail")));
    assert!(answers[1]["error"]["detail"].as_str().unwrap().contains("too long"), "{}", answers[1]);
    assert_eq!(answers[2]["error"]["code"], "usage");
    assert!(answers[3..1003].iter().all(|answer| answer["result"]["login"] == "ana"));
    assert_eq!((&answers[1003]["id"], &answers[1003]["result"]["apiKey"]), (&json!("two"), &json!("SG.1")));
}

/// As many as a network's buffers hold come out before anybody reads; none of it may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_a_megabyte_is_whole_a_hundred_times_of_a_hundred() {
    if !available() {
        return;
    }
    let (_daemon, ssh) = start().await;
    let value = "0123456789abcdef".repeat(4000);
    for number in 0..18 {
        let name = format!("key-{number}");
        ended(&ssh.run(&[], &["keys", "add", "--name", &name, "--service", "X"], &value).await, 0);
    }
    let first = ssh.run(&[], &["export"], "").await;
    ended(&first, 0);
    assert!(first.stdout.len() > 1 << 20, "{} bytes", first.stdout.len());
    for round in 0..100 {
        let again = ssh.run(&[], &["export"], "").await;
        ended(&again, 0);
        assert!(
            again.stdout == first.stdout,
            "round {round}: {} of {} bytes",
            again.stdout.len(),
            first.stdout.len()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_else_a_client_asks_for_is_refused_at_once() {
    if !available() {
        return;
    }
    let (daemon, ssh) = start().await;
    let sftp = ssh.run_as("sftp", &[], &[], "").await;
    assert_ne!(sftp.status.code(), Some(0));
    let subsystem = ssh.run(&["-s"], &[], "").await;
    assert_ne!(subsystem.status.code(), Some(0));
    let subsystem = ssh.run(&[], &["-s", "nosuch"], "").await;
    assert_ne!(subsystem.status.code(), Some(0));
    let remote = ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:9"];
    let remote = ssh.run(&remote, &[], "").await;
    ended(&remote, 255);
    assert!(text(&remote.stderr).contains("forwarding failed"), "{}", text(&remote.stderr));
    let screen = ssh.run(&["-Y"], &["whoami"], "").await;
    ended(&screen, 0);
    assert!(text(&screen.stderr).contains("X11 forwarding request failed"), "{}", text(&screen.stderr));

    let agent = ssh.folder().join("agent");
    let mut command = tokio::process::Command::new("ssh-agent");
    let _agent =
        command.arg("-D").arg("-a").arg(&agent).kill_on_drop(true).stdout(std::process::Stdio::null());
    let _agent = _agent.spawn().unwrap();
    within("the agent's socket", async {
        while !agent.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let with_agent = ssh.run(&["-A"], &["whoami", "--json"], "").await;
    assert_eq!(value(&with_agent)["login"], "ana");

    let socket = ssh.folder().join("forward");
    let forward = format!("{}:{}", socket.display(), daemon.api);
    let _forwarding = ssh.start("ssh", &["-N", "-L", &forward], &[]);
    within("the forwarded socket", async {
        while UnixStream::connect(&socket).is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let closed = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(&socket).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /health HTTP/1.0\r\n\r\n").ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        answer
    });
    assert!(within("a forwarded connection is closed", closed).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_account_s_own_key_opens_it() {
    if !available() {
        return;
    }
    let (daemon, ssh) = start().await;
    let ben = daemon.person("ben@example.com").await;
    for (login, key) in [("ana", &ssh_key()), ("ana", &ben.key), ("nobody", &ben.key)] {
        let refused = OpenSsh::new(daemon.ssh, login, key).run(&[], &["whoami"], "").await;
        ended(&refused, 255);
        assert!(text(&refused.stderr).contains("Permission denied"), "{}", text(&refused.stderr));
        assert!(refused.stdout.is_empty());
    }
    assert_eq!(value(&ssh.run(&[], &["whoami", "--json"], "").await)["login"], "ana");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_keys_are_renewed_in_the_middle_of_an_answer() {
    if !available() {
        return;
    }
    let (daemon, ssh) = start().await;
    let long: String = (0..60_000_u32).map(|number| char::from(b'a' + (number % 23) as u8)).collect();
    let add = ["keys", "add", "--name", "long", "--service", "X"];
    ended(&ssh.run(&[], &add, &long).await, 0);
    // Line by line, so that there is more to come when the first keys are worn out.
    let lines = format!("{}exit\n", "keys get long\n".repeat(20));
    let got = ssh.run(&["-tt", "-v", "-o", "RekeyLimit=64K"], &["plain"], &lines).await;
    ended(&got, 0);
    assert_eq!(text(&got.stdout).matches(&long).count(), 20, "{} bytes came", got.stdout.len());
    let renewed = text(&got.stderr).matches("SSH2_MSG_NEWKEYS received").count();
    assert!(renewed >= 3, "renewed {renewed} times: {}", text(&got.stderr));
    assert_eq!(daemon.http().get("/health").await.expect(200)["status"].is_string(), json!(true));
}
