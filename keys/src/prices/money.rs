//! An amount of money.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An amount, in millionths of the currency's unit. In JSON it is a number of units, which is exact up to nine billion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Money(pub u64);

/// What an amount that somebody sets has to be.
pub const AMOUNT: &str = "is an amount above 0, at most 1000000000, with six decimals at most, such as 49.90";

/// It is no amount that somebody can set: [`AMOUNT`] says what one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoAmount;

impl Money {
    /// The most that somebody can set: a billion units.
    pub const MOST: Self = Self(1_000_000_000_000_000);

    /// An amount that somebody set, in units.
    ///
    /// # Errors
    /// When it is not what [`AMOUNT`] says.
    pub fn set(units: f64) -> Result<Self, NoAmount> {
        // What is no number fails each comparison.
        if !(units > 0.0 && units <= Self::MOST.units()) {
            return Err(NoAmount);
        }
        let micros = Self((units * 1e6).round() as u64);
        if micros.0 > 0 && micros.units() == units { Ok(micros) } else { Err(NoAmount) }
    }

    /// It is an amount that somebody can set.
    pub fn can_be_set(self) -> bool {
        self.0 > 0 && self <= Self::MOST
    }

    /// The amount in the currency's units.
    pub fn units(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.units())
    }
}

impl fmt::Display for Money {
    /// With two decimals; with all six when it is less than one unit and no whole hundredths.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(micros) = *self;
        if micros < 1_000_000 && !micros.is_multiple_of(10_000) {
            return write!(f, "0.{micros:06}");
        }
        let hundredths = (micros + 5_000) / 10_000;
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}

impl FromStr for Money {
    type Err = NoAmount;

    /// `50`, `49.90`: an amount that somebody set, exactly.
    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > 6 {
            return Err(NoAmount);
        }
        let micros = format!("{whole}{part:0<6}").parse().map_err(|_| NoAmount)?;
        Some(Self(micros)).filter(|amount| amount.can_be_set()).ok_or(NoAmount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_read_them() {
        for (micros, text, json) in [
            (0, "0.00", "0.0"),
            (1, "0.000001", "1e-6"),
            (12_345, "0.012345", "0.012345"),
            (250_000, "0.25", "0.25"),
            (1_234_567, "1.23", "1.234567"),
            (1_995_000, "2.00", "1.995"),
            (9_000_000_000_000_001, "9000000000.00", "9000000000.000002"),
        ] {
            assert_eq!(Money(micros).to_string(), text);
            assert_eq!(serde_json::to_string(&Money(micros)).unwrap(), json);
        }
    }

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, micros) in [
            ("50", 50_000_000),
            ("49.9", 49_900_000),
            ("0.000001", 1),
            ("1000000000", 1_000_000_000_000_000),
            ("8999.999999", 8_999_999_999),
        ] {
            assert_eq!(text.parse(), Ok(Money(micros)), "{text}");
            assert_eq!(Money::set(text.parse().unwrap()), Ok(Money(micros)), "{text}");
        }
        for text in ["0", "-1", "0.0000001", "1.1234567", "1000000000.000001", "1e30", "inf", "NaN"] {
            assert_eq!(text.parse::<Money>(), Err(NoAmount), "{text}");
            assert_eq!(Money::set(text.parse().unwrap()), Err(NoAmount), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1,5", "+1", " 1", "five", "99999999999999999999"] {
            assert_eq!(text.parse::<Money>(), Err(NoAmount), "{text}");
        }
    }
}
