//! What an app asks for when it fetches many keys at once.

use std::collections::HashMap;

use keyward_keys::input::{FetchMany, KeyRef};
use keyward_keys::{Environment, Fault, Id};

use super::fields::Fields;
use super::tree::Tree;
use crate::problem::Problem;

/// The words for an environment.
pub(crate) const ENVIRONMENTS: &str = "development, staging, production";

const KEY: &str = "must be an id, or an object with _id, keyId, or environment and name";
const HAVE: &str = "must be an object of _id and version";

/// Reads `{keys: [id | {_id} | {keyId} | {environment, name}…]}` or `{environment}`, and `have: {_id: version}`.
pub(crate) fn fetch_many(mut body: Fields) -> Result<FetchMany, Problem> {
    let mut what =
        FetchMany { environment: body.choice("environment", ENVIRONMENTS), ..FetchMany::default() };
    match body.take("keys") {
        Some(Tree::List(items)) => {
            for (index, item) in items.into_iter().enumerate() {
                match key(item) {
                    Ok(key) => what.keys.push(key),
                    Err(faults) => body.faults_within(&format!("keys/{index}"), faults),
                }
            }
        }
        Some(_) => body.fault("keys", "must be a list"),
        None if what.environment.is_none() => body.fault("keys", "is missing; or name an environment"),
        None => {}
    }
    if what.environment.is_some() && !what.keys.is_empty() {
        body.fault("environment", "stands alone, or in each of the keys");
    }
    match body.take("have").map(have) {
        Some(Some(have)) => what.have = have,
        Some(None) => body.fault("have", HAVE),
        None => {}
    }
    body.finish()?;
    Ok(what)
}

fn key(item: Tree) -> Result<KeyRef, Vec<Fault>> {
    let whole = || vec![Fault { field: String::new(), detail: KEY.into() }];
    if let Tree::Text(id) = item {
        return Ok(KeyRef::Id(id));
    }
    let mut fields = Fields::of(item).map_err(|_| whole())?;
    let id = fields.text("_id").or_else(|| fields.text("keyId"));
    let environment: Option<Environment> = fields.choice("environment", ENVIRONMENTS);
    let name = fields.text("name");
    let faults = fields.into_faults();
    match (id, environment, name) {
        _ if !faults.is_empty() => Err(faults),
        (Some(id), None, None) => Ok(KeyRef::Id(id)),
        (None, Some(environment), Some(name)) => Ok(KeyRef::InEnvironment(environment, name)),
        (None, None, Some(name)) => Ok(KeyRef::Named(name, None)),
        _ => Err(whole()),
    }
}

fn have(tree: Tree) -> Option<HashMap<Id, u32>> {
    let Tree::Object(entries) = tree else { return None };
    let entry = |(id, version): (String, Tree)| match version {
        Tree::Number(version) => Some((id.parse().ok()?, u32::try_from(version.as_u64()?).ok()?)),
        _ => None,
    };
    entries.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<FetchMany, Vec<String>> {
        let fields = Fields::parse(json.as_bytes()).unwrap_or_else(|_| panic!("{json} is no object"));
        fetch_many(fields)
            .map_err(|problem| problem.faults().iter().map(|fault| fault.field.clone()).collect())
    }

    #[test]
    fn keys_are_named_in_every_way() {
        let json = r#"{"keys":["a",{"_id":"b"},{"keyId":"c"},{"environment":"production","name":"d"},{"name":"e"}],
            "have":{"64f8a1b2c3d4e5f6a7b8c9d1":3}}"#;
        let what = read(json).unwrap();
        let id = |text: &str| KeyRef::Id(text.to_owned());
        let d = KeyRef::InEnvironment(Environment::Production, "d".to_owned());
        assert_eq!(what.keys, [id("a"), id("b"), id("c"), d, KeyRef::Named("e".to_owned(), None)]);
        assert_eq!(what.have.values().collect::<Vec<_>>(), [&3]);
        assert_eq!(read(r#"{"environment":"staging"}"#).unwrap().environment, Some(Environment::Staging));
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let json =
            r#"{"keys":[7,{"_id":1},{"environment":"moon","name":"x"},{"_id":"a","name":"b"},{}],"have":[]}"#;
        let faults = read(json).err().unwrap();
        assert_eq!(faults, ["keys/0", "keys/1/_id", "keys/2/environment", "keys/3", "keys/4", "have"]);
        assert_eq!(read("{}").err().unwrap(), ["keys"]);
        assert_eq!(read(r#"{"keys":["a"],"environment":"staging"}"#).err().unwrap(), ["environment"]);
        assert_eq!(read(r#"{"keys":["a"],"have":{"64f8":1}}"#).err().unwrap(), ["have"]);
    }
}
