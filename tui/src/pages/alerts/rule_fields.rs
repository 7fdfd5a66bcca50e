//! The fields of a rule and what is in them. Which there are follows from the condition's row in the core's table, and so
//! does what is wrong with them: a new condition needs nothing here.

use std::sync::LazyLock;

use keyward_keys::input::{AlertRulePatch, AlertTrial, NewAlertRule};
use keyward_keys::view::{AlertConditionView, AlertRuleView, KeyView, TeamView};
use keyward_keys::{Fault, Id, alert_conditions};

use crate::term::input::{Key, KeyCode};
use crate::widgets::edit::Edit;
use crate::widgets::pen::safe;

/// Every condition.
static CONDITIONS: LazyLock<Vec<AlertConditionView>> = LazyLock::new(|| alert_conditions().collect());

/// A field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    Condition,
    Key,
    Team,
    Threshold,
    Window,
    Recovery,
    Name,
}

const ALL: [Field; 7] = [
    Field::Condition,
    Field::Key,
    Field::Team,
    Field::Threshold,
    Field::Window,
    Field::Recovery,
    Field::Name,
];

impl Field {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Condition => "Look at",
            Self::Key => "Of the key",
            Self::Team => "Or of all of",
            Self::Threshold => "Fires from",
            Self::Window => "Within",
            Self::Recovery => "Over below",
            Self::Name => "Name",
        }
    }

    /// The field that the core calls so.
    fn of(name: &str) -> Option<Self> {
        match name {
            "condition" => Some(Self::Condition),
            "apiKeyId" => Some(Self::Key),
            "team" => Some(Self::Team),
            "threshold" => Some(Self::Threshold),
            "window" => Some(Self::Window),
            "recovery" => Some(Self::Recovery),
            "name" => Some(Self::Name),
            _ => None,
        }
    }

    /// It is chosen, not typed.
    pub(super) fn is_choice(self) -> bool {
        matches!(self, Self::Condition | Self::Team)
    }
}

/// All fields.
pub(super) struct Fields {
    edits: [Edit; ALL.len()],
    condition: usize,
    /// Teams that a rule can be for; 0 is one's own keys.
    teams: Vec<(Id, String)>,
    team: usize,
    /// Keys whose names begin or contain what was typed.
    found: Vec<KeyView>,
    /// The rule that is changed, and whose keys it is for, which never changes.
    rule: Option<Box<AlertRuleView>>,
    touched: bool,
}

impl Fields {
    /// Those of a new rule.
    pub(super) fn new() -> Self {
        Self {
            edits: std::array::from_fn(|_| Edit::new(400)),
            condition: 0,
            teams: Vec::new(),
            team: 0,
            found: Vec::new(),
            rule: None,
            touched: false,
        }
    }

    /// Those of a rule as it is.
    pub(super) fn of(rule: &AlertRuleView) -> Self {
        let mut fields = Self::new();
        fields.condition = CONDITIONS.iter().position(|one| one.condition == rule.condition).unwrap_or(0);
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        fields.edits[Field::Name as usize].set(&rule.name);
        fields.edits[Field::Threshold as usize].set(&number(Some(rule.threshold)));
        fields.edits[Field::Recovery as usize].set(&number(rule.recovery));
        fields.edits[Field::Window as usize].set(&number(rule.window.map(u64::from)));
        fields.rule = Some(Box::new(rule.clone()));
        fields
    }

    pub(super) fn rule(&self) -> Option<&AlertRuleView> {
        self.rule.as_deref()
    }

