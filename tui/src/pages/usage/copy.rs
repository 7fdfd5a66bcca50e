//! What is on screen as CSV, for the clipboard of the person's terminal.

use secrecy::SecretString;

use crate::app::Effect;
use crate::app::cx::Cx;
use crate::notice::NoticeKind;
use crate::pages::usage::UsagePage;
use crate::term::caps::Osc52;
use crate::term::osc::MAX_COPY;
use crate::usage_table;

impl UsagePage {
    /// Copies what is on screen, or says how to get it.
    pub(super) fn copy(&self, cx: &mut Cx<'_>) {
        let Some(series) = &self.series else { return };
        let table = usage_table::table(series, self.choice.metric, |line| !self.is_hidden(line));
        let (rows, text) = (table.rows.len(), table.csv());
        let command = format!("{} {}", cx.host.ssh_command, self.choice.command());
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
        cx.say(NoticeKind::Done, format!("{rows} rows {sent} as CSV. In a shell: {command}"));
    }
}
