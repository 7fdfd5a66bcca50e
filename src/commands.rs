//! Which function carries out which command. The commands that fit a line are here.

use clap::CommandFactory;

use crate::args::{Alerts, Args, Command, Common, ConfigCommand};
use crate::error::Result;
use crate::{
    backtest, backup, console, demo, logging, output, prices, recipe, serve, token, transfer, user, verify,
};

/// Carries out what the command line says, and answers the exit status.
///
/// # Errors
/// Whatever the command failed with.
pub async fn run(args: Args) -> Result<u8> {
    let Args { common, command } = args;
    let done = match command.unwrap_or(Command::Serve(Default::default())) {
        Command::Run(run) => return Box::pin(crate::run::run(run)).await,
        Command::Serve(serve) => {
            let config = common.load()?;
            logging::init(&config.log);
            Box::pin(serve::serve(config, serve.ready_file, common.json)).await
        }
        Command::Demo => Box::pin(demo::demo(&common)).await,
        Command::Console(console) => console::open(&common.load()?, console.login).await,
        Command::Token(token) => token::token(&common, token).await,
        Command::Import(import) => transfer::import(&common, import).await,
        Command::Export(export) => transfer::export(&common, export).await,
        Command::User(user) => user::user(&common, user).await,
        Command::Backup(how) => backup::backup(&common, how).await,
        Command::Restore(how) => Box::pin(backup::restore(&common, how)).await,
        Command::Verify(how) => verify::verify(&common, how).await,
        Command::Alerts(Alerts::Backtest(how)) => backtest::backtest(&common, &how),
        Command::Recipe(command) => recipe::recipe(&common, command).await,
        Command::Prices(command) => prices::prices(&common, command),
        Command::Config(ConfigCommand::Check) => check(&common),
        Command::Config(ConfigCommand::Show) => show(&common),
        Command::Completions { shell } => {
            completions(shell);
            Ok(())
        }
    };
    done.map(|()| 0)
}

fn check(common: &Common) -> Result<()> {
    common.load()?;
    if common.json {
        output::json(&serde_json::json!({ "ok": true }));
    } else {
        output::result("the settings are fine");
    }
    Ok(())
}

fn show(common: &Common) -> Result<()> {
    let shown = common.load()?.show();
    if common.json {
        output::json(&shown);
    } else {
        output::result(shown.to_string().trim_end());
    }
    Ok(())
}

fn completions(shell: clap_complete::Shell) {
    // Made in memory first: a reader that goes early would make the generator panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "keyward", &mut script);
    output::result(String::from_utf8_lossy(&script).trim_end());
}
