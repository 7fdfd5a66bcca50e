//! A JSON value (RFC 8259) as a tree, with what `serde_json::Value` lets pass refused: a name given twice in one
//! object, and nesting deeper than anybody needs. It has no `Debug`: there may be secrets in it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::problem::Problem;

/// Arrays and objects inside one another, at most.
pub(crate) const MAX_DEPTH: usize = 32;

/// Values in a document, at most: a few bytes of text may become a hundred times as many in memory.
const MAX_VALUES: usize = 100_000;

/// A JSON value.
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    /// Parses a whole document.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Problem> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let left = Cell::new(MAX_VALUES);
        let tree = Room { depth: MAX_DEPTH, values: &left };
        let tree = tree.deserialize(&mut reader).map_err(|error| not_json(&error))?;
        reader.end().map_err(|error| not_json(&error))?;
        Ok(tree)
    }
}

/// A parser's complaint: it names a place, and never repeats what stands there.
pub(crate) fn not_json(error: &serde_json::Error) -> Problem {
    Problem::malformed(format!("the body is not good JSON: {error}"))
}

/// The levels and values that are left.
#[derive(Clone, Copy)]
struct Room<'a> {
    depth: usize,
    values: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Room<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Tree, D::Error> {
        let left = self.values.get().checked_sub(1);
        self.values.set(left.ok_or_else(|| D::Error::custom("too many values"))?);
        reader.deserialize_any(self)
    }
}

impl Room<'_> {
    fn below<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))?;
        Ok(Self { depth, ..self })
    }
}

impl<'de> Visitor<'de> for Room<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Tree, E> {
        Number::from_f64(value).map(Tree::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let below = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(below)? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
        let below = self.below()?;
        let mut object = BTreeMap::new();
        while let Some(name) = fields.next_key::<String>()? {
            match object.entry(name) {
                Entry::Occupied(_) => return Err(A::Error::custom("a name is given twice in one object")),
                Entry::Vacant(place) => place.insert(fields.next_value_seed(below)?),
            };
        }
        Ok(Tree::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &[u8]) -> String {
        let problem = Tree::parse(json).err().expect("refused");
        assert_eq!(problem.status(), 400);
        problem.detail().to_owned()
    }

    #[test]
    fn bad_documents_are_refused_with_their_place() {
        assert!(refusal(b"{\"a\":1,}").contains("line 1 column 8"));
        assert!(refusal(b"").contains("EOF"));
        assert!(refusal(b"{} {}").contains("trailing"));
        assert!(refusal(b"{\"a\":1,\"b\":2,\"a\":3}").contains("twice"));
        assert!(refusal(b"{\"a\":{\"x\":1,\"x\":1}}").contains("twice"));
        assert!(refusal(b"\"\xff\"").contains("unicode"));
        assert!(refusal(b"[1e999]").contains("out of range"));
    }

    #[test]
    fn depth_is_bounded_without_a_deep_stack() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(Tree::parse(&nested(MAX_DEPTH)).is_ok());
        assert!(refusal(&nested(MAX_DEPTH + 1)).contains("deep"));
        assert!(refusal(&vec![b'['; 100_000]).contains("deep"));
    }

    #[test]
    fn values_are_bounded_wherever_they_stand() {
        let items = |count: usize| format!("{{\"keys\":[[{}]]}}", vec!["0"; count].join(","));
        assert!(Tree::parse(items(MAX_VALUES - 3).as_bytes()).is_ok());
        assert!(refusal(items(MAX_VALUES - 2).as_bytes()).contains("too many values"));
    }

    #[test]
    fn a_complaint_never_repeats_a_value() {
        for json in ["{\"password\":\"hunter2-hunter2\",}", "hunter2-hunter2", "\"hunter2-hunter2"] {
            assert!(!refusal(json.as_bytes()).contains("hunter2"), "{json}");
        }
    }
}
