//! Questions about alerts and the rules for them, and what comes of them.

use keyward_keys::Id;
use keyward_keys::input::{
    AlertQuery, AlertRespond, AlertRulePatch, AlertRuleQuery, AlertSnooze, AlertTrial, NewAlertRule,
};
use keyward_keys::view::{AlertHistory, AlertPage, AlertRulePage, AlertRuleView, AlertTrialView, AlertView};

/// A question about alerts; each is the call of `Service` that is named.
pub enum AlertAsk {
    /// `alerts`, answered by [`AlertAnswer::List`].
    List(AlertQuery),
    /// `alert_history`, answered by [`AlertAnswer::History`].
    History(Id),
    /// `acknowledge_alert`, answered by [`AlertAnswer::Changed`].
    Acknowledge(Id),
    /// `snooze_alert`, answered by [`AlertAnswer::Changed`].
    Snooze(Id, AlertSnooze),
    /// `resolve_alert`, answered by [`AlertAnswer::Changed`].
    Resolve(Id),
    /// `respond_to_alert`, answered by [`AlertAnswer::History`].
    Respond(Id, AlertRespond),
    /// `alert_rules`, answered by [`AlertAnswer::Rules`].
    Rules(AlertRuleQuery),
    /// `create_alert_rule`, answered by [`AlertAnswer::Rule`].
    Make(Box<NewAlertRule>),
    /// `update_alert_rule`, answered by [`AlertAnswer::Rule`].
    Change(Id, Box<AlertRulePatch>),
    /// `delete_alert_rule`, answered by [`AlertAnswer::Removed`].
    Remove(Id),
    /// `try_alert_rule`, answered by [`AlertAnswer::Tried`].
    Try(AlertTrial),
}

/// What came of such a question.
pub enum AlertAnswer {
    /// A page of alerts.
    List(AlertPage),
    /// One alert with all there is to know of it.
    History(Box<AlertHistory>),
    /// An alert as it stands now.
    Changed(Box<AlertView>),
    /// A page of rules.
    Rules(AlertRulePage),
    /// One rule as it is now.
    Rule(Box<AlertRuleView>),
    /// A rule is gone.
    Removed,
    /// When a rule would have fired.
    Tried(Box<AlertTrialView>),
}
