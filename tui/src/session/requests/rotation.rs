//! The screens' questions about rotation: one service call each.

use keyward_keys::input::{KeyRef, RollBack, RotationQuery};
use keyward_keys::{Caller, Id, Result, Service};

use crate::app::{RotationAnswer as A, RotationAsk};

pub(super) async fn answer(service: &Service, caller: &Caller, ask: RotationAsk) -> Result<A> {
    let by_id = |id: Id| KeyRef::Id(id.to_string());
    let one = |view| A::One(Box::new(view));
    Ok(match ask {
        RotationAsk::All(limit) => {
            A::All(Box::new(service.rotations(caller, &RotationQuery { limit }).await?))
        }
        RotationAsk::One(id) => one(service.rotation(caller, &by_id(id)).await?),
        RotationAsk::Rehearse(id, rotate) => {
            A::Rehearsal(Box::new(service.rehearse_rotation(caller, &by_id(id), rotate).await?))
        }
        RotationAsk::Rotate(id, rotate) => one(service.rotate(caller, &by_id(id), rotate).await?),
        RotationAsk::RollBack(id) => one(service.roll_back(caller, &by_id(id), RollBack::default()).await?),
        RotationAsk::Retire(id, version) => one(service.retire_version(caller, &by_id(id), version).await?),
    })
}
