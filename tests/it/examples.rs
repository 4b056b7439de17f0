//! Owns the examples in the help of each command: they are run, in a world that has what they name.
//! Leaves those of the README to `readme`.

use crate::sandbox::Sandbox;

/// Every command that has none below it, as it is typed.
pub fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    if command.has_subcommands() {
        for below in command.get_subcommands() {
            leaves(below, &format!("{path} {}", below.get_name()), found);
        }
        return;
    }
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    found.push((path.to_owned(), examples));
}

/// The commands of an `EXAMPLES` block, and nothing of the prose behind it.
fn commands(block: &str) -> Vec<&str> {
    let lines = block.lines().skip_while(|line| *line != "EXAMPLES:").skip(1);
    lines.map_while(|line| line.strip_prefix("  ")).map(str::trim_start).collect()
}

/// A world with the topics and files that the examples name.
fn world(command: &str) -> Sandbox {
    let s = Sandbox::new();
    s.write("greetings.txt", "hello\nworld\n");
    s.write("words.txt", "a:1\nb:2\n");
    let homes = [".zfunc", ".config/fish/completions", ".local/share/bash-completion/completions"];
    for home in homes {
        std::fs::create_dir_all(s.path("home").join(home)).unwrap();
    }
    // What creates topics wants to find none.
    if command != "kaw topics create" && command != "kaw" {
        s.run("produce users --fake 6000 --key-field /id --acks 1 --partitions 3").success();
        s.run("topics create orders -c retention.ms=1000").success();
        s.run("topics create settings -c cleanup.policy=compact").success();
        s.run("groups reset db --to start --topic users --execute").success();
        s.run("consume users -g db -n 3000").success();
    }
    if command == "kaw bench compare" {
        let save = "bench produce try --rate 1k/s --duration 3s --warmup 0s --acks 1 --save";
        s.run(&format!("{save} a.json")).success();
        s.run(&format!("{save} b.json")).success();
    }
    s
}

/// Runs an example. One that follows for ever is given two seconds.
fn run(s: &Sandbox, example: &str) {
    let bounded = [" -e", " --exit", " -n ", ":end"].iter().any(|flag| example.contains(flag));
    let follows = example.contains("kaw consume") || example.contains(" --serve");
    if follows && !bounded {
        let run = s.bash(&format!("timeout --preserve-status -s INT 2 {example}"));
        run.code(130);
        return;
    }
    // A machine may have no `man`; what it is given is what matters here.
    s.bash(&format!("set -o pipefail; man() {{ grep -q '^.SH NAME'; }}; {example}")).success();
}

#[test]
fn examples_of_help_run() {
    let mut found = Vec::new();
    let mut command = kaw::cli::command();
    command.build();
    leaves(&command, "kaw", &mut found);
    found.retain(|(path, _)| !path.contains(" help"));
    found.push(("kaw".to_owned(), command.get_after_help().unwrap().to_string()));
    let mut count = 0;
    for (path, block) in &found {
        let s = world(path);
        let examples = commands(block);
        assert!(!examples.is_empty(), "`{path}` has no examples");
        for example in examples {
            assert!(example.starts_with("kaw "), "`{path}`: {example}");
            run(&s, example);
            count += 1;
        }
    }
    assert!(count >= 25, "only {count} examples were found");
}

#[test]
fn examples_are_read_without_the_prose_behind_them() {
    let block = "EXAMPLES:\n  kaw a\n  kaw b | kaw c\n\nProse with kaw d\n  in it.";
    assert_eq!(commands(block), ["kaw a", "kaw b | kaw c"]);
    assert!(commands("").is_empty());
}
