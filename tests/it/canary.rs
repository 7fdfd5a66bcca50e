//! The canary: secrets go in by every door, in flows that work and in flows that fail, and are then looked for wherever
//! something could have kept them: logs, answers, screens, files, the opened database, the process's own record. What
//! people type in confidence must be in none; names and addresses not in the log, nor readable in a file.

mod codes;
mod webhooks;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use keyward_keys::crypto::MasterKey;
use keyward_store::PageSealer as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::daemon::{BINARY, command, place, text};
use crate::harness::http::{Http, Reply};
use crate::harness::process::{Process, keyward, run};
use crate::harness::ssh::{Outcome, Ssh};

const PASSWORD: &str = "Canary7fPassword1";
const WRONG_PASSWORD: &str = "Canary7fPassword2";
const PASSPHRASE: &str = "Canary7fPassphrase1";
const WRONG_PASSPHRASE: &str = "Canary7fPassphrase2";
const REST_VALUE: &str = "Canary7fValueByRest";
const SSH_VALUE: &str = "Canary7fValueBySsh";
const FORM_VALUE: &str = "Canary7fValueByForm";
const LOST_VALUE: &str = "Canary7fValueInBadInput";
const TYPED: [&str; 9] = [
    PASSWORD,
    WRONG_PASSWORD,
    PASSPHRASE,
    WRONG_PASSPHRASE,
    REST_VALUE,
    SSH_VALUE,
    FORM_VALUE,
    LOST_VALUE,
    webhooks::HOOK,
];

const EMAIL: &str = "canary8e@example.com";
const KEY_NAME: &str = "canary8e-key-name";
const NAMES: [&str; 5] = [EMAIL, KEY_NAME, "canary8e-tag", "canary8e-description", "/canary8e/endpoint"];

/// Something that was written or said, by the name of its place.
type Sink = (String, Vec<u8>);

/// Every guise in which a text could lie somewhere.
fn guises(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut guises = vec![bytes.to_vec(), hex.into_bytes()];
    guises.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
    guises.push(secret.encode_utf16().flat_map(u16::to_be_bytes).collect());
    for before in 0..3 {
        let padded = [&[0; 2][..before], bytes].concat();
        // The first and last letters depend on what stands around the secret.
        let (from, to) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
        guises.push(STANDARD_NO_PAD.encode(&padded).as_bytes()[from..to].to_vec());
        guises.push(URL_SAFE_NO_PAD.encode(&padded).as_bytes()[from..to].to_vec());
    }
    guises
}

fn holds(sink: &[u8], secret: &str) -> bool {
    let sink = sink.to_ascii_lowercase();
    let mut guises = guises(secret);
    guises.iter_mut().for_each(|guise| guise.make_ascii_lowercase());
    guises.iter().any(|guise| memchr::memmem::find(&sink, guise).is_some())
}

#[track_caller]
fn assert_absent(sinks: &[Sink], secrets: &[&str]) {
    for (place, content) in sinks {
        for secret in secrets {
            assert!(!holds(content, secret), "{secret} is in {place}");
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<Sink> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.display().to_string(), without_holes(&fs::read(&path).unwrap())));
        }
    }
    found
}

/// Without the blocks that were never written, of which a database has megabytes.
fn without_holes(file: &[u8]) -> Vec<u8> {
    file.chunks(4_096).filter(|block| block.iter().any(|byte| *byte != 0)).flatten().copied().collect()
}

/// Every page of a database and every record of its journal, opened with the key of this folder.
fn pages(file: &Path, data: &Path) -> Sink {
    const PAGE: usize = 4_096;
    const RING: usize = 12_288;
    let name = file.display().to_string();
    let file = fs::read(file).unwrap();
    let key = MasterKey::parse(&fs::read(data.join("master.key")).unwrap()).unwrap();
    let sealer = key.page_sealer(file[16..32].try_into().unwrap()).unwrap();
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let base = RING + number(40) * PAGE;
    let (mut opened, mut page) = (Vec::new(), vec![0; PAGE]);
    for (number, sealed) in (1..).zip(file[base + PAGE..].chunks_exact(PAGE + sealer.overhead())) {
        if sealer.open(number, sealed, &mut page).is_ok() {
            opened.extend_from_slice(&page);
        }
    }
    for record in (RING..base).step_by(PAGE).filter(|at| number(at + 8) > sealer.overhead()) {
        let name = u64::from_le_bytes(file[record..record + 8].try_into().unwrap());
        let mut plain = vec![0; number(record + 8) - sealer.overhead()];
        if sealer.open(name, &file[record + 16..record + 16 + number(record + 8)], &mut plain).is_ok() {
            opened.extend_from_slice(&plain);
        }
    }
    (format!("the opened {name}"), opened)
}

