//! What a live client is sent: an event's name, its data, and its place in the order of events. Written once, however
//! many are sent it.

use std::fmt;
use std::str::FromStr;

use axum::extract::ws::Utf8Bytes;
use serde::Serialize;

/// A place in the order of events of one start of the daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Seq {
    /// Names the start; drawn at random.
    pub(crate) start: u32,
    /// Rises by one with each event, whoever it is for.
    pub(crate) number: u64,
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.start, self.number)
    }
}

/// The text is not a `seq` of ours.
#[derive(Debug)]
pub(crate) struct NotSeq;

impl FromStr for Seq {
    type Err = NotSeq;

    fn from_str(text: &str) -> Result<Self, NotSeq> {
        let (start, number) = text.split_once('-').ok_or(NotSeq)?;
        Ok(Self {
            start: u32::from_str_radix(start, 16).map_err(|_| NotSeq)?,
            number: number.parse().map_err(|_| NotSeq)?,
        })
    }
}

/// An event as it is sent.
pub(crate) struct Message {
    /// Its name in the specification.
    pub(crate) event: &'static str,
    /// Its place; messages for one client alone have none.
    pub(crate) seq: Option<Seq>,
    /// `{"event":…,"data":…}`
    text: Utf8Bytes,
    /// Where `data` begins in it; it ends before the last byte.
    data: usize,
}

#[derive(Serialize)]
struct Data<'a, T> {
    #[serde(flatten)]
    data: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<String>,
}

impl Message {
    /// `data` is an object; `seq` is added to it.
    pub(crate) fn new(event: &'static str, seq: Option<Seq>, data: &impl Serialize) -> Self {
        let mut text = format!("{{\"event\":\"{event}\",\"data\":");
        let start = text.len();
        // Our own views always can be written; if one could not, an empty object would be told.
        let data = serde_json::to_string(&Data { data, seq: seq.map(|seq| seq.to_string()) });
        text.push_str(data.as_deref().unwrap_or("{}"));
        text.push('}');
        Self { event, seq, text: text.into(), data: start }
    }

    /// The whole, for a plain WebSocket.
    pub(crate) fn text(&self) -> Utf8Bytes {
        self.text.clone()
    }

    /// The data alone, as JSON.
    pub(crate) fn data(&self) -> &str {
        &self.text[self.data..self.text.len() - 1]
    }

    /// Bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_message_is_one_json_object_and_its_data_another() {
        let seq = Seq { start: 0xbeef, number: 7 };
        let message = Message::new("notification", Some(seq), &json!({"a": [1, "}"]}));
        let whole: Value = serde_json::from_str(&message.text()).unwrap();
        assert_eq!(whole, json!({"event": "notification", "data": {"a": [1, "}"], "seq": "0000beef-7"}}));
        assert_eq!(serde_json::from_str::<Value>(message.data()).unwrap(), whole["data"]);
    }

    #[test]
    fn a_place_is_read_as_it_is_written_and_nothing_else_is() {
        let seq = Seq { start: 0xdead_beef, number: u64::MAX };
        assert_eq!(seq.to_string().parse::<Seq>().ok(), Some(seq));
        for wrong in ["", "-", "1", "x-1", "1-x", "1-", "123456789-1", "1--1"] {
            assert!(wrong.parse::<Seq>().is_err(), "{wrong}");
        }
    }
}
