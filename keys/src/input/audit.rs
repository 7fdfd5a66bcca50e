//! Which audit records, and which of their checkpoints, to list.

use jiff::Timestamp;
use utoipa::IntoParams;

use keyward_store::model::{Door, Id, Outcome};

/// Which audit records to list, newest first; what is not given does not matter.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AuditQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
    /// Who: an id, or a kind (`account`, `token`, `system`, or the name of a job).
    pub actor: Option<String>,
    /// A permission's name, such as `key.reveal`, or a noun, such as `key`, for all of its.
    pub action: Option<String>,
    /// What it was done to.
    #[param(inline)]
    pub object: Option<Id>,
    /// The team, or the person's own space, that it is in.
    #[param(inline, rename = "team")]
    pub space: Option<Id>,
    /// How it ended.
    #[param(inline)]
    pub outcome: Option<Outcome>,
    /// By which door.
    #[param(inline)]
    pub door: Option<Door>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// In this request.
    #[param(rename = "requestId")]
    pub request: Option<String>,
}

/// Which checkpoints to list, newest first.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CheckpointQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}
