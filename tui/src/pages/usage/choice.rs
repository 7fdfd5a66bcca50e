//! What the chart is asked to show: the span, what calls are told apart by, whose they are. As a question to the core, in
//! words, and as the line for a shell.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use keyward_keys::input::{Breakdown, KeyRef, SeriesQuery, Step, UsageQuery};
use keyward_keys::{Environment, Id};

use keyward_keys::table::Metric;

/// A span that has a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Span {
    Hour,
    Day,
    #[default]
    Week,
    Month,
    Year,
}

impl Span {
    pub(super) const ALL: [Self; 5] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Hour | Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Year => 365,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Hour => "60 minutes",
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Year => "365 days",
        }
    }
}

/// Everything that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) metric: Metric,
    pub(super) span: Span,
    /// First and last day, instead of a span.
    pub(super) dates: Option<(Date, Date)>,
    pub(super) step: Option<Step>,
    pub(super) by: Option<Breakdown>,
    pub(super) compare: bool,
    /// Names or ids.
    pub(super) keys: Vec<String>,
    pub(super) environment: Option<Environment>,
    pub(super) team: Option<(Id, String)>,
    /// All keys of the instance, for operators.
    pub(super) instance: bool,
}

impl Default for Choice {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            span: Span::default(),
            dates: None,
            step: None,
            by: None,
            compare: true,
            keys: Vec::new(),
            environment: None,
            team: None,
            instance: false,
        }
    }
}

const BREAKDOWNS: [Option<Breakdown>; 9] = [
    None,
    Some(Breakdown::Key),
    Some(Breakdown::Environment),
    Some(Breakdown::Team),
    Some(Breakdown::Endpoint),
    Some(Breakdown::Method),
    Some(Breakdown::Status),
    Some(Breakdown::Token),
    Some(Breakdown::Model),
];

const STEPS: [Option<Step>; 6] =
    [None, Some(Step::Hour), Some(Step::Day), Some(Step::Week), Some(Step::Month), Some(Step::Year)];

fn after<T: Copy + PartialEq>(all: &[T], now: T) -> T {
    let at = all.iter().position(|one| *one == now).map_or(0, |at| at + 1);
    all[at % all.len()]
}

/// A breakdown's word.
pub(super) fn breakdown_word(by: Breakdown) -> &'static str {
    match by {
        Breakdown::Key => "key",
        Breakdown::Environment => "environment",
        Breakdown::Team => "team",
        Breakdown::Model => "model",
        Breakdown::Endpoint => "endpoint",
        Breakdown::Method => "method",
        Breakdown::Status => "status",
        Breakdown::Token => "token",
    }
}

/// A step's word, as commands take it.
pub(super) fn step_word(step: Step) -> &'static str {
    match step {
        Step::Minute => "minute",
        Step::QuarterHour => "quarter-hour",
        Step::Hour => "hour",
        Step::Day => "day",
        Step::Week => "week",
        Step::Month => "month",
        Step::Year => "year",
    }
}

fn step_named(word: &str) -> Option<Step> {
    let all = [Step::Minute, Step::QuarterHour, Step::Hour, Step::Day, Step::Week, Step::Month, Step::Year];
    all.into_iter().find(|step| step_word(*step).eq_ignore_ascii_case(word))
}

impl Choice {
    pub(super) fn next_span(&mut self) {
        (self.span, self.dates, self.step) = (after(&Span::ALL, self.span), None, None);
    }

    /// Tokens and cost are only passed where there are `tokens`.
    pub(super) fn next_metric(&mut self, tokens: bool) {
        let metrics = if tokens { &Metric::ALL[..] } else { &Metric::OF_CALLS };
        self.metric = after(metrics, self.metric);
    }

    pub(super) fn next_breakdown(&mut self) {
        self.by = after(&BREAKDOWNS, self.by);
    }

    pub(super) fn next_step(&mut self) {
        self.step = after(&STEPS, self.step);
    }

