//! `.env` text, read and written without any expansion: a `$` is a `$`. Pure; it knows neither keys nor callers.
//!
//! What is read, an assignment each: `NAME=value`, also after `export`. A value that does not begin with a quote goes to
//! the end of its line, without the white space around it and without a comment (` #…`); nothing in it is special. One
//! that does is a word as in a shell: pieces in single quotes stand for themselves, in pieces in double quotes `\n`,
//! `\r`, `\t`, `\"`, `\\`, `\$` and `` \` `` are escapes, and between pieces a backslash quotes the next character.
//! Quoted pieces may go over lines. What is written is single-quoted, always, so that a shell reads the same value.

use std::fmt::Write as _;

use secrecy::SecretString;
use zeroize::Zeroizing;

/// One assignment.
pub struct Assignment {
    /// Its line, from 1.
    pub line: usize,
    /// The name; empty when what stands there is none, for it may be a piece of a value.
    pub name: String,
    /// The value, or what is wrong with it.
    pub value: Result<SecretString, &'static str>,
}

/// Reads every assignment of a text, in order. What is none is told as one, with its line.
pub fn parse(text: &str) -> impl Iterator<Item = Assignment> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
    std::iter::from_fn(move || reader.assignment())
}

/// Writes an assignment, with its line's end.
pub fn write(out: &mut String, name: &str, value: &str) {
    let quoted = Zeroizing::new(value.replace('\'', r"'\''"));
    // Writing into a String does not fail.
    let _ = writeln!(out, "{name}='{}'", *quoted);
}

/// The variable for a key of this name: its letters (A to Z) in upper case, digits and `_` stay, and whatever stands
/// between them becomes one `_`. One that would begin with a digit gets a `_` before it. None when nothing is left.
pub fn variable(name: &str) -> Option<String> {
    let mut variable = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() && c != '_' {
            gap = true;
            continue;
        }
        if (gap && !variable.is_empty()) || (variable.is_empty() && c.is_ascii_digit()) {
            variable.push('_');
        }
        gap = false;
        variable.push(c.to_ascii_uppercase());
    }
    (!variable.is_empty()).then_some(variable)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    fn assignment(&mut self) -> Option<Assignment> {
        self.skip_empty();
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (head, _) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        let Some((name, _)) = head.split_once('=') else {
            self.end_line();
            let value = Err("is no assignment; write NAME=value");
            return Some(Assignment { line, name: String::new(), value });
        };
        self.rest = &self.rest[name.len() + 1..];
        let name = name.trim();
        let name = name.strip_prefix("export ").map_or(name, str::trim_start).to_owned();
        let (name, value) = match is_name(&name) {
            true => (name, self.value()),
            false => (String::new(), Err("has no name before its =; use letters, digits and _")),
        };
        if value.is_err() {
            self.end_line();
        }
        Some(Assignment { line, name, value: value.map(|value| value.as_str().into()) })
    }

    /// Passes over empty lines and comments.
    fn skip_empty(&mut self) {
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            self.take(blank);
            if !self.rest.starts_with('#') {
                return;
            }
            self.end_line();
        }
    }

    fn value(&mut self) -> Result<Zeroizing<String>, &'static str> {
        let blank = self.rest.len() - self.rest.trim_start_matches([' ', '\t']).len();
        let spaced = blank > 0;
        self.take(blank);
        if self.rest.starts_with(['\'', '"']) {
            let word = self.word()?;
            let (after, _) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            let comment = after.starts_with([' ', '\t']) && after.trim_start().starts_with('#');
            if !after.trim().is_empty() && !comment {
                return Err("has something after its closing quote");
            }
            self.end_line();
            return Ok(word);
        }
        let (line, _) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        let mut marks = line.char_indices().scan(spaced, |blank, (at, c)| {
            let comment = *blank && c == '#';
            *blank = c == ' ' || c == '\t';
            Some((at, comment))
        });
        let end = marks.find(|(_, comment)| *comment).map_or(line.len(), |(at, _)| at);
        let value = Zeroizing::new(line[..end].trim().to_owned());
        self.end_line();
        Ok(value)
    }

    /// Quoted pieces up to the first character that is in none.
    fn word(&mut self) -> Result<Zeroizing<String>, &'static str> {
        const OPEN: &str = "has no closing quote";
        let mut word = Zeroizing::new(String::with_capacity(self.rest.len().min(1024)));
        loop {
            match self.rest.chars().next() {
                Some('\'') => {
                    let length = self.rest[1..].find('\'').ok_or(OPEN)?;
                    word.push_str(&self.rest[1..=length]);
                    self.take(length + 2);
                }
                Some('"') => {
                    let length = double_quoted(&self.rest[1..], &mut word).ok_or(OPEN)?;
                    self.take(length + 1);
                }
                Some('\\') => {
                    let quoted =
                        self.rest[1..].chars().next().filter(|c| *c != '\n').ok_or("ends in a backslash")?;
                    word.push(quoted);
                    self.take(1 + quoted.len_utf8());
                }
                Some(c) if !c.is_whitespace() => return Err("has something after its closing quote"),
                _ => return Ok(word),
            }
        }
    }

    fn end_line(&mut self) {
        let length = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
        self.take(length);
    }

    fn take(&mut self, length: usize) {
        self.line += self.rest[..length].matches('\n').count();
        self.rest = &self.rest[length..];
    }
}

