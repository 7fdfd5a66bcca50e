//! Notifications: the one place through which every part tells a person something. A notice is part of the change that
//! it tells of, so neither comes without the other. What each person wants to be told is respected here.

use serde::Deserialize;
use utoipa::ToSchema;

use keyward_store::model::{Id, Member, Notification, NotificationAlert, Role};
use keyward_store::{Op, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::NotificationQuery;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::deliveries;
use crate::service::hours;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::view::{NotificationPage, NotificationView, Pagination};

/// Notifications kept for one person; read ones go first, then the oldest.
const MOST: usize = 200;

/// What a notification is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A key of the person's spaces was moved to the bin by somebody else.
    KeyDeleted,
    /// A key has used a large part, or all, of its month.
    MonthlyLimit,
    /// The month of a key or a team has cost a large part, or all, of its budget.
    MonthlyBudget,
    /// A key is used as it never was, or not at all where it always was.
    Anomaly,
    /// A rule's condition began to hold for a key.
    AlertFiring,
    /// It holds no more.
    AlertRecovered,
    /// Somebody signed in as this person from an address that is new.
    NewSignIn,
    /// A session was ended because its refresh token had been copied.
    SessionEnded,
    /// Somebody joined a team.
    MemberJoined,
    /// Somebody left a team.
    MemberLeft,
    /// A member of a team set a new unlock passphrase without the old one, and waits to be let in again.
    PassphraseReset,
    /// A question to the operators, or an answer to it.
    Support,
    /// A key is to be rotated, or an old value of it to be revoked, by a person.
    RotationDue,
    /// A key was rotated.
    RotationDone,
    /// The rotation of a key has stopped: a person has to look.
    RotationFailed,
    /// The rotation of a key works again.
    RotationRecovered,
    /// An old value of a key is kept for longer, as it is still used; or has gone although it was.
    RotationOverlapExtended,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::KeyDeleted,
        Self::MonthlyLimit,
        Self::MonthlyBudget,
        Self::Anomaly,
        Self::AlertFiring,
        Self::AlertRecovered,
        Self::RotationDue,
        Self::RotationDone,
        Self::RotationFailed,
        Self::RotationRecovered,
        Self::RotationOverlapExtended,
        Self::NewSignIn,
        Self::SessionEnded,
        Self::MemberJoined,
        Self::MemberLeft,
        Self::PassphraseReset,
        Self::Support,
    ];

    /// Its name: the `type` that doors show and people mute.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyDeleted => "key_deleted",
            Self::MonthlyLimit => "monthly_limit",
            Self::MonthlyBudget => "monthly_budget",
            Self::Anomaly => "anomaly",
            Self::AlertFiring => "alert_firing",
            Self::AlertRecovered => "alert_recovered",
            Self::NewSignIn => "new_sign_in",
            Self::SessionEnded => "session_ended",
            Self::MemberJoined => "member_joined",
            Self::MemberLeft => "member_left",
            Self::PassphraseReset => "passphrase_reset",
            Self::Support => "support",
            Self::RotationDue => "rotation_due",
            Self::RotationDone => "rotation_done",
            Self::RotationFailed => "rotation_failed",
            Self::RotationRecovered => "rotation_recovered",
            Self::RotationOverlapExtended => "rotation_overlap_extended",
        }
    }
}

impl NoticeKind {
    /// Whether those of this name may tell of an alert.
    pub(crate) fn tells_of_alerts(name: &str) -> bool {
        let kinds = [Self::AlertFiring, Self::AlertRecovered, Self::MonthlyBudget];
        kinds.iter().any(|kind| kind.name() == name)
    }

    /// Somebody should look soon: it waits for no digest, unless that was asked for.
    fn is_urgent(self) -> bool {
        match self {
            Self::AlertFiring
            | Self::RotationFailed
            | Self::NewSignIn
            | Self::SessionEnded
            | Self::PassphraseReset => true,
            Self::KeyDeleted
            | Self::MonthlyLimit
            | Self::MonthlyBudget
            | Self::Anomaly
            | Self::AlertRecovered
            | Self::RotationDue
            | Self::RotationDone
            | Self::RotationRecovered
            | Self::RotationOverlapExtended
            | Self::MemberJoined
            | Self::MemberLeft
            | Self::Support => false,
        }
    }
}

