//! Where a list's keys come from: the spaces a person belongs to, or what is in their bin. It finds text; what else is
//! asked for is `list`'s.

use std::cmp::Reverse;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use keyward_store::model::{ApiKey, Id};

use crate::service::mirror::{Place, Shared, SpaceKeys, Tables};

/// The keys of some spaces.
pub(super) enum Source<'a> {
    /// Those in use, which are kept ready to be searched.
    Kept(Vec<&'a SpaceKeys>),
    /// Those in the bin, which are few.
    Bin(Vec<&'a Shared<ApiKey>>),
}

impl<'a> Source<'a> {
    /// What is in the bin of these spaces.
    pub(super) fn bin(tables: &'a Tables, spaces: &[Id]) -> Self {
        Self::Bin(tables.keys.binned().filter(|row| spaces.contains(&row.record.space)).collect())
    }

    /// All of them; those in the bin by when they came there.
    pub(super) fn all(&self) -> Vec<Place> {
        match self {
            Self::Kept(spaces) => spaces.iter().flat_map(|space| space.newest()).collect(),
            Self::Bin(rows) => rows.iter().map(|row| binned_place(row)).collect(),
        }
    }

    /// Those whose name, service, description or a tag contains the text, in any case.
    pub(super) fn containing(&self, text: &str) -> Vec<Place> {
        match self {
            Self::Kept(spaces) => spaces.iter().flat_map(|space| space.containing(text)).collect(),
            Self::Bin(rows) => {
                let text = text.to_lowercase();
                let holds = |key: &ApiKey| {
                    let fields = [&key.name, &key.service, &key.description].into_iter().chain(&key.tags);
                    fields.into_iter().any(|field| field.to_lowercase().contains(&text))
                };
                rows.iter().filter(|row| holds(&row.record)).map(|row| binned_place(row)).collect()
            }
        }
    }

    /// Those whose name or service is like the text, with the best score first. No character of it is special.
    pub(super) fn alike(&self, text: &str) -> Vec<(Reverse<u32>, Id)> {
        match self {
            Self::Kept(spaces) => fuzzy(spaces.iter().flat_map(|space| space.titles()), text),
            Self::Bin(rows) => {
                let title = |key: &ApiKey| format!("{}\n{}", key.name, key.service).to_lowercase();
                fuzzy(rows.iter().map(|row| (title(&row.record), row.record.id)), text)
            }
        }
    }
}

fn binned_place(row: &Shared<ApiKey>) -> Place {
    (Reverse(row.record.deleted_ms.unwrap_or_default()), row.record.id)
}

fn fuzzy(titles: impl Iterator<Item = (impl AsRef<str>, Id)>, text: &str) -> Vec<(Reverse<u32>, Id)> {
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    titles
        .filter_map(|(title, id)| {
            let score = pattern.score(Utf32Str::new(title.as_ref(), &mut buffer), &mut matcher)?;
            Some((Reverse(score), id))
        })
        .collect()
}
