//! The few ways cryptography fails. An opener has one failure whatever the cause: telling a wrong passphrase from
//! a damaged byte would hand an attacker an oracle.

/// A result of the cryptography.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of the cryptography.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It does not open: a wrong key or passphrase, altered or truncated bytes, another record's bytes, an
    /// unknown format. Which one it was is not said.
    #[error("it does not open")]
    Refused,
    /// The value is longer than [`super::MAX_PLAINTEXT`].
    #[error("the value is too long to seal")]
    TooLong,
    /// Too many key derivations are waiting; trying again later helps.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    /// There was no memory for a password hash; trying again later helps.
    #[error("there is not enough memory to check a password; try again in a moment")]
    OutOfMemory,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    Randomness,
    /// A key derivation was cut off because the daemon is stopping.
    #[error("the daemon is stopping")]
    Stopped,
}
