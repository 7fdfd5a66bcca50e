//! The dashboard as a person with the ordinary `ssh` and a real terminal meets it. Where those programs are missing
//! these tests pass without a word, unless `KEYWARD_TEST_REAL_CLIENTS=1` says that they have to be there.

use std::time::Duration;

use keyward_keys::Door;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::harness::real::{OpenSsh, Terminal, available};
use crate::harness::{Daemon, Person, slow_link, ssh_key};

const RESTORED: &str = "0 0 1";

/// A terminal with this person's dashboard in it.
async fn dashboard(ssh: &OpenSsh, size: (u16, u16), options: &[&str]) -> Terminal {
    let terminal = Terminal::open(size.0, size.1);
    terminal.wait("shell>").await;
    terminal.ssh(&ssh.words("ssh", options));
    terminal
}

/// Opens the dashboard, and in it the list of keys.
async fn key_list(ssh: &OpenSsh, size: (u16, u16), options: &[&str]) -> Terminal {
    let terminal = dashboard(ssh, size, options).await;
    terminal.wait("1 Home").await;
    terminal.text("2");
    terminal
}

/// Leaves, and makes sure that the shell has its terminal back as it was.
async fn leave(terminal: &Terminal) {
    terminal.text("q");
    restored(terminal).await;
}

async fn restored(terminal: &Terminal) {
    let screen = terminal.wait_for("the shell again", |screen| last_line(screen) == "shell>").await;
    assert_eq!(terminal.modes(), RESTORED, "{screen}");
    terminal.line("echo status $?");
    terminal.wait("status 0").await;
}

fn last_line(screen: &str) -> &str {
    screen.trim_end().lines().last().unwrap_or_default().trim()
}

