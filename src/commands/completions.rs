//! Owns `kaw completions`: the scripts that complete command lines. Leaves the grammar to `cli`.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap_complete::Shell;

use super::{Context, Failure, Status};
use crate::cli;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw completions bash > ~/.local/share/bash-completion/completions/kaw
  kaw completions zsh > ~/.zfunc/_kaw
  kaw completions fish > ~/.config/fish/completions/kaw.fish";

/// Every shell, with the name of its file in `completions/`.
const SHELLS: [(Shell, &str); 5] = [
    (Shell::Bash, "kaw.bash"),
    (Shell::Zsh, "_kaw"),
    (Shell::Fish, "kaw.fish"),
    (Shell::PowerShell, "_kaw.ps1"),
    (Shell::Elvish, "kaw.elv"),
];

/// Print the script that completes command lines in a shell
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = shells())]
    pub shell: Shell,
}

/// The values of SHELL.
fn shells() -> impl TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(["bash", "zsh", "fish", "powershell", "elvish"]).map(
        |word| match word.as_str() {
            "zsh" => Shell::Zsh,
            "fish" => Shell::Fish,
            "powershell" => Shell::PowerShell,
            "elvish" => Shell::Elvish,
            _ => Shell::Bash,
        },
    )
}

/// Prints the script.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    context.out.raw(&script(args.shell)).map_err(Failure::stdout)?;
    Ok(Status::Done)
}

/// The script for one shell.
fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "kaw", &mut script);
    script
}

/// The files of `completions/`: names and bytes.
pub fn completion_files() -> Vec<(String, Vec<u8>)> {
    SHELLS.iter().map(|(shell, name)| ((*name).to_owned(), script(*shell))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_names_the_commands() {
        for (name, script) in completion_files() {
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("topics"), "{name}");
        }
    }
}
