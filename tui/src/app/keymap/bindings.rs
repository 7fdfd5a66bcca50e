//! The tables of keys, a group for each part of the dashboard: what a press does, what the footer and the palette show of
//! it, what help says, and which `ssh HOST …` line does the same. Which group holds where is decided in `keymap`.

use super::{Command as C, Scope as S};
use crate::term::input::{Key, KeyCode, Mods};

/// The keys of one part of the dashboard.
pub(crate) struct Group {
    pub(crate) scope: S,
    /// Its heading in help.
    pub(crate) title: &'static str,
    pub(crate) rows: &'static [Binding],
}

/// One row of a table.
pub(crate) struct Binding {
    pub(crate) command: C,
    /// The first is the one that is shown.
    pub(crate) keys: &'static [Key],
    /// One word for the footer.
    pub(crate) hint: &'static str,
    /// In the footer, higher stays longer; 0 is never shown there.
    pub(crate) priority: u8,
    /// A line for help and the palette.
    pub(crate) help: &'static str,
    /// What follows `ssh HOST` to do the same; `KEY` stands for the key at hand. Empty where nothing does.
    pub(crate) line: &'static str,
}

impl Binding {
    pub(super) const fn line(mut self, line: &'static str) -> Self {
        self.line = line;
        self
    }
}

pub(super) const fn row(
    command: C,
    keys: &'static [Key],
    hint: &'static str,
    priority: u8,
    help: &'static str,
) -> Binding {
    Binding { command, keys, hint, priority, help, line: "" }
}

pub(super) const fn c(c: char) -> Key {
    Key::char(c)
}
pub(super) const fn k(code: KeyCode) -> Key {
    Key::plain(code)
}
pub(super) const ENTER: Key = k(KeyCode::Enter);
pub(super) const ESC: Key = k(KeyCode::Esc);
pub(super) const TAB: Key = k(KeyCode::Tab);
pub(super) const SHIFT_TAB: Key = Key { code: KeyCode::Tab, mods: Mods::SHIFT };

