//! Service tokens on a command line: names instead of ids, and times as people write them.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use keyward_store::model::{Id, Scope};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::{KeyRef, NewToken, TokenWords, network};
use crate::service::Service;
use crate::service::text::Faults;
use crate::view::TokenView;

impl Service {
    /// Makes the service token that these words describe; its text is in this answer and nowhere else.
    pub async fn create_token_in_words(
        &self,
        caller: &Caller,
        words: TokenWords,
        passphrase: Option<SecretString>,
    ) -> Result<(TokenView, SecretString)> {
        let team = match &words.team {
            Some(name) => Some(self.team_named(caller, name).await?),
            None => None,
        };
        let mut faults = Faults::default();
        let mut keys = Vec::with_capacity(words.keys.len());
        for name in &words.keys {
            match self.resolve(caller, &KeyRef::Named(name.clone(), words.environment)) {
                Ok(id) => keys.push(id.to_string()),
                Err(error) => faults.add("key", format!("{name}: {error}")),
            }
        }
        let expires_at = words.expires.as_deref().and_then(|text| {
            let at = moment(text, timestamp(self.now_ms()));
            if at.is_none() {
                faults.add("expires", "is such as 30d, 12h, 2027-01-31 or 2027-01-31T10:30:00Z");
            }
            at
        });
        let mut networks = Vec::with_capacity(words.networks.len());
        for text in &words.networks {
            match network(text) {
                Some(network) => networks.push(network),
                None => {
                    faults.add("network", format!("{text} is no network such as 10.0.0.0/8, and no address"));
                }
            }
        }
        faults.check()?;
        let environment = words.environment.filter(|_| keys.is_empty());
        let scopes = if words.scopes.is_empty() { vec![Scope::Fetch] } else { words.scopes };
        let new = NewToken {
            name: words.name,
            keys,
            environment,
            team,
            scopes,
            passphrase,
            expires_at,
            networks,
            max_uses: words.max_uses,
        };
        self.create_token(caller, new).await
    }

    /// The caller's own token of this `_id` or name.
    pub async fn token_named(&self, caller: &Caller, name: &str) -> Result<TokenView> {
        let tokens = self.tokens(caller).await?;
        let id: Option<Id> = name.parse().ok();
        if let Some(token) = tokens.iter().find(|token| Some(token.id) == id) {
            return Ok(token.clone());
        }
        let mut named =
            tokens.into_iter().filter(|token| token.name.to_lowercase() == name.trim().to_lowercase());
        let first = named.next().ok_or(Error::NotFound("token"))?;
        match named.next() {
            None => Ok(first),
            Some(_) => Err(Error::Conflict("several tokens have this name; use the token's _id".to_owned())),
        }
    }

    /// The caller's team of this `_id` or name.
    pub(super) async fn team_named(&self, caller: &Caller, name: &str) -> Result<Id> {
        let teams = self.teams(caller).await?;
        let id: Option<Id> = name.parse().ok();
        let mut named = teams
            .iter()
            .filter(|team| Some(team.id) == id || team.name.to_lowercase() == name.to_lowercase());
        match (named.next(), named.next()) {
            (Some(team), None) => Ok(team.id),
            (Some(_), Some(_)) => {
                Err(Error::Conflict("several teams have this name; use the team's _id".to_owned()))
            }
            (None, _) => Err(Error::NotFound("team")),
        }
    }
}

/// `30d` and `12h` from now on, a day at its first moment (UTC), or a moment as it is.
fn moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    let counted = |unit: char, hours: i64| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok().filter(|count| *count > 0)?;
        now.checked_add(SignedDuration::try_from_hours(count.checked_mul(hours)?)?).ok()
    };
    let day = || Offset::UTC.to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0)).ok();
    counted('d', 24).or_else(|| counted('h', 1)).or_else(|| text.parse().ok()).or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("30d", Some("2026-04-09T12:00:00Z")),
            ("12h", Some("2026-03-11T00:00:00Z")),
            ("2027-01-31", Some("2027-01-31T00:00:00Z")),
            ("2027-01-31T10:30:00+01:00", Some("2027-01-31T09:30:00Z")),
            ("0d", None),
            ("-1d", None),
            ("soon", None),
            ("99999999999999d", None),
        ] {
            let expected = expected.map(|at| at.parse().unwrap());
            assert_eq!(moment(text, now), expected, "{text}");
        }
    }
}
