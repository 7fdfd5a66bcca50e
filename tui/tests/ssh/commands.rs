//! `ssh HOST COMMAND`: results, talk, exit statuses, and output that arrives whole.

use crate::harness::{Server, Tty, finish};

#[tokio::test]
async fn a_key_goes_in_by_stdin_and_comes_out_by_get() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let command = "keys add --name 'my key' --service Stripe --environment production --tag a --tag b --json";
    let added = server.run(&ana, command, b"sk-live-1\n").await;
    assert_eq!(added.status, Some(0), "{added:?}");
    let view = added.json();
    assert_eq!((&view["name"], &view["environment"]), (&"my key".into(), &"production".into()));
    assert_eq!(view["tags"], serde_json::json!(["a", "b"]));
    assert!(!added.out().contains("sk-live-1"));

    let got = server.run(&ana, "keys get 'my key' --env production", b"").await;
    assert_eq!((got.out(), got.err(), got.status), ("sk-live-1\n", "", Some(0)));
    let got = server.run(&ana, "keys get 'my key' --json", b"").await.json();
    assert_eq!((&got["apiKey"], &got["version"]), (&"sk-live-1".into(), &1.into()));

    let listed = server.run(&ana, "keys ls --json", b"").await.json();
    assert_eq!(listed["keys"][0]["keyId"], view["keyId"]);
    assert_eq!(listed["pagination"]["total"], 1);
    let table = server.run(&ana, "keys ls", b"").await;
    assert!(table.out().starts_with("NAME") && table.out().contains("my key"), "{}", table.out());
    let shown = server.run(&ana, &format!("keys show {} --json", view["keyId"].as_str().unwrap()), b"").await;
    assert_eq!(shown.json()["_id"], view["_id"]);
    let usage = server.run(&ana, "usage 'my key' --json", b"").await.json();
    assert_eq!(usage["summary"]["totalRequests"], 0);
    assert_eq!(server.run(&ana, "usage --json", b"").await.json()["keys"][0]["_id"], view["_id"]);
    let chart = server.run(&ana, "usage 'my key' --by key --timeframe month --csv", b"").await;
    assert_eq!(
        (chart.out().lines().next(), chart.out().lines().count()),
        (Some("start,my key"), 31),
        "{chart:?}"
    );
    let latency = server.run(&ana, "usage --metric latency --step hour --compare", b"").await;
    assert!(latency.out().starts_with("START") && latency.out().contains("PREVIOUS_P95_MS"), "{latency:?}");
    let named = server.run(&ana, "usage --key 'my key' --by key --timeframe month", b"").await;
    assert!(named.out().starts_with("START") && named.out().contains("  my key"), "{named:?}");
    let series = server.run(&ana, "usage --by environment --json", b"").await.json();
    assert_eq!((&series["step"], &series["total"]["summary"]["totalRequests"]), (&"hour".into(), &0.into()));
    assert_eq!(server.run(&ana, "usage --by colour", b"").await.status, Some(2));
    for line in ["usage --by method --metric cost", "usage --by status --metric latency --csv"] {
        let refused = server.run(&ana, line, b"").await;
        assert!(
            refused.status == Some(2) && refused.err().contains("calls are counted by method"),
            "{refused:?}"
        );
    }
    assert_eq!(server.run(&ana, "usage --timeframe year --step minute --csv", b"").await.status, Some(2));

    let refused = server.run(&ana, "keys rm 'my key'", b"").await;
    assert_eq!(refused.status, Some(2), "{refused:?}");
    assert_eq!(server.run(&ana, "keys rm 'my key' --yes", b"").await.status, Some(0));
    assert_eq!(server.run(&ana, "keys show 'my key'", b"").await.status, Some(3));
    let binned = server.run(&ana, "keys ls --bin --json", b"").await.json();
    assert_eq!(binned["keys"][0]["_id"], view["_id"]);
    assert_eq!(server.run(&ana, "keys restore 'my key'", b"").await.status, Some(0));
    assert_eq!(
        server.run(&ana, "keys get 'my key' --reason 'the shop is down'", b"").await.out(),
        "sk-live-1\n"
    );
    let records = server.run(&ana, "audit --action key.reveal --json", b"").await.json();
    assert_eq!(records["records"][0]["detail"], "version 1: the shop is down");
    let listed = async |flags: &str| server.run(&ana, &format!("keys ls {flags}"), b"").await;
    assert!(listed("--hygiene no-limit --service stripe").await.out().contains("my key"));
    assert!(!listed("--unused 1").await.out().contains("my key"));
    assert_eq!(listed("--hygiene dirty").await.status, Some(2));
}

