//! Every command over SSH, knocked on by somebody who may not.

use super::*;

/// Every command with operands as a stranger would try them, its exit code for the stranger, and whether it answers.
const COMMANDS: &[(&str, &str, u32)] = &[
    ("whoami", "whoami", 0),
    ("profile show", "profile show", 0),
    ("profile edit", "profile edit --theme dark", 0),
    ("keys ls", "keys ls --search anas", 0),
    ("keys show", "keys show {id}", 3),
    ("keys add", "keys add --name own --service X", 0),
    ("keys edit", "keys edit {id} --name mine", 3),
    ("keys get", "keys get {id}", 3),
    ("keys rm", "keys rm {id} --yes", 3),
    ("keys restore", "keys restore {id}", 3),
    ("keys access", "keys access {id}", 3),
    ("keys rotate", "keys rotate {id}", 3),
    ("keys rollback", "keys rollback {id}", 3),
    ("keys versions", "keys versions {id}", 3),
    ("keys retire", "keys retire {id} --version 1", 3),
    ("keys rotation", "keys rotation {id}", 3),
    ("keys webhook-secret", "keys webhook-secret {id}", 3),
    ("rotations", "rotations", 0),
    ("batch", "batch -", 2),
    ("watch", "watch {id}", 3),
    ("notifications ls", "notifications ls", 0),
    ("notifications read", "notifications read 0123456789abcdef01234567", 3),
    ("notifications rm", "notifications rm 0123456789abcdef01234567", 3),
    ("webhooks ls", "webhooks ls", 0),
    ("webhooks add", "webhooks add --name h", 2),
    ("webhooks edit", "webhooks edit {id} --off", 3),
    ("webhooks rm", "webhooks rm {id} --yes", 3),
    ("webhooks test", "webhooks test {id}", 3),
    ("webhooks deliveries", "webhooks deliveries {id}", 3),
    ("webhooks replace-secret", "webhooks replace-secret {id}", 3),
    ("webhooks redeliver", "webhooks redeliver {id} --delivery {id}", 3),
    ("tokens ls", "tokens ls", 0),
    ("tokens add", "tokens add --name t --key {id}", 2),
    ("tokens rm", "tokens rm {token} --yes", 3),
    ("usage", "usage {id}", 3),
    ("budgets", "budgets", 0),
    ("budgets set", "budgets set batch --budget 10 --team {team}", 3),
    ("what-if", "what-if {id} --budget 10", 3),
    ("complete", "complete -- keys show ", 0),
    ("completions", "completions bash", 0),
    ("audit", "audit", 0),
    ("export", "export", 0),
    ("import", "import", 2),
    ("alerts ls", "alerts ls", 0),
    ("alerts ack", "alerts ack {id}", 3),
    ("alerts snooze", "alerts snooze {id} --minutes 5", 3),
    ("alerts resolve", "alerts resolve {id}", 3),
    ("alerts respond", "alerts respond {id} --action freeze", 3),
    ("alerts rules", "alerts rules", 0),
    ("alerts conditions", "alerts conditions", 0),
    ("alerts rule add", "alerts rule add --name r --condition error_rate --key {id}", 3),
    ("alerts rule rm", "alerts rule rm {id}", 3),
    ("team ls", "team ls", 0),
    ("team show", "team show {team}", 3),
    ("team members", "team members {team}", 3),
    ("team here", "team here {team}", 3),
    ("team create", "team create mine", 0),
    ("team edit", "team edit {team} --budget 10", 3),
    ("team invite", "team invite new@example.com --team {team}", 3),
    ("sessions ls", "sessions ls", 0),
    ("sessions end", "sessions end 0123456789abcdef01234567", 3),
    ("team join", "team join", 2),
    ("team role", "team role new@example.com --role owner --team {team}", 3),
    ("team remove", "team remove new@example.com --team {team} --yes", 3),
    ("team leave", "team leave {team} --yes", 3),
    ("unlock", "unlock", 5),
    ("lock", "lock", 0),
    ("passphrase", "passphrase", 2),
    ("verify-email", "verify-email --send", 5),
    ("help", "help", 0),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_keeps_a_stranger_from_what_is_not_theirs() {
    let house = House::build().await;
    let cid = house.daemon.person("cid@example.com").await;
    let ssh = house.daemon.ssh(&cid).await;
    let listed: Value = serde_json::from_str(&ssh.run("help --json", "").await.stdout).unwrap();
    let listed: BTreeSet<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["command"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, COMMANDS.iter().map(|(name, ..)| (*name).to_owned()).collect());
    for (_, command, status) in COMMANDS {
        let outcome = ssh.run(&house.fill(command), "a value").await;
        assert_eq!(outcome.status, Some(*status), "{command}: {outcome:?}");
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!said.contains("anas") && !said.contains("ana@"), "{command}: {said}");
    }
    // Whether it is somebody else's or does not exist cannot be told apart.
    for command in ["keys show {id}", "keys get {id}", "keys rm {id} --yes", "usage {id}"] {
        let theirs = ssh.run(&house.fill(command), "").await;
        let nobodys = ssh.run(&command.replace("{id}", "000000000000000000000000"), "").await;
        assert_eq!(theirs.stderr, nobodys.stderr, "{command}");
    }
    assert_eq!(house.ana.get(&house.fill("/api/keys/{id}")).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_joins_runs_no_command() {
    let house = House::build().await;
    let joining = Ssh::with_key(house.daemon.ssh, "join", &ssh_key()).await.unwrap();
    for (_, command, _) in COMMANDS {
        let outcome = joining.run(&house.fill(command), "a value").await;
        assert_ne!(outcome.status, Some(0), "{command}");
        assert!(outcome.stdout.is_empty(), "{command}: {}", outcome.stdout);
    }
}
