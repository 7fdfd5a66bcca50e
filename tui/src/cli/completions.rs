//! Scripts with which a shell completes these commands. They only pass words on: what could come next, `complete` says.

use super::parse::Args;
use super::{Context, Failure};

const BASH: &str = r#"# Keyward over SSH: `kw keys ls` runs a command there, `kw` opens the dashboard.
kw() {
    if [ $# -eq 0 ]; then {ssh}; else {ssh} "$(printf '%q ' "$@")"; fi
}
_kw() {
    local IFS=$'\n'
    COMPREPLY=($(kw complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" </dev/null 2>/dev/null))
}
complete -F _kw kw
"#;

const ZSH: &str = r#"# Keyward over SSH: `kw keys ls` runs a command there, `kw` opens the dashboard.
kw() {
    if [ $# -eq 0 ]; then {ssh}; else {ssh} "${(j: :)${(@q)@}}"; fi
}
_kw() {
    local -a found
    found=("${(@f)$(kw complete -- "${(@)words[2,CURRENT]}" </dev/null 2>/dev/null)}")
    compadd -a found
}
compdef _kw kw
"#;

const FISH: &str = r#"# Keyward over SSH: `kw keys ls` runs a command there, `kw` opens the dashboard.
function kw
    if test (count $argv) -eq 0
        {ssh}
    else
        {ssh} (string join ' ' -- (string escape -- $argv))
    end
end
complete -c kw -f -a '(kw complete -- (commandline -opc)[2..] (commandline -ct) </dev/null 2>/dev/null)'
"#;

pub(super) async fn completions(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let script = match args.operands.first().map(String::as_str) {
        Some("bash") => BASH,
        Some("zsh") => ZSH,
        Some("fish") => FISH,
        other => {
            let given = other.unwrap_or_default();
            return Err(Failure::Usage(format!("SHELL is bash, zsh or fish, not '{given}'")));
        }
    };
    context.print(&script.replace("{ssh}", &context.host.ssh_command)).await
}
