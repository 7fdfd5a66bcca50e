//! Where a list's keys come from: the spaces a person belongs to, or what is in their bin. It finds text; what else is
//! asked for is `list`'s.

use std::cmp::Reverse;

use keyward_store::model::{ApiKey, Id};

use crate::service::list::like::Like;
use crate::service::mirror::{Hit, Shared, SpaceKeys, Tables};

/// The keys that a list is made of.
#[derive(Default)]
pub(super) struct Source<'a> {
    /// The spaces whose keys in use are asked for: they are kept ready to be searched.
    kept: Vec<&'a SpaceKeys>,
    /// The keys in the bin that are asked for, which are few.
    binned: Vec<&'a Shared<ApiKey>>,
}

impl<'a> Source<'a> {
    /// What is in use in these spaces.
    pub(super) fn kept(spaces: Vec<&'a SpaceKeys>) -> Self {
        Self { kept: spaces, ..Self::default() }
    }

    /// What is in the bin of these spaces.
    pub(super) fn bin(tables: &'a Tables, spaces: &[Id]) -> Self {
        let binned = tables.keys.binned().filter(|row| spaces.contains(&row.record.space)).collect();
        Self { binned, ..Self::default() }
    }

    /// All of them; those in the bin by when they came there.
    pub(super) fn all(&self) -> impl Iterator<Item = Hit<'_>> {
        let kept = self.kept.iter().flat_map(|space| space.all());
        kept.chain(self.binned.iter().map(|row| binned_hit(row)))
    }

    /// Those whose name, service, description or a tag contains the text, in any case.
    pub(super) fn containing(&self, text: &str) -> impl Iterator<Item = Hit<'_>> {
        let kept = self.kept.iter().flat_map(move |space| space.containing(text));
        let text = text.to_lowercase();
        let holds = move |key: &ApiKey| {
            let fields = [&key.name, &key.service, &key.description].into_iter().chain(&key.tags);
            fields.into_iter().any(|field| field.to_lowercase().contains(&text))
        };
        let binned = self.binned.iter().filter(move |row| holds(&row.record));
        kept.chain(binned.map(|row| binned_hit(row)))
    }

    /// Those whose name or service is like something, with the best score first when they are sorted.
    pub(super) fn alike<'b>(
        &'b self,
        like: &'b Like,
    ) -> impl Iterator<Item = (Reverse<u32>, Id)> + use<'a, 'b> {
        let kept = self.kept.iter().flat_map(move |space| space.titles(like.letters()));
        let title = |key: &ApiKey| format!("{}\n{}", key.name, key.service).to_lowercase();
        let binned = self.binned.iter().map(move |row| (title(&row.record), row.record.id));
        like.score(kept).chain(like.score(binned))
    }
}

fn binned_hit(row: &Shared<ApiKey>) -> Hit<'_> {
    (Reverse(row.record.deleted_ms.unwrap_or_default()), &row.record.id)
}
