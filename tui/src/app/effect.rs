//! What goes into the screens and what comes out: events, effects, questions and answers. Plain values only; this
//! file holds no behaviour and must not know who carries an effect out.

use keyward_keys::Id;
use keyward_keys::event::Event;
use keyward_keys::input::{
    AuditQuery, ImportWords, KeyPatch, KeyQuery, NewBudget, NewKey, Reveal, SeriesQuery, UsageQuery, WhatIf,
};
use keyward_keys::view::{
    AuditPage, AuditView, BillingView, BudgetView, HomeView, ImportReport, KeyAccess, KeyHygiene, KeyPage,
    KeyStatus, KeyView, LiveView, MonitorView, Revealed, TeamView, UsageOverview, UsageReport, UsageSeries,
    UserView, VersionView, WhatIfView,
};
use secrecy::SecretString;

use crate::app::asks::{
    AccountAnswer, AccountQuery, AlertAnswer, AlertAsk, InboxAnswer, InboxQuery, RotationAnswer, RotationAsk,
    TeamAnswer, TeamQuery, WebhookAnswer, WebhookAsk,
};
use crate::notice::Notice;
use crate::term::caps::Caps;
use crate::term::input::Input;

/// What the screens need to know of the place they run in.
#[derive(Clone, Debug)]
pub struct HostInfo {
    /// How this person reaches this host: `ssh -p 2222 ana@localhost`. Shown in hints; commands are appended to it.
    pub ssh_command: String,
    /// The host as shown in the header: `ana@localhost`.
    pub address: String,
    /// They are on the daemon's own machine, where a way back over SSH is nothing to tell of when they leave.
    pub at_hand: bool,
}

impl HostInfo {
    /// How `login` reaches an SSH door at this name or address, and port.
    pub fn reached(name: &str, port: u16, login: &str) -> Self {
        let address = format!("{login}@{name}");
        let ssh_command = match port {
            22 => format!("ssh {address}"),
            port => format!("ssh -p {port} {address}"),
        };
        Self { ssh_command, address, at_hand: false }
    }

    /// The same for somebody at the daemon's own machine.
    pub fn at_hand(port: u16, login: &str) -> Self {
        Self { at_hand: true, ..Self::reached("localhost", port, login) }
    }

    /// What is said to whoever leaves.
    pub(crate) fn goodbye(&self) -> String {
        if self.at_hand {
            "Goodbye.".to_owned()
        } else {
            format!("Goodbye. Come back with: {}", self.ssh_command)
        }
    }
}

/// Where somebody is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The section, by its name.
    pub section: &'static str,
    /// The key whose page is open.
    pub key: Option<Id>,
}

/// Why a session will end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ends {
    /// No key was pressed for long.
    Idle,
    /// It has lasted as long as one may.
    TooLong,
    /// The daemon goes down.
    Restart,
}

/// Names a question, so that a late answer to a withdrawn one can be told and dropped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// Something that happened to a session.
pub enum AppEvent {
    /// A key, a paste, the mouse.
    Input(Input),
    /// The terminal has this size now. Sent once after `App::new`, then at every change.
    Resize {
        /// Columns.
        cols: u16,
        /// Rows.
        rows: u16,
    },
    /// The terminal told more about itself.
    Caps(Caps),
    /// Something happened in the core.
    Domain(Event),
    /// The answer to a question.
    Answer {
        /// Which question.
        request: RequestId,
        /// What came of it.
        result: Result<Answer, Notice>,
    },
    /// The session itself has something to say.
    Notice(Notice),
    /// The session ends at this moment (ms since the Unix epoch).
    Ends {
        /// Why.
        why: Ends,
        /// When.
        at_ms: i64,
    },
    /// No key was pressed for so long that nothing is shown any more until the password is typed.
    Lock,
    /// It does not end for want of a key any more.
    Stays,
    /// The terminal takes frames slowly, or as fast as they come again.
    Slow(bool),
    /// The moment `App::next_tick` asked for has come.
    Tick,
}