/// The daemon, and all that was heard from it.
struct Cage {
    daemon: Process,
    temporary: PathBuf,
    sinks: Vec<Sink>,
    /// What the daemon itself made up, and gave to those it concerns.
    issued: Vec<String>,
}

impl Cage {
    fn start(data: &Path) -> Self {
        let temporary = data.with_extension("tmp");
        fs::create_dir_all(&temporary).unwrap();
        let mut command = keyward(Path::new(BINARY), data, &[]);
        command.env("TMPDIR", &temporary);
        let settings = [
            "limits.exempt=[\"127.0.0.0/8\"]",
            "outbound.allow=[\"127.0.0.0/8\"]",
            "log.level=trace",
            "auth.registration=open",
        ];
        let daemon = Process::start(command, data, &settings);
        Self { daemon, temporary, sinks: Vec::new(), issued: Vec::new() }
    }

    fn heard(&mut self, place: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.sinks.push((place.into(), content.into()));
    }

    fn answered(&mut self, what: &str, reply: &Reply) {
        self.heard(what, format!("{:?} {}", reply.headers, reply.text));
    }

    fn said(&mut self, what: &str, outcome: &Outcome) {
        self.heard(what, format!("{}{}", outcome.stdout, outcome.stderr));
    }

    fn issued(&mut self, answer: &Value, fields: &[&str]) {
        self.issued.extend(fields.iter().filter_map(|field| answer[field].as_str()).map(str::to_owned));
    }

    async fn by_rest(&mut self) -> Http {
        let nobody = Http::new(&self.daemon.api());
        let login = |password: &str| json!({ "email": EMAIL, "password": password });
        let refused = nobody.post("/api/auth/login", &login(WRONG_PASSWORD)).await;
        self.answered("a refused login", &refused);
        let taken = json!({ "name": "x", "email": EMAIL, "password": WRONG_PASSWORD });
        self.answered("a refused registration", &nobody.post("/api/auth/register", &taken).await);
        let short = json!({ "name": "x", "email": LOST_VALUE, "password": PASSPHRASE, "more": LOST_VALUE });
        let reply = nobody.post("/api/auth/register", &short).await;
        assert_eq!(reply.status.as_u16(), 422, "{}", reply.text);
        self.heard("the headers of a bad registration", format!("{:?}", reply.headers));
        let tokens = nobody.post("/api/auth/login", &login(PASSWORD)).await.expect(200);
        self.issued(&tokens, &["token", "refreshToken"]);
        let http = nobody.bearer(tokens["token"].as_str().unwrap());
        let renewed = json!({ "refreshToken": tokens["refreshToken"] });
        let renewed = nobody.post("/api/auth/refresh", &renewed).await.expect(200);
        self.issued(&renewed, &["token", "refreshToken"]);
        let bad = nobody.bearer(&format!("kw_{LOST_VALUE}")).get("/api/keys").await;
        self.answered("a bad bearer", &bad);
        let asked = http.get(&format!("/api/keys?token={LOST_VALUE}")).await;
        self.answered("a secret in the query", &asked);
        self.answered("a path that is none", &http.get(&format!("/api/{LOST_VALUE}")).await);
        for body in [
            format!("{{\"name\":\"n\",\"apiKey\":\"{LOST_VALUE}\",\"apiKey\":\"{LOST_VALUE}\"}}"),
            format!("{{\"name\":\"\",\"service\":\"s\",\"apiKey\":[\"{LOST_VALUE}\"],\"passphrase\":7}}"),
            format!("{{\"name\":\"n\",\"service\":\"s\",\"apiKey\":\"{LOST_VALUE}\",\"passphrase\":\"x\"}}"),
            format!("{{\"apiKey\":\"{LOST_VALUE}"),
            format!("{{\"apiKey\":\"{}\"}}", LOST_VALUE.repeat(100_000)),
        ] {
            let request = http.request(Method::POST, "/api/keys").header("content-type", "application/json");
            let reply = http.send(request.body(body)).await;
            assert!(reply.status.is_client_error(), "{}", reply.status);
            self.answered("a bad body", &reply);
        }
        http
    }

