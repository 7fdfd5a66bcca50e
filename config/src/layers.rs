//! Laying the layers over one another: which value wins, and every fault of every layer. It must not know a setting by
//! name, `data_dir` excepted, which decides where the settings file is.

use std::collections::BTreeMap;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use crate::environment::Environment;
use crate::error::{Error, Fault, Result};
use crate::file::{self, Entry};
use crate::origin::Origin;
use crate::plans::Plans;
use crate::private::trim_newline;
use crate::schema::{self, Schema};
use crate::settings::{Config, Sources};

const DATA_DIR: &str = "data_dir";

/// Reads all layers.
pub(crate) fn load(sources: &Sources) -> Result<Config> {
    let schema = Schema::new().map_err(|error| broken_default(&error))?;
    let mut layers =
        Layers { settings: schema.defaults.clone(), schema, origins: BTreeMap::new(), faults: Vec::new() };
    let environment = layers.environment(&sources.environment);
    let flags = layers.flags(&sources.overrides);
    let file = layers.file(sources.config_file.as_deref(), [&environment, &flags]);
    for entry in file.into_iter().chain(environment).chain(flags) {
        layers.lay(entry);
    }
    layers.finish(sources.environment.credentials())
}

struct Layers {
    schema: Schema,
    settings: Table,
    origins: BTreeMap<String, Origin>,
    faults: Vec<Fault>,
}

impl Layers {
    /// The file's settings: the one named, or the one in the data folder that the other layers say.
    fn file(&mut self, named: Option<&Path>, others: [&Vec<Entry>; 2]) -> Vec<Entry> {
        let data_dir =
            others.into_iter().flatten().rfind(|(name, ..)| name == DATA_DIR).map(|(_, value, _)| value);
        let data_dir =
            data_dir.or_else(|| self.schema.default_of(DATA_DIR)).and_then(Value::as_str).unwrap_or_default();
        let path = match named {
            Some(path) => path.to_owned(),
            None => Path::new(data_dir).join("keyward.toml"),
        };
        if named.is_none() && !path.exists() {
            return Vec::new();
        }
        match file::read(&path, &self.schema) {
            Ok(entries) => {
                let elsewhere =
                    |(name, value, _): &&Entry| name == DATA_DIR && value.as_str() != Some(data_dir);
                if let (None, Some((_, _, origin))) = (named, entries.iter().find(elsewhere)) {
                    self.fault(
                        origin,
                        "this file was found in the data folder, so it cannot name another; \
                                        use --config, --data-dir or KEYWARD_DATA_DIR"
                            .to_owned(),
                    );
                }
                entries
            }
            Err(fault) => {
                self.faults.push(fault);
                Vec::new()
            }
        }
    }

    /// The environment's settings, systemd credentials first.
    fn environment(&mut self, environment: &Environment) -> Vec<Entry> {
        let mut texts: BTreeMap<String, (String, Origin)> = BTreeMap::new();
        let foreign = |name: &str| !name.starts_with(schema::PREFIX) || schema::is_foreign(name);
        for (name, value) in environment.iter().filter(|(name, _)| !foreign(name)) {
            let Some((setting, text, origin)) = self.variable(name, value) else { continue };
            if let Some((_, other)) = texts.get(&setting) {
                let both = format!("the same setting comes from {other} too; unset one of them");
                self.fault(&origin, both);
            }
            texts.insert(setting, (text, origin));
        }
        for (name, path) in self.credentials(environment).into_iter().filter(|(name, _)| !foreign(name)) {
            let origin = Origin::Credential { name: name.clone() };
            match self.schema.setting_of(&name).map(str::to_owned) {
                None => self.fault(&origin, self.schema.unknown_variable(&name)),
                Some(setting) => {
                    if let Some(text) = self.read(&path, &origin) {
                        texts.insert(setting, (text, origin));
                    }
                }
            }
        }
        let entry = |(setting, (text, origin))| self.parse(setting, text, origin);
        texts.into_iter().filter_map(entry).collect()
    }

