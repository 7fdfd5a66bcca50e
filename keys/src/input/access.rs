//! What doors hand in when they ask who may do what.

use utoipa::IntoParams;

use keyward_store::model::Id;

use crate::view::AccessAction;

/// A question about a key: none asks for everything.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct AccessQuery {
    /// What is asked.
    #[param(inline)]
    pub action: Option<AccessAction>,
    /// About whom: oneself when nobody is named.
    pub user_id: Option<Id>,
}
