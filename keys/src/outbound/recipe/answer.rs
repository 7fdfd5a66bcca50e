//! Finding things in a provider's answer: JSON, or XML read as if it were JSON. An answer is strange until it is found
//! to have what the recipe says.

use serde_json::{Map, Value};

use crate::outbound::client::Answer;

/// An answer's body, whatever it was written in.
pub(super) struct Document(Value);

impl Document {
    /// Reads a body; an empty or unreadable one has nothing in it.
    pub(super) fn read(answer: &Answer, xml: bool) -> Self {
        let body = answer.body.expose();
        let read = if xml {
            std::str::from_utf8(body).ok().and_then(|text| roxmltree::Document::parse(text).ok()).map(
                |document| {
                    let root = document.root_element();
                    Value::Object(Map::from_iter([(root.tag_name().name().to_owned(), element(root))]))
                },
            )
        } else {
            serde_json::from_slice(body).ok()
        };
        Self(read.unwrap_or(Value::Null))
    }

    pub(super) fn get(&self, pick: &Pick) -> Option<&Value> {
        pick.of(&self.0)
    }

    /// A text, number or truth at this place, as text.
    pub(super) fn text(&self, pick: &Pick) -> Option<String> {
        self.get(pick).and_then(text)
    }

    /// The values of a list. Of XML, where one element is no list, that one; and none where the element that would have
    /// them is there.
    pub(super) fn items(&self, pick: &Pick) -> Option<Vec<&Value>> {
        let Some(found) = self.get(pick) else {
            let around =
                pick.0.rsplit_once('/').map(|(around, _)| around).filter(|around| !around.is_empty());
            return around.and_then(|around| self.0.pointer(around)).map(|_| Vec::new());
        };
        match found {
            Value::Array(items) => Some(items.iter().collect()),
            Value::Object(_) => Some(vec![found]),
            // An empty element, or nothing.
            Value::String(text) if text.is_empty() => Some(Vec::new()),
            Value::Null => Some(Vec::new()),
            Value::String(_) | Value::Number(_) | Value::Bool(_) => None,
        }
    }
}

/// A text, number or truth, as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Elements by name, several of one name as a list; text where there are none.
fn element(node: roxmltree::Node<'_, '_>) -> Value {
    let mut fields = Map::new();
    for child in node.children().filter(roxmltree::Node::is_element) {
        let (name, value) = (child.tag_name().name(), element(child));
        match fields.get_mut(name) {
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(fields.insert(name.to_owned(), value)),
        }
    }
    if fields.is_empty() {
        return Value::String(node.text().unwrap_or_default().trim().to_owned());
    }
    Value::Object(fields)
}

/// A place in an answer: a JSON pointer (RFC 6901). The empty one is all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pick(pub(super) String);

impl Pick {
    pub(super) fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        value.pointer(&self.0)
    }
}

/// Where a page names the one after it.
#[derive(Clone, Debug)]
pub(super) enum Cursor {
    /// At this place of the answer.
    Value(Pick),
    /// In an address at this place: the field of its query that the next page is asked for with. Nothing else of the
    /// address counts, so that no answer leads anywhere.
    Link(Pick),
    /// At this place of the page's last key.
    Last(Pick),
}

impl Cursor {
    /// What the next page is asked for with; none when this was the last.
    pub(super) fn of(&self, document: &Document, items: &[&Value], query: &str) -> Option<String> {
        match self {
            Self::Value(at) => document.text(at),
            Self::Last(at) => items.last().and_then(|item| at.of(item)).and_then(text),
            Self::Link(at) => {
                let link = document.text(at)?;
                let fields = link.split_once('?')?.1.split('#').next()?.as_bytes();
                let field = url::form_urlencoded::parse(fields).find(|(name, _)| name == query);
                field.map(|(_, value)| value.into_owned())
            }
        }
    }
}

/// How a list goes on.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// The answer names what the next page is asked for with, while `more` is true (when told).
    Cursor { query: String, from: Cursor, more: Option<Pick> },
    /// Pages are counted from this number, until one is empty.
    Page { query: String, first: u32 },
    /// Keys are counted from 0, until a page is empty.
    Offset { query: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_read_by_the_same_pointers() {
        let text = "<?xml version=\"1.0\"?><R xmlns=\"urn:x\"><A><m><Id>1</Id></m><m><Id>2</Id></m></A><B><m><Id>3</Id></m></B><C/></R>";
        let document = roxmltree::Document::parse(text).unwrap();
        let root = document.root_element();
        let document = Document(Value::Object(Map::from_iter([("R".to_owned(), element(root))])));
        let count = |at: &str| document.items(&Pick(at.to_owned())).map(|items| items.len());
        assert_eq!(
            (count("/R/A/m"), count("/R/B/m"), count("/R/C"), count("/S/D")),
            (Some(2), Some(1), Some(0), None)
        );
        assert_eq!(document.text(&Pick("/R/A/m/1/Id".to_owned())).as_deref(), Some("2"));
    }
}
