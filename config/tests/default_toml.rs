//! `default.toml`, the settings' types and what is shown of them say the same.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use keyward_config::{Config, DEFAULT_TOML, Environment, Sources};
use toml::{Table, Value};

fn defaults() -> Config {
    Config::load(&Sources::default()).unwrap()
}

#[test]
fn every_setting_has_a_sentence() {
    let lines: Vec<&str> = DEFAULT_TOML.lines().collect();
    let mut settings = 0;
    for (before, line) in lines.iter().zip(&lines[1..]) {
        if line.contains(" = ") && !line.starts_with('#') {
            settings += 1;
            assert!(before.starts_with("# ") && before.ends_with('.'), "no sentence above: {line}");
        }
    }
    assert_eq!(settings, defaults().show().settings.len());
}

#[test]
fn the_types_hold_exactly_what_is_documented() {
    let documented: Table = DEFAULT_TOML.parse().unwrap();
    let held = Table::try_from(defaults()).unwrap();
    assert_eq!(held, documented);
    for (section, fields) in &documented {
        let Value::Table(fields) = fields else { continue };
        for field in fields.keys() {
            let mut without = documented.clone();
            without[section].as_table_mut().unwrap().remove(field);
            assert!(without.try_into::<Config>().is_err(), "{section}.{field} is documented and not needed");
        }
    }
    let mut with_more = documented;
    with_more.insert("more".into(), Value::Boolean(true));
    assert!(with_more.try_into::<Config>().is_err());
}

#[test]
fn every_setting_can_be_given_in_the_environment() {
    let variable = |setting: &str| format!("KEYWARD_{}", setting.replace('.', "__").to_uppercase());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let shown = defaults().show();
    let variables: Vec<_> = shown.settings.iter().map(|(name, s)| (variable(name), text(&s.value))).collect();
    let environment = Environment::from(variables);
    let config = Config::load(&Sources { environment, ..Sources::default() }).unwrap();
    for (name, setting) in config.show().settings {
        assert_eq!(setting.origin, format!("environment {}", variable(&name)));
        assert_eq!(setting.value, shown.settings[&name].value);
    }
}

#[test]
fn what_is_shown() {
    let environment = Environment::from(vec![
        ("KEYWARD_LIMITS__EXEMPT".to_owned(), r#"["127.0.0.0/8"]"#.to_owned()),
        ("KEYWARD_DATA_DIR".to_owned(), "/nonexistent/keyward".to_owned()),
    ]);
    let overrides = vec![("ssh.listen".to_owned(), "0.0.0.0:22".to_owned())];
    let shown = Config::load(&Sources { environment, overrides, config_file: None }).unwrap().show();
    insta::assert_snapshot!("config_show", shown);
    insta::assert_json_snapshot!("config_show_json", shown);
}

#[test]
fn what_is_shown_is_a_settings_file() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("shown.toml");
    std::fs::write(&path, defaults().show().to_string()).unwrap();
    let again = Config::load(&Sources { config_file: Some(path), ..Sources::default() }).unwrap();
    assert_eq!(Table::try_from(again).unwrap(), Table::try_from(defaults()).unwrap());
}
