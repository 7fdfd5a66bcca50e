//! A small team's keys and a stage to show them on: a dashboard whose questions are answered from these samples. For
//! tests and pictures; everything follows from the arguments, nothing from the clock.

#[path = "sample_alerts.rs"]
mod alerts;
#[path = "sample_charts.rs"]
mod charts;
#[path = "sample_costs.rs"]
mod costs;
#[path = "sample_history.rs"]
mod history;
#[path = "sample_inbox.rs"]
pub(crate) mod inbox;
#[path = "sample_keys.rs"]
mod of_keys;
#[path = "sample_operations.rs"]
mod operations;
#[path = "sample_people.rs"]
pub(crate) mod people;
#[path = "sample_rotation.rs"]
mod rotation;

use jiff::Timestamp;
use keyward_keys::input::{KeyQuery, KeySort};
use keyward_keys::view::{
    BudgetOwner, KeyPage, KeyView, Pagination, PlanLimits, PreferencesView, Revealed, Subscription, UserView,
};
use keyward_keys::{Id, Plan};
use keyward_tui::app::{Answer, App, AppEvent, Effect, HostInfo, Query, RequestId};
use keyward_tui::notice::Notice;
use keyward_tui::term::caps::{Caps, Depth};
use keyward_tui::term::environment::Environment as Variables;
use keyward_tui::term::input::{Input, Key, KeyCode};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

#[path = "sample_home.rs"]
mod home;

use of_keys::{MINUTE, report, span};
pub(crate) use of_keys::{key, keys, live, summary};

/// The moment of all samples.
pub(crate) const NOW_MS: i64 = 1_795_356_000_000;

/// How colours are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look {
    Dark,
    Light,
    Ansi16,
    Mono,
}

impl Look {
    pub(crate) const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Ansi16, Self::Mono];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Ansi16 => "ansi16",
            Self::Mono => "mono",
        }
    }

    /// A terminal that shows colours so.
    pub(crate) fn caps(self) -> Caps {
        let mut caps = Caps::detect("xterm-256color", &Variables::default());
        caps.depth = match self {
            Self::Dark | Self::Light => Depth::TrueColor,
            Self::Ansi16 => Depth::Ansi16,
            Self::Mono => Depth::Mono,
        };
        caps.light_background = Some(self == Self::Light);
        caps
    }
}

