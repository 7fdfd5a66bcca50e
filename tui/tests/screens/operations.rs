//! The plan's page and the monitor: what they ask for and when, and what they say.

use crate::sample::{Look, Stage, id, keys};
use keyward_keys::Event;
use keyward_tui::app::{Answer, AppEvent, Query, RequestId};
use keyward_tui::notice::{Notice, NoticeKind};

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
    assert!(stage.text().contains("last backup") && stage.text().contains("never"));
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
