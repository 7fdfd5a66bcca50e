//! The plan's page and the monitor: what they ask for and when, and what they say.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::Event;
use keyward_keys::input::NewBudget;
use keyward_keys::view::{FailedBackupView, MonitorView};
use keyward_tui::app::{Answer, AppEvent, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};
use keyward_tui::term::input::{Key, KeyCode};

fn stage(presses: &str) -> Stage {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (120, 40));
    stage.press(presses);
    stage
}

fn take(stage: &mut Stage, wanted: impl Fn(&Query) -> bool) -> Option<RequestId> {
    let at = stage.held.iter().position(|(_, query)| wanted(query))?;
    Some(stage.held.remove(at).0)
}

#[test]
fn the_monitor_is_read_each_second_while_it_is_open_and_never_else() {
    let mut stage = stage("8");
    assert!(stage.text().contains("measuring"), "{}", stage.text());
    stage.pass(10_000);
    assert!(stage.text().contains("/s") && !stage.text().contains("measuring"), "{}", stage.text());
    assert!(stage.text().contains("last backup") && stage.text().contains("5 h, 92 MB in 5 s"));
    let body = |stage: &Stage| stage.text().lines().skip(1).collect::<Vec<_>>().join("\n");
    let before = body(&stage);
    stage.press("p");
    stage.hold = true;
    stage.pass(5_000);
    assert!(stage.held.is_empty(), "paused");
    assert_eq!(body(&stage), before);
    stage.press("p");
    assert!(take(&mut stage, |query| matches!(query, Query::Monitor)).is_some(), "at once when it goes on");
    stage.press("?");
    stage.pass(5_000);
    assert!(stage.held.is_empty(), "covered");
    stage.press("?2");
    stage.held.clear();
    stage.pass(5_000);
    assert!(take(&mut stage, |query| matches!(query, Query::Monitor)).is_none(), "closed");
}

#[test]
fn the_monitor_says_in_words_that_a_backup_is_missing_old_or_failed() {
    let said = |change: &dyn Fn(&mut MonitorView)| {
        let mut stage = stage("8");
        stage.hold = true;
        stage.pass(1_000);
        let request = take(&mut stage, |query| matches!(query, Query::Monitor)).expect("asked");
        let Some(Answer::Monitor(mut view)) = stage.reply(Query::Monitor) else { panic!("a monitor") };
        change(&mut view);
        stage.answer(request, Ok(Answer::Monitor(view)));
        let text = stage.text();
        let line = text.lines().find(|line| line.contains("last backup")).expect("a line");
        line.split("last backup").nth(1).unwrap_or_default().trim().to_owned()
    };
    let failed = |view: &mut MonitorView| {
        view.failed_backup =
            Some(FailedBackupView { at: view.at, reason: "full".to_owned(), by: "root".to_owned() });
    };
    assert_eq!(said(&|view| view.last_backup = None), "never");
    assert_eq!(said(&failed), "5 h, then failed");
    let age = |view: &mut MonitorView, days: i64| {
        if let Some(made) = &mut view.last_backup {
            made.at =
                view.at - jiff::SignedDuration::from_hours(24 * days) - jiff::SignedDuration::from_mins(5);
        }
    };
    assert!(!said(&|view| age(view, 6)).contains("old"));
    assert!(said(&|view| age(view, 7)).contains("d, old"), "{}", said(&|view| age(view, 7)));
}

#[test]
fn a_monitor_that_is_refused_says_so_and_stops_asking() {
    let mut stage = stage("8");
    stage.hold = true;
    stage.pass(1_000);
    let request = take(&mut stage, |query| matches!(query, Query::Monitor)).expect("asked");
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "metrics.read is for operators.")));
    assert!(
        stage.text().contains("is for operators") && stage.text().contains("Esc goes back"),
        "{}",
        stage.text()
    );
    stage.pass(10_000);
    assert!(stage.held.is_empty());
    stage.press("r");
    assert!(take(&mut stage, |query| matches!(query, Query::Monitor)).is_some());
}

