//! `watch`: what happens, as it happens, until somebody stops it. It holds nothing back: while its reader does not read, it
//! does not listen either, and who missed events is told so.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyward_keys::input::KeyRef;
use keyward_keys::view::{KeyAction, KeyUpdate, LiveEvent, RotationProgress, RotationState, UsageUpdate};
use keyward_keys::{Error, Watching};
use tokio::time::Instant;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, keys, print};

/// What is heard, until it is left by itself.
pub(super) struct Watch {
    events: Watching,
    at: Option<Instant>,
    left: u64,
}

impl Watch {
    /// Begins to hear what the arguments name.
    pub(super) async fn begin(context: &Context<'_>, args: &Args) -> Result<Self, Failure> {
        let (at, left) = (end(args)?, keys::whole(args, "--count")?.unwrap_or(u64::MAX));
        let environment = keys::environment(args)?;
        let mut of = HashSet::new();
        for name in &args.operands {
            let named = KeyRef::Named(name.clone(), environment);
            of.insert(context.service.key(context.caller, &named).await?.id);
        }
        Ok(Self { events: context.service.watch(context.caller, of)?, at, left })
    }

    /// What happens next; none when it is over.
    pub(super) async fn next(&mut self) -> Option<LiveEvent> {
        self.left = self.left.checked_sub(1)?;
        tokio::select! {
            biased;
            () = over(self.at) => None,
            event = self.events.next() => event,
        }
    }
}

pub(super) async fn watch(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let watch = Watch::begin(context, args).await?;
    tokio::select! {
        biased;
        interrupted = stdin.stopped() => if interrupted { Err(Failure::Cancelled) } else { Ok(()) },
        told = tell(context, args.for_programs(), watch) => told,
    }
}

/// When `--for` is over.
fn end(args: &Args) -> Result<Option<Instant>, Failure> {
    let Some(text) = args.get("--for") else { return Ok(None) };
    let wrong = || Failure::Usage(format!("--for is a time such as 10s, 5m or 2h, not '{text}'"));
    let time: SignedDuration = text.parse().map_err(|_| wrong())?;
    let time = Duration::try_from(time).map_err(|_| wrong())?;
    Ok(Some(Instant::now().checked_add(time).ok_or_else(wrong)?))
}

async fn tell(context: &Context<'_>, json: bool, mut watch: Watch) -> Result<(), Failure> {
    while let Some(event) = watch.next().await {
        let text = if json { print::json(&event) } else { line(context, &event).await };
        context.print(&text).await?;
        if let LiveEvent::SystemAlert(alert) = &event
            && alert.is_shutdown()
        {
            return Err(Error::Busy.into());
        }
    }
    Ok(())
}

async fn over(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// An event as people read it, with its moment (UTC).
async fn line(context: &Context<'_>, event: &LiveEvent) -> String {
    let (at, text) = match event {
        LiveEvent::UsageUpdate(update) => (update.timestamp, calls(context, update).await),
        LiveEvent::ApiKeyUpdate(update) => (update.timestamp, changed(update)),
        LiveEvent::Notification(update) => {
            (update.notification.created_at, format!("notification  {}", update.notification.message))
        }
        LiveEvent::SystemAlert(alert) => (Timestamp::now(), format!("Keyward  {}", alert.message)),
        LiveEvent::Resync(resync) => (Timestamp::now(), format!("Keyward  {}", resync.reason)),
    };
    format!("{}  {}\n", at.strftime("%H:%M:%S"), print::safe_lines(&text))
}

async fn calls(context: &Context<'_>, update: &UsageUpdate) -> String {
    let by_id = KeyRef::Id(update.api_key_id.to_string());
    let name = context.service.key(context.caller, &by_id).await.map(|key| key.name);
    let usage = &update.usage;
    let calls = if usage.requests == 1 { "call" } else { "calls" };
    let mut text = format!("{}  +{} {calls}", name.as_ref().unwrap_or(&update.key_id), usage.requests);
    if usage.errors > 0 {
        text.push_str(&format!(", {} failed", usage.errors));
    }
    if let (Some(endpoint), Some(status)) = (&usage.endpoint, usage.status_code) {
        // A method that was not reported is nothing to tell.
        let method = usage.method.filter(|method| *method != "OTHER");
        let method = method.map_or_else(String::new, |method| format!("{method} "));
        text.push_str(&format!("  {method}{endpoint} {status}"));
        usage.response_time.into_iter().for_each(|ms| text.push_str(&format!(" {ms:.0} ms")));
    }
    let of = update.stats.monthly_limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    text.push_str(&format!("  ({}{of} this month)", update.stats.current_month_usage));
    text
}

fn changed(update: &KeyUpdate) -> String {
    let id = update.api_key_id.to_string();
    let name = update.key.as_ref().map_or(&id, |key| &key.name);
    let what = match update.action {
        KeyAction::Created => "is new",
        KeyAction::Updated => "was changed",
        KeyAction::Deleted => "is gone, to the bin or to another space",
    };
    format!("{name}  {what}{}", update.rotation.as_ref().map_or_else(String::new, rotating))
}

/// What is under way of a rotation.
fn rotating(progress: &RotationProgress) -> String {
    match (progress.step, progress.state) {
        (Some(step), state) => format!("  rotation: {}, {}", print::word(&step), print::word(&state)),
        (None, RotationState::Idle) => String::new(),
        (None, state) => format!("  rotation: {}, version {}", print::word(&state), progress.version),
    }
}
