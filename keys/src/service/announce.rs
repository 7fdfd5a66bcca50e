//! What an operator tells everybody who is there: that the instance will be down for an hour, say. Whoever is not there
//! does not hear of it; that is what notifications are for.

use crate::caller::Caller;
use crate::error::Result;
use crate::event::Event;
use crate::input::Announcement;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::Target;
use crate::service::text::Faults;

impl Service {
    /// Tells everybody whose dashboard or live connection is open.
    pub async fn announce_to_all(&self, caller: &Caller, new: &Announcement) -> Result<()> {
        let mut faults = Faults::default();
        let message = faults.line("message", &new.message, 1, 500);
        faults.check()?;
        self.change(caller, Permission::InstanceAnnounce, Target::Instance, |_, draft| {
            draft.detail.clone_from(&message);
            draft.events.push(Event::Announced { message: message.clone() });
            Ok(())
        })
        .await
    }
}
