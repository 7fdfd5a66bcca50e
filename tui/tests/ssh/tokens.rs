//! `ssh HOST tokens …`: what lets an app in is shown once, listed without its secret, and revoked.

use crate::harness::Server;

#[tokio::test]
async fn a_token_is_made_listed_and_revoked() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let add = "tokens add --name web --env production --scope fetch --scope track --expires 30d --max-uses 9 \
               --network 10.0.0.0/8 --json";
    let made = server.run(&ana, add, b"").await;
    assert_eq!(made.status, Some(0), "{made:?}");
    let made = made.json();
    assert!(made["token"].as_str().unwrap().starts_with("kw_"));
    assert_eq!((&made["environment"], &made["maxUses"]), (&"production".into(), &9.into()));
    server.run(&ana, "keys add --name one --service S", b"v").await;
    let plain = server.run(&ana, "tokens add --name jobs --key one", b"").await;
    assert!(plain.out().starts_with("kw_") && plain.out().trim().len() == 52, "{plain:?}");
    assert!(plain.err().contains("not shown again"));

    let listed = server.run(&ana, "tokens ls --json", b"").await;
    assert_eq!(listed.json()["tokens"].as_array().unwrap().len(), 2);
    assert!(!listed.out().contains("kw_"));
    assert!(server.run(&ana, "tokens ls", b"").await.out().contains("0 of 9"));
    assert_eq!(server.run(&ana, "tokens rm web", b"").await.status, Some(2));
    assert_eq!(server.run(&ana, "tokens rm web --yes", b"").await.status, Some(0));
    assert_eq!(server.run(&ana, "tokens rm web --yes", b"").await.status, Some(3));
    for (command, says) in [
        ("tokens add --name x --key none", "no such key"),
        ("tokens add --name x --key one --expires soon", "30d"),
        ("tokens add --name x --key one --network here", "10.0.0.0/8"),
        ("tokens add --name x --key one --scope all", "fetch or track"),
        ("tokens add --name x --key one --max-uses many", "whole number"),
        ("tokens add --name x", "name 1 to 1000 keys"),
    ] {
        let refused = server.run(&ana, command, b"").await;
        assert_eq!((refused.status, refused.out()), (Some(2), ""), "{command}: {refused:?}");
        assert!(refused.err().contains(says), "{command}: {}", refused.err());
    }
}

#[tokio::test]
async fn a_revocation_is_rehearsed_and_nothing_is_done() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "mail", "v-1").await;
    assert_eq!(server.run(&ana, "tokens add --name worker --key mail", b"").await.status, Some(0));
    let told = server.run(&ana, "tokens rm worker --dry-run", b"").await;
    assert_eq!(told.out(), "worker would be revoked\nOpens: mail\nLast seen: never\nUses: 0\n", "{told:?}");
    assert_eq!(server.run(&ana, "tokens rm worker --dry-run --json", b"").await.json()["name"], "worker");
    let left = server.run(&ana, "tokens ls --json", b"").await.json();
    assert_eq!(left["tokens"].as_array().map(Vec::len), Some(1), "{left}");
    assert_eq!(server.run(&ana, "tokens rm missing --dry-run", b"").await.status, Some(3));
}
