//! Where a line of Home leads.

use keyward_keys::input::KeySort;
use keyward_keys::view::AttentionKind;

use crate::app::Query;
use crate::app::cx::Cx;
use crate::app::follow::About;
use crate::app::keymap::Place;
use crate::app::sections::SECTIONS;
use crate::pages::alerts::{AlertPage, AlertsPage};
use crate::pages::billing::BillingPage;
use crate::pages::form::FormPage;
use crate::pages::form::import::ImportPage;
use crate::pages::help::HelpPage;
use crate::pages::home::HomePage;
use crate::pages::home::items::Item;
use crate::pages::keys::KeysPage;
use crate::pages::rotation::RotationPage;
use crate::pages::{Page, Step};

impl HomePage {
    /// Opens what the selected line is about.
    pub(super) fn open(&mut self, cx: &mut Cx<'_>) -> Step {
        let Some(item) = self.current(cx.area, &cx.ui()) else { return Step::Stay };
        match item {
            Item::First => Step::Open(Box::new(FormPage::new())),
            Item::Import => Step::Open(Box::new(ImportPage::new())),
            Item::Keys => Step::Open(Box::new(HelpPage::new(Place::Home))),
            Item::Section(key) => {
                let found = SECTIONS.iter().find(|section| section.key == key.chars().next());
                found.map_or(Step::Stay, |section| Step::Open((section.open)()))
            }
            Item::Shell(at) => {
                self.copy_line(at, cx);
                Step::Stay
            }
            Item::Many(kind) => Step::Open(list(kind)),
            Item::Team(_) => Step::Open(Box::new(BillingPage::default())),
            Item::Alert(alert, _) | Item::Told(_, Some(About::Alert(alert))) => {
                Step::Open(Box::new(AlertPage::new(alert)))
            }
            Item::Instance | Item::Told(_, None) => Step::Stay,
            Item::One(_, id) | Item::Busy(id) | Item::Coming(id) | Item::Told(_, Some(About::Key(id))) => {
                self.asked.key = Some(cx.ask(Query::Key(id)));
                Step::Stay
            }
        }
    }

    /// There is nothing that could be opened.
    pub(super) fn is_quiet(&self) -> bool {
        let wanting = self.home.as_ref().is_some_and(|home| home.keys == 0 || !home.attention.is_empty());
        let busy = self.day.as_ref().is_some_and(|day| !day.top_keys.is_empty());
        let told = self.told.as_ref().is_some_and(|told| !told.notifications.is_empty());
        let coming = self.coming.as_ref().is_some_and(|coming| !coming.is_empty());
        self.home.is_some() && !(wanting || busy || told || coming)
    }
}

/// The list of the keys that want this.
fn list(kind: AttentionKind) -> Box<dyn Page> {
    Box::new(match kind {
        AttentionKind::RotationStopped | AttentionKind::RotationWaiting => {
            return Box::new(RotationPage::under_way());
        }
        AttentionKind::RotateNow => KeysPage::found("is:rotate-now"),
        AttentionKind::RotationOverdue => KeysPage::found("is:overdue"),
        AttentionKind::Idle => KeysPage::found("is:idle status:active"),
        AttentionKind::Frozen => KeysPage::found("status:frozen"),
        AttentionKind::Firing => return Box::new(AlertsPage::default()),
        AttentionKind::OverLimit | AttentionKind::NearLimit => KeysPage::sorted(KeySort::Usage),
        AttentionKind::OverBudget | AttentionKind::NearBudget => return Box::new(BillingPage::default()),
        AttentionKind::Expiring | AttentionKind::RotationSoon => KeysPage::sorted(KeySort::NextRotation),
    })
}
