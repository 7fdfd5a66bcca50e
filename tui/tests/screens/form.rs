//! The form and the import: advice by service, values that are made, a pasted `.env` text.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::Fault;
use keyward_keys::input::RotationMethodName;
use keyward_tui::app::{Answer, AppEvent, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Input, Key, KeyCode, Paste};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

fn stage(presses: &str) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (120, 40));
    stage.press(&format!("2{presses}"));
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> (RequestId, Query) {
    let Some(at) = stage.held.iter().position(|(_, query)| wanted(query)) else { panic!("it was not asked") };
    stage.held.remove(at)
}

fn paste(stage: &mut Stage, text: &str) {
    let paste = Paste { text: Zeroizing::new(text.to_owned()), truncated: false };
    stage.send(AppEvent::Input(Input::Paste(paste)));
}

#[test]
fn a_known_service_is_completed_and_gives_advice_alone() {
    let mut stage = stage("nchat\tope");
    assert!(stage.text().contains("Right completes OpenAI"));
    stage.key(Key::plain(KeyCode::Right));
    assert!(stage.text().contains("platform.openai.com/api-keys"), "{}", stage.text());
    stage.press("\t\tAKIA123");
    assert!(stage.text().contains("OpenAI values begin with sk-"));
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Create(_)));
    let Query::Create(new) = query else { panic!() };
    assert_eq!((new.service.as_str(), new.rotation_interval), ("OpenAI", Some(90)), "it is not refused");
}

#[test]
fn what_is_too_much_is_told_while_one_types_and_what_is_unfinished_is_not() {
    let mut stage = stage(&format!("n{}", "x".repeat(128)));
    assert!(!stage.text().contains("at most 128"));
    stage.press("x");
    assert!(stage.text().contains("at most 128"));
    let mut stage = self::stage("nname\tservice\t\tvalue\tshort");
    assert!(!stage.text().contains("at least 8"));
    stage.press("\t");
    assert!(stage.text().contains("at least 8"));
}

#[test]
fn a_value_is_made_by_a_template_until_it_is_right() {
    let mut stage = stage("nname\tinternal");
    stage.hold = true;
    stage.key(Key::ctrl('g'));
    stage.key(Key::ctrl('u'));
    stage.press("{6:digits}\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Generate(_)));
    assert!(matches!(query, Query::Generate(template) if template == "{6:digits}"));
    let detail = "gives 20 random bits, which can be guessed; {14} is enough".to_owned();
    let faults = vec![Fault { field: "template".to_owned(), detail }];
    stage.answer(request, Err(Notice { faults, ..Notice::new(NoticeKind::Invalid, "Not saved.") }));
    assert!(stage.text().contains("can be guessed") && stage.text().contains("{6:digits}"));
    stage.key(Key::ctrl('u'));
    stage.press("sk-{48}\r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Generate(_)));
    stage.answer(request, Ok(Answer::Generated(SecretString::from("sk-made"))));
    assert!(!stage.text().contains("sk-made"), "it is not shown");
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Create(_)));
    assert!(matches!(query, Query::Create(new) if new.value.expose_secret() == "sk-made"));
}

#[test]
fn what_a_pasted_text_comes_to_looks_as_it_did() {
    for size in [(40, 12), (80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
        stage.press("2I");
        paste(&mut stage, "STRIPE_KEY=sk_live_1\n");
        let (_, cursor) = stage.screen();
        let shown = format!("{}cursor: {cursor:?}\n", stage.text());
        insta::assert_snapshot!(format!("import-report-{}x{}", size.0, size.1), shown);
    }
}

#[test]
fn a_pasted_text_is_looked_at_before_it_is_added() {
    let mut stage = stage("I");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    assert!(stage.held.is_empty() && stage.text().contains("Paste the text first"));
    paste(&mut stage, "STRIPE_KEY=sk_live_1\nOPENAI_API_KEY=sk-2\n");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Import(..)));
    let Query::Import(words, _) = &query else { panic!() };
    assert!(words.dry_run && !words.skip_conflicts);
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    let text = stage.text();
    assert!(
        text.contains("2 new") && text.contains("SENDGRID_KEY") && text.contains("other value"),
        "{text}"
    );
    assert!(text.contains("1 empty") && text.contains("SENTRY_DSN"), "{text}");
    assert!(!text.contains("sk_live_1"), "no value is shown");
    stage.press("x");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Import(..)));
    assert!(matches!(&query, Query::Import(words, _) if words.skip_conflicts && words.dry_run));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    stage.press("\x1bn");
    assert!(stage.text().contains("SENDGRID_KEY"), "leaving asks first");
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Import(..)));
    assert!(matches!(&query, Query::Import(words, _) if !words.dry_run));
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "The store takes no changes.")));
    assert!(stage.text().contains("The store takes no changes") && stage.text().contains("The text is kept"));
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Import(..)));
    let answer = stage.reply(query).unwrap();
    stage.answer(request, Ok(answer));
    assert!(stage.text().contains("2 keys are sealed and stored") && stage.text().contains("NAME"));
}

