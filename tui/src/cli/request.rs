//! A command as an object of JSON, or as a line of words: what programs send instead of arguments and standard input. It
//! knows the table, and does nothing.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::command::{Command, Verb};
use super::parse::{self, Args, Parsed};

/// The longest id, in bytes.
const LONGEST_ID: usize = 128;

/// A command with what it reads.
pub(super) struct Request {
    pub(super) verb: Verb,
    pub(super) args: Args,
    /// What standard input would be.
    pub(super) input: Option<SecretString>,
}

/// An object of JSON with a command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    /// The words: `keys add`, also as `keys.add`.
    #[serde(alias = "method")]
    command: String,
    /// Words, or options and the operand by name.
    #[serde(default, alias = "params")]
    args: Value,
    input: Option<String>,
}

/// The id of a request alone, for whoever answers that the rest of it is wrong.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// The JSON of an id that can be sent back: a text, a number, or `null` when there is none.
fn id(raw: Option<&RawValue>) -> Option<String> {
    match raw.map(RawValue::get) {
        None | Some("null") => Some("null".to_owned()),
        Some(raw) => {
            (raw.len() <= LONGEST_ID && !raw.starts_with(['{', '[', 't', 'f'])).then(|| raw.to_owned())
        }
    }
}

/// Text that may be an object: a list of the same values in their order is none.
fn object(text: &[u8]) -> &[u8] {
    if text.trim_ascii_start().starts_with(b"{") { text } else { b"" }
}

/// The JSON of the id in this text, as far as it can be told.
pub(super) fn id_of(text: &[u8]) -> String {
    let named: Option<Named<'_>> = serde_json::from_slice(object(text)).ok();
    named.and_then(|named| id(named.id)).unwrap_or_else(|| "null".to_owned())
}

/// What only a client of the subsystem can ask for: that a watch ends. Answers the JSON of the watch's id.
pub(super) fn stops(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Stop<'a> {
        #[serde(alias = "method")]
        command: &'a str,
        #[serde(borrow, alias = "params")]
        args: [&'a RawValue; 1],
    }
    let stop: Stop<'_> = serde_json::from_slice(object(text)).ok()?;
    if stop.command == "stop" { id(Some(stop.args[0])) } else { None }
}

impl Request {
    /// A line of words, split as a POSIX shell would.
    pub(super) fn of_line(text: &str) -> Result<Self, String> {
        let words = shlex::split(text).ok_or("a quote is not closed")?;
        let (verb, args) = command(&words)?;
        Ok(Self { verb, args, input: None })
    }

    /// An object of JSON: `{"command": "keys add", "args": {"name": "mail"}, "input": "…"}`. Its result is for a program.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| match object(text) {
            [] => "this is no request: a request is an object of JSON".to_owned(),
            _ => format!("this is no request: {error}"),
        };
        let Written { id: raw, command: name, args, input } =
            serde_json::from_slice(object(text)).map_err(wrong)?;
        let input = input.map(SecretString::from);
        id(raw).ok_or_else(|| format!("id is a text or a number of at most {LONGEST_ID} bytes"))?;
        let mut words: Vec<String> =
            name.split([' ', '.']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        match args {
            Value::Null => {}
            Value::Array(more) => {
                for word in more {
                    words.push(text_of(word).ok_or("args are texts and numbers")?);
                }
            }
            Value::Object(named) => {
                let found =
                    parse::find(&words).ok_or_else(|| format!("unknown command '{}'", words.join(" ")))?;
                let mut operands = Vec::new();
                for (name, value) in named {
                    spell(found, &name, value, &mut words, &mut operands)?;
                }
                words.push("--".to_owned());
                words.append(&mut operands);
            }
            _ => return Err("args is a list of words, or an object".to_owned()),
        }
        let (verb, mut args) = command(&words)?;
        args.json = true;
        Ok(Self { verb, args, input })
    }
}