    async fn a_key_by_rest(&mut self, http: &Http) {
        let body = json!({
            "name": KEY_NAME, "service": "X", "apiKey": REST_VALUE, "passphrase": PASSPHRASE,
            "tags": ["canary8e-tag"], "description": "canary8e-description"
        });
        let made = http.post("/api/keys", &body).await;
        self.answered("a new key", &made);
        let key = format!("/api/keys/{}", made.expect(201)["_id"].as_str().unwrap());
        let open = |passphrase: &str| json!({ "passphrase": passphrase });
        self.answered(
            "a wrong passphrase",
            &http.post(&format!("{key}/reveal"), &open(WRONG_PASSPHRASE)).await,
        );
        let shown = http.post(&format!("{key}/reveal"), &open(PASSPHRASE)).await;
        assert_eq!(shown.expect(200)["apiKey"], REST_VALUE);
        let id = made.json()["_id"].clone();
        let body =
            json!({ "name": "app", "keys": [id], "scopes": ["fetch", "track"], "passphrase": PASSPHRASE });
        let token = http.post("/api/tokens", &body).await.expect(201);
        self.issued(&token, &["token"]);
        let app = http.bearer(token["token"].as_str().unwrap());
        assert_eq!(app.get(&format!("{key}/value")).await.expect(200)["apiKey"], REST_VALUE);
        let call = json!({ "endpoint": "/canary8e/endpoint", "statusCode": 500, "metadata": { "error": "canary8e-error" } });
        let track = format!("/api/usage/{}/track", id.as_str().unwrap());
        self.answered("a tracked call", &app.post(&track, &call).await);
        for path in ["/api/keys", key.as_str(), "/api/tokens", "/api/profile", "/health"] {
            self.answered(path, &http.get(path).await);
        }
        for path in ["/api/audit?limit=100", "/api/audit/export", "/metrics"] {
            let reply = http.get(path).await;
            assert!(reply.status.is_success() && reply.text.len() > 500, "{path}: {}", reply.text);
            assert_absent(&[(path.to_owned(), reply.text.clone().into_bytes())], &NAMES);
            self.answered(path, &reply);
        }
        self.answered("a sign-out", &http.post("/api/auth/logout", &json!({})).await);
        self.answered("a token that is over", &http.get("/api/keys").await);
    }

    async fn by_ssh(&mut self) {
        let address = self.daemon.ssh();
        assert!(Ssh::with_password(address, EMAIL, WRONG_PASSWORD).await.is_err());
        assert!(Ssh::with_password(address, LOST_VALUE, WRONG_PASSWORD).await.is_err());
        let ssh = Ssh::with_password(address, EMAIL, PASSWORD).await.unwrap();
        let private = format!("{SSH_VALUE}\n{PASSPHRASE}\n");
        let add = "keys add --name canary8e-ssh --service X --passphrase-stdin --json";
        let outcome = ssh.run(add, &private).await;
        assert_eq!(outcome.status, Some(0), "{outcome:?}");
        self.said("keys add", &outcome);
        self.said("keys add again", &ssh.run("keys add --service X", &private).await);
        let get = "keys get canary8e-ssh --passphrase-stdin";
        assert_eq!(ssh.run(get, PASSPHRASE).await.stdout.trim_end(), SSH_VALUE);
        self.said("keys get", &ssh.run(get, WRONG_PASSPHRASE).await);
        self.said("keys ls", &ssh.run("keys ls --json", "").await);
        let mut screen = ssh.key_list(80, 24).await;
        screen.wait_text("canary8e-ssh").await;
        screen.press("n").await;
        screen.wait_text("New API key").await;
        let fields = format!("canary8e-form\tX\t\t{FORM_VALUE}\t{PASSPHRASE}\t{WRONG_PASSPHRASE}\t\t\x13");
        screen.press(fields).await;
        screen.wait_text("•••").await;
        screen.press("\x1b[Z\x1b[Z\x1b[Z").await;
        self.heard("the form", screen.raw());
        screen.press("\x03\x03").await;
        screen.wait_end().await;
        let mut screen = ssh.key_list(80, 24).await;
        screen.wait_text("canary8e-ssh").await;
        screen.press("n").await;
        screen.wait_text("New API key").await;
        screen.press(format!("canary8e-form\tX\t\t{FORM_VALUE}\t{PASSPHRASE}\t{PASSPHRASE}\t\t\x13")).await;
        screen.wait_text("sealed and stored").await;
        screen.press("v").await;
        screen.wait_text("passphrase opens it").await;
        screen.press(format!("{WRONG_PASSPHRASE}\r")).await;
        screen.wait_text("✗").await;
        self.heard("a key's page", screen.raw());
        screen.press("\x03\x03").await;
        screen.wait_end().await;
    }

