//! What a panic says: where it was and an incident's id. Never its payload, which may hold somebody's value.

use std::panic::Location;

use keyward_keys::crypto::random_id;

/// Replaces the default hook, which prints the payload.
pub fn hook() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map_or_else(|| "an unknown place".to_owned(), Location::to_string);
        let incident = random_id().map_or_else(|_| "unknown".to_owned(), |id| id.to_string());
        if tracing::enabled!(tracing::Level::ERROR) {
            tracing::error!(incident, at, "keyward failed inside; report this line");
        } else {
            crate::output::talk(&format!(
                "keyward failed inside at {at}, incident {incident}; report this line"
            ));
        }
    }));
}
