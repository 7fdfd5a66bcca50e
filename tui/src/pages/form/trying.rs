//! What a limit or a budget would have done last month, said while one types it: the core tries it, nothing is set.

use keyward_keys::input::WhatIf;
use keyward_keys::view::{WhatIfOutcome, WhatIfView};

use crate::app::cx::{Cx, Pending};
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::form::FormPage;
use crate::pages::form::field::Field;

/// What was tried last, and what is being tried.
#[derive(Default)]
pub(super) struct Trial {
    pending: Option<Pending>,
    /// Something else was typed since it was asked for.
    again: bool,
    tried: Option<Box<WhatIfView>>,
}

impl Trial {
    pub(super) fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.pending, id)
    }

    /// What it would have done to this field's figure.
    pub(super) fn words(&self, field: Field) -> Option<String> {
        let tried = self.tried.as_ref()?;
        let of = |limit, budget| if field == Field::Limit { limit } else { budget };
        let last: &Option<WhatIfOutcome> = of(&tried.last_month.limit, &tried.last_month.budget);
        let this: &Option<WhatIfOutcome> = of(&tried.this_month.limit, &tried.this_month.budget);
        let (last, this) = (last.as_ref()?, this.as_ref()?);
        let past = match last.reached_at {
            Some(at) => format!("Last month: would have been reached on {}", at.strftime("%-d %B")),
            None => format!("Last month: {:.0} % of it", last.percentage),
        };
        let now = match (this.reached_at, this.expected_at) {
            (Some(at), _) => format!("; this month: reached on {}", at.strftime("%-d %B")),
            (None, Some(at)) => format!("; this month: on {} at this pace", at.strftime("%-d %B")),
            (None, None) => format!("; this month: {:.0} % so far", this.percentage),
        };
        Some(past + &now + ".")
    }
}

impl FormPage {
    /// Tries what is typed now, if it can be: a new key has no past.
    pub(super) fn try_typed(&mut self, cx: &mut Cx<'_>) {
        let Some(key) = self.fields.key_at_hand() else { return };
        if !matches!(self.focus, Field::Limit | Field::Budget) {
            return;
        }
        let what = WhatIf {
            api_key_id: Some(key.id.to_string()),
            team: None,
            tag: None,
            monthly_limit: self.fields.limit(),
            monthly_budget: self.fields.budget(),
        };
        self.trial.tried = None;
        if self.trial.pending.is_some() {
            self.trial.again = true;
        } else if what.monthly_limit.is_some() || what.monthly_budget.is_some() {
            self.trial.pending = Some(cx.ask(Query::WhatIf(Box::new(what))));
        }
    }

    /// What came of it; what was typed meanwhile is tried next. Without an answer nothing is said.
    pub(super) fn took_trial(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        self.trial.pending = None;
        if std::mem::take(&mut self.trial.again) {
            self.try_typed(cx);
        } else if let Ok(Answer::WhatIf(tried)) = result {
            self.trial.tried = Some(tried);
        }
    }
}