#[tokio::test]
async fn a_private_key_opens_with_its_passphrase_alone() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let add = "keys add --name mine --service Stripe --passphrase-stdin";
    assert_eq!(server.run(&ana, add, b"sk-secret\nopen sesame\n").await.status, Some(0));
    let locked = server.run(&ana, "keys get mine --json", b"").await;
    assert_eq!(locked.status, Some(4));
    assert_eq!(serde_json::from_str::<serde_json::Value>(locked.err()).unwrap()["code"], "locked");
    let wrong = server.run(&ana, "keys get mine --passphrase-stdin", b"open barley\n").await;
    assert_eq!((wrong.status, wrong.out()), (Some(4), ""));
    let got = server.run(&ana, "keys get mine --passphrase-stdin", b"open sesame\n").await;
    assert_eq!((got.out(), got.status), ("sk-secret\n", Some(0)));
    // With a terminal it asks, unseen.
    let session = server.sign_in(&ana).await;
    let mut tty = Tty::open(session, "xterm", (80, 24), Some("keys get mine")).await;
    tty.until("Passphrase:").await;
    tty.type_in("open sesame\r").await;
    tty.until_end().await;
    assert_eq!(tty.text().lines().map(str::trim).collect::<Vec<_>>(), ["Passphrase:", "sk-secret"]);
}

#[tokio::test]
async fn mistakes_are_named_and_have_their_status() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for (command, status, says) in [
        ("kyes ls", 2, "did you mean keys ls"),
        ("keys show missing", 3, "no such"),
        ("keys add --name x", 2, "--service is missing"),
        ("keys ls 'open", 2, "quote"),
        ("keys add --name x --service y --environment moon", 2, "production"),
    ] {
        let finished = server.run(&ana, command, b"v").await;
        assert_eq!(finished.status, Some(status), "{command}: {finished:?}");
        assert!(finished.err().contains(says), "{command}: {}", finished.err());
        assert_eq!(finished.out(), "", "{command}");
    }
    let json = server.run(&ana, "keys show missing --json", b"").await;
    assert_eq!(serde_json::from_str::<serde_json::Value>(json.err()).unwrap()["code"], "not_found");
    let invalid = server.run(&ana, "keys add --name '' --service y --json", b"v").await;
    let problem: serde_json::Value = serde_json::from_str(invalid.err()).unwrap();
    assert_eq!((invalid.status, &problem["errors"][0]["pointer"]), (Some(2), &"/name".into()));
}

#[tokio::test]
async fn a_deletion_is_rehearsed_and_nothing_is_done() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "mail", "v-1").await;
    assert_eq!(server.run(&ana, "tokens add --name worker --key mail", b"").await.status, Some(0));
    let told = server.run(&ana, "keys rm mail --dry-run", b"").await;
    let out = told.out();
    assert!(out.contains("mail would go to the bin") && out.contains("Last used: never"), "{told:?}");
    assert!(out.contains("Service tokens that hold it: worker"), "{told:?}");
    let told = server.run(&ana, "keys rm mail --dry-run --json", b"").await.json();
    assert_eq!(told["name"], "mail");
    assert_eq!(server.run(&ana, "keys ls --json", b"").await.json()["pagination"]["total"], 1);
    assert_eq!(server.run(&ana, "keys rm missing --dry-run", b"").await.status, Some(3));
}

