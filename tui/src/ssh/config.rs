//! What the transport offers: algorithms, windows and timers. Nothing here is read from settings but what a setting
//! names; the rest was chosen once, against `ssh-audit` and real clients.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, EcdsaCurve};
use russh::server::Config;
use russh::{Limits, MethodKind, MethodSet, Preferred, SshId, cipher, compression, kex, mac};

use super::{HostKey, SshSettings};

/// Post-quantum first; the two plain curve names stay for clients that have nothing newer.
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
const KEX_POST_QUANTUM: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];
const CIPHERS: &[cipher::Name] =
    &[cipher::CHACHA20_POLY1305, cipher::AES_256_GCM, cipher::AES_128_GCM, cipher::AES_256_CTR];
const MACS: &[mac::Name] = &[mac::HMAC_SHA512_ETM, mac::HMAC_SHA256_ETM];
/// Host keys are Ed25519 alone; the others tell clients which of *their* keys are welcome.
const KEY_TYPES: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::SkEd25519,
    Algorithm::SkEcdsaSha2NistP256,
];

/// How long a client may be silent before it is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(14);
/// Questions that may stay unanswered: a client that is stopped is gone after 42 seconds, not much later than one whose
/// network drops everything (30 seconds after something was sent to it).
const UNANSWERED: usize = 2;

/// Rejected sign-ins are answered this long after they arrived, whatever the reason.
const REJECTION: Duration = Duration::from_millis(150);
/// Refused requests of one connection: the probing one, an agent full of foreign keys, and a few passwords.
const ATTEMPTS: usize = 12;

/// The methods that may still work, the same for every name: nobody learns who exists.
pub(super) fn methods(settings: &SshSettings) -> MethodSet {
    let mut methods = MethodSet::from([MethodKind::PublicKey].as_slice());
    if settings.password {
        methods.push(MethodKind::KeyboardInteractive);
    }
    methods
}

/// The methods for whoever joins: a key to register if they have one, and no question otherwise.
pub(super) fn methods_to_join() -> MethodSet {
    MethodSet::from([MethodKind::PublicKey, MethodKind::KeyboardInteractive].as_slice())
}

pub(super) fn transport(settings: &SshSettings, host_key: &HostKey) -> Arc<Config> {
    Arc::new(Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Keyward")),
        methods: methods(settings),
        auth_rejection_time: REJECTION,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![host_key.private()],
        // Input is small; a small window also bounds what a client can send during a key exchange.
        window_size: 64 * 1024,
        maximum_packet_size: 32 * 1024,
        channel_buffer_size: 8,
        event_buffer_size: 8,
        preferred: Preferred {
            kex: Cow::Borrowed(if settings.post_quantum_only { KEX_POST_QUANTUM } else { KEX }),
            key: Cow::Borrowed(KEY_TYPES),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        limits: Limits { rekey_time_limit: settings.rekey, ..Limits::default() },
        max_auth_attempts: ATTEMPTS,
        // Not "the user is idle" (our own output restarts it): only a guard against a peer that is gone.
        inactivity_timeout: Some(Duration::from_secs(120)),
        keepalive_interval: Some(KEEP_ALIVE),
        keepalive_max: UNANSWERED,
        nodelay: true,
        ..Config::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_settings_name_is_what_is_offered() {
        let host_key = HostKey::generate().unwrap();
        let usual = transport(&SshSettings::default(), &host_key);
        assert_eq!(usual.limits.rekey_time_limit, Duration::from_secs(3600));
        assert!(usual.preferred.kex.contains(&kex::CURVE25519));
        let rekey = Duration::from_secs(4);
        let settings = SshSettings { rekey, post_quantum_only: true, ..SshSettings::default() };
        let strict = transport(&settings, &host_key);
        assert_eq!(strict.limits.rekey_time_limit, rekey);
        let of_before = [kex::CURVE25519, kex::CURVE25519_PRE_RFC_8731];
        assert!(!strict.preferred.kex.iter().any(|name| of_before.contains(name)));
    }
}
