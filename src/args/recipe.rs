//! `keyward recipe`.

use std::path::PathBuf;

use clap::Subcommand;

/// `recipe`.
#[derive(Subcommand, Debug)]
pub enum RecipeCommand {
    /// Lists the recipes of the program
    Ls,
    /// Prints one of them, as a beginning for one of your own
    Show {
        /// Its name
        name: String,
    },
    /// Names every fault of a recipe; with --against, tries it from one end to the other
    Check(RecipeCheck),
}

/// `recipe check`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "It needs no daemon and no data folder. With --against a key is made there, tried, found, retired and looked for\n\
    again; a recipe of mode single changes the credential itself. Drop a file that is fine into DATA_DIR/recipes/."
)]
pub struct RecipeCheck {
    /// The recipe, a TOML file
    pub file: PathBuf,
    /// Tries it on this server, as its base_url
    #[arg(long, value_name = "URL")]
    pub against: Option<String>,
    /// A parameter of the recipe; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, String)>,
    /// Reads the credential from standard input, which is what happens anyway
    #[arg(long, conflicts_with = "credential_file")]
    pub credential_stdin: bool,
    /// Reads the credential from this file instead of standard input
    #[arg(long, value_name = "FILE")]
    pub credential_file: Option<PathBuf>,
}

fn param(text: &str) -> std::result::Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}