#[tokio::test]
async fn without_a_terminal_there_is_a_word_and_no_dashboard() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let session = server.sign_in(&ana).await;
    let channel = session.channel_open_session().await.unwrap();
    channel.request_shell(true).await.unwrap();
    let finished = crate::harness::within("the greeting", crate::harness::finish(channel)).await;
    assert_eq!(finished.status, Some(0));
    assert!(finished.out().contains("ana@example.com") && finished.out().contains("keys add"));
    assert!(finished.out().contains(&format!("ssh -p {} ana@localhost", server.address.port())));
    assert!(!finished.out().contains('\x1b'));
}

#[tokio::test]
async fn a_megabyte_arrives_whole() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let description = "日".repeat(1000);
    for number in 0..420 {
        let new = keyward_keys::input::NewKey {
            name: format!("bulk-{number:04}"),
            service: "Stripe".to_owned(),
            value: "v".into(),
            description: description.clone(),
            tags: vec!["bulk".to_owned()],
            ..keyward_keys::input::NewKey::default()
        };
        server.service.create_key(&ana.caller, new).await.unwrap();
    }
    let whole = server.run(&ana, "keys ls --tag bulk --json", b"").await;
    assert!(whole.stdout.len() > 1024 * 1024, "{} bytes", whole.stdout.len());
    assert_eq!(whole.status, Some(0));
    let json = whole.json();
    assert_eq!(json["keys"].as_array().unwrap().len(), 420);
    assert_eq!(json["keys"][7]["description"], description);
    for _ in 0..3 {
        assert_eq!(server.run(&ana, "keys ls --tag bulk --json", b"").await.stdout, whole.stdout);
    }
}

#[tokio::test]
async fn line_ends_are_a_terminals_only_where_there_is_one() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    assert!(!server.run(&ana, "help", b"").await.out().contains('\r'));
    let session = server.sign_in(&ana).await;
    let mut tty = Tty::open(session, "xterm", (100, 50), Some("help keys")).await;
    tty.until_end().await;
    assert_eq!(tty.status, Some(0));
    assert!(tty.text().lines().any(|line| line.starts_with("  keys get")), "{}", tty.text());
}

#[tokio::test]
async fn plain_mode_runs_the_same_commands_a_line_at_a_time() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "stripe", "sk-1").await;
    for (term, command) in [("dumb", None), ("xterm-256color", Some("plain"))] {
        let session = server.sign_in(&ana).await;
        let mut tty = Tty::open(session, term, (80, 24), command).await;
        tty.until("keyward> ").await;
        tty.type_in("keys ls\r").await;
        tty.until("stripe").await;
        tty.type_in("nosuch\r").await;
        tty.until("unknown command").await;
        tty.type_in("keys rm stripe\r").await;
        tty.until("to the bin? [y/N]").await;
        tty.type_in("n\r").await;
        tty.until("cancelled").await;
        assert!(!tty.emulator.screen().alternate_screen());
        tty.type_in("exit\r").await;
        tty.until_end().await;
        assert_eq!(tty.status, Some(0));
    }
}

#[tokio::test]
async fn what_was_done_is_listed_for_those_it_concerns() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let add = "keys add --name mine --service Stripe --json";
    let key = server.run(&ana, add, b"sk-secret\n").await.json();
    assert_eq!(server.run(&ana, "keys get mine", b"").await.status, Some(0));
    let page = server.run(&ana, "audit --json --action key", b"").await.json();
    let actions: Vec<_> =
        page["records"].as_array().unwrap().iter().map(|record| &record["action"]).collect();
    assert_eq!(actions, ["key.reveal", "key.create"]);
    assert_eq!((&page["records"][0]["door"], &page["pagination"]["total"]), (&"ssh".into(), &2.into()));
    let of_key = server.run(&ana, "audit mine --json --limit 1", b"").await.json();
    assert_eq!(of_key["records"][0]["object"], key["_id"]);
    let table = server.run(&ana, "audit --action key --outcome done --from 2020-01-01 --limit 1", b"").await;
    assert!(table.out().starts_with("NO ") && table.out().contains("key.reveal"), "{}", table.out());
    assert!(
        table.out().contains("  mine  ") && !table.out().contains(key["_id"].as_str().unwrap()),
        "by name"
    );
    assert!(table.err().contains("--page 2"), "{}", table.err());
    for wrong in ["audit --from soon", "audit --object x", "audit --door moon", "audit --limit many"] {
        assert_eq!(server.run(&ana, wrong, b"").await.status, Some(2), "{wrong}");
    }
    assert_eq!(server.run(&ana, "audit nothing", b"").await.status, Some(3));
}