/// Reads up to and with the closing quote; answers how many bytes that were.
fn double_quoted(text: &str, word: &mut String) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some(at + 1),
            '\\' => match chars.next()?.1 {
                'n' => word.push('\n'),
                'r' => word.push('\r'),
                't' => word.push('\t'),
                quoted @ ('"' | '\\' | '$' | '`') => word.push(quoted),
                other => word.extend(['\\', other]),
            },
            c => word.push(c),
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    /// `line NAME=value` or `line NAME!fault`, for each.
    fn read(text: &str) -> Vec<String> {
        let show = |assignment: Assignment| {
            let Assignment { line, name, value } = assignment;
            match value {
                Ok(value) => format!("{line} {name}={}", value.expose_secret()),
                Err(fault) => format!("{line} {name}!{fault}"),
            }
        };
        parse(text).map(show).collect()
    }

    #[test]
    fn nothing_is_expanded() {
        let text = "A=p$HOME-x\nB=\"p$HOME ${X} \\$Y `z`\"\nC='$HOME'\nD=a\\nb\n";
        assert_eq!(read(text), ["1 A=p$HOME-x", "2 B=p$HOME ${X} $Y `z`", "3 C=$HOME", "4 D=a\\nb"]);
    }

    #[test]
    fn what_people_write_is_read() {
        let text = "\u{feff}# comment\r\n\r\nexport A=one two  # more\r\nB = x#y\n C=\nD=\"a\\n\\\"b\\\"\\q\"\n\
                    E='multi\nline' # end\nF='it'\\''s'\"!\"\nG=#x\nH= #x\nI=http://h/p?a=b&c='d'";
        assert_eq!(
            read(text),
            [
                "3 A=one two",
                "4 B=x#y",
                "5 C=",
                "6 D=a\n\"b\"\\q",
                "7 E=multi\nline",
                "9 F=it's!",
                "10 G=#x",
                "11 H=",
                "12 I=http://h/p?a=b&c='d'",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line_and_spoils_nothing() {
        let text = "A=1\noops\n2B=x\n=y\nC='a'b\nD=\"open\nE=2";
        let told = read(text);
        assert_eq!(told[0], "1 A=1");
        assert!(told[1].starts_with("2 !") && told[2].starts_with("3 !") && told[3].starts_with("4 !"));
        assert!(told[4].starts_with("5 C!") && told[5].starts_with("6 D!"));
        assert_eq!(told[6], "7 E=2");
    }

    #[test]
    fn a_piece_of_a_value_is_never_told() {
        let text = "KEY=-----BEGIN PRIVATE KEY-----\nMIIEvQ-secret\nAoGBA/secret==\n'secret'=\n";
        assert!(!read(text)[1..].concat().contains("secret"), "{:?}", read(text));
    }

    #[test]
    fn names_become_variables() {
        for (name, expected) in [
            ("OpenAI Production Key", "OPENAI_PRODUCTION_KEY"),
            ("database_url", "DATABASE_URL"),
            ("stripe-live (eu)", "STRIPE_LIVE_EU"),
            ("  2nd key ", "_2ND_KEY"),
            ("a__b", "A__B"),
            ("münze", "M_NZE"),
        ] {
            assert_eq!(variable(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!((variable("日本"), variable("—")), (None, None));
    }

    #[test]
    fn a_shell_reads_what_is_written() {
        let value = "it's $HOME `x` \\n \"q\" #c\nsecond line\t!";
        let mut text = String::new();
        write(&mut text, "A", value);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let script = format!(". {}; printf %s \"$A\"", file.path().display());
        let read = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(read.stdout).unwrap(), value);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(values in prop::collection::vec("\\PC*|[ -~\\n\\r\\t'\"\\\\$#=]*", 1..8)) {
            let mut text = String::new();
            for (number, value) in values.iter().enumerate() {
                write(&mut text, &format!("V{number}"), value);
            }
            let read: Vec<_> = parse(&text).map(|a| (a.name, a.value.unwrap().expose_secret().to_owned())).collect();
            let written: Vec<_> = values.into_iter().enumerate().map(|(number, value)| (format!("V{number}"), value)).collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn any_text_is_read_and_what_was_read_is_written(text in "\\PC*|[ -~\\n'\"\\\\$#=]*|([AB]=|['\"\\\\#\\n =a])*") {
            let read: Vec<_> = parse(&text).collect();
            prop_assert!(read.is_sorted_by(|a, b| a.line < b.line));
            let mut written = String::new();
            let values = read.iter().filter_map(|one| Some((&one.name, one.value.as_ref().ok()?.expose_secret())));
            let values: Vec<_> = values.collect();
            values.iter().for_each(|(name, value)| write(&mut written, name, value));
            let again: Vec<_> = parse(&written).map(|one| (one.name, one.value.unwrap())).collect();
            let again: Vec<_> = again.iter().map(|(name, value)| (name, value.expose_secret())).collect();
            prop_assert_eq!(again, values);
        }
    }
}