/// What is to be told.
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    pub(crate) api_key: Option<Id>,
    pub(crate) alert: Option<Id>,
    /// In words, without values.
    pub(crate) message: String,
    /// A moment that ends the message: each reader is told it by their own clock.
    pub(crate) until_ms: Option<i64>,
    /// It can wait, though others of its kind are urgent.
    pub(crate) minor: bool,
}

impl Notice {
    /// Somebody should look soon.
    pub(crate) fn is_urgent(&self) -> bool {
        self.kind.is_urgent() && !self.minor
    }

    /// What this person, or this team, is told.
    pub(crate) fn said_to(&self, tables: &Tables, reader: Id) -> String {
        let Some(until_ms) = self.until_ms else { return self.message.clone() };
        let account = tables.accounts.get(&reader);
        let zone = match &account {
            Some(account) => account.record.time_zone.as_deref(),
            None => hours::zone_of(tables, reader),
        };
        format!("{} {}", self.message, clock::in_words(until_ms, &clock::zone(zone)))
    }
}

/// Adds a notice for each of these people to a change, unless they do not want it.
pub(crate) fn notify(
    tables: &Tables,
    draft: &mut Draft,
    people: impl IntoIterator<Item = Id>,
    notice: &Notice,
) -> Result<()> {
    for account in people {
        let Some(row) = tables.accounts.get(&account) else { continue };
        let preferences = &row.record.preferences;
        let kind = notice.kind.name();
        if !preferences.notifications || preferences.muted.iter().any(|muted| muted == kind) {
            continue;
        }
        let record = Notification {
            id: crypto::random_id()?,
            account,
            kind: kind.to_owned(),
            api_key: notice.api_key,
            message: notice.said_to(tables, account),
            read: false,
            created_ms: draft.now_ms,
        };
        draft.batch.create(&record)?;
        if let Some(alert) = notice.alert {
            let row_key = record.key();
            draft.put(&NotificationAlert { row_key, alert })?;
        }
        for (created_ms, id) in surplus(tables, account) {
            forget(draft, Notification::row_key(account, created_ms, id));
        }
        let (notification, created_ms) = (record.id, record.created_ms);
        draft.events.push(Event::Notified { account, notification, created_ms });
        deliveries::post(tables, draft, account, notice)?;
    }
    // What is about a key is a matter of its team as well, whatever its people mute.
    match notice.api_key.and_then(|key| tables.keys.any(key)) {
        Some(key) => deliveries::post(tables, draft, key.record.space, notice),
        None => Ok(()),
    }
}

/// Tells people of a team what is about the team itself, and whoever the team has told besides.
pub(crate) fn notify_team(
    tables: &Tables,
    draft: &mut Draft,
    team: Id,
    people: impl IntoIterator<Item = Id>,
    notice: &Notice,
) -> Result<()> {
    notify(tables, draft, people, notice)?;
    deliveries::post(tables, draft, team, notice)
}

/// Removes one, with what it leads to.
pub(crate) fn forget(draft: &mut Draft, row_key: Vec<u8>) {
    draft.batch.op(Op::Del(NotificationAlert::TABLE, row_key.clone()));
    draft.batch.op(Op::Del(Notification::TABLE, row_key));
}

/// One as its person sees it, with the alert that it tells of.
pub(crate) async fn view_of(snapshot: &impl Snapshot, record: &Notification) -> Result<NotificationView> {
    let alert = match NoticeKind::tells_of_alerts(&record.kind) {
        true => Row::<NotificationAlert>::get(snapshot, &record.key()).await?,
        false => None,
    };
    Ok(NotificationView::of(record, alert.map(|row| row.record.alert)))
}

/// Those of a person's notifications that have to make room for one more.
fn surplus(tables: &Tables, account: Id) -> Vec<(i64, Id)> {
    let Some(notices) = tables.notices.get(&account) else { return Vec::new() };
    let surplus = (notices.len() + 1).saturating_sub(MOST);
    let of = |read: bool| notices.iter().filter(move |(_, is_read)| **is_read == read).map(|(key, _)| *key);
    of(true).chain(of(false)).take(surplus).collect()
}

/// The people of a space from this role up, without one.
pub(crate) fn people_of(tables: &Tables, space: Id, least: Role, without: Option<Id>) -> Vec<Id> {
    let told =
        |member: &&Shared<Member>| member.record.role >= least && Some(member.record.account) != without;
    tables.members_of(space).filter(told).map(|member| member.record.account).collect()
}

