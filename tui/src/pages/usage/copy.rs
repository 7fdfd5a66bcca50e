//! What is on screen as CSV or JSON, for the clipboard of the person's terminal.

use keyward_keys::table::{self, Table};
use secrecy::SecretString;

use crate::app::Effect;
use crate::app::cx::Cx;
use crate::notice::NoticeKind;
use crate::pages::usage::UsagePage;
use crate::term::caps::Osc52;
use crate::term::osc::MAX_COPY;

impl UsagePage {
    /// Copies what is on screen as comma-separated values, or says how to get it.
    pub(super) fn copy(&self, cx: &mut Cx<'_>) {
        if let Some(table) = self.table() {
            send(cx, table.csv(), table.rows.len(), "CSV", &self.choice.command("--csv"));
        }
    }

    /// Copies it as JSON, an object a row, or says how to get all there is to it.
    pub(super) fn copy_json(&self, cx: &mut Cx<'_>) {
        if let Some(table) = self.table() {
            send(cx, table.json(), table.rows.len(), "JSON", &self.choice.command("--json"));
        }
    }

    fn table(&self) -> Option<Table> {
        let series = self.series.as_ref()?;
        Some(table::of_series(series, self.choice.metric, |line| !self.is_hidden(line)))
    }
}

fn send(cx: &mut Cx<'_>, text: String, rows: usize, form: &str, command: &str) {
    let command = format!("{} {command}", cx.host.ssh_command);
    if text.len() > MAX_COPY || cx.caps.osc52 == Osc52::No {
        let why = if text.len() > MAX_COPY {
            format!("{rows} rows are too many for a terminal's clipboard.")
        } else {
            "This terminal takes nothing for its clipboard.".to_owned()
        };
        cx.say(NoticeKind::Warning, format!("{why} In a shell: {command}"));
        return;
    }
    cx.effect(Effect::Copy(SecretString::from(text)));
    let sent = if cx.caps.osc52 == Osc52::Yes { "copied" } else { "sent to your terminal's clipboard" };
    cx.say(NoticeKind::Done, format!("{rows} rows {sent} as {form}. In a shell: {command}"));
}
