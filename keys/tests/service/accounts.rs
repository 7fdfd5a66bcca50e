use std::time::Duration;

use keyward_keys::input::NewAccount;
use keyward_keys::{Error, Plan, Registration};
use secrecy::ExposeSecret;

use crate::harness::{ELSEWHERE, Instance, NOON, ORIGIN, eventually, new_account, secret};

const ANA_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

#[tokio::test]
async fn the_first_person_joins_with_the_operators_code_and_it_works_once() {
    let instance = Instance::with(Registration::Invite).await;
    let service = &instance.service;
    let refused = service.register(ORIGIN, new_account("ana")).await;
    assert!(matches!(refused, Err(Error::Registration(_))));

    let code = service.operator_code(&instance.system()).await.expect("asked").expect("no operator yet");
    assert!(service.invitation_known(&code));
    let typed = secret(&code.expose_secret().to_lowercase().replace('-', " "));
    let join = |login: &str| NewAccount { code: Some(typed.clone()), ..new_account(login) };
    let (caller, user) = service.register(ORIGIN, join("ana")).await.expect("joins");
    assert!(user.operator);
    assert_eq!(service.me(&caller).await.expect("me").login, "ana");

    assert!(matches!(service.register(ORIGIN, join("bob")).await, Err(Error::Registration(_))));
    assert!(service.operator_code(&instance.system()).await.expect("asked").is_none());
}

#[tokio::test]
async fn an_operators_code_grows_old_and_a_new_one_voids_it() {
    let instance = Instance::with(Registration::Invite).await;
    let first = instance.service.operator_code(&instance.system()).await.expect("asked").expect("a code");
    let second = instance.service.operator_code(&instance.system()).await.expect("asked").expect("a code");
    assert!(!instance.service.invitation_known(&first) && instance.service.invitation_known(&second));
    instance.clock.set(NOON + 24 * 3_600_000);
    assert!(!instance.service.invitation_known(&second));
}

#[tokio::test]
async fn every_fault_of_a_registration_is_told_at_once() {
    let instance = Instance::open().await;
    let bad = NewAccount {
        name: String::new(),
        email: "nowhere".to_owned(),
        password: secret("short"),
        code: None,
        ssh_key: Some("ssh-rsa AAAA".to_owned()),
    };
    let Err(Error::Invalid(faults)) = instance.service.register(ORIGIN, bad).await else { panic!("refused") };
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["name", "email", "password", "sshKey"]);
}

