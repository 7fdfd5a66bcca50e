//! Where somebody is, and whose keys mean something there. Binds nothing itself.

use super::Scope;

/// Where on a screen one is: decides which rows of the table hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Place {
    Home,
    Keys,
    Bin,
    Import,
    Search,
    Key,
    Form,
    Help,
    HelpSearch,
    Messages,
    Palette,
    Teams,
    Team,
    Departed,
    Policy,
    Once,
    Profile,
    Theme,
    Factor,
    SshKeys,
    Sessions,
    Webhooks,
    Deliveries,
    Notices,
    Audit,
    Record,
    Support,
    Ticket,
    Routes,
    Usage,
    Billing,
    Monitor,
    Rotation,
    Alerts,
    Alert,
    AlertRules,
}

impl Place {
    #[cfg(test)]
    pub(crate) const ALL: &[Self] = &[
        Self::Home,
        Self::Keys,
        Self::Bin,
        Self::Import,
        Self::Search,
        Self::Key,
        Self::Form,
        Self::Help,
        Self::HelpSearch,
        Self::Messages,
        Self::Palette,
        Self::Teams,
        Self::Team,
        Self::Departed,
        Self::Policy,
        Self::Once,
        Self::Profile,
        Self::Theme,
        Self::Factor,
        Self::SshKeys,
        Self::Sessions,
        Self::Webhooks,
        Self::Deliveries,
        Self::Notices,
        Self::Audit,
        Self::Record,
        Self::Support,
        Self::Ticket,
        Self::Routes,
        Self::Usage,
        Self::Billing,
        Self::Monitor,
        Self::Rotation,
        Self::Alerts,
        Self::Alert,
        Self::AlertRules,
    ];

    /// The scopes that hold here, the nearest first.
    pub(crate) fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Home => &[Scope::Home, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always],
            Self::Keys => &[Scope::Keys, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always],
            Self::Bin => {
                &[Scope::Bin, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Import => {
                &[Scope::Import, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Key => {
                &[Scope::Key, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Help => {
                &[Scope::Help, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Messages | Self::Policy => {
                &[Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Search | Self::HelpSearch => &[Scope::Search, Scope::Always],
            Self::Form => &[Scope::Form, Scope::Always],
            Self::Palette => &[Scope::Palette],
            Self::Teams => {
                &[Scope::Teams, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Team => {
                &[Scope::Team, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Departed => {
                &[Scope::Departed, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Once => {
                &[Scope::Once, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Profile => {
                &[Scope::Profile, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Theme => {
                &[Scope::Theme, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Factor => &[Scope::Factor, Scope::Always],
            Self::SshKeys => {
                &[Scope::SshKeys, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Sessions => {
                &[Scope::Sessions, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Webhooks => {
                &[Scope::Webhooks, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Deliveries => &[
                Scope::Deliveries,
                Scope::Above,
                Scope::Undo,
                Scope::Movement,
                Scope::Anywhere,
                Scope::Always,
            ],
            Self::Notices => {
                &[Scope::Notices, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Audit => {
                &[Scope::Audit, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Record => {
                &[Scope::Record, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Support => {
                &[Scope::Support, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Ticket => {
                &[Scope::Ticket, Scope::Above, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Routes => {
                &[Scope::Routes, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Billing => {
                &[Scope::Billing, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Monitor => {
                &[Scope::Monitor, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Rotation => {
                &[Scope::Rotation, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
            Self::Alerts => &[
                Scope::Handling,
                Scope::Alerts,
                Scope::Root,
                Scope::Movement,
                Scope::Anywhere,
                Scope::Always,
            ],
            Self::Alert => &[
                Scope::Handling,
                Scope::Alert,
                Scope::Above,
                Scope::Movement,
                Scope::Anywhere,
                Scope::Always,
            ],
            Self::AlertRules => &[
                Scope::AlertRules,
                Scope::Root,
                Scope::Undo,
                Scope::Movement,
                Scope::Anywhere,
                Scope::Always,
            ],
            Self::Usage => {
                &[Scope::Usage, Scope::Root, Scope::Undo, Scope::Movement, Scope::Anywhere, Scope::Always]
            }
        }
    }
}