/// The keys of the pages, in the order help shows them.
pub(super) static GROUPS: &[Group] = &[
    Group {
        scope: S::Home,
        title: "Home",
        rows: &[
            row(
                C::Open,
                &[ENTER, c('l'), k(KeyCode::Right)],
                "open",
                90,
                "Open the selected key, or the list of those meant",
            )
            .line("keys show KEY"),
            row(C::New, &[c('n')], "new key", 80, "Add a key").line("keys add --name NAME --service SERVICE"),
            row(C::Import, &[c('I')], "import", 15, "Add the keys of a .env text").line("import < .env"),
            row(C::Pause, &[c('p')], "pause", 40, "Hold the figures still, or let them go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read everything again"),
        ],
    },
    Group {
        scope: S::Keys,
        title: "List of keys",
        rows: &[
            row(C::Open, &[ENTER, c('l'), k(KeyCode::Right)], "open", 90, "Open the selected key")
                .line("keys show KEY"),
            row(C::New, &[c('n')], "new", 80, "Add a key").line("keys add --name NAME --service SERVICE"),
            row(
                C::Search,
                &[c('/')],
                "search",
                70,
                "Search; also env:prod tag:llm status:frozen team:ops unused:>30d",
            )
            .line("keys ls --search TEXT"),
            row(C::Mark, &[c(' ')], "mark", 60, "Mark the key, or take its mark away"),
            row(C::Sort, &[c('s')], "sort", 50, "Sort by age, name, service, last use, month, rotation")
                .line("keys ls --sort ORDER"),
            row(C::Hygiene, &[c('H')], "hygiene", 45, "Show the keys that stand out, one kind after another")
                .line("keys ls --hygiene WHAT"),
            row(C::Environment, &[c('E')], "environment", 40, "Show one environment, or all")
                .line("keys ls --environment ENV"),
            row(C::Status, &[c('S')], "status", 30, "Show active, inactive or expired keys, or all")
                .line("keys ls --status STATUS"),
            row(C::Switch, &[c('d')], "on/off", 35, "Switch the marked keys, or the selected one, off or on")
                .line("keys edit KEY --status STATUS"),
            row(C::Delete, &[c('D')], "delete", 30, "Move the marked keys, or the selected one, to the bin")
                .line("keys rm KEY"),
            row(C::Edit, &[c('e')], "edit", 25, "Change the key's name, service, tags, limit, rotation")
                .line("keys edit KEY"),
            row(C::Bin, &[c('B')], "bin", 20, "Show the keys in the bin").line("keys ls --bin"),
            row(C::Import, &[c('I')], "import", 15, "Add the keys of a .env text").line("import < .env"),
            row(C::Pause, &[c('p')], "pause", 28, "Hold the list and its figures still, or let them go on"),
            row(C::Back, &[ESC], "clear", 0, "Clear marks, search and filters"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the list again").line("keys ls"),
        ],
    },
    Group {
        scope: S::Bin,
        title: "The bin",
        rows: &[
            row(
                C::Restore,
                &[c('u'), ENTER],
                "restore",
                90,
                "Take the marked keys, or the selected one, back",
            )
            .line("keys restore KEY"),
            row(C::Search, &[c('/')], "search", 70, "Search what is in the bin"),
            row(C::Mark, &[c(' ')], "mark", 60, "Mark the key, or take its mark away"),
            row(C::Sort, &[c('s')], "sort", 50, "Sort by deletion, name, service, environment"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the bin again").line("keys ls --bin"),
        ],
    },
    Group {
        scope: S::Key,
        title: "A key's page",
        rows: &[
            row(C::Reveal, &[c('v')], "reveal", 90, "Show the value for 30 seconds, or hide it")
                .line("keys get KEY"),
            row(C::Copy, &[c('y')], "copy", 80, "Send the value to your terminal's clipboard")
                .line("keys get KEY"),
            row(C::Edit, &[c('e')], "edit", 65, "Change its name, service, tags, limit, rotation")
                .line("keys edit KEY"),
            row(C::Next, &[TAB], "panel", 70, "The next panel"),
            row(C::Previous, &[SHIFT_TAB], "", 0, "The panel before"),
            row(C::Switch, &[c('d')], "on/off", 50, "Switch the key off, or on again")
                .line("keys edit KEY --status STATUS"),
            row(C::Rotate, &[c('R')], "rotate", 55, "Rotate it now: first what would break is shown")
                .line("keys rotate KEY --dry-run"),
            row(C::SetValue, &[c('V')], "new value", 33, "Paste another value; the one before stays a while"),
            row(C::RollBack, &[c('b')], "roll back", 28, "Give up a rotation, or go back a version")
                .line("keys rollback KEY"),
            row(C::TickOff, &[c('t')], "tick off", 27, "An old version was revoked where it was made")
                .line("keys retire KEY --version N"),
            row(C::Emergency, &[c('!')], "at once", 0, "Rotate at once: nothing of the version before stays")
                .line("keys rotate KEY --emergency --confirm NAME"),
            row(C::Freeze, &[c('f')], "freeze", 35, "Freeze the key: counted, not fetched; or thaw it"),
            row(
                C::Decoy,
                &[c('x')],
                "decoy",
                0,
                "Mark the key as a decoy: whoever uses it is told of at once",
            )
            .line("keys edit KEY --decoy"),
            row(C::Pause, &[c('p')], "pause", 40, "Hold the live figures still, or let them go on"),
            row(C::Delete, &[c('D')], "delete", 30, "Move the key to the bin; it stays there for 30 days")
                .line("keys rm KEY"),
            row(C::Lines, &[c('Y')], "lines", 15, "Lines for curl and ssh about this key, to copy"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the key again").line("keys show KEY"),
        ],
    },
    Group {
        scope: S::Usage,
        title: "Charts of usage",
        rows: &[
            row(C::Span, &[c('t')], "span", 90, "Show the last hour, day, week, month or year")
                .line("usage --timeframe SPAN --csv"),
            row(
                C::Metric,
                &[c('x'), TAB],
                "requests/errors/latency",
                45,
                "Show requests, errors or response times",
            )
            .line("usage --metric METRIC --csv"),
            row(
                C::Breakdown,
                &[c('b')],
                "by",
                80,
                "Tell calls apart by key, team, endpoint, method, status, token …",
            )
            .line("usage --by WHAT"),
            row(C::Compare, &[c('c')], "compare", 50, "Show the period before too, or not")
                .line("usage --compare"),
            row(
                C::Search,
                &[c('/')],
                "narrow",
                70,
                "Choose keys, environment, days: key:NAME env:production from:DAY to:DAY",
            ),
            row(
                C::Open,
                &[ENTER],
                "look closer",
                40,
                "Open the selected key, or the keys of the selected line",
            ),
            row(C::Mark, &[c(' ')], "hide", 20, "Draw the selected line, or leave it out"),
            row(
                C::Left,
                &[k(KeyCode::Left), c('h')],
                "point",
                15,
                "Point at the moment before, and read its figures",
            ),
            row(C::Right, &[k(KeyCode::Right), c('l')], "", 0, "Point at the moment after"),
            row(C::Earlier, &[c('[')], "earlier", 25, "Show the days before these"),
            row(C::Later, &[c(']')], "", 0, "Show the days after these"),
            row(C::Step, &[c('s')], "step", 12, "A point every hour, day, week, month or year")
                .line("usage --step STEP"),
            row(
                C::Copy,
                &[c('y')],
                "copy CSV",
                60,
                "Send what is on screen to your terminal's clipboard as CSV",
            )
            .line("usage --csv"),
            row(C::CopyJson, &[c('J')], "", 0, "The same as JSON").line("usage --json"),
            row(C::Pause, &[c('p')], "pause", 10, "Hold the charts still, or let them go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the figures again"),
        ],
    },
    Group {
        scope: S::Rotation,
        title: "Rotation",
        rows: &[
            row(C::Open, &[ENTER], "open", 90, "Open the selected key").line("keys show KEY"),
            row(C::Next, &[TAB], "next list", 80, "To the queue, to the calendar, to what was"),
            row(C::Previous, &[SHIFT_TAB], "", 0, "The list before"),
            row(C::Left, &[k(KeyCode::Left), c('h')], "day before", 49, "In the calendar: to the day before"),
            row(C::Right, &[k(KeyCode::Right), c('l')], "next day", 50, "In the calendar: to the next day"),
            row(C::Pause, &[c('p')], "pause", 20, "Hold the lists still, or let them go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the rotations again"),
        ],
    },
    Group {
        scope: S::Billing,
        title: "Billing",
        rows: &[
            row(
                C::Open,
                &[ENTER, c('l'), k(KeyCode::Right)],
                "open",
                90,
                "Open the selected key, or what the selected model costs",
            )
            .line("keys show KEY"),
            row(C::Next, &[TAB], "models", 60, "To the models, and back to the keys"),
            row(
                C::New,
                &[c('n')],
                "budget",
                50,
                "Set what the keys with a tag may cost a month, or end that",
            )
            .line("budgets set TAG --budget AMOUNT"),
            row(C::Previous, &[SHIFT_TAB], "", 0, "The same"),
            row(C::Pause, &[c('p')], "pause", 10, "Hold the figures still, or let them go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the plan again"),
        ],
    },
    Group {
        scope: S::Monitor,
        title: "Monitor",
        rows: &[
            row(C::Pause, &[c('p')], "pause", 90, "Hold the figures still, or let them go on"),
            row(C::Refresh, &[c('r')], "refresh", 5, "Read the counters again"),
        ],
    },
];
