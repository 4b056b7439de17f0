//! Owns `kaw completions`: the scripts that complete command lines, and answering what
//! they ask. Leaves the grammar to `cli`, and names from the target to `names`.

mod names;

use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::{Context, Failure, Status};

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw completions bash > ~/.local/share/bash-completion/completions/kaw
  kaw completions zsh > ~/.zfunc/_kaw
  kaw completions fish > ~/.config/fish/completions/kaw.fish";

/// Set by the scripts, to the name of their shell.
const VARIABLE: &str = "KAW_COMPLETE";

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

/// The script for one shell: it asks this program, by the words of the line so far.
fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    let name = shell.to_string();
    if let Some(adapter) = Shells::builtins().completer(&name) {
        // Into memory, which takes all.
        adapter.write_registration(VARIABLE, "kaw", "kaw", "kaw", &mut script).unwrap_or_default();
    }
    script
}

/// What a script of ours asks, if one does: the shell is in the environment, and the words of the
/// line stand behind `--`. Nothing here fails aloud: somebody is typing.
pub fn asked(args: &[OsString]) -> Option<Vec<u8>> {
    let shell = std::env::var(VARIABLE).ok()?;
    let at = args.iter().position(|word| word == "--")?;
    let words: Vec<OsString> = args.get(at + 1..)?.to_vec();
    let here = std::env::current_dir().ok();
    let mut answer = Vec::new();
    let shells = Shells::builtins();
    let mut command = names::command(&words);
    command.build();
    if let Some(adapter) = shells.completer(&shell) {
        adapter
            .write_complete(&mut command, words, here.as_deref(), &mut answer)
            .unwrap_or_default();
    }
    Some(answer)
}

/// The files of `completions/`: names and bytes.
pub fn completion_files() -> Vec<(String, Vec<u8>)> {
    SHELLS.iter().map(|(shell, name)| ((*name).to_owned(), script(*shell))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_asks_this_program() {
        for (name, script) in completion_files() {
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains(VARIABLE) && script.contains("kaw"), "{name}");
        }
    }
}
