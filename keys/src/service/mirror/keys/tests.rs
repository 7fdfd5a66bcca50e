use std::sync::Arc;

use keyward_store::Row;
use keyward_store::model::{Custody, Environment, Status};
use proptest::prelude::*;

use super::*;

fn key(number: u8, name: &str, tags: &[&str], deleted: bool) -> Shared<ApiKey> {
    let record = ApiKey {
        id: Id::from_bytes([number; 12]),
        key_id: format!("ak_dev_{number}"),
        space: Id::from_bytes([number % 2; 12]),
        created_by: Id::default(),
        name: name.to_owned(),
        service: "OpenAI".to_owned(),
        description: String::new(),
        environment: Environment::Development,
        status: Status::Active,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        monthly_limit: None,
        rotation_interval_days: 90,
        next_rotation_ms: None,
        expires_ms: None,
        custody: Custody::Automation,
        public_key: [0; 32],
        current_version: 1,
        created_ms: i64::from(number),
        updated_ms: 0,
        deleted_ms: deleted.then_some(1),
        refuse_over_limit: false,
        space_generation: 0,
        exposed_version: None,
        frozen_ms: None,
        previous: None,
    };
    Arc::new(Row { version: 1, record })
}

#[test]
fn a_search_finds_names_services_and_tags_in_any_case_and_nothing_across_fields() {
    let mut index = KeyIndex::default();
    for (number, name, tags) in
        [(2, "Billing", &["money"][..]), (4, "Großrechner", &[]), (6, "Chat", &["LLM"])]
    {
        index.put(Id::from_bytes([number; 12]), Some(key(number, name, tags, false)));
    }
    let space = index.space(Id::from_bytes([0; 12])).expect("the space has keys");
    let found = |needle: &str| space.containing(needle).map(|(_, id)| id.as_bytes()[0]).collect::<Vec<_>>();
    assert_eq!(found("bill"), [2]);
    assert_eq!(found("GROSS"), [] as [u8; 0]);
    assert_eq!(found("großr"), [4]);
    assert_eq!(found("llm"), [6]);
    assert_eq!(found("openai"), [6, 4, 2]);
    assert_eq!(found("billingopenai"), [] as [u8; 0]);
    assert_eq!(found(""), [] as [u8; 0]);
    let titles = |letters: &str| {
        let titles = space.titles(Letters::of(letters.as_bytes()));
        titles.map(|(title, _)| std::str::from_utf8(title).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(titles(""), ["billing\nopenai", "großrechner\nopenai", "chat\nopenai"]);
    assert_eq!(titles("gillnb"), ["billing\nopenai"]);
    assert_eq!(titles("ß"), ["großrechner\nopenai"]);
    assert_eq!(titles("money"), [] as [&str; 0]);
}

proptest! {
    /// Whatever is put in, changed, binned and removed, a search finds what a plain walk over the rows finds.
    #[test]
    fn the_arena_finds_what_a_plain_walk_finds(
        steps in prop::collection::vec((0u8..40, "[bc]{0,4}", 0u8..4), 0..300),
        needle in "[bc]{1,3}",
    ) {
        let mut index = KeyIndex::default();
        let mut plain: HashMap<u8, String> = HashMap::new();
        for (number, name, kind) in steps {
            let id = Id::from_bytes([number; 12]);
            match kind {
                0 => { index.put(id, None); plain.remove(&number); }
                1 => { index.put(id, Some(key(number, &name, &[], true))); plain.remove(&number); }
                _ => { index.put(id, Some(key(number, &name, &[], false))); plain.insert(number, name); }
            }
        }
        let mut found: Vec<u8> = [0u8, 1].iter()
            .filter_map(|space| index.space(Id::from_bytes([*space; 12])))
            .flat_map(|space| space.containing(&needle))
            .map(|(_, id)| id.as_bytes()[0])
            .collect();
        found.sort_unstable();
        let mut expected: Vec<u8> = plain.iter()
            .filter(|(_, name)| name.contains(&needle))
            .map(|(number, _)| *number)
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}