#[tokio::test]
async fn budgets_are_set_listed_and_tried() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let add = "keys add --name billing --service OpenAI --budget 49.9 --json";
    let key = server.run(&ana, add, b"value").await.json();
    assert_eq!(key["monthlyBudget"], 49.9);
    let table = server.run(&ana, "budgets", b"").await.out().to_owned();
    assert!(
        table.contains("billing") && table.contains("49.90 USD") && table.contains("not this month"),
        "{table}"
    );
    assert_eq!(server.run(&ana, "budgets --json", b"").await.json()["budgets"][0]["of"], "key");
    let shown = server.run(&ana, "keys show billing", b"").await.out().to_owned();
    assert!(shown.contains("Monthly budget  49.90"), "{shown}");
    assert!(shown.contains("Over budget     people are told"), "{shown}");
    let refusing = server.run(&ana, "keys edit billing --refuse-over-budget", b"").await.out().to_owned();
    assert!(refusing.contains("Over budget     fetches are refused"), "{refusing}");
    let told = server.run(&ana, "keys edit billing --no-refuse-over-budget --json", b"").await.json();
    assert_eq!((&told["refuseOverBudget"], &told["monthlyBudget"]), (&false.into(), &49.9.into()));
    let add = "keys add --name strict --service OpenAI --budget 5 --refuse-over-budget --json";
    assert_eq!(server.run(&ana, add, b"value").await.json()["refuseOverBudget"], true);
    let tried = server.run(&ana, "what-if billing --budget 10 --monthly-limit 5 --json", b"").await.json();
    assert_eq!(tried["lastMonth"]["budget"]["percentage"], 0.0);
    let text = server.run(&ana, "what-if billing --budget 10", b"").await.out().to_owned();
    assert!(text.contains("Last month, budget") && text.contains("never all of it"), "{text}");
    let usage = server.run(&ana, "usage billing", b"").await.out().to_owned();
    let columns = usage.lines().take_while(|line| !line.is_empty());
    let texts: Vec<_> = columns
        .map(|line| line.find("  ").map(|at| at + line[at..].len() - line[at..].trim_start().len()))
        .collect();
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "all in one line: {usage}");
    assert!(usage.contains("0.00 of 49.90 USD"), "{usage}");
    let set = server.run(&ana, "budgets set batch --budget 25", b"").await.out().to_owned();
    assert_eq!(set, "Tag batch: 0.00 of 25.00 a month spent, 0.0 %\n");
    let table = server.run(&ana, "budgets", b"").await.out().to_owned();
    assert!(table.lines().any(|line| line.starts_with("batch") && line.contains("tag")), "{table}");
    let text = server.run(&ana, "what-if --tag batch --budget 10", b"").await.out().to_owned();
    assert!(text.contains("Last month, budget"), "{text}");
    assert_eq!(server.run(&ana, "budgets set BATCH --budget none", b"").await.out(), "");
    assert_eq!(server.run(&ana, "budgets set batch --budget none", b"").await.status, Some(3));
    let edited = server.run(&ana, "keys edit billing --budget none --json", b"").await.json();
    assert!(edited["monthlyBudget"].is_null());
    let team = server.run(&ana, "team create Payments --budget 1200 --json", b"").await.json();
    assert_eq!(team["monthlyBudget"], 1200.0);
    let edit =
        "team edit Payments --name Money --budget 0.5 --time-zone Asia/Kolkata --quiet-hours 8:00-18:00";
    let team = server.run(&ana, edit, b"").await.out().to_owned();
    assert!(team.contains("Money") && team.contains("Monthly budget  0.50"), "{team}");
    assert!(team.contains("Asia/Kolkata") && team.contains("08:00-18:00"), "{team}");
    let team = server.run(&ana, "team edit Money --time-zone '' --json", b"").await.json();
    assert!(team["timeZone"].is_null() && team["quietHours"] == "08:00-18:00", "{team}");
    let wrong = [
        "keys edit billing --budget -1",
        "keys edit billing --refuse-over-budget",
        "keys edit billing --refuse-over-budget --no-refuse-over-budget",
        "keys add --name none --service OpenAI --refuse-over-budget",
        "what-if billing",
        "what-if --budget 5",
        "budgets set batch",
        "budgets set --budget 5",
        "team edit",
    ];
    for wrong in wrong {
        assert_eq!(server.run(&ana, wrong, b"").await.status, Some(2), "{wrong}");
    }
}