#[tokio::test]
async fn one_email_is_one_account_and_logins_are_made_unique() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let named = |email: &str| NewAccount { email: email.to_owned(), ..new_account("ana") };
    let (_, first) = service.register(ORIGIN, named("Ana@Example.com")).await.expect("joins");
    let (_, second) = service.register(ORIGIN, named("ana@example.org")).await.expect("joins");
    let (_, reserved) = service.register(ORIGIN, named("join@example.org")).await.expect("joins");
    assert_eq!((first.login.as_str(), second.login.as_str()), ("ana", "ana2"));
    assert_eq!((first.email.as_str(), reserved.login.as_str()), ("ana@example.com", "join2"));
    let twice = service.register(ORIGIN, named("ANA@example.com")).await;
    assert!(matches!(twice, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn five_wrong_passwords_lock_passwords_but_not_ssh_keys() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let with_key = NewAccount { ssh_key: Some(ANA_KEY.to_owned()), ..new_account("ana") };
    let (caller, _) = service.register(ORIGIN, with_key).await.expect("joins");
    let fingerprint = keyward_keys::ssh_fingerprint(ANA_KEY).expect("a good line");
    for _ in 0..5 {
        let wrong = service.sign_in(ORIGIN, "ana", secret("wrong horse")).await;
        assert!(matches!(wrong, Err(Error::Unauthenticated)));
    }
    let locked = service.sign_in(ORIGIN, "ana", secret("correct horse")).await;
    assert!(matches!(locked, Err(Error::Unauthenticated)));
    assert!(service.still_valid(&caller));
    service.sign_in_with_ssh_key(ORIGIN, "ana", &fingerprint).await.expect("the key goes on");

    // The key's sign-in proved the person, so passwords are accepted again.
    service.sign_in(ORIGIN, "ana@example.com", secret("correct horse")).await.expect("unlocked");
}

#[tokio::test]
async fn a_stranger_elsewhere_locks_nobody_out_and_unknown_names_are_locked_alike() {
    let instance = Instance::open().await;
    let service = &instance.service;
    instance.person("ana", Plan::Free).await;
    for name in ["ana", "nobody"] {
        for _ in 0..8 {
            let wrong = service.sign_in(ELSEWHERE, name, secret("wrong horse")).await;
            assert!(matches!(wrong, Err(Error::Unauthenticated)));
        }
    }
    assert!(service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await.is_err());
    service.sign_in(ORIGIN, "Ana@Example.COM", secret("correct horse")).await.expect("from where they are");
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_attempts_meanwhile_do_not_prolong_it() {
    let instance = Instance::open().await;
    instance.person("ana", Plan::Free).await;
    let service = &instance.service;
    for _ in 0..9 {
        let _ = service.sign_in(ORIGIN, "ana", secret("wrong horse")).await;
    }
    instance.clock.set(NOON + 59_000);
    assert!(service.sign_in(ORIGIN, "ana", secret("correct horse")).await.is_err());
    instance.clock.set(NOON + 60_000);
    service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("a minute has passed");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_guesses() {
    let instance = Instance::open().await;
    let (ana, _) = instance.person("ana", Plan::Free).await;
    // As many as are compared at once, and some that wait for their turn; the right one comes last.
    let wrong = std::thread::available_parallelism().map_or(1, usize::from) + 20;
    let guesses: Vec<_> = (0..=wrong)
        .map(|number| {
            let password = secret(if number == wrong { "correct horse" } else { "wrong horse" });
            let service = instance.service.clone();
            tokio::spawn(async move { service.sign_in(ELSEWHERE, "ana", password).await })
        })
        .collect();
    for guess in guesses {
        assert!(matches!(guess.await.expect("ran"), Err(Error::Unauthenticated)));
    }
    let changes: Vec<_> = (0..=wrong)
        .map(|number| {
            let current = secret(if number == wrong { "correct horse" } else { "wrong horse" });
            let (service, ana) = (instance.service.clone(), ana.clone());
            tokio::spawn(
                async move { service.change_password(&ana, current, secret("battery staple")).await },
            )
        })
        .collect();
    for change in changes {
        assert!(matches!(change.await.expect("ran"), Err(Error::WrongPassword | Error::TooMany(_))));
    }
}

#[tokio::test]
async fn a_guess_counts_although_nobody_waits_for_its_answer() {
    let instance = Instance::open().await;
    instance.person("ana", Plan::Free).await;
    let (service, system) = (&instance.service, instance.system());
    for _ in 0..5 {
        // It is polled once, which begins the comparison, and then given up.
        let guess = service.sign_in(ELSEWHERE, "ana", secret("wrong horse"));
        let _ = tokio::time::timeout(Duration::ZERO, guess).await;
        let compared = async || service.monitor(&system).expect("told").derivations_running == 0;
        eventually("the comparison is done", compared).await;
    }
    let right = service.sign_in(ELSEWHERE, "ana", secret("correct horse")).await;
    assert!(matches!(right, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn an_ssh_key_opens_one_account_and_removing_it_ends_what_it_opened() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let (ana, _) = instance.person("ana", Plan::Free).await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let fingerprint = keyward_keys::ssh_fingerprint(ANA_KEY).expect("a good line");
    let key = service.add_ssh_key(&ana, "", ANA_KEY).await.expect("added");
    assert_eq!(key.name, "ana@laptop");
    assert!(matches!(service.add_ssh_key(&bob, "", ANA_KEY).await, Err(Error::Conflict(_))));
    assert!(service.ssh_key_known("ana", &fingerprint) && !service.ssh_key_known("bob", &fingerprint));
    assert!(service.sign_in_with_ssh_key(ORIGIN, "bob", &fingerprint).await.is_err());

    let by_key = service.sign_in_with_ssh_key(ORIGIN, "ana", &fingerprint).await.expect("signed in");
    let mut events = instance.hears(&by_key).await;
    assert!(matches!(service.remove_ssh_key(&bob, key.id).await, Err(Error::NotFound(_))));
    service.remove_ssh_key(&ana, key.id).await.expect("removed");
    assert!(!service.still_valid(&by_key) && service.still_valid(&ana));
    let ended = events.next().await.expect("told");
    assert!(matches!(ended, keyward_keys::Event::SessionsEnded { credential: Some(id), .. } if id == key.id));
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let instance = instance.reopen().await;
    let again = instance.service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signed in");
    let found = instance.service.key(&again, &crate::harness::by_id(key.id)).await.expect("the key");
    assert_eq!(found, key);
    let audit = instance.service.verify_audit(&instance.system(), None).await.expect("verified");
    assert_eq!((audit.records, audit.fault), (4, None));
}