    /// All credentials by name, each with its file. A folder that cannot be read is a fault: the master key may be in it.
    fn credentials(&mut self, environment: &Environment) -> Vec<(String, PathBuf)> {
        let Some(folder) = environment.credentials() else { return Vec::new() };
        let entry = |entry: DirEntry| entry.file_name().into_string().ok().map(|name| (name, entry.path()));
        let read = std::fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        match read {
            Ok(entries) => entries.into_iter().filter_map(entry).collect(),
            // A shell may have inherited the name of a folder that has gone with its service.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let origin = Origin::Environment { name: "CREDENTIALS_DIRECTORY".to_owned() };
                self.fault(&origin, format!("{} cannot be read: {error}", folder.display()));
                Vec::new()
            }
        }
    }

    /// The setting, text and place of one variable, or `None` and a fault.
    fn variable(&mut self, name: &str, value: &str) -> Option<(String, String, Origin)> {
        if let Some(setting) = self.schema.setting_of(name) {
            return Some((
                setting.to_owned(),
                value.to_owned(),
                Origin::Environment { name: name.to_owned() },
            ));
        }
        let of_file =
            name.strip_suffix("_FILE").and_then(|name| self.schema.setting_of(name)).map(str::to_owned);
        let Some(setting) = of_file else {
            let unknown = self.schema.unknown_variable(name);
            self.fault(&Origin::Environment { name: name.to_owned() }, unknown);
            return None;
        };
        let origin = Origin::NamedFile { name: name.to_owned() };
        let text = self.read(Path::new(value), &origin)?;
        Some((setting, text, origin))
    }

    fn flags(&mut self, overrides: &[(String, String)]) -> Vec<Entry> {
        let entry = |(setting, text): &(String, String)| {
            let origin = Origin::Flag { setting: setting.clone() };
            self.parse(setting.clone(), text.clone(), origin)
        };
        overrides.iter().filter_map(entry).collect()
    }

    /// The text of a file that stands for a value.
    fn read(&mut self, path: &Path, origin: &Origin) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(trim_newline(&text).to_owned()),
            Err(error) => {
                self.fault(origin, format!("{} cannot be read: {error}", path.display()));
                None
            }
        }
    }

    /// A value from text: what is text by default is taken as it is, all else is TOML.
    fn parse(&mut self, setting: String, text: String, origin: Origin) -> Option<Entry> {
        let Some(default) = self.schema.default_of(&setting) else {
            let unknown = self.schema.unknown(&setting);
            self.fault(&origin, unknown);
            return None;
        };
        if default.is_str() {
            return Some((setting, Value::String(text), origin));
        }
        match text.trim().parse::<Value>() {
            Ok(value) => Some((setting, value, origin)),
            Err(_) => {
                let wanted = wanted(default);
                self.fault(&origin, format!("`{setting}` must be {wanted}"));
                None
            }
        }
    }

    /// Lays one value over what is there. Each is tried alone over the defaults, so that each fault has its own place.
    fn lay(&mut self, (setting, value, origin): Entry) {
        let Some(default) = self.schema.default_of(&setting) else {
            let unknown = self.schema.unknown(&setting);
            return self.fault(&origin, unknown);
        };
        let mut alone = self.schema.defaults.clone();
        put(&mut alone, &setting, value.clone());
        match Config::deserialize(alone) {
            Ok(_) => {
                put(&mut self.settings, &setting, value);
                self.origins.insert(setting, origin);
            }
            Err(_) if origin.is_confidential() => {
                let text = format!("the value does not fit `{setting}`, which must be {}", wanted(default));
                self.fault(&origin, text);
            }
            Err(error) => {
                let text = format!("`{setting}`: {}; the default is {default}", error.message().trim_end());
                self.fault(&origin, text);
            }
        }
    }

    fn fault(&mut self, origin: &Origin, text: String) {
        self.faults.push(Fault::new(origin.clone(), text));
    }

    fn finish(mut self, credentials: Option<PathBuf>) -> Result<Config> {
        let mut config = Config::deserialize(self.settings).map_err(|error| broken_default(&error))?;
        for (setting, text) in config.faults() {
            let origin = self.origins.get(setting).cloned().unwrap_or(Origin::Default);
            self.faults.push(Fault::new(origin, format!("`{setting}`: {text}")));
        }
        let plans = Plans::load(&config.data_dir.plans_file()).map_err(|faults| self.faults.extend(faults));
        match plans {
            Ok(plans) if self.faults.is_empty() => {
                config.plans = plans;
                config.origins = self.origins;
                config.credentials = credentials;
                Ok(config)
            }
            _ => Err(Error::Settings(self.faults)),
        }
    }
}

pub(crate) fn put(table: &mut Table, setting: &str, value: Value) {
    match setting.split_once('.') {
        None => drop(table.insert(setting.to_owned(), value)),
        Some((section, field)) => {
            if let Some(Value::Table(section)) = table.get_mut(section) {
                section.insert(field.to_owned(), value);
            }
        }
    }
}

/// What a value must look like, judged by the default.
fn wanted(default: &Value) -> String {
    let kind = match default {
        Value::Array(_) => "a TOML array of texts, as in [\"one\", \"two\"]",
        Value::Boolean(_) => "true or false",
        Value::Integer(_) => "a whole number",
        _ => "a text",
    };
    format!("{kind}; the default is {default}")
}

fn broken_default(error: &toml::de::Error) -> Error {
    Error::Settings(vec![Fault::new(Origin::Default, error.message())])
}
