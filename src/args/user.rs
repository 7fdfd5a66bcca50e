//! The flags of `keyward user`; what it does is `crate::user`'s.

use std::path::PathBuf;

use clap::Subcommand;

/// `user`.
#[derive(Subcommand, Debug)]
pub enum User {
    /// Makes an account and prints its id
    Add(UserAdd),
    /// Lists accounts
    Ls {
        /// Only those whose name, e-mail address or login holds this
        search: Option<String>,
    },
    /// Prints a one-time code with which somebody makes an account
    Invite {
        /// Only for whoever has this e-mail address
        #[arg(long)]
        email: Option<String>,
        /// Whoever joins with it may manage the instance
        #[arg(long)]
        operator: bool,
    },
    /// Lists invitations that are open, without their codes
    Invitations,
    /// Withdraws an invitation: its code is no good any more
    Uninvite {
        /// Its id, as listed
        id: String,
    },
    /// Deletes an account, for good, with its own keys; what teams share stays
    Rm {
        /// Whose: a login or an e-mail address
        login: String,
        /// Says that this is meant
        #[arg(long)]
        yes: bool,
    },
    /// Prints a one-time code with which a person sets a new password
    Reset {
        /// Whose: a login or an e-mail address
        login: String,
    },
    /// Switches an account off: everything it has open ends
    Disable {
        /// Whose: a login or an e-mail address
        login: String,
    },
    /// Switches an account on again
    Enable {
        /// Whose: a login or an e-mail address
        login: String,
    },
}

/// `user add`.
#[derive(clap::Args, Debug)]
pub struct UserAdd {
    /// The e-mail address; its local part becomes the name for ssh
    #[arg(long)]
    pub email: String,
    /// The person's name
    #[arg(long)]
    pub name: String,
    /// May manage the instance
    #[arg(long)]
    pub operator: bool,
    /// Reads the password from standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
    /// A file with an SSH public key that may sign in
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Option<PathBuf>,
}
