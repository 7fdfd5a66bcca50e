//! The layers as a user meets them: what wins, what is refused, and what the refusal says.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use keyward_config::{Config, Environment, Error, Fault, Registration, Sources};
use proptest::prelude::*;
use tempfile::TempDir;

/// A data folder, an environment that names it, and whatever a test adds.
struct Case {
    dir: TempDir,
    variables: Vec<(String, String)>,
    overrides: Vec<(String, String)>,
    config_file: Option<PathBuf>,
}

impl Case {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let variables = vec![("KEYWARD_DATA_DIR".to_owned(), dir.path().to_str().unwrap().to_owned())];
        Self { dir, variables, overrides: Vec::new(), config_file: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn var(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn flag(mut self, setting: &str, value: &str) -> Self {
        self.overrides.push((setting.to_owned(), value.to_owned()));
        self
    }

    /// A systemd credential.
    fn credential(self, name: &str, text: &str) -> Self {
        let folder = self.path("credentials");
        self.file(&format!("credentials/{name}"), text).var("CREDENTIALS_DIRECTORY", folder.to_str().unwrap())
    }

    fn try_load(&self) -> Result<Config, Error> {
        Config::load(&Sources {
            environment: Environment::from(self.variables.clone()),
            config_file: self.config_file.clone(),
            overrides: self.overrides.clone(),
        })
    }

    fn load(&self) -> Config {
        self.try_load().unwrap()
    }

    fn faults(&self) -> Vec<Fault> {
        match self.try_load() {
            Err(Error::Settings(faults)) => faults,
            other => panic!("faults were expected: {other:?}"),
        }
    }

    /// The only fault's whole text.
    fn fault(&self) -> String {
        let faults = self.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].to_string()
    }
}

fn origin(config: &Config, setting: &str) -> String {
    config.show().settings[setting].origin.clone()
}

#[test]
fn without_anything_the_defaults_hold() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.data_dir.path(), Path::new("./keyward-data"));
    assert_eq!(config.ssh.listen.to_string(), "127.0.0.1:2222");
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.auth.registration, Registration::Invite);
    assert!(config.auth.ssh_password);
    assert_eq!(config.store.url.file(&config.data_dir), Path::new("./keyward-data/keyward.redb"));
    assert_eq!(config.usage.retention_days.get(), 30);
    assert!(config.outbound.allow.is_empty() && config.api.cors_origins.is_empty());
    assert_eq!((config.limits.stranger_requests, config.limits.stranger_window_seconds.get()), (100, 900));
    assert_eq!((config.limits.person_per_minute, config.limits.token_per_minute), (600, 0));
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let case = Case::new().file("keyward.toml", "[ssh]\nlisten = \"127.0.0.1:1\"\n");
    assert_eq!(case.load().ssh.listen.port(), 1);
    assert_eq!(origin(&case.load(), "ssh.listen"), format!("{}:2", case.path("keyward.toml").display()));
    let case = case.var("KEYWARD_SSH__LISTEN", "127.0.0.1:2");
    assert_eq!(case.load().ssh.listen.port(), 2);
    assert_eq!(origin(&case.load(), "ssh.listen"), "environment KEYWARD_SSH__LISTEN");
    let case = case.credential("KEYWARD_SSH__LISTEN", "127.0.0.1:3\n");
    assert_eq!(case.load().ssh.listen.port(), 3);
    assert_eq!(origin(&case.load(), "ssh.listen"), "credential KEYWARD_SSH__LISTEN");
    let case = case.flag("ssh.listen", "127.0.0.1:4").flag("ssh.listen", "127.0.0.1:5");
    assert_eq!(case.load().ssh.listen.port(), 5);
    assert_eq!(origin(&case.load(), "ssh.listen"), "flag for ssh.listen");
    assert_eq!(origin(&case.load(), "api.listen"), "default");
}

#[test]
fn a_variable_may_name_a_file() {
    let case = Case::new().file("words", "json\n");
    let path = case.path("words");
    let case = case.var("KEYWARD_LOG__FORMAT_FILE", path.to_str().unwrap());
    assert_eq!(case.load().log.format, keyward_config::LogFormat::Json);

    let both = case.var("KEYWARD_LOG__FORMAT", "human").fault();
    assert!(both.contains("KEYWARD_LOG__FORMAT") && both.contains("unset one"), "{both}");

    let missing = Case::new().var("KEYWARD_LOG__FORMAT_FILE", "/nowhere/words").fault();
    assert!(
        missing.starts_with("environment KEYWARD_LOG__FORMAT_FILE: /nowhere/words cannot be read"),
        "{missing}"
    );
}