    pub(super) fn kind(&self) -> &'static AlertConditionView {
        &CONDITIONS[self.condition]
    }

    /// The teams that a rule can be for.
    pub(super) fn set_teams(&mut self, teams: Vec<TeamView>) {
        self.teams = teams.into_iter().map(|team| (team.id, team.name)).collect();
    }

    /// Keys that were found for what is typed.
    pub(super) fn set_found(&mut self, keys: Vec<KeyView>) {
        self.found = keys;
    }

    /// Those on screen.
    pub(super) fn shown(&self) -> Vec<Field> {
        let kind = self.kind();
        let shown = |field: &Field| match field {
            Field::Key => self.rule.is_none(),
            Field::Team => self.rule.is_none() && !self.teams.is_empty() && self.text(Field::Key).is_empty(),
            Field::Threshold => kind.least < kind.most,
            Field::Recovery => kind.least < kind.most && kind.most > 1,
            Field::Window => kind.window.is_some(),
            Field::Condition | Field::Name => true,
        };
        ALL.into_iter().filter(shown).collect()
    }

    pub(super) fn text(&self, field: Field) -> &str {
        self.edits[field as usize].text().trim()
    }

    pub(super) fn edit(&self, field: Field) -> &Edit {
        &self.edits[field as usize]
    }

    /// Something was typed or chosen.
    pub(super) fn touched(&self) -> bool {
        self.touched
    }

    /// The words that can be chosen, and which is.
    pub(super) fn choices(&self, field: Field) -> (Vec<String>, usize) {
        match field {
            Field::Condition => (CONDITIONS.iter().map(|one| one.title.to_owned()).collect(), self.condition),
            _ => {
                let teams = self.teams.iter().map(|(_, name)| safe(name).into_owned());
                (std::iter::once("your own keys".to_owned()).chain(teams).collect(), self.team)
            }
        }
    }

    pub(super) fn key(&mut self, field: Field, key: Key) -> bool {
        let turn = |at: usize, count: usize| match key.code {
            KeyCode::Left => Some((at + count - 1) % count),
            KeyCode::Right | KeyCode::Char(' ') => Some((at + 1) % count),
            _ => None,
        };
        let changed = match field {
            Field::Condition => {
                let to = turn(self.condition, CONDITIONS.len());
                if let Some(to) = to {
                    self.condition = to;
                    // Figures of another unit say nothing.
                    for field in [Field::Threshold, Field::Recovery, Field::Window] {
                        self.edits[field as usize].clear();
                    }
                }
                to.is_some()
            }
            Field::Team => {
                let to = turn(self.team, self.teams.len() + 1);
                self.team = to.unwrap_or(self.team);
                to.is_some()
            }
            Field::Key if key.code == KeyCode::Right && self.edit(field).at_end() => {
                let name = self.completion().map(|(key, _)| key.name.clone());
                name.inspect(|name| self.edits[field as usize].set(name)).is_some()
            }
            field => self.edits[field as usize].key(key),
        };
        self.touched |= changed;
        changed
    }

    pub(super) fn insert(&mut self, field: Field, text: &str) -> bool {
        self.touched = true;
        field.is_choice() || self.edits[field as usize].insert(text)
    }

    /// The found key whose name what is typed begins, and the rest of it.
    pub(super) fn completion(&self) -> Option<(&KeyView, &str)> {
        let typed = self.text(Field::Key);
        let begins = |key: &&KeyView| key.name.len() > typed.len() && key.name.starts_with(typed);
        let key = self.found.iter().find(begins).filter(|_| !typed.is_empty() && self.chosen().is_none())?;
        Some((key, key.name.get(typed.len()..)?))
    }

    /// The key that is meant.
    fn chosen(&self) -> Option<&KeyView> {
        let typed = self.text(Field::Key);
        self.found.iter().find(|key| key.name == typed || key.key_id == typed)
    }

    fn team(&self) -> Option<&(Id, String)> {
        self.teams.get(self.team.checked_sub(1)?).filter(|_| self.text(Field::Key).is_empty())
    }

    /// Whose keys it is for, in words.
    pub(super) fn whose(&self) -> String {
        match (&self.rule, self.text(Field::Key), self.team()) {
            (Some(rule), ..) => match (&rule.key_name, rule.team) {
                (Some(key), _) => safe(key).into_owned(),
                (None, Some(_)) => "a key of the team".to_owned(),
                (None, None) => "one of your own keys".to_owned(),
            },
            (None, "", Some((_, team))) => format!("a key of {}", safe(team)),
            (None, "", None) => "one of your own keys".to_owned(),
            (None, key, _) => safe(key).into_owned(),
        }
    }

    /// The name: as typed, or made of what it does.
    fn name(&self) -> String {
        match self.text(Field::Name) {
            "" => self.suggested(),
            name => name.to_owned(),
        }
    }

    /// The name when none is typed.
    pub(super) fn suggested(&self) -> String {
        let mut name = format!("{} of {}", self.kind().title, self.whose());
        if let Some((at, _)) = name.char_indices().nth(100) {
            name.truncate(at);
        }
        name
    }

    /// The rule as it stands; a figure that is none is a fault.
    pub(super) fn new_rule(&self) -> (NewAlertRule, Vec<(Field, String)>) {
        let mut faults = Vec::new();
        let shown = self.shown();
        let mut number = |field: Field| -> Option<u64> {
            let text = self.text(field).replace([',', '_', ' '], "");
            if text.is_empty() || !shown.contains(&field) {
                return None;
            }
            let number = text.parse().ok();
            if number.is_none() {
                faults.push((field, "is a whole number".to_owned()));
            }
            number
        };
        let (threshold, recovery, window) =
            (number(Field::Threshold), number(Field::Recovery), number(Field::Window));
        let key = self.text(Field::Key);
        if !key.is_empty() && self.chosen().is_none() && self.rule.is_none() {
            faults.push((Field::Key, "no key has this name".to_owned()));
        }
        let new = NewAlertRule {
            name: self.name(),
            condition: Some(self.kind().condition),
            api_key_id: match &self.rule {
                Some(rule) => rule.api_key_id.map(|id| id.to_string()),
                None => self.chosen().map(|key| key.id.to_string()),
            },
            team: match &self.rule {
                Some(rule) => rule.team,
                None => self.team().map(|(id, _)| *id),
            },
            threshold,
            recovery,
            window: window.map(|window| u32::try_from(window).unwrap_or(u32::MAX)),
            enabled: None,
        };
        faults.extend(new.faults().into_iter().filter_map(placed));
        (new, faults)
    }

    /// What is changed of the rule.
    pub(super) fn patch(&self) -> AlertRulePatch {
        let (new, _) = self.new_rule();
        AlertRulePatch {
            name: Some(new.name),
            condition: new.condition,
            threshold: new.threshold.or(self.kind().threshold),
            recovery: Some(new.recovery),
            window: new.window.or(self.kind().window),
            enabled: None,
        }
    }

    /// What is tried on the past; none where the past does not tell, or something is wrong.
    pub(super) fn trial(&self) -> Option<AlertTrial> {
        let (new, faults) = self.new_rule();
        (self.kind().replayable && faults.is_empty()).then(|| new.into())
    }

    /// A word of help on a field.
    pub(super) fn hint(&self, field: Field) -> String {
        let kind = self.kind();
        let usual = |usual: Option<u64>| {
            usual.map(|usual| format!("; {usual} when nothing is said")).unwrap_or_default()
        };
        match field {
            Field::Condition => format!("{} Left and Right choose.", kind.about),
            Field::Key => match self.completion() {
                Some((key, _)) => format!("Right completes {}.", safe(&key.name)),
                None => "Its name; nothing means all keys.".to_owned(),
            },
            Field::Team => "Left and Right choose.".to_owned(),
            Field::Threshold => format!("{}{}.", kind.unit, usual(kind.threshold)),
            Field::Window => format!("minutes{}.", usual(kind.window.map(u64::from))),
            Field::Recovery => format!("{}; the same when nothing is said.", kind.unit),
            Field::Name => "What you call it; made of the above when nothing is said.".to_owned(),
        }
    }
}

/// Beside its field.
pub(super) fn placed(fault: Fault) -> Option<(Field, String)> {
    Field::of(&fault.field).map(|field| (field, fault.detail))
}
