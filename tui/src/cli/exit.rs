//! Exit statuses and error codes: the one mapping of the core's errors for this door's commands.

use keyward_keys::Error;

/// It was done.
pub(crate) const OK: u32 = 0;
/// It failed.
pub(crate) const FAILED: u32 = 1;
/// It was asked for wrongly.
pub(crate) const USAGE: u32 = 2;
/// There is no such thing.
pub(crate) const NOT_FOUND: u32 = 3;
/// The caller may not.
pub(crate) const FORBIDDEN: u32 = 4;
/// It exists already, or somebody else changed it.
pub(crate) const CONFLICT: u32 = 5;
/// A second factor is needed.
pub(crate) const SECOND_FACTOR: u32 = 6;
/// Later it may work.
pub(crate) const TRY_LATER: u32 = 75;
/// The person stopped it.
pub(crate) const CANCELLED: u32 = 130;

/// The exit status for an error.
pub(crate) fn of(error: &Error) -> u32 {
    match error {
        Error::Unauthenticated
        | Error::WrongPassword
        | Error::WrongCode
        | Error::Forbidden(_)
        | Error::WrongPassphrase
        | Error::Locked(_)
        | Error::KeyInactive
        | Error::PlanLimit { .. }
        | Error::Registration(_) => FORBIDDEN,
        Error::TotpRequired => SECOND_FACTOR,
        Error::NotFound(_) => NOT_FOUND,
        Error::Invalid(_) => USAGE,
        Error::Conflict(_) | Error::Stale => CONFLICT,
        Error::LimitExceeded { .. }
        | Error::BudgetExceeded { .. }
        | Error::TooMany(_)
        | Error::Busy
        | Error::Full => TRY_LATER,
        Error::Internal(_) => FAILED,
    }
}

/// The code for an error, the same that REST gives.
pub(crate) fn code(error: &Error) -> &'static str {
    match error {
        Error::Unauthenticated => "unauthenticated",
        Error::TotpRequired => "totp_required",
        Error::WrongPassword => "wrong_password",
        Error::WrongCode => "wrong_code",
        Error::Forbidden(_) => "forbidden",
        Error::NotFound(_) => "not_found",
        Error::Invalid(_) => "invalid",
        Error::Conflict(_) => "conflict",
        Error::Stale => "stale",
        Error::WrongPassphrase => "wrong_passphrase",
        Error::Locked(_) => "locked",
        Error::KeyInactive => "key_inactive",
        Error::LimitExceeded { .. } => "limit_exceeded",
        Error::BudgetExceeded { .. } => "budget_exceeded",
        Error::PlanLimit { .. } => "plan_limit",
        Error::Registration(_) => "registration",
        Error::TooMany(_) => "too_many",
        Error::Busy => "busy",
        Error::Full => "disk_full",
        Error::Internal(_) => "internal",
    }
}
