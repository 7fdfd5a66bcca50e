//! What somebody reads who has no account here yet: what this is, what the plans allow, how to get in. Lines of text that
//! scroll like any other output, in colours where the terminal has them; pure.

use keyward_keys::view::Subscription;
use keyward_keys::{Plan, Registration};
use ratatui::style::Style;

use crate::term::caps::Caps;
use crate::term::inline;
use crate::term::sanitize::term_safe;
use crate::theme::{Theme, Tone};
use crate::widgets::format;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::{width, wrap};

/// More than this is as good as no limit.
const PLENTY: u64 = 1_000_000;
/// Columns it takes at most: longer lines are not read well.
const COLUMNS: u16 = 84;
/// From this width on, what it does is told in a line each.
const WIDE: u16 = 72;
/// Below this height, only what one has to know is said, so that the first question is on the same screen.
const TALL: u16 = 20;

/// What it does, in a word and in a line.
const DOES: [(&str, &str); 4] = [
    ("sealed", "people and apps each have a lock of their own; the server need not"),
    ("rotated", "on a schedule; an old value stays until nothing uses it"),
    ("metered", "every call as it happens, with limits, costs and alerts"),
    ("shared", "by role; who looked at what is on record"),
];

type Line = Vec<(String, Tone)>;

/// The looks of a terminal that somebody sits at.
pub(crate) struct Look<'c> {
    caps: &'c Caps,
    theme: Theme,
    glyphs: &'static Glyphs,
}

impl<'c> Look<'c> {
    /// What this terminal shows well.
    pub(crate) fn of(caps: &'c Caps) -> Self {
        Self { caps, theme: Theme::new("auto", caps), glyphs: Glyphs::of(caps.utf8) }
    }

    /// One line of pieces, without its end.
    pub(crate) fn line(&self, pieces: &[(&str, Tone)]) -> String {
        let styled = pieces.iter().map(|(text, tone)| (*text, self.style(*tone)));
        inline::line(styled, self.caps, self.theme.palette())
    }

    /// A question: a mark, and what is asked for.
    pub(crate) fn question(&self, text: &str) -> String {
        self.line(&[(self.glyphs.crumb, Tone::Accent), (" ", Tone::Text), (text, Tone::Strong)])
    }

    /// That something went well.
    pub(crate) fn done(&self, text: &str) -> String {
        self.line(&[(self.glyphs.check, Tone::Good), (" ", Tone::Text), (text, Tone::Strong)])
    }

    /// What is wrong, a line each.
    pub(crate) fn wrong(&self, text: &str) -> String {
        let mark =
            |line| self.line(&[(self.glyphs.cross, Tone::Bad), (" ", Tone::Text), (line, Tone::Text)]) + "\n";
        text.lines().map(mark).collect()
    }

    fn style(&self, tone: Tone) -> Style {
        self.theme.style(tone)
    }
}

/// The lines for a window of so many columns and rows; `address` is where the visitor is.
pub(crate) fn text(
    look: &Look<'_>,
    (columns, rows): (u16, u16),
    address: &str,
    registration: Registration,
    plans: &[Subscription],
) -> String {
    let columns = columns.saturating_sub(1).clamp(20, COLUMNS);
    let tall = rows >= TALL;
    let host = address.split_once('@').map_or(address, |(_, host)| host);
    let mut text = if tall { "\n" } else { "" }.to_owned();
    let mut say = |lines: Vec<Line>| {
        for line in lines {
            let pieces: Vec<(&str, Tone)> = line.iter().map(|(text, tone)| (&**text, *tone)).collect();
            text.push_str(look.line(&pieces).trim_end());
            text.push('\n');
        }
        text.push_str(if tall { "\n" } else { "" });
    };
    let mut head = head(look, columns, &term_safe(host));
    if !tall {
        head.truncate(1);
    }
    say(head);
    if tall {
        let about = "It keeps a team's API keys. People come over ssh, as you do; apps use REST.";
        say(told(about, columns, Tone::Text));
    }
    say(does(look, columns));
    say(table(plans, columns));
    let mut end = told(way_in(registration), columns, Tone::Text);
    end.extend(told(
        "A few questions make your account; Ctrl-C leaves, and nothing is kept.",
        columns,
        Tone::Dim,
    ));
    say(end);
    text
}

/// The product's name, where this is, and a rule.
fn head(look: &Look<'_>, columns: u16, host: &str) -> Vec<Line> {
    let brand = format!("{} Keyward", look.glyphs.brand);
    let room = columns.saturating_sub(width(&brand)).saturating_sub(width(host));
    let mut first = vec![(brand, Tone::Accent)];
    if room > 0 {
        first.push((" ".repeat(room.into()), Tone::Text));
        first.push((host.to_owned(), Tone::Dim));
    }
    vec![first, vec![(look.glyphs.rule.repeat(columns.into()), Tone::Faint)]]
}