/// One named argument as words.
fn spell(
    command: &Command,
    name: &str,
    value: Value,
    words: &mut Vec<String>,
    operands: &mut Vec<String>,
) -> Result<(), String> {
    let is_operand =
        command.operand.is_some_and(|(operand, _)| operand.trim_end_matches('…').eq_ignore_ascii_case(name));
    let values = match value {
        Value::Null | Value::Bool(false) => return Ok(()),
        Value::Array(values) => values,
        value => vec![value],
    };
    for value in values {
        match value {
            Value::Bool(true) if !is_operand => words.push(format!("--{}", dashed(name))),
            value => {
                let text =
                    text_of(value).ok_or_else(|| format!("{name} is a text, a number, true or a list"))?;
                if is_operand {
                    operands.push(text);
                } else {
                    words.push(format!("--{}={text}", dashed(name)));
                }
            }
        }
    }
    Ok(())
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `monthlyLimit`, as the REST schema has it, as `monthly-limit`.
fn dashed(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn command(words: &[String]) -> Result<(Verb, Args), String> {
    match parse::parse(words)? {
        Parsed::Command(verb, args) => Ok((verb, args)),
        Parsed::Help(_) => Err("say which command; help lists them".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn arguments_come_as_words_or_by_name() {
        for text in [
            r#"{"command":"keys add","args":["--name","a b","--service=S","--tag","x","--tag","-y","--monthly-limit","5"],"input":"v"}"#,
            r#"{"id":7,"method":"keys.add","params":{"name":"a b","service":"S","tag":["x","-y"],"monthlyLimit":5,"team":null,"passphraseStdin":false},"input":"v"}"#,
        ] {
            let Request { verb, args, input } = Request::read(text.as_bytes()).unwrap();
            assert_eq!(
                (verb, args.get("--name"), args.get("--service")),
                (Verb::KeysAdd, Some("a b"), Some("S"))
            );
            assert_eq!(
                (args.all("--tag").collect::<Vec<_>>(), args.get("--monthly-limit")),
                (vec!["x", "-y"], Some("5"))
            );
            assert!(args.json && !args.has("--passphrase-stdin"));
            assert_eq!(input.unwrap().expose_secret(), "v");
        }
        let request =
            Request::read(br#"{"command":"keys show","args":{"key":"--odd","env":"prod"}}"#).unwrap();
        assert_eq!(
            (request.args.operands.as_slice(), request.args.all("--environment").count()),
            (["--odd".to_owned()].as_slice(), 1)
        );
        let request = Request::read(br#"{"command":"watch","args":{"key":["a","b"],"count":1}}"#).unwrap();
        assert_eq!(request.args.operands, ["a", "b"]);
    }

    #[test]
    fn garbage_is_told_and_the_id_of_it_sent_back_where_there_is_one() {
        for (text, told, id) in [
            ("", "no request", "null"),
            ("[1]", "no request", "null"),
            (r#"{"id":1}"#, "command", "1"),
            (r#"{"id":"a\nb","command":"keys ls","more":1}"#, "more", r#""a\nb""#),
            (r#"{"id":{},"command":"keys ls"}"#, "id is", "null"),
            (r#"{"id":2,"command":"nosuch"}"#, "unknown command", "2"),
            (r#"{"id":2,"command":"nosuch","args":{}}"#, "unknown command", "2"),
            (r#"{"id":2,"command":"keys ls","args":5}"#, "args is", "2"),
            (r#"{"id":2,"command":"keys ls","args":[[]]}"#, "args are", "2"),
            (r#"{"id":2,"command":"keys ls","args":{"search":{}}}"#, "search is", "2"),
            (r#"{"id":2,"command":"keys ls","args":{"serach":"x"}}"#, "did you mean --search", "2"),
            (r#"{"id":2,"command":"--help"}"#, "which command", "2"),
        ] {
            let fault = Request::read(text.as_bytes()).err().unwrap_or_else(|| panic!("{text} was accepted"));
            assert!(fault.contains(told), "{text}: {fault}");
            assert_eq!(id_of(text.as_bytes()), id, "{text}");
        }
    }
}
