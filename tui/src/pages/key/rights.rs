//! Which keys of a key's page do something: as it stands, and as far as this person may. What they may is the core's to say.

use keyward_keys::view::{AccessAction, KeyStatus};
use ratatui::layout::Rect;

use crate::app::keymap::Command;
use crate::pages::key::KeyPage;
use crate::pages::key::tabs::Shape;

impl KeyPage {
    /// There is nothing to do it to, or it is not for this person.
    pub(super) fn has_no_use_for(&self, command: Command, area: Rect) -> bool {
        use Command as C;
        let rotation = self.rotation.value();
        match command {
            C::Back | C::Palette | C::Help | C::Messages | C::Quit => false,
            _ if self.gone => true,
            C::Next => Shape::of(area).tabs().is_empty(),
            C::Switch if self.key.status == KeyStatus::Expired => true,
            C::TickOff => rotation.is_none_or(|view| view.retiring.is_empty()),
            C::RollBack => self.key.version < 2 && rotation.is_none_or(|view| view.run.is_none()),
            _ => needs(command).is_some_and(|action| !self.may(action)),
        }
    }

    /// It is not known that this person may not.
    fn may(&self, action: AccessAction) -> bool {
        let known = self.access.value();
        known.is_none_or(|known| known.you.iter().any(|one| one.action == action && one.allowed))
    }
}

/// What one has to be allowed to for a command.
fn needs(command: Command) -> Option<AccessAction> {
    use Command as C;
    Some(match command {
        C::Reveal | C::Copy => AccessAction::Reveal,
        C::Edit | C::Switch | C::Freeze | C::Decoy => AccessAction::Change,
        C::Rotate | C::SetValue | C::Emergency | C::RollBack | C::TickOff => AccessAction::Rotate,
        C::Delete => AccessAction::Delete,
        _ => return None,
    })
}
