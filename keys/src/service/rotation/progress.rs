//! How far the rotation of a key is, in a few words: what goes along with each message that the key has changed.

use keyward_store::model::Id;

use crate::service::mirror::Tables;
use crate::service::rotation::state_of;
use crate::view::RotationProgress;

/// Where it stands; none when there was never one.
pub(crate) fn progress(tables: &Tables, api_key: Id) -> Option<RotationProgress> {
    let state = &tables.rotations.state(api_key)?.record;
    let key = &tables.keys.get(api_key)?.record;
    let run = state.run.as_ref();
    Some(RotationProgress {
        state: state_of(state),
        health: state.health,
        step: run.map(|run| run.step),
        phase: run.map(|run| run.phase),
        version: key.current_version,
        pending: run.and_then(|run| run.version),
    })
}
