//! What lies in the bin and what stands out of the keys; what the panels of a key's page show: endpoints, versions, people
//! and audit records; and what a pasted text would add. Everything follows from the arguments.

use keyward_keys::Custody::Automation;
use keyward_keys::Environment::Development;
use keyward_keys::input::Hygiene;
use keyward_keys::view::{
    AccessAction, AccessAnswer, AppAccess, AuditView, EndpointShare, ImportLine, ImportReport, ImportResult,
    KeyAccess, KeyHygiene, KeyView, PersonAccess, SealedAccess, SharedValue, VersionLabel, VersionView,
};
use keyward_keys::{Door, Id, Outcome, Role};

use super::{MINUTE, NOW_MS, id, key, keys, moment};

/// What lies in the bin.
pub(super) fn binned() -> Vec<KeyView> {
    let deleted = |(days, n): (i64, usize)| {
        let name = ["mailgun-old", "s3-import", "stripe-2024"][n % 3].to_owned();
        KeyView { name, deleted_at: Some(moment(NOW_MS - days * 1_440 * MINUTE)), ..key(40 + n) }
    };
    [(1, 0), (12, 1), (29, 2)].map(deleted).into()
}

pub(super) fn hygiene(keys: &[KeyView]) -> KeyHygiene {
    let count = |wanted: &dyn Fn(&KeyView) -> bool| keys.iter().filter(|key| wanted(key)).count() as u64;
    KeyHygiene {
        keys: keys.len() as u64,
        never_rotated: count(&|key| key.version == 1),
        no_limit: count(&|key| key.monthly_limit.is_none()),
        idle: count(&|key| key.last_used.is_none()),
        overdue: count(&|key| stands_out(key, Hygiene::Overdue)),
        rotate_now: 0,
        shared_value: count(&|key| stands_out(key, Hygiene::SharedValue)),
    }
}

pub(super) fn stands_out(key: &KeyView, hygiene: Hygiene) -> bool {
    match hygiene {
        Hygiene::NeverRotated => key.version == 1,
        Hygiene::NoLimit => key.monthly_limit.is_none(),
        Hygiene::Idle => key.last_used.is_none(),
        Hygiene::Overdue => key.next_rotation.is_some_and(|at| at.as_millisecond() < NOW_MS),
        Hygiene::RotateNow => key.rotate_now,
        Hygiene::SharedValue => key.service == "openai",
    }
}

pub(super) fn endpoints(calls: u64) -> Vec<EndpointShare> {
    let share = |(endpoint, percentage): (&str, f64)| EndpointShare {
        endpoint: endpoint.to_owned(),
        requests: (calls as f64 * percentage / 100.0) as u64,
        errors: 0,
        percentage,
    };
    [
        ("/v1/charges", 46.2),
        ("/v1/payment_intents", 31.5),
        ("/v1/refunds", 11.9),
        ("/v1/customers/{id}", 6.3),
        ("/v1/events", 4.1),
    ]
    .map(share)
    .into()
}

/// Somebody of the team.
fn person(n: usize) -> (Id, &'static str, Role) {
    let (name, role) = [
        ("Ana Ruiz", Role::Owner),
        ("Ben Okafor", Role::Admin),
        ("Chloe Petit", Role::Member),
        ("Dmitri Orlov", Role::Viewer),
    ][n % 4];
    (id(900 + n % 4), name, role)
}

pub(super) fn versions(key: &KeyView) -> Vec<VersionView> {
    let version = |number: u32| {
        let age = i64::from(key.version - number) * 90 + 12;
        VersionView {
            version: number,
            labels: match key.version - number {
                0 => vec![VersionLabel::Current],
                1 => vec![VersionLabel::Previous],
                _ => Vec::new(),
            },
            created_at: moment(NOW_MS - age * 1_440 * MINUTE),
            created_by: person(number as usize).0,
            fetchable_until: (number + 1 == key.version).then(|| moment(NOW_MS + 18 * 60 * MINUTE)),
        }
    };
    (1..=key.version).rev().map(version).collect()
}

