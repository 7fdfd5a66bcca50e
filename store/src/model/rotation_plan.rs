//! How a key is to be rotated, as its people set it: by whom values are made, when not, and for how long the one before is
//! kept. Where a rotation stands is not its matter.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// How a key's new values come to be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum RotationMethod {
    /// A person makes the value where the service is, and hands it in.
    Remind {
        /// The page where that is done.
        url: Option<String>,
    },
    /// The daemon makes it.
    Generate {
        /// What it looks like.
        template: String,
    },
    /// A provider's API, as a recipe describes it.
    Recipe {
        /// The recipe's name.
        name: String,
        /// What the recipe asks for, by name.
        parameters: Vec<(String, String)>,
        /// The key whose value the provider is shown.
        credential: Option<Id>,
    },
    /// A signed call for each step.
    Webhook {
        /// Where to.
        url: String,
    },
    /// A program of the operator's.
    Command {
        /// Its name in the operator's file.
        name: String,
    },
    /// As [`Self::Remind`], and what is handed in is tried before it is kept. It stands last, so that what is stored of the
    /// others reads as before.
    RemindTried {
        /// The page where the value is made.
        url: Option<String>,
        /// The recipe by whose probe it is tried.
        recipe: String,
        /// What the recipe asks for, by name.
        parameters: Vec<(String, String)>,
    },
}

/// A time of day in which nothing begins, in minutes after midnight; past midnight when it ends before it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QuietHours {
    /// The first minute.
    pub from: u16,
    /// The first minute after it.
    pub to: u16,
}

/// How a key is rotated, as its people set it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationPlan {
    /// The key.
    pub api_key: Id,
    /// How its new values come to be.
    pub method: RotationMethod,
    /// How long the version before is fetched along with the new one at least, ms.
    pub overlap_ms: i64,
    /// When it is due, in place of an interval: a cron expression of five fields, or of six with seconds.
    pub cron: Option<String>,
    /// The IANA time zone of `cron` and of the quiet hours; none is that of whoever made the key.
    pub time_zone: Option<String>,
    /// When nothing begins by itself.
    pub quiet: Option<QuietHours>,
    /// The version before is kept for as long as something still uses it.
    pub evidence: bool,
    /// How long no call may have been reported with it before it goes, ms.
    pub idle_ms: i64,
    /// How long it is kept at most after its overlap, ms.
    pub extend_ms: i64,
}

impl Record for RotationPlan {
    const TABLE: Table = Table("rotation_plan");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}

/// That the secret of a key's webhook was replaced. Which one it is, is kept, not what: it is made of that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RotationSigning {
    /// The key.
    pub api_key: Id,
    /// How often it was replaced; the first one is 0, and has no row.
    pub number: u32,
    /// When it was, ms since the epoch.
    pub since_ms: i64,
}

impl Record for RotationSigning {
    const TABLE: Table = Table("rotation_signing");

    fn key(&self) -> Vec<u8> {
        self.api_key.as_bytes().to_vec()
    }
}