fn of(daemon: &Daemon, person: &Person) -> OpenSsh {
    OpenSsh::new(daemon.ssh, &person.user.login, &person.key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_person_joins_with_the_operators_code_and_comes_back_by_key_and_by_password() {
    if !available() {
        return;
    }
    let daemon = Daemon::start().await;
    let code = daemon.service.operator_code(&daemon.service.system_caller("test", Door::Local)).await;
    let (code, key) = (code.unwrap().unwrap(), ssh_key());
    let newcomer = OpenSsh::new(daemon.ssh, "join", &key);
    let terminal = dashboard(&newcomer, (80, 24), &[]).await;
    for (question, answer) in [
        ("Invitation code:", code.expose_secret()),
        ("Your name:", "Ana Pond"),
        ("E-mail:", "ana@example.com"),
        ("Password", "a fine password"),
        ("The same again:", "a fine password"),
        ("[Y/n]", "y"),
    ] {
        terminal.wait(question).await;
        terminal.line(answer);
    }
    let screen = terminal.wait("Press Enter for your dashboard").await;
    assert!(!screen.contains("a fine password"), "{screen}");
    terminal.keys(&["Enter"]);
    terminal.wait("Start here").await;
    leave(&terminal).await;

    let ana = OpenSsh::new(daemon.ssh, "ana", &key);
    let who = ana.run(&[], &["whoami", "--json"], "").await;
    let who: Value = serde_json::from_slice(&who.stdout).unwrap();
    assert_eq!((&who["operator"], &who["email"]), (&json!(true), &json!("ana@example.com")));
    let terminal = dashboard(&ana, (80, 24), &["-o", "PubkeyAuthentication=no"]).await;
    terminal.wait("assword").await;
    terminal.line("not the password");
    terminal.wait_for("a second question", |screen| screen.matches("assword").count() > 1).await;
    terminal.line("a fine password");
    terminal.wait("Start here").await;
    leave(&terminal).await;
}

/// Puts a key in by the form, and waits for its page.
async fn fill_in_the_form(terminal: &Terminal) {
    terminal.text("n");
    terminal.wait("New API key").await;
    for text in ["mail-live", "SendGrid"] {
        terminal.text(text);
        terminal.keys(&["Tab"]);
    }
    terminal.keys(&["Left", "Left", "Tab"]);
    for text in ["SG.planted-value", "pass phrase", "pass phrase", "post, eu"] {
        terminal.text(text);
        terminal.keys(&["Tab"]);
    }
    terminal.text("50");
    let typed = |line: &str| line.contains("Monthly limit") && line.trim_end().ends_with("50");
    let screen = terminal.wait_for("the limit typed", |screen| screen.lines().any(typed)).await;
    assert!(!screen.contains("planted") && !screen.contains("pass phrase"), "{screen}");
    terminal.keys(&["C-s"]);
    terminal.wait("is sealed and stored").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_goes_in_by_the_form_and_everything_can_be_done_with_it() {
    if !available() {
        return;
    }
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    for name in ["cards", "search"] {
        http.post("/api/keys", &json!({ "name": name, "service": "X", "apiKey": "v" })).await.expect(201);
    }
    let ssh = of(&daemon, &ana);
    let terminal = key_list(&ssh, (80, 24), &[]).await;
    terminal.wait("cards").await;
    fill_in_the_form(&terminal).await;
    let listed = http.get("/api/keys?search=mail").await.expect(200);
    let key = &listed["keys"][0];
    assert_eq!(
        (&key["service"], &key["tags"], &key["monthlyLimit"], &key["custody"]),
        (&json!("SendGrid"), &json!(["post", "eu"]), &json!(50), &json!("private"))
    );

    terminal.keys(&["Escape"]);
    terminal.wait("search").await;
    terminal.text("/mail");
    terminal.wait_for("only what was searched", |screen| !screen.contains("cards")).await;
    terminal.keys(&["Enter", "Enter"]);
    terminal.wait("0 calls today").await;
    let call = json!({ "endpoint": "/v3/mail", "method": "POST", "statusCode": 200, "responseTime": 12 });
    let track = format!("/api/usage/{}/track", key["_id"].as_str().unwrap());
    for _ in 0..3 {
        http.post(&track, &call).await.expect(201);
    }
    terminal.wait("3 calls today").await;
    terminal.wait("3 of 50").await;

    reveal_hide_and_copy(&terminal).await;
    terminal.text("?");
    terminal.wait("Move the key to the bin").await;
    terminal.keys(&["Escape"]);
    terminal.wait("calls today").await;
    terminal.text("D");
    terminal.wait("Delete").await;
    terminal.keys(&["Enter"]);
    if key["environment"] == "production" {
        terminal.wait("That is not the name").await;
        terminal.text("mail-live");
        terminal.keys(&["Enter"]);
    }
    terminal.wait("is in the bin for 30 days").await;
    assert_eq!(http.get("/api/keys?search=mail").await.expect(200)["pagination"]["total"], 0);
    leave(&terminal).await;
}

async fn reveal_hide_and_copy(terminal: &Terminal) {
    terminal.text("v");
    terminal.wait("Why do you want").await;
    terminal.line("a refund failed");
    terminal.wait("Its passphrase opens it").await;
    terminal.line("a wrong one");
    terminal.wait("✗").await;
    terminal.line("pass phrase");
    terminal.wait("SG.planted-value").await;
    terminal.wait("hides in 2").await;
    terminal.text("v");
    terminal.wait_for("the value is hidden", |screen| !screen.contains("planted")).await;
    terminal.text("y");
    terminal.wait("Why do you want").await;
    terminal.line("a refund failed");
    terminal.wait("Its passphrase opens it").await;
    terminal.line("pass phrase");
    let copied = async {
        while terminal.tmux(&["list-buffers"]).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    crate::harness::within("the value in the terminal's clipboard", copied).await;
    assert_eq!(terminal.tmux(&["show-buffer"]), "SG.planted-value");
    assert!(!terminal.screen().contains("planted"), "copying shows nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_size_is_filled_and_none_overflows() {
    if !available() {
        return;
    }
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let http = daemon.http().login(&ana).await;
    for number in 0..80 {
        let body = json!({ "name": format!("key-{number:02}"), "service": "X", "apiKey": "v" });
        http.post("/api/keys", &body).await.expect(201);
    }
    let ssh = of(&daemon, &ana);
    let terminal = key_list(&ssh, (80, 24), &[]).await;
    terminal.wait("key-79").await;
    for (cols, rows) in [(40, 12), (120, 40), (200, 60), (20, 5), (1, 1), (80, 24)] {
        terminal.resize(cols, rows);
        let fits = |screen: &str| {
            let lines: Vec<_> = screen.lines().collect();
            lines.len() == usize::from(rows)
                && (cols < 40 || lines.last().is_some_and(|line| line.contains("Enter")))
                && (cols < 40 || lines[0].contains("Keys"))
        };
        terminal.wait_for(&format!("{cols}x{rows} is drawn"), fits).await;
    }
    terminal.wait("key-79").await;
    leave(&terminal).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_typed_before_the_dashboard_is_there_does_not_reach_the_shell() {
    if !available() {
        return;
    }
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let far = slow_link::open(daemon.ssh, Duration::from_millis(150)).await;
    for address in [daemon.ssh, far] {
        let ssh = OpenSsh::new(address, &ana.user.login, &ana.key);
        let terminal = dashboard(&ssh, (80, 24), &["-o", "LogLevel=QUIET"]).await;
        terminal.text("q");
        restored(&terminal).await;
        let screen = terminal.screen();
        let stray = |line: &str| line.contains("^[") || line.contains(";rgb") || line.contains("?62");
        assert!(!screen.lines().any(stray), "{screen}");
    }
}

/// Whether any cell of the screen has a colour of its own.
fn has_colours(terminal: &Terminal) -> bool {
    let mut emulator = vt100::Parser::new(24, 80, 0);
    emulator
        .process(terminal.tmux(&["capture-pane", "-p", "-e"]).replace('\n', "\r\n").trim_end().as_bytes());
    let plain = |cell: &vt100::Cell| [cell.fgcolor(), cell.bgcolor()] == [vt100::Color::Default; 2];
    let screen = emulator.screen();
    (0..24).any(|row| (0..80).any(|col| screen.cell(row, col).is_some_and(|cell| !plain(cell))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_colour_and_without_cursor_there_is_still_a_way() {
    if !available() {
        return;
    }
    let daemon = Daemon::start().await;
    let ana = daemon.person("ana@example.com").await;
    let ssh = of(&daemon, &ana);
    let coloured = dashboard(&ssh, (80, 24), &[]).await;
    coloured.wait("Start here").await;
    assert!(has_colours(&coloured), "colours are seen where there are some");
    leave(&coloured).await;
    let plain = dashboard(&ssh, (80, 24), &["-o", "SetEnv=NO_COLOR=1"]).await;
    plain.wait("Start here").await;
    assert!(!has_colours(&plain), "{:?}", plain.tmux(&["capture-pane", "-p", "-e"]));
    leave(&plain).await;

    for options in [["-o", "SetEnv=TERM=dumb"], ["-o", "SetEnv=ACCESSIBLE=1"]] {
        let lines = dashboard(&ssh, (80, 24), &options).await;
        lines.wait("exit").await;
        lines.line("whoami");
        lines.wait("ana@example.com").await;
        assert!(lines.modes().starts_with("0 0"), "{options:?}");
        lines.line("exit");
        restored(&lines).await;
    }
}
