//! Responses to an alert: its key is frozen, held to fewer networks, limited or rotated. Each is one commit with the record
//! of what was before, by which it can be taken back, and is audited twice: as what happened to the key, naming the alert,
//! and as what was done about the alert.

use keyward_store::model::{
    Alert, AlertDeed, AlertResponse, AlertTurnKind, ApiKey, Id, KeyNetworks, Network,
};
use keyward_store::{KeyRange, Order, Record, Row, Snapshot, Store};

use ipnet::IpNet;

use crate::caller::Caller;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{AlertAction, AlertRespond, KeyRef, RollBack, Rotate};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::alerts::handle::visible;
use crate::service::alerts::turn::note;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::rotation::Moment;
use crate::service::text::Faults;
use crate::service::{Service, key_networks};
use crate::view::AlertHistory;

/// Responses that are looked through for the last that was not taken back.
const MOST: usize = 100;

/// The alert of a team's budget names no key.
const OF_SEVERAL: &str =
    "the alert is of the budget of several keys: raise the budget, or freeze or limit the keys that spend it";

/// There is nothing more to begin.
const WAITS: &str = "its rotation is under way already, and waits for a new value: set one on the key's page";

impl AlertRespond {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        match (self.action, self.limit) {
            (AlertAction::Limit, None) => faults.add("limit", "is missing: calls a month"),
            (AlertAction::Limit, Some(0)) => faults.add("limit", "is at least 1; freeze the key to stop it"),
            (AlertAction::Limit, Some(_)) | (_, None) => {}
            (_, Some(_)) => faults.add("limit", "goes with the action limit alone; leave it out"),
        }
        match (self.action, self.networks.as_deref()) {
            (AlertAction::Narrow, None | Some([])) => {
                faults.add("networks", "is missing: where apps may fetch it from, such as 10.0.0.0/8");
            }
            (AlertAction::Narrow, Some(networks)) => key_networks::check(&mut faults, networks),
            (_, None) => {}
            (_, Some(_)) => faults.add("networks", "goes with the action narrow alone; leave it out"),
        }
        faults.into_vec()
    }
}

impl Service {
    /// Does something about the key of an alert, or takes the last of that back.
    pub async fn respond_to_alert(
        &self,
        caller: &Caller,
        id: Id,
        respond: &AlertRespond,
    ) -> Result<AlertHistory> {
        let account = caller.person()?;
        Faults::from(respond.faults()).check()?;
        let alert = visible(&self.mirror().read(), caller, id)?.record.clone();
        if alert.is_of_no_key() {
            return Err(Error::Conflict(OF_SEVERAL.to_owned()));
        }
        let answer = Answer { caller, account, alert: &alert };
        match respond.action {
            AlertAction::Undo => {
                let last = self.last_response(id).await?;
                let last = last.ok_or_else(|| Error::Conflict("nothing is there to take back".to_owned()))?;
                self.take_back(&answer, &last).await?;
            }
            AlertAction::Rotate => {
                let key = KeyRef::Id(alert.api_key.to_string());
                let along = |moment: &mut Moment<'_>, waited: bool| {
                    if waited {
                        return Err(Error::Conflict(WAITS.to_owned()));
                    }
                    moment.detail.push_str(&answer.why());
                    moment.draft.object = Some(alert.api_key);
                    let deed = AlertDeed::RotatedBefore { due_ms: moment.key.next_rotation_ms };
                    answer.done(moment.tables, moment.draft, deed)
                };
                self.rotate_along(caller, &key, Rotate::default(), along).await?;
            }
            AlertAction::Freeze | AlertAction::Narrow | AlertAction::Limit => {
                self.respond(&answer, respond).await?;
            }
        }
        self.alert_history(caller, id).await
    }

    async fn respond(&self, answer: &Answer<'_>, respond: &AlertRespond) -> Result<()> {
        let id = answer.alert.api_key;
        self.change(answer.caller, Permission::KeyChange, Target::Key(id), |tables, draft| {
            let old = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
            let mut key = ApiKey { updated_ms: draft.now_ms, ..old.record.clone() };
            let (deed, detail) = match respond.action {
                AlertAction::Narrow => {
                    let networks = respond.networks.as_deref().unwrap_or_default();
                    let before = key_networks::of(tables, id);
                    if !before.is_empty()
                        && !networks.iter().all(|net| before.iter().any(|old| old.contains(net)))
                    {
                        return Err(Error::invalid("networks", "would let apps in that are kept out now"));
                    }
                    key_networks::put(tables, draft, id, networks)?;
                    (AlertDeed::Narrowed { networks: stored(tables, id) }, "networks")
                }
                AlertAction::Limit => {
                    let (limit, refused) = (key.monthly_limit, key.refuse_over_limit);
                    if limit.is_some_and(|before| respond.limit > Some(before)) {
                        return Err(Error::invalid("limit", "is above the limit that the key has"));
                    }
                    (key.monthly_limit, key.refuse_over_limit) = (respond.limit, true);
                    (AlertDeed::Limited { limit, refused }, "monthlyLimit, refuseOverLimit")
                }
                _ if key.frozen_ms.is_some() => {
                    return Err(Error::Conflict("the key is frozen already".to_owned()));
                }
                _ => {
                    key.frozen_ms = Some(draft.now_ms);
                    (AlertDeed::Froze, "frozen")
                }
            };
            draft.did(id, key.space, format!("{detail}{}", answer.why()));
            draft.batch.replace(old, &key)?;
            draft.events.push(Event::KeyChanged { space: key.space, api_key: id });
            answer.done(tables, draft, deed)
        })
        .await
    }

    async fn take_back(&self, answer: &Answer<'_>, last: &Row<AlertResponse>) -> Result<()> {
        let id = answer.alert.api_key;
        if let Some(due_ms) = rotated(&last.record.deed) {
            let along = |moment: &mut Moment<'_>| {
                moment.due_again(due_ms);
                moment.detail.push_str(&answer.why());
                moment.draft.object = Some(id);
                answer.undone(moment.tables, moment.draft, last)
            };
            let key = KeyRef::Id(id.to_string());
            self.roll_back_along(answer.caller, &key, RollBack::default(), along).await?;
            return Ok(());
        }
        self.change(answer.caller, Permission::KeyChange, Target::Key(id), |tables, draft| {
            let old = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
            let mut key = ApiKey { updated_ms: draft.now_ms, ..old.record.clone() };
            let detail = match &last.record.deed {
                AlertDeed::Froze => {
                    key.frozen_ms = None;
                    "frozen"
                }
                AlertDeed::Limited { limit, refused } => {
                    (key.monthly_limit, key.refuse_over_limit) = (*limit, *refused);
                    "monthlyLimit, refuseOverLimit"
                }
                AlertDeed::Narrowed { networks } => {
                    let nets = networks.iter().filter_map(|net| IpNet::new(net.address, net.prefix).ok());
                    key_networks::put(tables, draft, id, &nets.collect::<Vec<_>>())?;
                    "networks"
                }
                AlertDeed::Rotated | AlertDeed::RotatedBefore { .. } => "",
            };
            draft.did(id, key.space, format!("{detail} as before{}", answer.why()));
            draft.batch.replace(old, &key)?;
            draft.events.push(Event::KeyChanged { space: key.space, api_key: id });
            answer.undone(tables, draft, last)
        })
        .await
    }

    /// The last response to an alert that was not taken back.
    pub(super) async fn last_response(&self, id: Id) -> Result<Option<Row<AlertResponse>>> {
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(id.as_bytes());
        let rows = snapshot.scan(AlertResponse::TABLE, range, Order::Descending, MOST).await?;
        for (_, raw) in &rows {
            let row = Row::<AlertResponse>::decode(raw)?;
            if row.record.undone_ms.is_none() {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }
}

/// Who responds to which alert.
struct Answer<'a> {
    caller: &'a Caller,
    account: Id,
    alert: &'a Alert,
}

