//! What a call's metadata says of the model it asked, its tokens and what it cost, under the names that people and providers use. It
//! refuses nothing: what it does not understand counts for nothing. The rest of the metadata is not its matter.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// The most that one call may count, tokens: what is above is a mistake, and must not drown a year.
const MOST_TOKENS: u64 = 1_000_000_000;

/// The most that one call may say it cost, millionths of the currency's unit.
const MOST_COST: f64 = 1e12;

/// The longest name of a model, bytes.
const LONGEST_MODEL: usize = 96;

/// Stands for the model of calls that report tokens and no model.
const NO_MODEL: &str = "unknown";

/// The model and the tokens of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reported<'a> {
    pub(super) model: Cow<'a, str>,
    /// Tokens sent, without those that were read from a cache.
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cached: u64,
    /// What it cost, where the call says so; millionths of the currency's unit.
    pub(super) cost: Option<u64>,
}

impl<'a> Reported<'a> {
    /// What a compact JSON object says; nothing when it speaks neither of a model nor of tokens.
    pub(super) fn of(metadata: &'a str) -> Option<Self> {
        // Nearly all that say nothing of it are recognised without being parsed.
        if !["odel\"", "oken", "cost"].iter().any(|word| metadata.contains(word)) {
            return None;
        }
        let mut found = Found::default();
        let mut json = serde_json::Deserializer::from_str(metadata);
        Field(&mut found, Word::Inside).deserialize(&mut json).ok()?;
        found.reported()
    }
}

/// What was read so far.
#[derive(Default)]
struct Found<'a> {
    model: Option<Cow<'a, str>>,
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    /// Tokens from a cache, which the provider counts among the input.
    cached_within: u64,
    /// The same, where they are counted beside it.
    cached_beside: u64,
    /// Tokens written to a cache, which are counted beside the input.
    written: u64,
    cost: Option<u64>,
}

impl<'a> Found<'a> {
    fn reported(self) -> Option<Reported<'a>> {
        let spoken = self.input.or(self.output).or(self.total).or(self.cost).is_some();
        let model = match self.model {
            Some(model) => model,
            None if spoken => Cow::Borrowed(NO_MODEL),
            None => return None,
        };
        let output = self.output.unwrap_or(0);
        // Of a lone total nobody knows the parts; it counts as input.
        let input = self.input.unwrap_or_else(|| self.total.unwrap_or(0).saturating_sub(output));
        let cached_within = self.cached_within.min(input);
        Some(Reported {
            model,
            input: input - cached_within + self.written,
            output,
            cached: cached_within + self.cached_beside,
            cost: self.cost,
        })
    }
}

/// What a member's name stands for.
#[derive(Clone, Copy)]
enum Word {
    Model,
    Input,
    Output,
    Total,
    CachedWithin,
    CachedBeside,
    Written,
    Cost,
    /// An object with such members.
    Inside,
}

impl Word {
    /// OpenAI's names (both of its APIs), Anthropic's, Google's, and the same in camel case.
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "model" | "modelName" | "model_name" => Self::Model,
            "prompt_tokens" | "promptTokens" | "input_tokens" | "inputTokens" | "promptTokenCount" => {
                Self::Input
            }
            "completion_tokens"
            | "completionTokens"
            | "output_tokens"
            | "outputTokens"
            | "candidatesTokenCount" => Self::Output,
            "tokens" | "total_tokens" | "totalTokens" | "totalTokenCount" => Self::Total,
            "cached_tokens" | "cachedTokens" | "cachedInputTokens" | "cachedContentTokenCount" => {
                Self::CachedWithin
            }
            "cache_read_input_tokens" | "cacheReadInputTokens" => Self::CachedBeside,
            "cache_creation_input_tokens" | "cacheCreationInputTokens" => Self::Written,
            "cost" | "cost_usd" | "costUsd" | "total_cost" | "totalCost" => Self::Cost,
            "usage"
            | "usageMetadata"
            | "prompt_tokens_details"
            | "promptTokensDetails"
            | "input_tokens_details"
            | "inputTokensDetails" => Self::Inside,
            _ => return None,
        })
    }
}

/// Reads one member's value into what was found. A value of another kind than it should be is passed over.
struct Field<'f, 'a>(&'f mut Found<'a>, Word);

impl<'a> Field<'_, 'a> {
    fn number(self, number: f64) {
        let Self(found, word) = self;
        // A cast ends at the type's bounds; below 0, and what is no number, is 0.
        let count = (number as u64).min(MOST_TOKENS);
        match word {
            Word::Cost => found.cost = Some((number * 1e6).min(MOST_COST).round() as u64),
            Word::Input => found.input = Some(count),
            Word::Output => found.output = Some(count),
            Word::Total => found.total = Some(count),
            Word::CachedWithin => found.cached_within = count,
            Word::CachedBeside => found.cached_beside = count,
            Word::Written => found.written = count,
            Word::Model | Word::Inside => {}
        }
    }

    fn name(self, name: Cow<'a, str>) {
        if let Word::Model = self.1 {
            self.0.model = tidy(name);
        }
    }
}

