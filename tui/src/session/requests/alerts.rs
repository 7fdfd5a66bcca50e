//! The screens' questions about alerts and the rules for them: one service call each.

use keyward_keys::{Caller, Result, Service};

use crate::app::{AlertAnswer as A, AlertAsk};

pub(super) async fn answer(service: &Service, caller: &Caller, ask: AlertAsk) -> Result<A> {
    let changed = |view| A::Changed(Box::new(view));
    let rule = |view| A::Rule(Box::new(view));
    Ok(match ask {
        AlertAsk::List(query) => A::List(service.alerts(caller, &query).await?),
        AlertAsk::History(id) => A::History(Box::new(service.alert_history(caller, id).await?)),
        AlertAsk::Acknowledge(id) => changed(service.acknowledge_alert(caller, id).await?),
        AlertAsk::Snooze(id, snooze) => changed(service.snooze_alert(caller, id, &snooze).await?),
        AlertAsk::Resolve(id) => changed(service.resolve_alert(caller, id).await?),
        AlertAsk::Respond(id, respond) => {
            A::History(Box::new(service.respond_to_alert(caller, id, &respond).await?))
        }
        AlertAsk::Rules(query) => A::Rules(service.alert_rules(caller, &query).await?),
        AlertAsk::Make(new) => rule(service.create_alert_rule(caller, &new).await?),
        AlertAsk::Change(id, patch) => rule(service.update_alert_rule(caller, id, &patch).await?),
        AlertAsk::Remove(id) => {
            service.delete_alert_rule(caller, id).await?;
            A::Removed
        }
        AlertAsk::Try(trial) => A::Tried(Box::new(service.try_alert_rule(caller, &trial).await?)),
    })
}