#[test]
fn keys_are_made_and_brought_in_for_a_team_when_one_says_so() {
    let mut stage = stage("nname\tservice\t\tvalue\t\t");
    assert!(stage.text().contains("Belongs to") && !stage.text().contains("Website"), "a viewer adds none");
    stage.key(Key::plain(KeyCode::Right));
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Create(_)));
    assert!(matches!(query, Query::Create(new) if new.team == Some(id(300))));
    let mut stage = self::stage("I");
    assert!(stage.text().contains("for yourself"), "{}", stage.text());
    stage.hold = true;
    stage.press("t");
    paste(&mut stage, "STRIPE_KEY=sk_live_1\n");
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Import(..)));
    assert!(matches!(query, Query::Import(words, _) if words.team == Some(id(300).to_string())));
    assert!(stage.text().contains("for Payments"), "{}", stage.text());
}

#[test]
fn what_is_emptied_is_cleared_and_networks_are_read() {
    let mut stage = stage("");
    stage.hold = true;
    stage.press("\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    let Some(Answer::Key(mut key)) = stage.reply(query) else { panic!() };
    let page = "https://console.example.com/keys".to_owned();
    key.rotation.as_mut().expect("settings").url = Some(page);
    key.networks = vec!["10.0.0.0/8".parse().expect("a network")];
    stage.answer(request, Ok(Answer::Key(key)));
    stage.press("e\t\t\t\t\t\t\t\t");
    assert!(stage.text().contains("console.example.com"), "{}", stage.text());
    stage.key(Key::ctrl('u'));
    stage.press("\t\t\t");
    stage.key(Key::ctrl('u'));
    stage.press("moon");
    assert!(stage.text().contains("networks such as"), "{}", stage.text());
    stage.key(Key::ctrl('u'));
    stage.press("192.0.2.1, 10.0.0.0/8");
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    assert_eq!(patch.networks.map(|all| all.len()), Some(2));
    assert_eq!(patch.rotation.flatten().expect("set").url.as_deref(), Some(""), "cleared");
}

#[test]
fn a_long_fault_is_told_to_its_end_where_there_is_little_room() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        let mut stage = Stage::new(keys(), &Look::Dark.caps(), size);
        stage.press("2\re\t\t\t\t\t\t\t");
        retype(&mut stage, "0 0 31 2 *");
        let text = stage.text().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!text.contains('…'), "{size:?}: {}", stage.text());
        assert!(text.contains("never comes"), "{size:?}: {}", stage.text());
    }
}

