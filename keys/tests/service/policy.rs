//! Knocks on what the service offers as everyone who is not entitled to it.

use keyward_keys::input::{AddedAccount, CheckpointQuery, KeyPatch, NewToken, ReportQuery, Reveal};
use keyward_keys::view::BackupContents;
use keyward_keys::{Error, Plan, Scope};

use crate::harness::{Instance, by_id, new_account};

#[tokio::test]
async fn a_stranger_is_told_that_there_is_no_such_key_by_every_operation() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let key = by_id(instance.add_key(&ana, "Billing").await.id);
    let refusals = [
        ("key", service.key(&bob, &key).await.err()),
        ("update", service.update_key(&bob, &key, KeyPatch::default(), None).await.err()),
        ("delete", service.delete_key(&bob, &key, None).await.err()),
        ("reveal", service.reveal(&bob, &key, Reveal::default()).await.err()),
        ("fetch", service.fetch(&bob, &key, None).await.err()),
        ("track", service.track(&bob, &key, Default::default()).await.err()),
        ("usage", service.usage(&bob, &key, &ReportQuery::default()).await.err()),
        ("live", service.live(&bob, &key).await.err()),
    ];
    for (name, refusal) in refusals {
        assert!(matches!(refusal, Some(Error::NotFound("key"))), "{name}: {refusal:?}");
    }
    let id = service.key(&ana, &key).await.expect("ana's").id;
    assert!(service.live_rates(&bob, &[id]).is_empty());
    assert_eq!(service.live_rates(&ana, &[id]).len(), 1);
}

#[tokio::test]
async fn what_is_the_daemons_or_an_operators_is_refused_to_others() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let added = AddedAccount { account: new_account("eve"), operator: true, plan: Plan::Free };
    let nothing = BackupContents { at: None, rows: 0, tables: Default::default(), damaged: None };
    let refusals = [
        ("operator code", service.operator_code(&ana).await.err()),
        ("add account", service.add_account(&ana, added).await.err()),
        ("purge", service.prune_usage(&ana).await.err()),
        (
            "sessions",
            service.end_expired_sessions(&ana).await.err().or(Some(Error::Forbidden(String::new()))),
        ),
        ("codes", service.forget_codes(&ana).await.err()),
        ("drain", service.announce_drain(&ana, 1).err()),
        ("audit", service.verify_audit(&ana, None).await.err()),
        ("checkpoints", service.audit_checkpoints(&ana, CheckpointQuery { page: 1, limit: 20 }).await.err()),
        ("export", service.export_audit(&ana).await.err()),
        ("sign", service.sign_audit(&ana).await.err()),
        ("alerts", service.watch_alerts(&ana).await.err()),
        (
            "backup",
            service.back_up(&ana, tempfile::tempfile().unwrap(), "ana", Default::default()).await.err(),
        ),
        ("restore", service.restored(&ana, &nothing).await.err()),
        ("console", service.account_caller(&ana, "ana").err()),
    ];
    for (name, refusal) in refusals {
        assert!(matches!(refusal, Some(Error::Forbidden(_))), "{name}: {refusal:?}");
    }
    assert!(matches!(service.me(&instance.system()).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn a_token_cannot_act_as_the_person_who_made_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let new = NewToken {
        name: "worker".to_owned(),
        keys: vec![key.key_id.clone()],
        scopes: vec![Scope::Fetch, Scope::Track],
        ..NewToken::default()
    };
    let (_, text) = service.create_token(&ana, new).await.expect("made");
    let bearer = secrecy::ExposeSecret::expose_secret(&text);
    let app = service.sign_in_with_bearer(crate::harness::ORIGIN, bearer).expect("good");
    let key = by_id(key.id);
    assert!(service.track(&app, &key, Default::default()).await.is_ok());
    assert!(matches!(service.reveal(&app, &key, Reveal::default()).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.usage(&app, &key, &ReportQuery::default()).await, Err(Error::Forbidden(_))));
    assert!(service.keys(&app, &Default::default()).await.is_err());
    assert!(service.issue_tokens(&app, None).await.is_err());
    assert!(service.ssh_keys(&app).await.is_err());
    assert!(service.subscribe(&app).is_err());
}
