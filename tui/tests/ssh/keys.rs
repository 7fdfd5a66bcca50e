//! The pages about keys over a real session and the real core: what is asked there is done.

use crate::harness::{Server, Tty};

#[tokio::test]
async fn several_keys_go_to_the_bin_and_come_back() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for name in ["cards", "search", "mail"] {
        server.api_key(&ana, name, "v-1").await;
    }
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (100, 30), None).await;
    tty.until("ana").await;
    tty.type_in("2").await;
    tty.until("cards").await;
    tty.until("3 no limit").await;
    tty.type_in("  D").await;
    tty.until("Delete 2 keys").await;
    tty.type_in("y").await;
    tty.until("2 keys in the bin for 30 days").await;
    assert_eq!(server.run(&ana, "keys ls --json", b"").await.json()["pagination"]["total"], 1);
    tty.type_in("B").await;
    tty.until("1 to 2 of 2").await;
    tty.type_in("  u").await;
    tty.until("2 keys back from the bin").await;
    tty.until("The bin is empty").await;
    tty.type_in("\x1b").await;
    tty.until("1 to 3 of 3").await;
    let trail = server.run(&ana, "audit --action key.restore --json", b"").await.json();
    assert_eq!(trail["records"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_value_is_made_stored_and_told_of() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (100, 30), None).await;
    tty.until("ana").await;
    tty.type_in("2n").await;
    tty.until("New API key").await;
    tty.type_in("internal\tgate\x07").await;
    tty.until("Generate a value").await;
    tty.type_in("\r").await;
    tty.until("A value of 48 characters is in place").await;
    tty.type_in("\x13").await;
    tty.until("is sealed and stored").await;
    tty.type_in("\t\t\t").await;
    tty.until("PEOPLE").await;
    tty.until("you may, because").await;
    tty.type_in("\t").await;
    tty.until("create").await;
    let value = server.run(&ana, "keys get internal", b"").await;
    assert_eq!(value.out().trim_end().len(), 48);
    assert!(!tty.text().contains(value.out().trim_end()), "it was never on the screen");
    tty.type_in("V").await;
    tty.until("Paste the new value").await;
    tty.type_in("another-value\r").await;
    tty.until("is at its next version").await;
    assert_eq!(server.run(&ana, "keys get internal", b"").await.out(), "another-value\n");
    tty.type_in("e").await;
    tty.until("Edit internal").await;
    tty.type_in("-2\x13").await;
    tty.until("internal-2 is changed").await;
}
