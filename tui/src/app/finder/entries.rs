//! What the palette offers: the keys of the page at hand, the sections, and the commands of `ssh HOST COMMAND`. Each
//! comes from its own table; nothing is named here.

use keyward_keys::view::UserView;

use super::Act;
use crate::app::keymap::{Binding, Command, Place, Scope, label, rows};
use crate::app::sections;
use crate::cli;

/// For whom and where the palette opens.
pub(in crate::app) struct Offer<'a> {
    pub(in crate::app) user: &'a UserView,
    pub(in crate::app) place: Place,
    /// What `KEY` stands for on the page at hand, as words of a shell.
    pub(in crate::app) operand: Option<String>,
    /// What `ALERT` stands for.
    pub(in crate::app) alert: Option<String>,
    /// How this person reaches this host.
    pub(in crate::app) ssh_command: &'a str,
}

/// One thing to do.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) about: &'static str,
    /// The key that does it.
    pub(super) key: String,
    /// The line of a shell that does it, or nothing.
    pub(super) line: String,
    /// What it does here; none when it only is a line for the person's own shell.
    pub(super) act: Option<Act>,
}

impl Entry {
    /// All that can be found in it.
    pub(super) fn haystack(&self) -> String {
        format!("{} {} {}", self.name, self.about, self.line)
    }
}

impl Offer<'_> {
    fn line(&self, words: &str) -> String {
        if words.is_empty() {
            return String::new();
        }
        let words = match &self.operand {
            Some(operand) => words.replace("KEY", operand),
            None => words.to_owned(),
        };
        let words = match &self.alert {
            Some(alert) => words.replace("ALERT", alert),
            None => words,
        };
        format!("{} {words}", self.ssh_command)
    }

    fn binding(&self, binding: &Binding) -> Entry {
        Entry {
            name: binding.help.to_owned(),
            about: "",
            key: label(binding.keys[0]),
            line: self.line(binding.line),
            act: Some(Act::Command(binding.command)),
        }
    }
}

/// All there is to do here, the nearest first.
pub(super) fn of(offer: &Offer<'_>) -> Vec<Entry> {
    // Moving is no command to look for, and what holds always is how one came here or leaves.
    let near = |scope: &Scope| !matches!(scope, Scope::Movement | Scope::Always);
    let worth = |binding: &&Binding| !binding.hint.is_empty() && binding.command != Command::Palette;
    let scopes = offer.place.scopes().iter().copied().filter(near);
    let (shared, own): (Vec<_>, Vec<_>) = scopes.partition(|scope| *scope == Scope::Anywhere);
    let own = own.into_iter().flat_map(rows).filter(worth);
    let shared = shared.into_iter().flat_map(rows).filter(worth);
    let mut entries: Vec<_> = own.map(|binding| offer.binding(binding)).collect();
    entries.extend(sections::visible(offer.user).map(|section| Entry {
        name: section.title.to_owned(),
        about: section.about,
        key: section.key.map(String::from).unwrap_or_default(),
        line: offer.line(section.command.unwrap_or_default()),
        act: Some(Act::Section(section)),
    }));
    entries.extend(shared.map(|binding| offer.binding(binding)));
    entries.extend(cli::lines().map(|(words, line, about)| Entry {
        name: words,
        about,
        key: String::new(),
        line: offer.line(&line),
        act: None,
    }));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keymap::groups;
    use crate::app::sections::SECTIONS;

    #[test]
    fn every_line_is_of_a_command_there_is() {
        let bound = groups().flat_map(|group| group.rows).map(|binding| binding.line);
        let lines = bound.chain(SECTIONS.iter().filter_map(|section| section.command));
        for line in lines.filter(|line| !line.is_empty()) {
            let known =
                cli::lines().any(|(words, ..)| line == words || line.starts_with(&format!("{words} ")));
            assert!(known, "{line}");
        }
    }
}
