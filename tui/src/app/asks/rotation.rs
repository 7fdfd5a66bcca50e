//! Questions about rotation, and what comes of them.

use keyward_keys::Id;
use keyward_keys::input::Rotate;
use keyward_keys::view::{RotationRehearsal, RotationView, RotationsView};

/// A question about rotation; each is the call of `Service` that is named.
pub enum RotationAsk {
    /// `rotations`, this many of each kind, answered by [`RotationAnswer::All`].
    All(u32),
    /// `rotation`, answered by [`RotationAnswer::One`].
    One(Id),
    /// `rehearse_rotation`, answered by [`RotationAnswer::Rehearsal`].
    Rehearse(Id, Rotate),
    /// `rotate`, answered by [`RotationAnswer::One`].
    Rotate(Id, Rotate),
    /// `roll_back` to the version before, answered by [`RotationAnswer::One`].
    RollBack(Id),
    /// `retire_version`, answered by [`RotationAnswer::One`].
    Retire(Id, u32),
}

/// What came of such a question.
pub enum RotationAnswer {
    /// The rotations of all keys.
    All(Box<RotationsView>),
    /// Where the rotation of a key stands.
    One(Box<RotationView>),
    /// What would break.
    Rehearsal(Box<RotationRehearsal>),
}