impl<'a> DeserializeSeed<'a> for Field<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Field<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.number(number as f64);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.number(number as f64);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.number(number);
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.name(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.name(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(found, place) = self;
        while let Some(name) = members.next_key::<Cow<'a, str>>()? {
            // `tokens` may be a number or hold the parts.
            let inside = matches!(place, Word::Inside | Word::Total);
            match Word::of(&name).filter(|_| inside) {
                Some(word) => members.next_value_seed(Field(found, word))?,
                None => _ = members.next_value::<IgnoredAny>()?,
            }
        }
        Ok(())
    }
}

/// A name of one line that is not too long; none when nothing is left of it.
fn tidy(name: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let plain =
        name.len() <= LONGEST_MODEL && !name.contains(char::is_control) && name.trim().len() == name.len();
    if plain {
        return (!name.is_empty()).then_some(name);
    }
    let mut short = String::new();
    for letter in name.trim().chars().filter(|letter| !letter.is_control()) {
        if short.len() + letter.len_utf8() > LONGEST_MODEL {
            break;
        }
        short.push(letter);
    }
    (!short.is_empty()).then_some(Cow::Owned(short))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(metadata: &str) -> Option<(String, [u64; 3])> {
        let found = Reported::of(metadata)?;
        Some((found.model.into_owned(), [found.input, found.output, found.cached]))
    }

    #[test]
    fn every_providers_names_are_understood() {
        for (metadata, model, tokens) in [
            (r#"{"model":"gpt-3.5-turbo","tokens":150}"#, "gpt-3.5-turbo", [150, 0, 0]),
            (
                r#"{"model":"m","usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":60}}}"#,
                "m",
                [40, 20, 60],
            ),
            (
                r#"{"usage":{"input_tokens":7,"output_tokens":5,"cache_read_input_tokens":90,"cache_creation_input_tokens":3},"model":"c"}"#,
                "c",
                [10, 5, 90],
            ),
            (
                r#"{"modelName":"g","usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"cachedContentTokenCount":2}}"#,
                "g",
                [7, 4, 2],
            ),
            (r#"{"model":"v","usage":{"promptTokens":3,"completionTokens":2}}"#, "v", [3, 2, 0]),
            (r#"{"model":"t","total_tokens":30,"output_tokens":10}"#, "t", [20, 10, 0]),
            (r#"{"model":"n"}"#, "n", [0, 0, 0]),
            (r#"{"tokens":{"input_tokens":1,"output_tokens":2}}"#, "unknown", [1, 2, 0]),
        ] {
            assert_eq!(read(metadata), Some((model.to_owned(), tokens)), "{metadata}");
        }
    }

    #[test]
    fn numbers_stay_sane_and_other_kinds_count_for_nothing() {
        let most = MOST_TOKENS;
        for (metadata, tokens) in [
            (r#"{"model":"m","tokens":-5}"#, [0, 0, 0]),
            (r#"{"model":"m","tokens":1e300}"#, [most, 0, 0]),
            (r#"{"model":"m","tokens":99999999999999999999}"#, [most, 0, 0]),
            (r#"{"model":"m","tokens":12.9}"#, [12, 0, 0]),
            (r#"{"model":"m","tokens":"many","prompt_tokens":[1],"output_tokens":null}"#, [0, 0, 0]),
            (r#"{"model":"m","prompt_tokens":5,"cached_tokens":50}"#, [0, 0, 5]),
            (r#"{"model":"m","a":{"model":"x","tokens":9},"b":[{"tokens":9}]}"#, [0, 0, 0]),
        ] {
            assert_eq!(read(metadata), Some(("m".to_owned(), tokens)), "{metadata}");
        }
        for (cost, micros) in [("0.0125", 12_500), ("-3", 0), ("1e300", 1_000_000_000_000), ("2", 2_000_000)]
        {
            let metadata = format!(r#"{{"model":"m","usage":{{"cost":{cost}}}}}"#);
            assert_eq!(Reported::of(&metadata).unwrap().cost, Some(micros), "{cost}");
        }
        for metadata in
            ["", "{}", r#"{"region":"eu"}"#, r#"{"model":7}"#, r#"{"model":" \n "}"#, r#"{"model":"#]
        {
            assert_eq!(read(metadata), None, "{metadata}");
        }
    }

    #[test]
    fn names_are_one_line_and_short() {
        let long = format!(r#"{{"model":"  a\u001b[2J{}"}}"#, "ü".repeat(200));
        let (model, _) = read(&long).unwrap();
        assert!(model.len() <= LONGEST_MODEL && model.starts_with("a[2Jü"), "{model}");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,200}", json in "[{}\\[\\]\":,0-9a-z_odeltkn]{0,200}") {
            let _ = (Reported::of(&text), Reported::of(&json));
        }
    }
}