#[test]
fn a_setting_that_is_itself_a_file_is_not_read() {
    let case = Case::new().var("KEYWARD_MASTER_KEY__FILE", "/keys/master");
    assert_eq!(case.load().master_key_source().path(), Path::new("/keys/master"));
}

#[test]
fn lists_in_the_environment_are_toml_arrays() {
    let case = Case::new()
        .var("KEYWARD_LIMITS__EXEMPT", r#"["127.0.0.0/8", "::1"]"#)
        .var("KEYWARD_API__CORS_ORIGINS", r#"["https://keys.example.com"]"#);
    let config = case.load();
    assert!(config.limits.exempt.contains("127.9.9.9".parse().unwrap()));
    assert!(config.limits.exempt.contains("::ffff:127.0.0.1".parse().unwrap()));
    assert!(config.limits.exempt.contains("::1".parse().unwrap()));
    assert!(!config.limits.exempt.contains("10.0.0.1".parse().unwrap()));
    assert_eq!(config.api.cors_origins[0].as_str(), "https://keys.example.com");

    let bare = Case::new().var("KEYWARD_LIMITS__EXEMPT", "127.0.0.0/8").fault();
    assert!(bare.contains("TOML array") && bare.contains(r#"["one", "two"]"#), "{bare}");
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest_and_its_place() {
    let case = Case::new().file("keyward.toml", "# note\n[ssh]\nlisen = \"127.0.0.1:0\"\n");
    let text = case.fault();
    assert!(text.starts_with(&format!("{}:3: ", case.path("keyward.toml").display())), "{text}");
    assert!(text.contains("`ssh.lisen`") && text.contains("`ssh.listen`"), "{text}");

    let text = Case::new().var("KEYWARD_SSH_LISTEN", "127.0.0.1:0").fault();
    assert!(text.starts_with("environment KEYWARD_SSH_LISTEN: "), "{text}");
    assert!(text.contains("KEYWARD_SSH__LISTEN"), "{text}");

    let text = Case::new().var("KEYWARD_LOG__LEVLE_FILE", "/nowhere").fault();
    assert!(text.contains("KEYWARD_LOG__LEVEL_FILE"), "{text}");

    let text = Case::new().credential("KEYWARD_LOG__LEVLE", "info").fault();
    assert!(
        text.starts_with("credential KEYWARD_LOG__LEVLE: ") && text.contains("KEYWARD_LOG__LEVEL,"),
        "{text}"
    );

    let text = Case::new().flag("limit.exempt", "[]").fault();
    assert!(text.contains("`limits.exempt`"), "{text}");

    let text = Case::new().file("keyward.toml", "[usages]\n").fault();
    assert!(text.contains("`usages`"), "{text}");

    let text = Case::new().file("keyward.toml", "ssh = 3\n").fault();
    assert!(text.contains("[ssh]"), "{text}");

    let text = Case::new().file("keyward.toml", "[ssh.listen]\nport = 3\n").fault();
    assert!(text.contains("`ssh.listen.port`"), "{text}");
}

#[test]
fn other_programs_variables_are_left_alone() {
    Case::new()
        .var("KEYWARD_TEST_REAL_CLIENTS", "1")
        .var("KEYWARD_PORT_8080_TCP_ADDR", "10.0.0.1")
        .var("KEYWARD_SERVICE_HOST", "10.0.0.1")
        .var("PATH", "/bin")
        .credential("tls-certificate", "x")
        .load();
}

#[test]
fn every_fault_is_told_at_once() {
    let case = Case::new()
        .file(
            "keyward.toml",
            "[usage]\nretention_days = 0\n\n[auth]\nregistration = \"opne\"\nssh_password = \"yes\"\n",
        )
        .var("KEYWARD_API__LISTEN", "localhost")
        .var("KEYWARD_LIMITS__STRANGER_REQUESTS", "many")
        .var("KEYWARD_OUTBOUND__ALLOW", r#"["10.0.0.0/33"]"#)
        .var("KEYWARD_NONSENSE", "1")
        .flag("store.url", "postgres://localhost");
    let faults: Vec<String> = case.faults().iter().map(ToString::to_string).collect();
    let wanted = [
        "keyward.toml:2: `usage.retention_days`",
        "keyward.toml:5: `auth.registration`: unknown variant `opne`, expected one of `open`, `invite`, `closed`",
        "keyward.toml:6: `auth.ssh_password`",
        "environment KEYWARD_API__LISTEN: `api.listen`: invalid socket address",
        "environment KEYWARD_LIMITS__STRANGER_REQUESTS: `limits.stranger_requests` must be a whole number",
        "environment KEYWARD_OUTBOUND__ALLOW: `outbound.allow`: `10.0.0.0/33` is not a network",
        "environment KEYWARD_NONSENSE: there is no setting of this name",
        "flag for store.url: `store.url`: the only engine is redb",
    ];
    for text in wanted {
        assert!(faults.iter().any(|fault| fault.contains(text)), "{text}\nis not among\n{faults:#?}");
    }
    assert_eq!(faults.len(), wanted.len(), "{faults:#?}");
    let all = case.try_load().unwrap_err().to_string();
    assert!(all.starts_with("8 settings are wrong:\n  "), "{all}");
}

#[test]
fn wrong_values_are_refused() {
    for (setting, value) in [
        ("data_dir", ""),
        ("ssh.idle_seconds", "0"),
        ("usage.thresholds", "[]"),
        ("usage.thresholds", "[50, 0]"),
        ("ssh.idle_seconds", "-1"),
        ("ssh.idle_seconds", "99999999999"),
        ("ssh.idle_seconds", "1.5"),
        ("ssh.idle_seconds", ""),
        ("auth.ssh_password", "maybe"),
        ("api.cors_origins", r#"["*"]"#),
        ("api.cors_origins", r#"["https://a.example/path"]"#),
        ("api.cors_origins", r#"["https://a.example:443"]"#),
        ("api.cors_origins", r#"["https://A.example"]"#),
        ("api.cors_origins", "[1]"),
        ("limits.exempt", r#"["everything"]"#),
        ("limits.exempt", "{}"),
        ("store.url", "redb:"),
        ("log.level", "loud"),
        ("ssh.listen", "2222"),
        ("ssh.login_seconds", "1\nx = 2"),
    ] {
        let faults = Case::new().flag(setting, value).faults();
        assert_eq!(faults.len(), 1, "{setting} = {value}: {faults:?}");
        assert!(faults[0].text.contains(setting), "{setting} = {value}: {faults:?}");
    }
}

#[test]
fn what_is_kept_in_a_file_of_its_own_is_not_repeated_in_a_fault() {
    let case = Case::new().file("word", "planted-secret");
    let path = case.path("word");
    let text = case
        .var("KEYWARD_SSH__LISTEN_FILE", path.to_str().unwrap())
        .var("KEYWARD_API__BODY_LIMIT_BYTES_FILE", path.to_str().unwrap())
        .credential("KEYWARD_LOG__LEVEL", "planted-secret")
        .try_load()
        .unwrap_err();
    assert!(!format!("{text} {text:?}").contains("planted"), "{text}");
    assert!(text.to_string().starts_with("3 settings"), "{text}");
}

#[test]
fn a_credentials_folder_that_cannot_be_read_is_a_fault_and_one_that_is_gone_is_not() {
    let text = Case::new().var("CREDENTIALS_DIRECTORY", "/etc/passwd").fault();
    assert!(text.starts_with("environment CREDENTIALS_DIRECTORY: /etc/passwd cannot be read"), "{text}");
    Case::new().var("CREDENTIALS_DIRECTORY", "/nowhere/at/all").load();
}

#[test]
fn the_settings_file_may_be_named() {
    let case =
        Case::new().file("mine.toml", "data_dir = \"/elsewhere\"\n").file("keyward.toml", "not even TOML");
    let mut named = Case { config_file: Some(case.path("mine.toml")), ..case };
    named.variables.clear();
    assert_eq!(named.load().data_dir.path(), Path::new("/elsewhere"));

    named.config_file = Some(named.path("missing.toml"));
    assert!(named.fault().contains("cannot be read"));
}

#[test]
fn the_settings_file_is_looked_for_in_the_folder_that_a_flag_names() {
    let case = Case::new().file("keyward.toml", "[log]\nlevel = \"error\"\n");
    let other = Case::new().file("keyward.toml", "[log]\nlevel = \"trace\"\n");
    let config = case.flag("data_dir", other.dir.path().to_str().unwrap()).load();
    assert_eq!(config.data_dir.path(), other.dir.path());
    assert_eq!(config.log.level.as_str(), "trace");
}

#[test]
fn a_settings_file_in_the_data_folder_cannot_name_another_folder() {
    let case = Case::new().file("keyward.toml", "data_dir = \"/elsewhere\"\n");
    assert!(case.fault().contains("--data-dir"));
    let same = format!("data_dir = {:?}\n", case.dir.path());
    case.file("keyward.toml", &same).load();
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let case = Case::new().file("keyward.toml", "[ssh]\nlisten = \n");
    assert!(case.fault().contains("keyward.toml:2: not TOML"), "{}", case.fault());
    let twice = Case::new().file("keyward.toml", "[log]\nlevel = \"info\"\nlevel = \"warn\"\n");
    assert!(twice.fault().contains("keyward.toml:3: not TOML"), "{}", twice.fault());
    let bytes = Case::new();
    fs::write(bytes.path("keyward.toml"), [0xff, 0xfe]).unwrap();
    assert!(bytes.fault().contains("cannot be read"), "{}", bytes.fault());
}

#[test]
fn printing_the_environment_shows_no_value() {
    let environment = Environment::from(vec![("KEYWARD_X".to_owned(), "planted-secret".to_owned())]);
    assert_eq!(format!("{environment:?}"), r#"["KEYWARD_X"]"#);
    assert_eq!(environment.get("KEYWARD_X"), Some("planted-secret"));
    assert_eq!(environment.get("KEYWARD"), None);
}

proptest! {
    /// Whatever stands in a file or a variable, the answer is settings or faults, never a panic.
    #[test]
    fn nothing_in_a_layer_panics(file in "\\PC{0,80}|\\[ssh\\]\n\\PC{0,40}", name in "[A-Z_]{0,20}", value in "\\PC{0,40}") {
        let case = Case::new().file("keyward.toml", &file).var(&format!("KEYWARD_{name}"), &value);
        let _ = case.try_load();
    }

    /// A port that is given is the port in force, in whichever layer.
    #[test]
    fn a_given_port_is_in_force(port: u16, layer in 0..3) {
        let address = format!("127.0.0.1:{port}");
        let case = match layer {
            0 => Case::new().file("keyward.toml", &format!("ssh.listen = '{address}'")),
            1 => Case::new().var("KEYWARD_SSH__LISTEN", &address),
            _ => Case::new().flag("ssh.listen", &address),
        };
        prop_assert_eq!(case.load().ssh.listen.to_string(), address);
    }
}

#[test]
fn a_mail_server_is_set_whole_or_not_at_all() {
    let host = || Case::new().var("KEYWARD_SMTP__HOST", "smtp.example.com");
    assert!(host().fault().contains("`smtp.from` is needed too"));
    assert!(
        Case::new().var("KEYWARD_SMTP__FROM", "a@example.com").fault().contains("`smtp.host` is needed too")
    );
    let whole = || host().var("KEYWARD_SMTP__FROM", "keyward@example.com");
    assert_eq!(whole().load().smtp.from.as_str(), "keyward@example.com");
    assert!(whole().var("KEYWARD_SMTP__USER", "me").fault().contains("`smtp.password` is needed too"));
    let with_password = || {
        let case = whole().var("KEYWARD_SMTP__USER", "me").file("password", "canary\n");
        let path = case.path("password").to_str().unwrap().to_owned();
        case.var("KEYWARD_SMTP__PASSWORD_FILE", &path)
    };
    let loaded = with_password().load();
    assert!(loaded.smtp.password.get().is_some());
    assert!(!format!("{}", loaded.show()).contains("canary"));
    assert!(with_password().var("KEYWARD_SMTP__TLS", "none").fault().contains("over TLS"));
    let here = with_password().var("KEYWARD_SMTP__TLS", "none").flag("smtp.host", "127.0.0.1");
    assert_eq!(here.load().smtp.host.as_str(), "127.0.0.1");
    for (name, value) in [
        ("KEYWARD_SMTP__HOST", "smtp://x"),
        ("KEYWARD_SMTP__FROM", "Keyward <a@example.com>"),
        ("KEYWARD_SMTP__FROM", "a@b@c"),
        ("KEYWARD_SMTP__PORT", "0"),
        ("KEYWARD_SMTP__TLS", "yes"),
    ] {
        assert!(Case::new().var(name, value).fault().starts_with("environment "), "{name}={value}");
    }
}
