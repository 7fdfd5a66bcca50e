//! The demo's apps: each has a service token, and reports its calls from where it runs.

use std::net::{IpAddr, Ipv4Addr};

use keyward_keys::input::NewToken;
use keyward_keys::{Caller, Door, Origin, Scope, Service};
use secrecy::ExposeSecret;

use super::sample::SampleKey;

/// An app, the last two numbers of the address of a machine that it runs on, and how many of a hundred calls come from there.
const PLACES: [(&str, [u8; 2], u8); 4] = [
    ("web-frontend", [1, 4], 35),
    ("web-frontend", [1, 5], 30),
    ("nightly-batch", [7, 2], 20),
    ("billing-worker", [9, 3], 15),
];

/// Who reports the calls of the demo.
pub(super) struct Apps(Vec<Caller>);

impl Apps {
    /// Gives each app a token for all of these keys.
    pub(super) async fn made(
        service: &Service,
        ana: &Caller,
        keys: &[SampleKey],
    ) -> keyward_keys::Result<Self> {
        let (mut callers, mut last) = (Vec::new(), None);
        for (name, [third, fourth], _) in PLACES {
            let token = match last.take() {
                Some((of, token)) if of == name => token,
                _ => {
                    let keys = keys.iter().map(|key| key.id.to_string()).collect();
                    let scopes = vec![Scope::Track];
                    let new = NewToken { name: name.to_owned(), keys, scopes, ..NewToken::default() };
                    service.create_token(ana, new).await?.1
                }
            };
            let address = Some(IpAddr::V4(Ipv4Addr::new(10, 20, third, fourth)));
            let origin = Origin { door: Door::Rest, address, request: None };
            callers.push(service.sign_in_with_bearer(origin, token.expose_secret())?);
            last = Some((name, token));
        }
        Ok(Self(callers))
    }

    /// These calls, by who makes them.
    pub(super) fn share<T>(&self, calls: Vec<T>) -> impl Iterator<Item = (&Caller, Vec<T>)> {
        let mut of_places: [Vec<T>; PLACES.len()] = Default::default();
        for call in calls {
            let mut left = fastrand::u8(..100);
            let place = PLACES.iter().position(|(_, _, share)| match left.checked_sub(*share) {
                Some(rest) => {
                    left = rest;
                    false
                }
                None => true,
            });
            of_places[place.unwrap_or_default()].push(call);
        }
        self.0.iter().zip(of_places).filter(|(_, calls)| !calls.is_empty())
    }
}