impl Answer<'_> {
    /// For the key's audit record.
    fn why(&self) -> String {
        format!(", for alert {}", self.alert.id)
    }

    /// Writes down that it was done, beside the change of the key.
    fn done(&self, tables: &Tables, draft: &mut Draft, deed: AlertDeed) -> Result<()> {
        let words = in_words(&deed);
        let (alert, at_ms, by) = (self.alert.id, draft.now_ms, self.account);
        draft.batch.create(&AlertResponse { alert, at_ms, by, deed, undone_ms: None })?;
        self.tell(tables, draft, AlertTurnKind::Responded, words)
    }

    fn undone(&self, tables: &Tables, draft: &mut Draft, last: &Row<AlertResponse>) -> Result<()> {
        let words = in_words(&last.record.deed);
        let new = AlertResponse { undone_ms: Some(draft.now_ms), ..last.record.clone() };
        draft.batch.replace(last, &new)?;
        self.tell(tables, draft, AlertTurnKind::Undone, words)
    }

    fn tell(&self, tables: &Tables, draft: &mut Draft, kind: AlertTurnKind, words: &str) -> Result<()> {
        let place = Target::Space(self.alert.space);
        authorise(tables, self.caller, Permission::AlertHandle, place, Some(&mut draft.batch))?;
        draft.doing = Permission::AlertHandle;
        let back = if kind == AlertTurnKind::Undone { "taken back: " } else { "" };
        draft.did(self.alert.id, self.alert.space, format!("{back}{words}, key {}", self.alert.api_key));
        note(draft, self.alert, kind, Some(self.account), words.to_owned())
    }
}

/// What was done, in words.
pub(super) fn in_words(deed: &AlertDeed) -> &'static str {
    match deed {
        AlertDeed::Froze => "froze the key",
        AlertDeed::Limited { .. } => "lowered its limit",
        AlertDeed::Narrowed { .. } => "narrowed its networks",
        AlertDeed::Rotated | AlertDeed::RotatedBefore { .. } => "rotated it",
    }
}

/// When the next rotation had been due, if it was a rotation that was begun.
fn rotated(deed: &AlertDeed) -> Option<Option<i64>> {
    match deed {
        AlertDeed::Rotated => Some(None),
        AlertDeed::RotatedBefore { due_ms } => Some(*due_ms),
        AlertDeed::Froze | AlertDeed::Limited { .. } | AlertDeed::Narrowed { .. } => None,
    }
}

fn stored(tables: &Tables, id: Id) -> Vec<Network> {
    tables
        .by_key
        .networks
        .get(&id)
        .map(|row: &std::sync::Arc<Row<KeyNetworks>>| row.record.networks.clone())
        .unwrap_or_default()
}
