//! The form for the budget of a tag: set, changed, or ended by leaving the amount empty.

use keyward_keys::Role;
use keyward_keys::input::NewBudget;
use keyward_keys::view::TeamView;

use crate::app::{Answer, Query};
use crate::notice::NoticeKind;
use crate::pages::sheet::{Field, Kind, Sheet};
use crate::pages::{Page, Step};
use crate::widgets::pen::safe;

/// The form, for somebody of these teams.
pub(super) fn form(teams: Vec<TeamView>) -> Box<dyn Page> {
    let teams: Vec<_> = teams.into_iter().filter(|team| team.role >= Role::Admin).collect();
    let names = teams.iter().map(|team| safe(&team.name).into_owned());
    let places: Vec<String> = std::iter::once("your own keys".to_owned()).chain(names).collect();
    let tag = "Of all keys that have it, however its letters are written.";
    let mut fields = vec![
        Field::new("tag", "Tag", tag, Kind::Line),
        Field::new("monthlyBudget", "Monthly budget", "Empty: the tag has no budget any more.", Kind::Amount),
    ];
    // Who has no team to choose is not asked.
    if !teams.is_empty() {
        let place = "Left and Right choose whose keys are meant.";
        fields.push(Field::one_of("team", "Whose", place, places));
    }
    let lead = "People hear as the keys together come near it, and when it is spent.";
    let ids: Vec<_> = teams.iter().map(|team| team.id).collect();
    Sheet::page(
        "Budget of a tag",
        lead,
        fields,
        move |values| {
            let chosen = if ids.is_empty() { 0 } else { values.choice(2) };
            let team = chosen.checked_sub(1).and_then(|at| ids.get(at)).copied();
            Query::TagBudget(NewBudget { tag: values.text(0), team, monthly_budget: values.amount(1) })
        },
        |answer, cx| {
            match answer {
                Answer::TagBudget(Some(budget)) => {
                    let (name, amount) = (safe(&budget.name), budget.monthly_budget);
                    cx.say(
                        NoticeKind::Done,
                        format!("A month of the keys with tag {name} may cost {amount}."),
                    );
                }
                _ => cx.say(NoticeKind::Done, "The tag has no budget any more."),
            }
            Step::Back
        },
    )
}
