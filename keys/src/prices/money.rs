//! An amount of money.

use std::fmt;

use serde::{Serialize, Serializer};

/// An amount, in millionths of the currency's unit. In JSON it is a number of units, which is exact up to nine billion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Money(pub u64);

impl Money {
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
}
