//! Questions and answers by subject, each a part of `Query` and of `Answer`. Plain values only.

mod account;
mod alerts;
mod inbox;
mod rotation;
mod team;
mod webhooks;

pub use account::{AccountAnswer, AccountQuery};
pub use alerts::{AlertAnswer, AlertAsk};
pub use inbox::{InboxAnswer, InboxQuery};
pub use rotation::{RotationAnswer, RotationAsk};
pub use team::{TeamAnswer, TeamQuery};
pub use webhooks::{WebhookAnswer, WebhookAsk};