/// What the session should do.
pub enum Effect {
    /// Ask the core; hand the answer back as [`AppEvent::Answer`] under the same id. Every question gets an answer.
    Request {
        /// The question's id.
        id: RequestId,
        /// The question.
        query: Query,
    },
    /// Put this on the person's clipboard by OSC 52.
    Copy(SecretString),
    /// Set the window's title (already safe to write).
    SetTitle(String),
    /// Report the mouse (true) or leave it to the terminal, so that text can be selected (false).
    Mouse(bool),
    /// Ring the bell.
    Bell,
    /// Restore the terminal, print this one line, and end the session with status 0.
    Quit {
        /// The line.
        message: String,
    },
}

/// A question to the core; each is one call of `Service`, except where it says otherwise.
pub enum Query {
    /// `keys`, answered by [`Answer::Keys`].
    List(KeyQuery),
    /// `key` for each of these that still exists, for the rows on screen; answered by [`Answer::Rows`].
    Rows(Vec<Id>),
    /// `live_rates`, answered by [`Answer::Rates`].
    Rates(Vec<Id>),
    /// `key`, answered by [`Answer::Key`].
    Key(Id),
    /// `live`, answered by [`Answer::Live`].
    Live(Id),
    /// `usage`, answered by [`Answer::Usage`].
    Usage(Id, UsageQuery),
    /// `versions`, answered by [`Answer::Versions`].
    Versions(Id),
    /// `key_access`, answered by [`Answer::Access`].
    Access(Id),
    /// `key_audit`, the newest records, answered by [`Answer::Trail`].
    Trail(Id),
    /// `usage_series`, answered by [`Answer::Series`].
    Series(Box<SeriesQuery>),
    /// `create_key`, answered by [`Answer::Key`].
    Create(Box<NewKey>),
    /// `update_key` with the revision that was seen, answered by [`Answer::Key`].
    Update {
        /// Which key.
        id: Id,
        /// What changes.
        patch: Box<KeyPatch>,
        /// The revision on screen.
        revision: u64,
    },
    /// `add_version` with the revision that was seen, then `key`; answered by [`Answer::Key`].
    SetValue {
        /// Which key.
        id: Id,
        /// The new value.
        value: SecretString,
        /// The revision on screen.
        revision: u64,
    },
    /// `delete_key` with the revision that was seen, answered by [`Answer::Key`].
    Delete {
        /// Which key.
        id: Id,
        /// The revision on screen.
        revision: u64,
    },
    /// One thing done to these keys, to all of them or none: `batch`, answered by [`Answer::Many`].
    Many(Deed, Vec<Id>),
    /// `key_hygiene`, answered by [`Answer::Hygiene`].
    Hygiene,
    /// `teams`, answered by [`Answer::Teams`].
    Teams,
    /// A value made by this template, answered by [`Answer::Generated`]. It concerns no key yet, so it is no call of
    /// `Service`.
    Generate(String),
    /// `import_in_words`, answered by [`Answer::Imported`].
    Import(Box<ImportWords>, SecretString),
    /// `reveal`, answered by [`Answer::Revealed`].
    Reveal(Id, Reveal),
    /// `lock_again`, answered by [`Answer::Locked`].
    Lock,
    /// `prove`, answered by [`Answer::Proved`].
    Prove(SecretString),
    /// `unlock`, answered by [`Answer::Unlocked`]: the session holds what it gives.
    Unlock(SecretString),
    /// `what_if`, answered by [`Answer::WhatIf`].
    WhatIf(Box<WhatIf>),
    /// `billing`, answered by [`Answer::Billing`].
    Billing,
    /// `set_tag_budget`, or without an amount `end_budget_of_tag`, answered by [`Answer::TagBudget`].
    TagBudget(NewBudget),
    /// `monitor`, answered by [`Answer::Monitor`].
    Monitor,
    /// `me`, answered by [`Answer::Me`].
    Me,
    /// `names_of`, answered by [`Answer::Names`].
    Names(Vec<Id>),
    /// `audit`, answered by [`Answer::Audit`].
    Audit(Box<AuditQuery>),
    /// About teams, answered by [`Answer::Team`].
    Team(TeamQuery),
    /// About one's own account, answered by [`Answer::Account`].
    Account(AccountQuery),
    /// About notifications and support, answered by [`Answer::Inbox`].
    Inbox(InboxQuery),
    /// About webhooks, answered by [`Answer::Webhooks`].
    Webhooks(WebhookAsk),
    /// About rotation, answered by [`Answer::Rotation`].
    Rotation(RotationAsk),
    /// About alerts and the rules for them, answered by [`Answer::Alerts`].
    Alerts(AlertAsk),
    /// `home`, answered by [`Answer::Home`].
    Home,
    /// `usage_overview` of the last day, answered by [`Answer::Day`].
    Day,
}

