//! Figures and networks as people type them into a form.

use ipnet::IpNet;
use keyward_keys::input::network;
use keyward_keys::prices::Money;

/// `50000`, `50,000`, `50k`, `2M`; nothing is no limit.
pub(crate) fn parse_limit(text: &str) -> Result<Option<u64>, &'static str> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_' | '.')).collect();
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text.as_str(), 1), |digits| (digits, 1_000_000)),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number.filter(|number| *number > 0).map(Some).ok_or("a number, such as 50000 or 50k")
}

/// `50`, `49.90`; nothing is no budget.
pub(crate) fn parse_budget(text: &str) -> Result<Option<Money>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| "an amount, such as 50 or 49.90")
}

/// `10.0.0.0/8 203.0.113.7`: networks and addresses with spaces or commas between; none when one of them is neither.
pub(crate) fn parse_networks(text: &str) -> Option<Vec<IpNet>> {
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(network).collect()
}

/// `90`, `90d`, `12w`; `0` and `off` are never; nothing leaves it open.
pub(super) fn parse_days(text: &str) -> Result<Option<u32>, &'static str> {
    let text = text.trim().to_lowercase();
    let (digits, unit) = match text.strip_suffix('w') {
        Some(digits) => (digits, 7),
        None => (text.strip_suffix('d').unwrap_or(&text), 1),
    };
    match text.as_str() {
        "" => return Ok(None),
        "off" => return Ok(Some(0)),
        _ => {}
    }
    let days = digits.trim().parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    days.filter(|days| *days <= 3_650).map(Some).ok_or("days, 0 to 3650, such as 90")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        for (text, limit) in
            [("", None), ("50,000", Some(50_000)), ("2M", Some(2_000_000)), (" 5 k", Some(5_000))]
        {
            assert_eq!(parse_limit(text), Ok(limit), "{text}");
        }
        for text in ["many", "-5", "0", "k", "99999999999999999999", "18446744073709551615k"] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }
    #[test]
    fn days_are_read_as_people_write_them() {
        for (text, days) in
            [("", None), ("90", Some(90)), (" 90 d", Some(90)), ("12w", Some(84)), ("off", Some(0))]
        {
            assert_eq!(parse_days(text), Ok(days), "{text}");
        }
        for text in ["soon", "-1", "3651", "999999999w", "d"] {
            assert!(parse_days(text).is_err(), "{text}");
        }
    }
}