#[test]
fn the_plan_tells_where_the_month_goes_and_opens_its_dearest_keys() {
    let mut stage = stage("7");
    let text = stage.text();
    for said in ["Pro plan", "Within the plan", "Enterprise", "too few keys", "openai-chat"] {
        assert!(text.contains(said), "{said} in {text}");
    }
    let at = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name} in {text}"));
    let order = ["anthropic-agents", "openai-chat", "sentry-ingest", "maps-web"].map(at);
    assert!(order.is_sorted(), "by cost, then by calls: {text}");
    stage.press("\r");
    let opened = stage.text();
    assert!(opened.contains("Billing › anthropic-agents") && opened.contains("LIVE"), "{opened}");
    stage.press("\x1bj\r");
    assert!(stage.text().contains("Billing › openai-chat"), "{}", stage.text());
    stage.press("\x1b");
    stage.hold = true;
    stage.pass(20_000);
    assert!(stage.held.is_empty(), "nothing happened");
    let event = Event::Usage { space: id(1), api_key: id(0), requests: 1, errors: 0, last: None };
    stage.send(AppEvent::Domain(event));
    let request = take(&mut stage, |query| matches!(query, Query::Billing)).expect("asked");
    stage.answer(request, Err(Notice::new(NoticeKind::Failure, "Too much is waiting.")));
    assert!(stage.text().contains("Too much is waiting") && stage.text().contains("r tries again"));
    stage.hold = false;
    stage.held.clear();
    stage.press("r");
    assert!(stage.text().contains("Pro plan"));
    assert!(matches!(stage.reply(Query::Billing), Some(Answer::Billing(_))));
}

#[test]
fn a_tag_gets_a_budget_here_and_loses_it() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("7n");
    let text = stage.text();
    assert!(text.contains("Budget of a tag") && text.contains("your own keys"), "{text}");
    stage.press("batch\t49.90\t");
    stage.key(Key::plain(KeyCode::Right));
    let new = saved(&mut stage);
    assert_eq!((new.tag.as_str(), new.monthly_budget), ("batch", "49.90".parse().ok()));
    assert!(new.team.is_some(), "of the first team");
    let text = stage.text();
    assert!(text.contains("tag batch may cost") && text.contains("DEAREST KEYS"), "{text}");
    stage.press("nbatch\t\t");
    let new = saved(&mut stage);
    assert_eq!((new.team, new.monthly_budget), (None, None));
    assert!(stage.text().contains("has no budget any more"), "{}", stage.text());
}

/// Sends the form, and answers what was asked.
fn saved(stage: &mut Stage) -> NewBudget {
    stage.hold = true;
    stage.press("\r");
    stage.hold = false;
    let asked = |(_, query): &(RequestId, Query)| matches!(query, Query::TagBudget(_));
    let Some(at) = stage.held.iter().position(asked) else { panic!("nothing was asked: {}", stage.text()) };
    let (request, Query::TagBudget(new)) = stage.held.remove(at) else { panic!("a budget") };
    let Some(answer) = stage.reply(Query::TagBudget(new.clone())) else { panic!("no answer") };
    stage.answer(request, Ok(answer));
    new
}

#[test]
fn models_take_the_keys_place_where_they_have_none() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (80, 24));
    stage.press("7");
    assert!(stage.text().contains("DEAREST KEYS") && !stage.text().contains("MODELS"), "{}", stage.text());
    stage.press("\tj");
    let text = stage.text();
    assert!(text.contains("MODELS") && !text.contains("DEAREST KEYS"), "{text}");
    let marked = text.lines().find(|line| line.contains('▌')).expect("a selected row");
    assert!(marked.contains('%'), "{marked}");
    stage.press("\t");
    assert!(stage.text().contains("DEAREST KEYS"), "{}", stage.text());
}

#[test]
fn models_are_walked_as_keys_are_and_lead_to_their_costs() {
    let mut stage = Stage::new(keys(), &Look::Dark.caps(), (120, 40));
    stage.press("7");
    let marked = |stage: &Stage| {
        let text = stage.text();
        text.lines().find(|line| line.contains('▌')).expect("a selected row").to_owned()
    };
    assert!(marked(&stage).contains("anthropic-agents"));
    stage.press("\t");
    let first = marked(&stage);
    assert!(first.contains('%') && !first.contains("anthropic-agents"), "{first}");
    stage.press("j");
    let second = marked(&stage);
    assert_ne!(first, second);
    stage.press("jjjjjjjjjk");
    assert!(stage.text().contains("MODELS"));
    stage.press("g");
    assert_eq!(marked(&stage), first);
    stage.press("\r");
    assert!(stage.text().contains("Billing › Usage"), "{}", stage.text());
    // First back to all of its calls, then to where one came from.
    for _ in 0..3 {
        if !stage.text().contains("MODELS") {
            stage.press("\x1b");
        }
    }
    stage.press("\t");
    assert!(marked(&stage).contains("anthropic-agents"), "back among the keys");
}
