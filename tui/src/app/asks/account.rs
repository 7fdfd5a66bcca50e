//! Questions about one's own account, and what comes of them.

use keyward_keys::Id;
use keyward_keys::input::{PassphraseReset, ProfileChange};
use keyward_keys::view::{PassphraseLoss, SecondFactorSetup, SessionView, SshKeyView};
use secrecy::SecretString;

/// A question about one's own account; each is the call of `Service` that is named.
pub enum AccountQuery {
    /// `change_profile`, answered by [`super::super::Answer::Me`].
    Change(Box<ProfileChange>),
    /// `prove_email`, answered by [`super::super::Answer::Me`].
    ProveEmail(SecretString),
    /// `send_email_code`, answered by [`AccountAnswer::Mailed`].
    SendEmailCode,
    /// `change_password`, answered by [`AccountAnswer::Done`].
    Password {
        /// The password until now.
        current: SecretString,
        /// The new one.
        new: SecretString,
    },
    /// `set_passphrase`, answered by [`AccountAnswer::Done`].
    Passphrase {
        /// The new one.
        new: SecretString,
        /// The one before, where there is one.
        old: Option<SecretString>,
    },
    /// `passphrase_loss`, answered by [`AccountAnswer::Loss`].
    Loss,
    /// `reset_passphrase`, answered by [`AccountAnswer::Loss`].
    Reset(Box<PassphraseReset>),
    /// `lock_again`, answered by [`AccountAnswer::Done`].
    Lock,
    /// `set_up_second_factor`, answered by [`AccountAnswer::SetUp`].
    SetUp,
    /// `enable_second_factor`, answered by [`AccountAnswer::Codes`].
    Enable(SecretString),
    /// `disable_second_factor`, answered by [`AccountAnswer::Done`].
    Disable(SecretString),
    /// `ssh_keys`, answered by [`AccountAnswer::SshKeys`].
    SshKeys,
    /// `add_ssh_key`, answered by [`AccountAnswer::SshKey`].
    AddSshKey {
        /// What the person calls it.
        name: String,
        /// The OpenSSH public key line.
        line: String,
    },
    /// `remove_ssh_key`, answered by [`AccountAnswer::Done`].
    RemoveSshKey(Id),
    /// `sessions`, answered by [`AccountAnswer::Sessions`].
    Sessions,
    /// `end_session`, answered by [`AccountAnswer::Done`].
    EndSession(Id),
    /// `sign_out_others`, answered by [`AccountAnswer::Done`].
    EndOthers,
}

/// What came of a question about one's own account.
pub enum AccountAnswer {
    /// What a new unlock passphrase costs, or has cost.
    Loss(PassphraseLoss),
    /// What is wrong with the mail that was to be sent, if anything is.
    Mailed(Option<String>),
    /// What an authenticator app is given.
    SetUp(SecondFactorSetup),
    /// Recovery codes.
    Codes(Vec<SecretString>),
    /// The person's SSH keys.
    SshKeys(Vec<SshKeyView>),
    /// A new one among them.
    SshKey(Box<SshKeyView>),
    /// What the person has open.
    Sessions(Vec<SessionView>),
    /// It was done.
    Done,
}