    /// What the system shows of the process to others.
    fn record(&mut self) {
        for name in ["cmdline", "environ", "comm"] {
            // Only its owner may look at some of them.
            if let Ok(content) = fs::read(format!("/proc/{}/{name}", self.daemon.pid())) {
                self.heard(name, content);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_in_confidence_is_kept_nowhere() {
    let (folder, data) = place();
    let add = ["user", "add", "--email", EMAIL, "--name", "Canary", "--operator", "--password-stdin"];
    let added = command(&data, &add, PASSWORD);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let mut cage = Cage::start(&data);
    cage.heard("user add", [added.stdout, added.stderr].concat());
    let http = cage.by_rest().await;
    cage.codes(&http).await;
    cage.webhooks(&http).await;
    cage.a_key_by_rest(&http).await;
    cage.by_ssh().await;
    cage.record();
    let Cage { daemon, mut sinks, issued, temporary } = cage;
    sinks.extend(files(folder.path()));
    daemon.kill();

    // After a power cut, a start with another key is refused, and says nothing of what it could not read.
    fs::rename(data.join("master.key"), folder.path().join("kept")).unwrap();
    fs::write(data.join("master.key"), "5a".repeat(32)).unwrap();
    fs::set_permissions(data.join("master.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let refused = run(keyward(Path::new(BINARY), &data, &["serve"]), "");
    assert_eq!(refused.status.code(), Some(1));
    sinks.push(("a refused start".to_owned(), refused.stderr));
    fs::rename(folder.path().join("kept"), data.join("master.key")).unwrap();
    let again = Cage::start(&data);
    let (code, stdout) = again.daemon.terminate();
    assert_eq!(code, Some(0));
    sinks.push(("standard output".to_owned(), stdout.into_bytes()));
    sinks.extend(files(folder.path()));
    assert!(files(&temporary).is_empty(), "nothing is left in the temporary folder");
    for command in [["verify", "--json"], ["config", "show"]] {
        let output = run(keyward(Path::new(BINARY), &data, &command), "");
        assert!(output.status.success());
        sinks.push((command.join(" "), [output.stdout, output.stderr].concat()));
    }

    let backup = folder.path().join("backup");
    let made = run(keyward(Path::new(BINARY), &data, &["backup", backup.to_str().unwrap()]), "");
    assert!(made.status.success(), "{}", text(&made.stderr));
    sinks.push(("backup".to_owned(), [made.stdout, made.stderr].concat()));
    sinks.push((backup.display().to_string(), without_holes(&fs::read(&backup).unwrap())));
    let opened = [pages(&data.join("keyward.redb"), &data), pages(&backup, &data)];
    for (name, (place, opened)) in NAMES.iter().flat_map(|name| opened.iter().map(move |sink| (name, sink))) {
        assert!(holds(opened, name) || name.starts_with('/'), "{name} shows that {place} was");
    }
    let logs: Vec<_> = sinks.iter().filter(|(place, _)| place.ends_with(".log")).cloned().collect();
    assert!(logs.len() >= 2 && logs.iter().all(|(_, log)| !log.is_empty()));
    let written: Vec<_> =
        sinks.iter().filter(|(place, _)| Path::new(place).starts_with(folder.path())).cloned().collect();
    assert_absent(&written, &NAMES);
    assert_absent(&written, &codes::NAMES);
    sinks.extend(opened);
    assert_absent(&sinks, &TYPED);
    let issued: Vec<_> = issued.iter().map(String::as_str).collect();
    assert!(issued.len() >= 20, "{}", issued.len());
    assert_absent(&sinks, &issued);
}

#[test]
fn a_secret_is_found_in_every_guise() {
    for guise in guises(REST_VALUE) {
        let around = [b"{\"a\":\"x".as_slice(), &guise, b"=\"}"].concat();
        assert!(holds(&around, REST_VALUE), "{}", String::from_utf8_lossy(&guise));
        assert!(!holds(&around[..around.len() / 2], REST_VALUE));
    }
}