    /// Moves a whole span back or on, never beyond today. False for the last hour: nothing finer than a day can be moved.
    pub(super) fn turn(&mut self, back: bool, today: Date) -> bool {
        if self.dates.is_none() && self.span == Span::Hour {
            return false;
        }
        let (first, last) = self.dates.unwrap_or_else(|| {
            let first = if self.span == Span::Day {
                today
            } else {
                today.saturating_sub((self.span.days() - 1).days())
            };
            (first, today)
        });
        let days = i64::from((last - first).get_days()) + 1;
        let by = if back { -days } else { days };
        let (first, last) = (first.saturating_add(by.days()), last.saturating_add(by.days()));
        let now = days == self.span.days() && last >= today && self.span != Span::Day;
        self.dates = if now || first > today { None } else { Some((first, last)) };
        true
    }

    /// Nothing is chosen but how it is shown.
    pub(super) fn narrowed(&self) -> bool {
        !self.keys.is_empty()
            || self.environment.is_some()
            || self.team.is_some()
            || self.dates.is_some()
            || self.instance
    }

    /// All that narrows goes.
    pub(super) fn widen(&mut self) {
        (self.keys, self.environment, self.team, self.dates) = (Vec::new(), None, None, None);
        (self.step, self.by, self.instance) = (None, None, false);
    }

    /// Takes what was typed: `key:NAME env:production from:2026-11-01 to:2026-11-15 step:day`. Says what it could not take.
    pub(super) fn read(&mut self, text: &str, today: Date) -> Result<(), String> {
        let mut next =
            Self { span: self.span, metric: self.metric, compare: self.compare, ..Self::default() };
        let (mut first, mut last) = (None, None);
        let words = shlex::split(text).ok_or("A quotation mark is left open.")?;
        for word in &words {
            let (term, value) = word.split_once(':').unwrap_or(("key", word));
            let unknown = || format!("{term}: knows no {value}.");
            match term {
                "key" if !value.is_empty() => next.keys.push(value.to_owned()),
                "env" | "environment" => {
                    next.environment = Some(keyward_keys::input::environment(value).ok_or_else(unknown)?);
                }
                "of" if value == "instance" => next.instance = true,
                "from" => first = Some(day(value)?),
                "to" => last = Some(day(value)?),
                "step" => next.step = Some(step_named(value).ok_or_else(unknown)?),
                "by" => {
                    let by = BREAKDOWNS.into_iter().flatten().find(|by| breakdown_word(*by) == value);
                    next.by = Some(by.ok_or_else(unknown)?);
                }
                _ => return Err(format!("{word}: there are key: env: of:instance from: to: step: by:")),
            }
        }
        if first.is_some() || last.is_some() {
            let last = last.unwrap_or(today);
            let first = first.unwrap_or_else(|| last.saturating_sub(6.days()));
            if first > last {
                return Err("from: is after to:".to_owned());
            }
            next.dates = Some((first, last));
        }
        if next.keys.len() > 1 && next.by.is_none() {
            next.by = Some(Breakdown::Key);
        }
        *self = next;
        Ok(())
    }

    /// The question for the core.
    pub(super) fn query(&self) -> SeriesQuery {
        let date = |date: Date| Some(date.to_string());
        SeriesQuery {
            span: UsageQuery {
                timeframe: self.dates.is_none().then(|| self.span.word().to_owned()),
                start_date: self.dates.and_then(|(first, _)| date(first)),
                end_date: self.dates.and_then(|(_, last)| date(last)),
                timezone: None,
            },
            step: self.step,
            by: self.by,
            keys: self.keys.iter().map(|key| KeyRef::Named(key.clone(), self.environment)).collect(),
            environment: self.environment,
            team: self.team.as_ref().map(|(team, _)| *team),
            instance: self.instance,
            compare: self.compare,
        }
    }

    /// What follows `ssh HOST` to get the same in this form: `--csv` or `--json`.
    pub(super) fn command(&self, form: &str) -> String {
        let mut words = vec!["usage".to_owned()];
        let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
        match self.dates {
            Some((first, last)) => {
                option("--from", &first.to_string());
                option("--to", &last.to_string());
            }
            None => option("--timeframe", self.span.word()),
        }
        self.step.into_iter().for_each(|step| option("--step", step_word(step)));
        self.by.into_iter().for_each(|by| option("--by", breakdown_word(by)));
        self.keys.iter().for_each(|key| option("--key", key));
        let environment = self.environment.map(crate::pages::marks::environment_word);
        environment.into_iter().for_each(|word| option("--environment", word));
        self.team.iter().for_each(|(team, _)| option("--team", &team.to_string()));
        words.extend(self.instance.then(|| "--instance".to_owned()));
        words.extend(["--metric".to_owned(), self.metric.word().to_owned()]);
        words.extend(self.compare.then(|| "--compare".to_owned()));
        words.push(form.to_owned());
        words.join(" ")
    }

