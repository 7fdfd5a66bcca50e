//! How a key is to be rotated, and what is asked of its rotation.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Span};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How a key's new values come to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RotationMethodName {
    /// A person makes the value where the service is, and hands it in; when it is due, they are told.
    Remind,
    /// Keyward makes it.
    Generate,
    /// A provider's API, as a recipe describes it.
    Recipe,
    /// A signed call for each step.
    Webhook,
    /// A program of the operator's.
    Command,
}

impl RotationMethodName {
    /// All there are, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Remind, Self::Generate, Self::Recipe, Self::Webhook, Self::Command];
}

/// How a key is rotated: only what is named changes. What belongs to a method is forgotten with another one.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = RotationSettings, rename_all = "camelCase")]
pub struct RotationPatch {
    /// How new values come to be; `remind` until something is said.
    pub method: Option<RotationMethodName>,
    /// With `generate`: text with random places, such as `sk-live-{48}` or `{40:hex}`; `{48}` when none,
    /// and again when it is empty.
    #[schema(max_length = 4096, examples("sk-live-{48}"))]
    pub template: Option<String>,
    /// With `webhook`: where each step is sent to. With `remind`: the page where a person makes the value; empty
    /// for none.
    #[schema(max_length = 2048)]
    pub url: Option<String>,
    /// With `recipe`: its name. With `remind`: the recipe by whose probe a value is tried before it is kept; empty for none.
    #[schema(max_length = 64)]
    pub recipe: Option<String>,
    /// With `recipe`, and `remind`: what the recipe asks for, by name.
    #[schema(value_type = Option<Object>)]
    pub parameters: Option<BTreeMap<String, String>>,
    /// With `recipe`: the key whose value the provider is shown (`_id` or `keyId`).
    pub credential: Option<String>,
    /// With `command`: its name in the operator's file.
    #[schema(max_length = 64)]
    pub command: Option<String>,
    /// For how long the version before is fetched along with the new one at least, such as `1h` or `7d`; a day until
    /// something is said, 90 at most.
    #[schema(value_type = Option<String>, examples("1d"))]
    pub overlap: Option<Duration>,
    /// When it is due, in place of `rotationInterval`: a cron expression of five fields, or of six with seconds first;
    /// `null` for none.
    #[schema(value_type = Option<String>, max_length = 100, examples("0 3 * * 1"))]
    pub cron: Option<Option<String>>,
    /// The IANA time zone of `cron` and `quietHours`; `null` for that of its team, and without
    /// one for that of whoever made the key.
    #[schema(value_type = Option<String>, examples("Europe/Zurich"))]
    pub timezone: Option<Option<String>>,
    /// When no rotation begins by itself, such as `22:00-06:30`; `null` for those of its team.
    #[schema(value_type = Option<String>, examples("22:00-06:30"))]
    pub quiet_hours: Option<Option<String>>,
    /// Whether the version before is kept after its overlap for as long as something still uses it; so until something is
    /// said.
    pub evidence: Option<bool>,
    /// With `evidence`: how long no call may have been reported with the version before; an hour until something is said.
    #[schema(value_type = Option<String>, examples("1h"))]
    pub idle_time: Option<Duration>,
    /// With `evidence`: how long it is kept at most; seven days until something is said.
    #[schema(value_type = Option<String>, examples("7d"))]
    pub longest_extension: Option<Duration>,
}

/// A rotation that is asked for.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct Rotate {
    /// For how long the version before is fetched along with the new one; what the key's settings say when none.
    #[schema(value_type = Option<String>, examples("1h"))]
    pub overlap: Option<Duration>,
    /// The version before, and all that are still on their way out, go as soon as there is a new one.
    #[schema(required = false)]
    pub emergency: bool,
    /// The key's name, for an emergency.
    pub confirm: Option<String>,
}

/// Which version is to be the current one again.
#[derive(Clone, Copy, Debug, Default, ToSchema)]
pub struct RollBack {
    /// Its number; what is under way is given up, or the version before comes back, when none.
    pub version: Option<u32>,
}

/// How much of the calendar and of the past is shown.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct RotationQuery {
    /// Entries of each list, 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
}

/// A duration as people write it: `1h`, `7d`, `1h 30m`, `PT1H`. A day has 24 hours.
pub fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let duration = SignedDuration::try_from(span)
        .ok()
        .or_else(|| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())?;
    Duration::try_from(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        for (text, expected) in
            [("1h", hours(1)), ("7d", hours(168)), ("1d 2h", hours(26)), ("0s", hours(0)), ("2w", hours(336))]
        {
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in ["", "1", "soon", "-1h", "1mo", "1y"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