#[test]
fn a_new_value_that_a_person_pastes_is_tried_by_a_recipe_or_no_longer() {
    let mut stage = stage("\re\t\t\t\t\t\t\t\t\t");
    assert!(!stage.text().contains("Tried by"), "{}", stage.text());
    stage.press("https://console.example.com/keys\t");
    assert!(stage.text().contains("the recipe that tries the new value"), "{}", stage.text());
    stage.press("gitlab\tbase=https://git.example.com");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    let rotation = patch.rotation.flatten().expect("set");
    assert_eq!((rotation.method, rotation.recipe.as_deref()), (None, Some("gitlab")));
    let told = rotation.parameters.expect("parameters");
    assert_eq!(told.get("base").map(String::as_str), Some("https://git.example.com"));

    let mut stage = self::stage("");
    stage.hold = true;
    stage.press("\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Key(_)));
    let Some(Answer::Key(mut key)) = stage.reply(query) else { panic!() };
    key.rotation.as_mut().expect("settings").recipe = Some("gitlab".to_owned());
    stage.answer(request, Ok(Answer::Key(key)));
    stage.press("e\t\t\t\t\t\t\t\t\t");
    stage.key(Key::ctrl('u'));
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    assert_eq!(patch.rotation.flatten().expect("set").recipe.as_deref(), Some(""), "cleared");
}

/// Empties the field at hand, and types into it.
fn retype(stage: &mut Stage, text: &str) {
    (0..20).for_each(|_| stage.key(Key::plain(KeyCode::Backspace)));
    stage.press(text);
}

#[test]
fn how_a_key_is_rotated_shows_what_it_means_as_one_types() {
    let mut stage = stage("\re\t\t\t\t\t\t\t");
    retype(&mut stage, "0 3 * * 1");
    assert!(stage.text().contains("Next: 23 Nov 03:00, 30 Nov 03:00, 7 Dec 03:00"), "{}", stage.text());
    for (typed, fault) in [("0 0 31 2 *", "never comes"), ("1 2 3", "3 fields"), ("9999", "days, 0 to 3650")]
    {
        retype(&mut stage, typed);
        assert!(stage.text().contains(fault), "{fault}: {}", stage.text());
    }
    retype(&mut stage, "0 3 * * 1");
    stage.press("\t");
    stage.key(Key::plain(KeyCode::Right));
    stage.press("\tsk-{40:hex}");
    assert!(stage.text().contains("Such as sk-") && !stage.text().contains("Address"), "{}", stage.text());
    stage.press("\t");
    retype(&mut stage, "soon");
    assert!(stage.text().contains("a time such as 1h"), "{}", stage.text());
    retype(&mut stage, "7d");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    assert!(patch.rotation_interval.is_none(), "days stay as they are");
    let rotation = patch.rotation.flatten().expect("set");
    assert_eq!(rotation.method, Some(RotationMethodName::Generate));
    assert_eq!(rotation.cron, Some(Some("0 3 * * 1".to_owned())));
    assert_eq!(rotation.template.as_deref(), Some("sk-{40:hex}"));
    assert_eq!(rotation.overlap.map(|span| span.as_secs()), Some(7 * 86_400));
    assert!(rotation.url.is_none() && rotation.quiet_hours.is_none());
    let fault = Fault { field: "rotation/quietHours".to_owned(), detail: "are written so".to_owned() };
    let notice = Notice { faults: vec![fault], ..Notice::new(NoticeKind::Invalid, "Not saved.") };
    stage.answer(request, Err(notice));
    assert!(stage.text().contains("are written so") && stage.text().contains("sk-{40:hex}"));
}

#[test]
fn a_budget_is_tried_on_the_past_while_one_types_it() {
    let mut stage = stage("\re\t\t\t\t\t\t");
    retype(&mut stage, "4x");
    assert!(stage.text().contains("an amount, such as 50"), "{}", stage.text());
    retype(&mut stage, "49.9");
    let text = stage.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Last month: would have been reached on 19 October; this month: 64 %"), "{text}");
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    assert_eq!(patch.monthly_budget, Some("49.90".parse().ok()));
}

#[test]
fn a_key_moves_to_the_team_that_is_chosen_and_one_that_is_sealed_is_opened_first() {
    let mut stage = stage("\re\t\t\t");
    assert!(stage.text().contains("Belongs to"), "{}", stage.text());
    stage.key(Key::plain(KeyCode::Right));
    assert!(stage.text().contains("It moves to"), "{}", stage.text());
    stage.hold = true;
    stage.key(Key::ctrl('s'));
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    let Query::Update { patch, .. } = query else { panic!() };
    let team = patch.team.expect("it moves");
    assert!(patch.name.is_none() && patch.environment.is_none(), "and nothing else changes");
    stage.answer(request, Err(Notice::new(NoticeKind::Unlock, "It is locked.")));
    assert!(stage.text().contains("passphrase opens it"), "{}", stage.text());
    stage.press("a passphrase\r");
    let (request, query) = take(&mut stage, |query| matches!(query, Query::Unlock(_)));
    assert!(matches!(query, Query::Unlock(typed) if typed.expose_secret() == "a passphrase"));
    stage.answer(request, Err(Notice::new(NoticeKind::WrongPassphrase, "That is not it.")));
    assert!(stage.text().contains("That is not it"), "{}", stage.text());
    stage.press("another one\r");
    let (request, _) = take(&mut stage, |query| matches!(query, Query::Unlock(_)));
    stage.answer(request, Ok(Answer::Unlocked));
    let (_, query) = take(&mut stage, |query| matches!(query, Query::Update { .. }));
    assert!(matches!(query, Query::Update { patch, .. } if patch.team == Some(team)), "saved after that");
}