pub(super) fn access(key: &KeyView) -> KeyAccess {
    use AccessAction::{Change, Delete, Fetch, Move, Reveal, Rotate, See, Track};
    let may = |role| match role {
        Role::Owner | Role::Admin => vec![See, Reveal, Change, Rotate, Move, Delete, Track],
        Role::Member => vec![See, Reveal, Track],
        Role::Viewer => vec![See],
    };
    let people = (0..4).map(|n| {
        let (user_id, name, role) = person(n);
        let sealed = [SealedAccess::Open, SealedAccess::Open, SealedAccess::Pending, SealedAccess::None][n];
        PersonAccess { user_id, name: name.to_owned(), role, may: may(role), sealed }
    });
    let you = AccessAction::ALL.into_iter().map(|action| {
        let allowed = may(Role::Owner).contains(&action);
        let why = if allowed {
            "you may, because you are owner of Payments EU".to_owned()
        } else {
            "you may not, because to fetch a value is for service tokens with the scope fetch".to_owned()
        };
        AccessAnswer { action, allowed, why }
    });
    let token = |n: usize, name: &str, may: Vec<AccessAction>, opens| AppAccess {
        id: id(950 + n),
        name: name.to_owned(),
        created_by: person(0).0,
        may,
        opens,
    };
    KeyAccess {
        id: key.id,
        custody: key.custody,
        daemon: key.custody == Automation,
        you: you.collect(),
        people: people.collect(),
        tokens: vec![
            token(0, "shop-backend", vec![Fetch, Track], true),
            token(1, "nightly-report", vec![Track], false),
        ],
        shares_value_with: twins(key),
    }
}

/// The keys of other environments that hold the same value.
fn twins(one: &KeyView) -> Vec<SharedValue> {
    let twin = |other: &KeyView| {
        other.environment != one.environment
            && stands_out(one, Hygiene::SharedValue)
            && stands_out(other, Hygiene::SharedValue)
    };
    let told = |key: KeyView| SharedValue {
        id: key.id,
        key_id: key.key_id,
        name: key.name,
        environment: key.environment,
    };
    keys().into_iter().filter(twin).map(told).collect()
}

pub(super) fn trail() -> Vec<AuditView> {
    let record = |(n, (minutes, who, action, detail)): (usize, (i64, usize, &str, &str))| AuditView {
        seq: 400 - n as u64,
        timestamp: moment(NOW_MS - minutes * MINUTE),
        actor: Some(if who < 4 { person(who).0 } else { id(950) }),
        actor_kind: if who < 4 { "account" } else { "token" }.to_owned(),
        door: Door::Ssh,
        from: Some("192.0.2.7".to_owned()),
        action: action.to_owned(),
        object: Some(id(0)),
        space: Some(id(800)),
        outcome: if detail.is_empty() { Outcome::Refused } else { Outcome::Done },
        detail: detail.to_owned(),
        request_id: None,
    };
    let rows = [
        (3, 1, "key.reveal", "version 1: refund 8841 failed"),
        (50, 4, "key.fetch", "version 1"),
        (190, 2, "key.change", ""),
        (1_500, 0, "key.change", "monthlyLimit, tags"),
        (17_300, 0, "key.rotate", "version 1, set by hand"),
        (57_600, 0, "key.create", "sealed custody"),
    ];
    rows.into_iter().enumerate().map(record).collect()
}

pub(super) fn imported(dry_run: bool, skip: bool) -> ImportReport {
    let line = |(at, (name, result, detail)): (usize, (&str, ImportResult, &str))| ImportLine {
        line: Some(at + 1),
        index: None,
        name: name.to_owned(),
        environment: Development,
        result,
        detail: (!detail.is_empty()).then(|| detail.to_owned()),
        id: None,
        key_id: None,
    };
    let other =
        if skip { "is there with another value; it is left as it is" } else { "is there with another value" };
    let rows = [
        ("STRIPE_KEY", ImportResult::New, ""),
        ("OPENAI_API_KEY", ImportResult::Same, ""),
        ("SENDGRID_KEY", ImportResult::Conflicting, other),
        ("S3 SECRET", ImportResult::Invalid, "a name has letters, digits and _ alone"),
        ("SLACK_BOT_TOKEN", ImportResult::New, ""),
        ("SENTRY_DSN", ImportResult::Empty, "has no value, so it is passed over"),
    ];
    let keys = rows.into_iter().enumerate().map(line).collect();
    ImportReport { dry_run, new: 2, same: 1, conflicting: 1, empty: 1, invalid: 1, keys }
}