/// What it does.
fn does(look: &Look<'_>, columns: u16) -> Vec<Line> {
    if columns < WIDE {
        let words: Vec<&str> = DOES.iter().map(|(word, _)| *word).collect();
        return told(&format!("Keys are {}.", words.join(", ")), columns, Tone::Dim);
    }
    let line = |(word, what): &(&str, &str)| {
        vec![
            (format!("{} ", look.glyphs.brand), Tone::Accent),
            (format!("{word:<9}"), Tone::Strong),
            ((*what).to_owned(), Tone::Dim),
        ]
    };
    DOES.iter().map(line).collect()
}

/// What each plan allows.
fn table(plans: &[Subscription], columns: u16) -> Vec<Line> {
    let calls = if columns < 44 { "CALLS A MONTH" } else { "REQUESTS A MONTH" };
    let line = |name: &str, keys: &str, many: &str, tone| {
        let calls = usize::from(width(calls));
        vec![(format!("{name:<12}"), tone), (format!("{keys:>10}  {many:>calls$}"), Tone::Dim)]
    };
    let mut lines = vec![line("PLAN", "API KEYS", calls, Tone::Dim)];
    lines.extend(plans.iter().map(|plan| {
        let name = match plan.plan {
            Plan::Free => "Free",
            Plan::Pro => "Pro",
            Plan::Enterprise => "Enterprise",
        };
        let (keys, calls) =
            (limit(plan.limits.api_keys), limit(plan.limits.monthly_requests / 1_000 * 1_000));
        line(name, &keys, &calls, Tone::Strong)
    }));
    lines
}

/// How one gets in.
fn way_in(registration: Registration) -> &'static str {
    match registration {
        Registration::Open => "Anybody may sign up. A code from a team lets you in there at once.",
        Registration::Invite => "You join with a code: from a team that invites you, or from an operator.",
        Registration::Closed => "Nobody can sign up here by themselves: an operator gives you a code.",
    }
}

fn told(text: &str, columns: u16, tone: Tone) -> Vec<Line> {
    wrap(text, columns).into_iter().map(|line| vec![(line, tone)]).collect()
}

fn limit(number: u64) -> String {
    if number > PLENTY { "any number".to_owned() } else { format::count(number) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::caps::Depth;
    use crate::term::environment::Environment;
    use keyward_keys::Plans;

    fn said(caps: &Caps, size: (u16, u16), registration: Registration) -> String {
        let plans: Vec<_> = Plans::ALL.into_iter().map(|plan| Plans::default().subscription(plan)).collect();
        text(&Look::of(caps), size, "join@keys.example.com\u{1b}[2J", registration, &plans)
    }

    fn caps(term: &str) -> Caps {
        let mut environment = Environment::default();
        environment.insert("LANG", "C.UTF-8");
        Caps::detect(term, &environment)
    }

    #[test]
    fn a_visitor_reads_what_this_is_and_how_to_get_in() {
        for size in [(40, 12), (80, 24), (200, 60)] {
            let plain = said(&caps("dumb"), size, Registration::Open);
            insta::assert_snapshot!(format!("welcome-{}x{}", size.0, size.1), plain);
            assert!(plain.lines().all(|line| width(line) < size.0), "{plain}");
            assert!(!plain.contains('\u{1b}'), "names of hosts can steer nothing");
        }
        let of = |registration| said(&caps("dumb"), (80, 24), registration);
        assert!(of(Registration::Invite).contains("with a code"));
        assert!(of(Registration::Closed).contains("an operator gives you"));
    }

    #[test]
    fn colours_change_no_word_of_it_and_end_with_it() {
        for (term, depth) in
            [("xterm-256color", Depth::TrueColor), ("xterm", Depth::Ansi16), ("vt100", Depth::Mono)]
        {
            let mut caps = caps(term);
            caps.depth = depth;
            let text = said(&caps, (80, 24), Registration::Open);
            assert!(text.contains('\u{1b}'), "{term} shows more than plain text");
            let mut terminal = vt100::Parser::new(40, 80, 0);
            terminal.process(text.replace('\n', "\r\n").as_bytes());
            let plain = said(&self::caps("dumb"), (80, 24), Registration::Open);
            // The emulator shows no replacement character.
            let row = |line: &str| line.replace('\u{fffd}', "").trim_end().to_owned();
            let rows = |text: &str| text.lines().map(row).collect::<Vec<_>>();
            assert_eq!(rows(&terminal.screen().contents()), rows(plain.trim_end()), "{term}");
            assert_eq!(terminal.screen().fgcolor(), vt100::Color::Default);
            assert!(!terminal.screen().bold());
        }
    }
}
