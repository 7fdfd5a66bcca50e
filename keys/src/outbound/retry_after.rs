//! How long the other side asks to be left alone: `Retry-After` (RFC 9110, section 10.2.3) in both of its forms, and the
//! moment at which whoever counts calls begins to count anew.

use std::time::Duration;

use jiff::fmt::rfc2822;

/// Nobody is waited for longer: what asks for more is asked again after this.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Reads a number of seconds or a date; none when it is neither. A date that has passed is no wait at all.
pub(super) fn parse(text: &str, now_ms: i64) -> Option<Duration> {
    let text = text.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = rfc2822::parse(text).ok()?.timestamp().as_millisecond();
            Duration::from_millis(u64::try_from(at.saturating_sub(now_ms)).unwrap_or(0))
        }
    };
    Some(wait.min(LONGEST))
}

/// Reads when a count of calls begins anew, which no standard fixes: the seconds until then (the drafts of `RateLimit`,
/// Datadog), or the moment in seconds (GitHub, GitLab, SendGrid) or milliseconds (OpenRouter) since 1970. Which one it is, its size tells.
pub(super) fn reset(text: &str, now_ms: i64) -> Option<Duration> {
    let number = text.trim().parse::<u64>().ok()?;
    let until = |at_ms: u64| at_ms.saturating_sub(u64::try_from(now_ms).unwrap_or(0));
    let wait = match number {
        0..1_000_000_000 => Duration::from_secs(number),
        1_000_000_000..100_000_000_000 => Duration::from_millis(until(number * 1_000)),
        _ => Duration::from_millis(until(number)),
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_bounded() {
        let now = "1994-11-06T08:49:37Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let seconds = |text: &str| parse(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:40:37 GMT"), Some(0), "it has passed");
        assert_eq!(seconds("99999999999"), Some(24 * 3_600));
        for wrong in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_new_count_is_read_in_seconds_and_as_a_moment() {
        let now = "2026-11-26T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let seconds = |text: &str| reset(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("17"), Some(17));
        assert_eq!(seconds(&(now / 1_000 + 300).to_string()), Some(300));
        assert_eq!(seconds(&(now + 300_000).to_string()), Some(300));
        assert_eq!(seconds(&(now / 1_000 - 300).to_string()), Some(0), "it has passed");
        assert_eq!(seconds("999999999"), Some(24 * 3_600));
        assert_eq!(seconds("Tue Feb 16 2021"), None);
    }
}