    /// The span in words: `the last 7 days`.
    pub(super) fn span_words(&self) -> String {
        match self.dates {
            None => format!("the last {}", self.span.words()),
            Some((first, last)) if first == last => first.to_string(),
            Some((first, last)) => format!("{first} to {last}"),
        }
    }

    /// The period before in words.
    pub(super) fn before_words(&self) -> String {
        match self.dates {
            None => format!("the {} before", self.span.words()),
            Some((first, last)) if first == last => "the day before".to_owned(),
            Some((first, last)) => format!("the {} days before", (last - first).get_days() + 1),
        }
    }
}

/// A word of a shell on either side of ssh.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("\"'{}'\"", value.replace(['\'', '"', '\\', '$', '`'], "?"))
    }
}

fn day(text: &str) -> Result<Date, String> {
    let day = text
        .parse::<Date>()
        .ok()
        .or_else(|| Some(text.parse::<Timestamp>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).date()));
    day.ok_or_else(|| format!("{text} is no day such as 2026-11-25."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 11, 25);

    #[test]
    fn what_is_typed_becomes_a_question_and_a_line_for_a_shell() {
        let mut choice = Choice::default();
        choice
            .read("stripe-live key:\"my key\" env:prod from:2026-11-01 to:2026-11-15 step:day", TODAY)
            .unwrap();
        assert_eq!(choice.keys, ["stripe-live", "my key"]);
        assert_eq!((choice.by, choice.step), (Some(Breakdown::Key), Some(Step::Day)));
        assert_eq!(choice.environment, Some(Environment::Production));
        let query = choice.query();
        assert_eq!((query.span.start_date.as_deref(), query.span.timeframe), (Some("2026-11-01"), None));
        assert_eq!(
            choice.command("--csv"),
            "usage --from 2026-11-01 --to 2026-11-15 --step day --by key --key stripe-live --key \"'my key'\" \
             --environment production --metric requests --compare --csv"
        );
        for wrong in [
            "from:2026-13-01",
            "env:mars",
            "step:blink",
            "color:red",
            "\"open",
            "from:2026-11-09 to:2026-11-02",
        ] {
            let before = choice.clone();
            assert!(choice.read(wrong, TODAY).is_err(), "{wrong}");
            assert_eq!(choice, before);
        }
        assert_eq!(
            Choice::default().command("--csv"),
            "usage --timeframe week --metric requests --compare --csv"
        );
    }

    #[test]
    fn a_span_turns_back_and_on_again() {
        let mut choice = Choice::default();
        assert!(choice.turn(true, TODAY));
        assert_eq!(choice.dates, Some((jiff::civil::date(2026, 11, 12), jiff::civil::date(2026, 11, 18))));
        assert_eq!(choice.before_words(), "the 7 days before");
        choice.turn(false, TODAY);
        assert_eq!(choice.dates, None);
        choice.turn(false, TODAY);
        assert_eq!(choice.dates, None, "there is nothing after today");
        let mut all = Choice::default();
        all.read("of:instance by:status", TODAY).unwrap();
        assert!(all.narrowed() && all.query().instance);
        assert_eq!(
            all.command("--csv"),
            "usage --timeframe week --by status --instance --metric requests --compare --csv"
        );
        all.widen();
        assert!(!all.query().instance);
        let mut hour = Choice { span: Span::Hour, ..Choice::default() };
        assert!(!hour.turn(true, TODAY));
        let mut day = Choice { span: Span::Day, ..Choice::default() };
        day.turn(true, TODAY);
        assert_eq!(day.span_words(), "2026-11-24");
        day.turn(false, TODAY);
        assert_eq!(day.span_words(), "2026-11-25");
        day.turn(false, TODAY);
        assert_eq!(day.span_words(), "the last 24 hours");
    }
}
