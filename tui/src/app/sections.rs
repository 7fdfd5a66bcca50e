//! The one table of sections, the first pages of the dashboard. Number keys, tabs, palette and help read it; what is in
//! no row here can be reached by no digit and no tab. It holds no page's insides.

use keyward_keys::view::UserView;

use crate::pages::Page;
use crate::pages::alerts::AlertsPage;
use crate::pages::audit::AuditPage;
use crate::pages::billing::BillingPage;
use crate::pages::home::HomePage;
use crate::pages::keys::KeysPage;
use crate::pages::monitor::MonitorPage;
use crate::pages::notices::NoticesPage;
use crate::pages::profile::ProfilePage;
use crate::pages::rotation::RotationPage;
use crate::pages::routes::RoutesPage;
use crate::pages::support::SupportPage;
use crate::pages::team::TeamsPage;
use crate::pages::usage::UsagePage;

/// A section.
pub(crate) struct Section {
    /// The word it is remembered by.
    pub(crate) name: &'static str,
    /// What tabs and the palette call it.
    pub(crate) title: &'static str,
    /// The digit or letter that opens it.
    pub(crate) key: Option<char>,
    /// One line on what is there.
    pub(crate) about: &'static str,
    /// Only operators see it.
    pub(crate) operators: bool,
    /// What follows `ssh HOST` to get the same.
    pub(crate) command: Option<&'static str>,
    /// Its first page.
    pub(crate) open: fn() -> Box<dyn Page>,
}

impl Section {
    /// What its tab says where there is little room.
    pub(crate) fn short(&self) -> &'static str {
        match self.name {
            "notifications" => "Inbox",
            "billing" => "Plan",
            "monitor" => "Load",
            "profile" => "You",
            "support" => "Ask",
            _ => self.title,
        }
    }
}

/// Every section, in the order of the tabs. The first is where one begins.
pub(crate) static SECTIONS: &[Section] = &[
    Section {
        name: "home",
        title: "Home",
        key: Some('1'),
        about: "What needs attention now, calls as they come, the busiest keys",
        operators: false,
        command: None,
        open: || Box::new(HomePage::default()),
    },
    Section {
        name: "keys",
        title: "Keys",
        key: Some('2'),
        about: "All your API keys: search, sort, open, add",
        operators: false,
        command: Some("keys ls"),
        open: || Box::new(KeysPage::default()),
    },
    Section {
        name: "usage",
        title: "Usage",
        key: Some('3'),
        about: "Charts of calls, errors and response times, by key, team, endpoint, method, status or token",
        operators: false,
        command: Some("usage --by key --compare"),
        open: || Box::new(UsagePage::default()),
    },
    Section {
        name: "alerts",
        title: "Alerts",
        key: Some('A'),
        about: "What holds that should not, who looks after it, and the rules for it",
        operators: false,
        command: Some("alerts ls"),
        open: || Box::new(AlertsPage::default()),
    },
    Section {
        name: "notifications",
        title: "Notifications",
        key: Some('4'),
        about: "What your keys, teams and sign-ins brought about",
        operators: false,
        command: None,
        open: || Box::new(NoticesPage::default()),
    },
    Section {
        name: "rotation",
        title: "Rotation",
        key: Some('5'),
        about: "What is rotated next, what is under way or waits for you, and what came of it",
        operators: false,
        command: Some("rotations"),
        open: || Box::new(RotationPage::default()),
    },
    Section {
        name: "team",
        title: "Team",
        key: Some('6'),
        about: "Your teams: people, roles, invitations, who is here",
        operators: false,
        command: Some("team ls"),
        open: || Box::new(TeamsPage::default()),
    },
    Section {
        name: "billing",
        title: "Billing",
        key: Some('7'),
        about: "Your plan, what is used of it, where the month is going, and the busiest keys",
        operators: false,
        command: Some("usage"),
        open: || Box::new(BillingPage::default()),
    },
    Section {
        name: "monitor",
        title: "Monitor",
        key: Some('8'),
        about: "The daemon, live: requests, response times, store, memory, sessions, jobs",
        operators: true,
        command: None,
        open: || Box::new(MonitorPage::default()),
    },
    Section {
        name: "profile",
        title: "Profile",
        key: Some('9'),
        about: "Theme, time zone, notifications, password, second factor, SSH keys, sessions",
        operators: false,
        command: Some("profile show"),
        open: || Box::new(ProfilePage::default()),
    },
    Section {
        name: "audit",
        title: "Audit",
        key: Some('0'),
        about: "What was done, by whom, and what was refused",
        operators: false,
        command: Some("audit"),
        open: || Box::new(AuditPage::default()),
    },
    Section {
        name: "api",
        title: "API",
        key: None,
        about: "Routes with lines for curl and ssh to copy",
        operators: false,
        command: None,
        open: || Box::new(RoutesPage::default()),
    },
    Section {
        name: "support",
        title: "Support",
        key: None,
        about: "Ask the operators something, and read their answers",
        operators: false,
        command: None,
        open: || Box::new(SupportPage::default()),
    },
];

/// The sections this person sees.
pub(crate) fn visible(user: &UserView) -> impl Iterator<Item = &'static Section> {
    SECTIONS.iter().filter(|section| user.operator || !section.operators)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_keys_are_each_ones_own() {
        let (mut names, mut keys) = (HashSet::new(), HashSet::new());
        for section in SECTIONS {
            assert!(names.insert(section.name), "{}", section.name);
            assert!(
                section.key.is_none_or(|key| key.is_ascii_alphanumeric() && keys.insert(key)),
                "{}",
                section.name
            );
        }
    }
}
