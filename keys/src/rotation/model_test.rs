//! A key whose rotation is driven by chance: people who change their minds, calls that fail or whose answers are lost,
//! answers that come twice, a clock that jumps. Whatever the order, the key has one current version, one pending at the
//! most, no number twice, and nothing that it uses is revoked.

mod world;

use keyward_store::model::{FailureClass, Retiring, RotationCause, RotationPhase};
use proptest::prelude::*;

use super::*;
use world::World;

#[derive(Clone, Debug)]
enum Act {
    /// Somebody asks; with an overlap in s.
    Ask(Option<i64>),
    Emergency,
    Due,
    /// The daemon does what is to be done next, and the call ends so.
    Drive(Ending),
    /// An answer to a call of long ago.
    Echo,
    RollBack(Option<u32>),
    ByHand(Option<i64>),
    Tick(u32),
    Jump(i64),
    Plan(Way),
    /// Whether the old versions are still used.
    Used(bool),
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Good,
    Failed(FailureClass),
    /// The daemon is killed after the call was made.
    Killed,
    /// The same before it was.
    KilledBefore,
}

fn act() -> impl Strategy<Value = Act> {
    let class = prop_oneof![
        4 => Just(FailureClass::Transient),
        1 => Just(FailureClass::Auth),
        1 => Just(FailureClass::Config),
        1 => Just(FailureClass::Quota),
        3 => Just(FailureClass::Refused),
    ];
    let ending = prop_oneof![
        6 => Just(Ending::Good),
        2 => class.prop_map(Ending::Failed),
        2 => Just(Ending::Killed),
        1 => Just(Ending::KilledBefore),
    ];
    let seconds = proptest::option::of(prop_oneof![Just(0), 1..5_000i64]);
    prop_oneof![
        4 => seconds.clone().prop_map(Act::Ask),
        1 => Just(Act::Emergency),
        2 => Just(Act::Due),
        30 => ending.prop_map(Act::Drive),
        2 => Just(Act::Echo),
        2 => proptest::option::of(0..12u32).prop_map(Act::RollBack),
        2 => seconds.prop_map(Act::ByHand),
        2 => (1..12u32).prop_map(Act::Tick),
        8 => prop_oneof![1..30_000i64, Just(400_000), Just(90_000_000), Just(-7_200_000)].prop_map(Act::Jump),
        1 => prop_oneof![Just(Way::Own), Just(Way::Outside), Just(Way::Outside), Just(Way::Person)].prop_map(Act::Plan),
        2 => any::<bool>().prop_map(Act::Used),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_one_version_is_current_and_nothing_that_is_used_is_revoked(
        acts in proptest::collection::vec(act(), 1..120),
    ) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
            world.holds();
        }
    }

    #[test]
    fn left_alone_with_a_provider_that_answers_every_rotation_ends(
        acts in proptest::collection::vec(act(), 1..60),
    ) {
        let mut world = World::new();
        for act in acts {
            world.act(act);
        }
        world.terms.way = Way::Outside;
        world.in_use = false;
        world.begin(RotationCause::Asked, None);
        for _ in 0..200 {
            world.drive(Ending::Good);
            world.holds();
            world.now_ms += 600_000;
        }
        let run = world.ledger.rotation.run.as_ref();
        prop_assert!(run.is_none_or(|run| run.phase == RotationPhase::Waiting), "{:?}", run);
        let left = |old: &&Retiring| old.phase == RotationPhase::Ready;
        prop_assert_eq!(world.ledger.rotation.retiring.iter().filter(left).count(), 0);
    }
}

#[test]
fn waits_double_up_to_a_quarter_of_an_hour_and_the_first_is_short() {
    let waits: Vec<i64> = (1..=10).map(|failures| wait_ms(failures, None) / 1_000).collect();
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    assert_eq!(wait_ms(1, Some(60_000)), 60_000);
    assert_eq!(wait_ms(u32::MAX, Some(i64::MAX)), LONGEST_ASKED_WAIT_MS);
}

#[test]
fn a_refused_value_is_never_tried_again_and_after_three_a_person_looks() {
    let mut world = World::new();
    world.begin(RotationCause::Asked, None);
    let mut pending = Vec::new();
    for round in 0..3 {
        world.drive(Ending::Good);
        pending.push(world.ledger.rotation.run.as_ref().and_then(|run| run.version).expect("pending"));
        world.drive(Ending::Good);
        world.drive(Ending::Failed(FailureClass::Refused));
        world.now_ms += 3_600_000;
        let phase = world.ledger.rotation.run.as_ref().map(|run| run.phase);
        let stopped = if round == 2 { RotationPhase::Stopped } else { RotationPhase::Ready };
        assert_eq!(phase, Some(stopped));
    }
    assert_eq!(pending, [2, 3, 4]);
    assert_eq!((world.ledger.current, &*world.ledger.rotation.dead), (1, &[2, 3, 4][..]));
    for _ in 0..3 {
        world.drive(Ending::Good);
    }
    assert!(world.live.is_empty(), "what was refused is revoked where it was made");
    world.begin(RotationCause::Asked, None);
    for _ in 0..4 {
        world.drive(Ending::Good);
    }
    assert_eq!((world.ledger.current, world.ledger.previous.map(|one| one.number)), (5, Some(1)));
}