impl NotificationQuery {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of_page(self.page, self.limit)
    }
}

impl Service {
    /// The caller's notifications, newest first.
    pub async fn notifications(
        &self,
        caller: &Caller,
        query: &NotificationQuery,
    ) -> Result<NotificationPage> {
        let NotificationQuery { page, limit, unread: only_unread } = *query;
        Faults::from(query.faults()).check()?;
        let account = caller.person()?;
        let (keys, unread) = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            let notices = tables.notices.get(&account);
            let wanted = notices.into_iter().flatten().rev().filter(|(_, read)| !(only_unread && **read));
            let keys: Vec<_> = wanted.map(|(key, _)| *key).collect();
            (keys, tables.unread(account))
        };
        let total = keys.len() as u64;
        let snapshot = self.store().snapshot().await?;
        let mut notifications = Vec::new();
        let start = (page as usize - 1).saturating_mul(limit as usize);
        for (created_ms, id) in keys.into_iter().skip(start).take(limit as usize) {
            let key = Notification::row_key(account, created_ms, id);
            if let Some(row) = Row::<Notification>::get(&snapshot, &key).await? {
                notifications.push(view_of(&snapshot, &row.record).await?);
            }
        }
        Ok(NotificationPage { notifications, unread, pagination: Pagination::of(page, limit, total) })
    }

    /// Notes that the caller has seen one.
    pub async fn read_notification(&self, caller: &Caller, id: Id) -> Result<NotificationView> {
        let old = self.notification(caller, id).await?;
        let new = Notification { read: true, ..old.record.clone() };
        let target = Target::Account(new.account);
        if !old.record.read {
            self.change(caller, Permission::NoticeManage, target, |_, draft| {
                draft.object = Some(id);
                draft.detail = "read".to_owned();
                draft.batch.replace(&old, &new)?;
                Ok(())
            })
            .await?;
        }
        view_of(&self.store().snapshot().await?, &new).await
    }

    /// Notes that the caller has seen all of them; answers how many had not been.
    pub async fn read_all_notifications(&self, caller: &Caller) -> Result<u64> {
        let account = caller.person()?;
        let mut unread = Vec::new();
        let keys: Vec<_> = {
            let tables = self.mirror().read();
            authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
            let notices = tables.notices.get(&account).into_iter().flatten();
            notices.filter(|(_, read)| !**read).map(|(key, _)| *key).collect()
        };
        let snapshot = self.store().snapshot().await?;
        for (created_ms, id) in keys {
            let key = Notification::row_key(account, created_ms, id);
            unread.extend(Row::<Notification>::get(&snapshot, &key).await?);
        }
        if unread.is_empty() {
            return Ok(0);
        }
        self.change(caller, Permission::NoticeManage, Target::Account(account), |_, draft| {
            draft.object = Some(account);
            draft.detail = format!("{} read", unread.len());
            for old in &unread {
                draft.batch.replace(old, &Notification { read: true, ..old.record.clone() })?;
            }
            Ok(unread.len() as u64)
        })
        .await
    }

    /// Removes one of the caller's.
    pub async fn delete_notification(&self, caller: &Caller, id: Id) -> Result<()> {
        let old = self.notification(caller, id).await?;
        let target = Target::Account(old.record.account);
        self.change(caller, Permission::NoticeManage, target, |_, draft| {
            draft.object = Some(id);
            draft.detail = "deleted".to_owned();
            draft.batch.remove(&old);
            draft.batch.op(Op::Del(NotificationAlert::TABLE, old.record.key()));
            Ok(())
        })
        .await
    }

    /// One of the caller's own; anybody else's is not there.
    async fn notification(&self, caller: &Caller, id: Id) -> Result<Row<Notification>> {
        let account = caller.person()?;
        let key = {
            let tables = self.mirror().read();
            let notices = tables.notices.get(&account).into_iter().flatten();
            let found = notices.map(|(key, _)| *key).find(|(_, other)| *other == id);
            let (created_ms, id) = found.ok_or(Error::NotFound("notification"))?;
            Notification::row_key(account, created_ms, id)
        };
        let snapshot = self.store().snapshot().await?;
        Row::get(&snapshot, &key).await?.ok_or(Error::NotFound("notification"))
    }
}