#[tokio::test]
async fn the_profile_is_shown_and_only_what_is_named_of_it_changes() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let before = server.run(&ana, "profile --json", b"").await.json();
    assert_eq!(before["preferences"]["shareViewing"], false);
    let line = "profile edit --share-viewing --theme light --mute monthly_limit --mute anomaly --json";
    let after = server.run(&ana, line, b"").await.json();
    let preferences = &after["preferences"];
    assert_eq!((&preferences["shareViewing"], &preferences["theme"]), (&true.into(), &"light".into()));
    assert_eq!(preferences["muted"], serde_json::json!(["monthly_limit", "anomaly"]));
    assert_eq!((&after["name"], &after["timeZone"]), (&before["name"], &before["timeZone"]));
    let shown = server.run(&ana, "profile edit --no-share-viewing --mute none", b"").await;
    assert!(shown.out().contains("not shared") && shown.out().contains("  none\n"), "{shown:?}");
    for (line, why) in [
        ("profile edit", "say what to change"),
        ("profile edit --theme pink", "--theme is auto"),
        ("profile edit --mute nothing", "monthly_budget"),
        ("profile edit --share-viewing --no-share-viewing", "not both"),
    ] {
        let wrong = server.run(&ana, line, b"").await;
        assert!(wrong.status == Some(2) && wrong.err().contains(why), "{line}: {wrong:?}");
    }
    let wrong = server.run(&ana, "profile edit --time-zone Mars/Olympus", b"").await;
    assert!(wrong.status != Some(0) && wrong.err().contains("Europe/Berlin"), "{wrong:?}");
}

#[tokio::test]
async fn an_empty_list_is_told_to_a_person_and_not_to_a_pipe() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for (command, says) in [
        ("keys ls", "Add one: ssh"),
        ("keys ls --search nothing", "No key matches"),
        ("keys ls --bin", "The bin is empty"),
        ("team ls", "Make one: ssh"),
        ("tokens ls", "Make one: ssh"),
    ] {
        let session = server.sign_in(&ana).await;
        let channel = session.channel_open_session().await.unwrap();
        channel.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
        channel.exec(true, command).await.unwrap();
        let person = finish(channel).await;
        assert_eq!(
            (person.out().contains(says), person.err(), person.status),
            (true, "", Some(0)),
            "{person:?}"
        );
        let pipe = server.run(&ana, command, b"").await;
        assert_eq!((pipe.out(), pipe.err().contains(says), pipe.status), ("", true, Some(0)), "{pipe:?}");
        let program = server.run(&ana, &format!("{command} --json"), b"").await;
        assert_eq!((program.err(), program.status), ("", Some(0)));
        assert!(program.json().is_object(), "{program:?}");
    }
}
