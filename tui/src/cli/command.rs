//! What a command is: its words, what it takes, and what help says of it. Which commands there are is `table`'s.

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Help,
    Whoami,
    ProfileShow,
    ProfileEdit,
    SessionsLs,
    SessionsEnd,
    KeysLs,
    KeysShow,
    KeysAdd,
    KeysEdit,
    KeysGet,
    KeysRm,
    KeysRestore,
    KeysRotate,
    KeysRollback,
    KeysVersions,
    KeysRetire,
    KeysRotation,
    KeysWebhookSecret,
    Rotations,
    KeysAccess,
    Import,
    Export,
    TokensLs,
    TokensAdd,
    TokensRm,
    Usage,
    Budgets,
    BudgetsSet,
    WhatIf,
    TeamLs,
    TeamShow,
    TeamMembers,
    TeamHere,
    TeamCreate,
    TeamEdit,
    TeamInvite,
    TeamJoin,
    TeamRole,
    TeamRemove,
    TeamLeave,
    Unlock,
    Lock,
    Passphrase,
    VerifyEmail,
    Audit,
    Watch,
    Batch,
    AlertsLs,
    AlertsAck,
    AlertsSnooze,
    AlertsResolve,
    AlertsRespond,
    AlertsRules,
    AlertsConditions,
    AlertsRuleAdd,
    AlertsRuleRm,
    Complete,
    Completions,
    NotificationsLs,
    NotificationsRead,
    NotificationsRm,
    WebhooksLs,
    WebhooksAdd,
    WebhooksEdit,
    WebhooksRm,
    WebhooksTest,
    WebhooksDeliveries,
    WebhooksRedeliver,
    WebhooksReplaceSecret,
}

/// A command.
pub(super) struct Command {
    pub(super) verb: Verb,
    /// The words that name it.
    pub(super) words: &'static [&'static str],
    /// The operand it takes: its name in help, which ends in `…` where there may be several, and whether one must be there.
    pub(super) operand: Option<(&'static str, bool)>,
    pub(super) flags: &'static [Flag],
    pub(super) about: &'static str,
    /// What more there is to know, a paragraph for `--help`.
    pub(super) more: &'static str,
}

/// An option of a command, `--json` and `--help` aside, which every command takes.
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// The name of its value in help; none when it takes none.
    pub(super) value: Option<&'static str>,
    pub(super) required: bool,
    /// May be given several times.
    pub(super) many: bool,
    pub(super) about: &'static str,
}

/// What a command that lists takes, beside `--json`: for whoever reads a line at a time.
pub(super) const NDJSON: Flag = switch("--ndjson", "one JSON object a line, each an item of the list");

pub(super) const fn option(name: &'static str, value: &'static str, about: &'static str) -> Flag {
    Flag { name, value: Some(value), required: false, many: false, about }
}

pub(super) const fn switch(name: &'static str, about: &'static str) -> Flag {
    Flag { name, value: None, required: false, many: false, about }
}

impl Command {
    /// `keys add --name NAME --service SERVICE`: the shortest line that is complete.
    pub(super) fn line(&self) -> String {
        let mut line = self.words.join(" ");
        if let Some((name, true)) = self.operand {
            line.extend([" ", name]);
        }
        for flag in self.flags.iter().filter(|flag| flag.required) {
            line.extend([" ", flag.name]);
            flag.value.into_iter().for_each(|value| line.extend([" ", value]));
        }
        line
    }

    /// `keys add --name NAME …`: how it is written.
    pub(super) fn usage(&self) -> String {
        let mut usage = self.words.join(" ");
        match self.operand {
            Some((name, true)) => usage.extend([" ", name]),
            Some((name, false)) => usage.extend([" [", name, "]"]),
            None => {}
        }
        for flag in self.flags {
            let value = flag.value.map(|value| format!(" {value}")).unwrap_or_default();
            let (open, close) = if flag.required { ("", "") } else { ("[", "]") };
            let many = if flag.many { "…" } else { "" };
            usage.push_str(&format!(" {open}{}{value}{close}{many}", flag.name));
        }
        usage
    }
}