pub(crate) fn id(n: usize) -> Id {
    let mut bytes = [0x5a; 12];
    bytes[..8].copy_from_slice(&(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Id::from_bytes(bytes)
}

pub(crate) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn user() -> UserView {
    UserView {
        id: id(900),
        name: "Ana Ruiz".to_owned(),
        email: "ana@example.com".to_owned(),
        email_verified: true,
        login: "ana".to_owned(),
        operator: true,
        subscription: Subscription {
            plan: Plan::Pro,
            limits: PlanLimits { api_keys: 100, monthly_requests: 1_000_000 },
        },
        time_zone: "UTC".to_owned(),
        preferences: PreferencesView {
            theme: "auto".to_owned(),
            notifications: true,
            muted: Vec::new(),
            share_viewing: false,
            quiet_hours: Some("22:00-07:00".to_owned()),
        },
        theme: "auto".to_owned(),
        unlock_passphrase: false,
        notifications: true,
        two_factor_enabled: false,
        last_login: None,
        created_at: moment(NOW_MS - 90 * 1_440 * MINUTE),
    }
}

pub(crate) fn host() -> HostInfo {
    HostInfo {
        ssh_command: "ssh -p 2222 ana@keys.example.com".to_owned(),
        address: "ana@keys.example.com".to_owned(),
        at_hand: false,
    }
}

/// A dashboard and those who answer it.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) keys: Vec<KeyView>,
    pub(crate) now_ms: i64,
    pub(crate) size: (u16, u16),
    /// Questions are kept here instead of being answered.
    pub(crate) hold: bool,
    pub(crate) held: Vec<(RequestId, Query)>,
    /// Effects that are no questions.
    pub(crate) effects: Vec<Effect>,
}

impl Stage {
    pub(crate) fn new(keys: Vec<KeyView>, caps: &Caps, size: (u16, u16)) -> Self {
        let (app, effects) = App::new(user(), host(), caps, NOW_MS);
        let mut stage =
            Self { app, keys, now_ms: NOW_MS, size, hold: false, held: Vec::new(), effects: Vec::new() };
        stage.carry_out(effects);
        stage.send(AppEvent::Resize { cols: size.0, rows: size.1 });
        stage
    }

    pub(crate) fn send(&mut self, event: AppEvent) {
        let effects = self.app.on(event, self.now_ms);
        self.carry_out(effects);
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.send(AppEvent::Input(Input::Key(key)));
    }

    /// Presses keys: characters, and `\r` for Enter, `\t` for Tab, `\x1b` for Escape; `\n` lets a minute pass.
    pub(crate) fn press(&mut self, text: &str) {
        for c in text.chars() {
            if c == '\n' {
                self.pass(60_000);
                continue;
            }
            self.key(match c {
                '\r' => Key::plain(KeyCode::Enter),
                '\t' => Key::plain(KeyCode::Tab),
                '\x1b' => Key::plain(KeyCode::Esc),
                c => Key::char(c),
            });
        }
    }

    /// Lets time pass, with the ticks the dashboard asks for; answers how many.
    pub(crate) fn pass(&mut self, ms: i64) -> usize {
        let (end, mut ticks) = (self.now_ms + ms, 0);
        while let Some(at) = self.app.next_tick(self.now_ms).filter(|at| *at <= end) {
            self.now_ms = at.max(self.now_ms + 1);
            self.send(AppEvent::Tick);
            ticks += 1;
        }
        self.now_ms = end;
        ticks
    }

    pub(crate) fn answer(&mut self, request: RequestId, result: Result<Answer, Notice>) {
        self.send(AppEvent::Answer { request, result });
    }

    pub(crate) fn screen(&self) -> (Buffer, Option<Position>) {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buf = Buffer::empty(area);
        let cursor = self.app.paint(area, &mut buf, self.now_ms);
        (buf, cursor)
    }

    /// The screen's text, a line a row.
    pub(crate) fn text(&self) -> String {
        let (buf, _) = self.screen();
        let row = |y: u16| (0..self.size.0).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>();
        (0..self.size.1).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }

    pub(crate) fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Request { id, query } if self.hold => self.held.push((id, query)),
                Effect::Request { id, query } => {
                    if let Some(answer) = self.reply(query) {
                        self.answer(id, Ok(answer));
                    }
                }
                effect => self.effects.push(effect),
            }
        }
    }

    /// What the core would say to a question.
    pub(crate) fn reply(&mut self, query: Query) -> Option<Answer> {
        let find = |id: Id| self.keys.iter().find(|key| key.id == id);
        Some(match query {
            Query::List(query) => Answer::Keys(self.list(&query)),
            Query::Rows(ids) => Answer::Rows(ids.into_iter().filter_map(find).map(row).collect()),
            Query::Rates(ids) => {
                let rates = |id: Id| find(id).map(|key| (id, span(key, self.now_ms, 60)));
                Answer::Rates(ids.into_iter().filter_map(rates).collect())
            }
            Query::Key(id) => Answer::Key(Box::new(find(id)?.clone())),
            Query::Live(id) => Answer::Live(Box::new(live(find(id)?, self.now_ms))),
            Query::Usage(id, _) => Answer::Usage(Box::new(report(find(id)?))),
            Query::WhatIf(what) => {
                let key = what.api_key_id.as_deref()?.parse().ok()?;
                Answer::WhatIf(Box::new(costs::tried(key)))
            }
            Query::TagBudget(new) => Answer::TagBudget(new.monthly_budget.map(|amount| {
                let mut budget = costs::budgets(&self.keys).remove(0);
                (budget.of, budget.name, budget.monthly_budget) = (BudgetOwner::Tag, new.tag.clone(), amount);
                Box::new(budget)
            })),
            Query::Billing => Answer::Billing(Box::new(operations::billing(&self.keys))),
            Query::Monitor => Answer::Monitor(Box::new(operations::monitor(self.now_ms))),
            Query::Series(query) => Answer::Series(Box::new(charts::series(&self.keys, &query, self.now_ms))),
            Query::Reveal(id, _) => Answer::Revealed(Revealed {
                value: SecretString::from("sk_live_51Nq8cXsample9fT2mWzKd0yRbv"),
                version: 3,
                name: find(id)?.name.clone(),
                environment: find(id)?.environment,
            }),
            Query::Many(_, ids) => Answer::Many { done: ids, refused: Vec::new() },
            Query::Versions(id) => Answer::Versions(history::versions(find(id)?)),
            Query::Access(id) => Answer::Access(Box::new(history::access(find(id)?))),
            Query::Trail(_) => Answer::Trail(history::trail()),
            Query::Generate(_) => Answer::Generated(SecretString::from("Zq8".repeat(16))),
            Query::Import(words, _) => {
                Answer::Imported(history::imported(words.dry_run, words.skip_conflicts))
            }
            Query::Hygiene => Answer::Hygiene(history::hygiene(&self.keys)),
            Query::Teams => Answer::Teams(people::teams()),
            Query::Unlock(_) => Answer::Unlocked,
            Query::Lock => Answer::Locked,
            Query::Prove(_) => Answer::Proved,
            Query::Create(_) | Query::Update { .. } | Query::Delete { .. } | Query::SetValue { .. } => {
                Answer::Key(Box::new(key(20)))
            }
            Query::Me => Answer::Me(Box::new(user())),
            Query::Names(ids) => inbox::names(&ids),
            Query::Audit(query) => inbox::audit(&query),
            Query::Team(query) => people::team(query)?,
            Query::Account(query) => people::account(query)?,
            Query::Inbox(query) => inbox::inbox(query)?,
            Query::Webhooks(ask) => Answer::Webhooks(inbox::webhooks(&ask)),
            Query::Rotation(ask) => Answer::Rotation(rotation::answer(&self.keys, &ask)?),
            Query::Alerts(ask) => Answer::Alerts(alerts::answer(&self.keys, ask)?),
            Query::Home => Answer::Home(Box::new(home::home(&self.keys, self.now_ms))),
            Query::Day => Answer::Day(Box::new(home::day(&self.keys))),
        })
    }

    fn list(&self, query: &KeyQuery) -> KeyPage {
        let wanted = |key: &&KeyView| {
            query.search.as_ref().is_none_or(|text| key.name.contains(text))
                && query.environment.is_none_or(|environment| key.environment == environment)
                && query.status.is_none_or(|status| key.status == status)
                && query.hygiene.is_none_or(|way| history::stands_out(key, way))
        };
        let binned = history::binned();
        let all = if query.bin { &binned } else { &self.keys };
        let mut found: Vec<_> = all.iter().filter(wanted).collect();
        if query.sort == KeySort::Usage {
            found.sort_by_key(|key| std::cmp::Reverse(key.current_month_usage));
        }
        let from = (query.page as usize - 1) * query.limit as usize;
        let keys = found.iter().skip(from).take(query.limit as usize).map(|key| row(key)).collect();
        let total = found.len() as u64;
        let pages = total.div_ceil(u64::from(query.limit)).max(1);
        KeyPage {
            keys,
            pagination: Pagination { page: query.page, limit: query.limit, total, pages },
            as_of: None,
        }
    }
}

/// A key as a list has it.
fn row(key: &KeyView) -> KeyView {
    KeyView { rotation: None, ..key.clone() }
}
