//! Words into a command and its arguments. It knows the table and nothing of what commands do.

use super::command::{Command, Verb};
use super::table::commands;

/// What a line asks for.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Help, about these words (none: about everything).
    Help(Vec<String>),
    /// A command.
    Command(Verb, Args),
}

/// The arguments of a command.
#[derive(Debug, Default)]
pub(super) struct Args {
    pub(super) operands: Vec<String>,
    /// The result is one JSON document.
    pub(super) json: bool,
    flags: Vec<(&'static str, String)>,
}

impl Args {
    /// The value of an option.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The value of an option that an empty text clears: `Some(None)` then.
    pub(super) fn clearable(&self, name: &str) -> Option<Option<String>> {
        self.get(name).map(|text| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// All values of an option that may be repeated.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(flag, _)| *flag == name).map(|(_, value)| value.as_str())
    }

    /// A program reads the result, in one of the forms of JSON.
    pub(super) fn for_programs(&self) -> bool {
        self.json || self.has("--ndjson")
    }

    /// No arguments but whether the result is for a program.
    pub(super) fn of(json: bool) -> Self {
        Self { json, ..Self::default() }
    }

    /// Whether a switch is on.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// Parses a line's words; the error says what is wrong and what would be right.
pub(super) fn parse(words: &[String]) -> Result<Parsed, String> {
    let options_end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let asks_help = words[..options_end].iter().any(|word| word == "--help" || word == "-h");
    let meant = if asks_help { None } else { meant(words) };
    let words = meant.as_deref().unwrap_or(words);
    let Some(command) = find(words) else {
        let named: Vec<_> = words.iter().take_while(|word| !word.starts_with('-')).cloned().collect();
        let is_group = named.len() == 1 && commands().any(|command| command.words[0] == named[0]);
        return if named.is_empty() && (asks_help || words.is_empty()) || asks_help && is_group {
            Ok(Parsed::Help(named))
        } else {
            Err(unknown(&named))
        };
    };
    if asks_help {
        return Ok(Parsed::Help(command.words.iter().map(ToString::to_string).collect()));
    }
    let args = arguments(command, &words[command.words.len()..])?;
    Ok(Parsed::Command(command.verb, args))
}

/// The words in full, where they are short or other ones: a group alone lists what it has, or shows the one thing there
/// is, and `list` is `ls`.
fn meant(words: &[String]) -> Option<Vec<String>> {
    let named = words.iter().take_while(|word| !word.starts_with('-')).count();
    let (group, verbs): (_, &[&str]) = match &words[..named] {
        [group] if find(words).is_none() => (group, &["ls", "show"]),
        [group, verb] if verb == "list" => (group, &["ls"]),
        _ => return None,
    };
    let full =
        verbs.iter().find_map(|verb| commands().find(|command| command.words == [group.as_str(), verb]))?;
    Some(full.words.iter().map(ToString::to_string).chain(words[named..].iter().cloned()).collect())
}

/// The command these words begin with; of two, such as `budgets` and `budgets set`, the longer one.
pub(super) fn find(words: &[String]) -> Option<&'static Command> {
    let begins = |command: &&Command| {
        words.len() >= command.words.len()
            && command.words.iter().zip(words).all(|(have, given)| have == given)
    };
    commands().filter(begins).max_by_key(|command| command.words.len())
}

fn arguments(command: &Command, words: &[String]) -> Result<Args, String> {
    let mut args = Args::default();
    let mut words = words.iter();
    let mut only_operands = false;
    while let Some(word) = words.next() {
        if only_operands || !word.starts_with('-') || word == "-" {
            args.operands.push(word.clone());
        } else if word == "--" {
            only_operands = true;
        } else {
            option(command, &mut args, word, &mut words)?;
        }
    }
    let allowed = match command.operand {
        Some((name, required)) => {
            if required && args.operands.is_empty() {
                return Err(format!("{} is missing: {}", name, command.usage()));
            }
            if name.ends_with('…') { usize::MAX } else { 1 }
        }
        None => 0,
    };
    if let Some(extra) = args.operands.get(allowed) {
        return Err(format!("'{extra}' is too much: {}", command.usage()));
    }
    if args.json && args.has("--ndjson") {
        return Err("--json or --ndjson, not both".to_owned());
    }
    for flag in command.flags {
        if flag.required && !args.has(flag.name) {
            return Err(format!("{} is missing: {}", flag.name, command.usage()));
        }
    }
    Ok(args)
}

fn option<'a>(
    command: &Command,
    args: &mut Args,
    word: &str,
    rest: &mut impl Iterator<Item = &'a String>,
) -> Result<(), String> {
    let (name, inline) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let name = if name == "--env" { "--environment" } else { name };
    if name == "--json" && inline.is_none() {
        args.json = true;
        return Ok(());
    }
    let Some(flag) = command.flags.iter().find(|flag| flag.name == name) else {
        let known = command.flags.iter().map(|flag| flag.name).chain(["--json", "--help"]);
        let nearest = nearest(name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        return Err(format!("{} has no option {name}{nearest}", command.words.join(" ")));
    };
    let value = match (flag.value, inline) {
        (Some(_), Some(value)) => value,
        (Some(what), None) => {
            rest.next().cloned().ok_or_else(|| format!("{name} needs a value: {name} {what}"))?
        }
        (None, None) => String::new(),
        (None, Some(_)) => return Err(format!("{name} takes no value")),
    };
    if !flag.many && args.has(flag.name) {
        return Err(format!("{name} is given twice"));
    }
    args.flags.push((flag.name, value));
    Ok(())
}

fn unknown(named: &[String]) -> String {
    let given = named.join(" ");
    let given =
        if given.is_empty() { "an option without a command".to_owned() } else { format!("'{given}'") };
    let all: Vec<_> = commands().map(|command| command.words.join(" ")).collect();
    let first_words = named.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    let near = nearest(&first_words, all.iter().map(String::as_str))
        .or_else(|| nearest(named.first()?, all.iter().map(String::as_str)));
    match near {
        Some(near) => format!("unknown command {given}; did you mean {near}?"),
        None => format!("unknown command {given}"),
    }
}

fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        shlex::split(line).unwrap()
    }

