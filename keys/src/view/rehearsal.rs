//! What doors show of a rotation that is only tried in thought: what would break, and what would not.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::rotation::VersionApp;
use crate::input::RotationMethodName;

/// What would become of an app if the key were rotated now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RehearsedApp {
    /// The app.
    #[serde(flatten)]
    pub app: VersionApp,
    /// Why, in words.
    pub why: String,
}

/// What would break if the key were rotated now, as far as what was seen can tell.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationRehearsal {
    /// Always true: nothing was changed.
    pub dry_run: bool,
    /// How the value would come to be.
    pub method: RotationMethodName,
    /// The number that the new version would get.
    pub version: u32,
    /// For how long the version before would be given out along with it at least.
    pub overlap: String,
    /// Then that would go, whatever uses it.
    pub latest: Timestamp,
    /// Apps that would go on with the old value, and fail once it is gone.
    pub will_break: Vec<RehearsedApp>,
    /// Apps that ask often enough to be given the new value in time.
    pub updates_itself: Vec<RehearsedApp>,
    /// What else is worth knowing, in words.
    pub worth_knowing: Vec<String>,
    /// A rotation could not begin now, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