/// What can be done to several keys at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// `delete_key`: to the bin.
    Delete,
    /// `restore_key`: back from it.
    Restore,
    /// `update_key`: to this status. One that stands so already is passed over.
    Switch(KeyStatus),
    /// `update_key`: frozen, or not. One that is so already is passed over.
    Freeze(bool),
}

/// What came of a question.
pub enum Answer {
    /// A page of keys.
    Keys(KeyPage),
    /// Single keys, in any order.
    Rows(Vec<KeyView>),
    /// The last 60 seconds of each key, calls a second, oldest first; the last entry is the current second.
    Rates(Vec<(Id, Vec<u32>)>),
    /// One key, as it is now.
    Key(Box<KeyView>),
    /// One key's last two minutes.
    Live(Box<LiveView>),
    /// A report.
    Usage(Box<UsageReport>),
    /// A key's versions, newest first.
    Versions(Vec<VersionView>),
    /// Who may do what with a key.
    Access(Box<KeyAccess>),
    /// What was done to a key, newest first.
    Trail(Vec<AuditView>),
    /// Which keys something was done to; or why it was done to none of them.
    Many {
        /// Done to these.
        done: Vec<Id>,
        /// What is wrong, once for each key that stood in the way.
        refused: Vec<Notice>,
    },
    /// A value that belongs to no key yet.
    Generated(SecretString),
    /// What became of keys that were brought in, or what would.
    Imported(ImportReport),
    /// How many keys stand out.
    Hygiene(KeyHygiene),
    /// The person's teams.
    Teams(Vec<TeamView>),
    /// Usage as lines of a chart.
    Series(Box<UsageSeries>),
    /// How a limit or a budget would have fared.
    WhatIf(Box<WhatIfView>),
    /// The person's plan.
    Billing(Box<BillingView>),
    /// The budget of a tag as it stands; none when it has ended.
    TagBudget(Option<Box<BudgetView>>),
    /// The running daemon.
    Monitor(Box<MonitorView>),
    /// A value that was opened.
    Revealed(Revealed),
    /// The person's own key was opened.
    Unlocked,
    /// What was unlocked is not any more.
    Locked,
    /// The password is right.
    Proved,
    /// The person.
    Me(Box<UserView>),
    /// The names behind ids, as far as they may be known.
    Names(Vec<(Id, String)>),
    /// A page of audit records.
    Audit(AuditPage),
    /// What came of a question about teams.
    Team(TeamAnswer),
    /// What came of a question about one's own account.
    Account(AccountAnswer),
    /// What came of a question about notifications or support.
    Inbox(InboxAnswer),
    /// What came of a question about webhooks.
    Webhooks(WebhookAnswer),
    /// What came of a question about rotation.
    Rotation(RotationAnswer),
    /// What came of a question about alerts.
    Alerts(AlertAnswer),
    /// What wants attention.
    Home(Box<HomeView>),
    /// The last day of all keys.
    Day(Box<UsageOverview>),
}