    fn parsed(line: &str) -> (Verb, Args) {
        match parse(&words(line)) {
            Ok(Parsed::Command(verb, args)) => (verb, args),
            other => panic!("{line}: {other:?}"),
        }
    }

    fn fault(line: &str) -> String {
        parse(&words(line)).err().unwrap_or_else(|| panic!("{line} was accepted"))
    }

    #[test]
    fn options_come_in_every_usual_form() {
        let (verb, args) = parsed("keys add --name 'a b' --service=x --tag one --tag=two --env prod --json");
        assert_eq!(verb, Verb::KeysAdd);
        assert_eq!((args.get("--name"), args.get("--service")), (Some("a b"), Some("x")));
        assert_eq!(args.all("--tag").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(args.get("--environment"), Some("prod"));
        assert!(args.json);
        let (_, args) = parsed("keys show -- --odd");
        assert_eq!(args.operands, ["--odd"]);
    }

    #[test]
    fn a_group_alone_lists_or_shows() {
        for (line, verb) in [
            ("team", Verb::TeamLs),
            ("team --json", Verb::TeamLs),
            ("team list", Verb::TeamLs),
            ("tokens --json", Verb::TokensLs),
            ("keys --search x", Verb::KeysLs),
            ("profile", Verb::ProfileShow),
        ] {
            assert_eq!(parsed(line).0, verb, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        assert!(fault("kyes ls").contains("did you mean keys ls?"));
        assert!(fault("keys lst").contains("did you mean keys ls?"));
        assert!(fault("whomai").contains("did you mean whoami?"));
        assert!(fault("keys ls --serach x").contains("--search"));
        assert!(fault("keys add --name x").contains("--service is missing"));
        assert!(fault("keys show").contains("KEY is missing"));
        assert!(fault("keys show a b").contains("'b'"));
        assert!(fault("keys ls --tag a --tag b").contains("twice"));
        assert!(fault("keys ls --tag").contains("needs a value"));
        assert!(!fault("zzzzzzzzzzz").contains("did you mean"));
    }

    #[test]
    fn help_is_asked_for_in_several_ways() {
        for (line, topic) in [("", ""), ("--help", ""), ("keys --help", "keys"), ("keys add -h", "keys add")]
        {
            match parse(&words(line)) {
                Ok(Parsed::Help(words)) => assert_eq!(words.join(" "), topic),
                other => panic!("{line}: {other:?}"),
            }
        }
        assert_eq!(parsed("help keys add").1.operands, ["keys", "add"]);
    }
}
