//! Owns the tests of completion in real shells: names from the target that the line names, choices,
//! and silence where there is nothing to say.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::needs::Need;
use crate::sandbox::Sandbox;

/// Two topics and two groups, and one more topic in another directory.
fn world() -> Sandbox {
    let s = Sandbox::new();
    s.run("topics create users -p 3").success();
    s.run("topics create usage").success();
    s.stdin("x\n").run("produce users").success();
    for group in ["web", "worker", "we $(touch evil)"] {
        s.run_with(["consume", "users", "-g", group, "-e"]).success();
    }
    s.run("topics create uses-elsewhere -d other").success();
    s
}

/// The file of a shell in `completions/`.
fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    folder.join(name).to_str().unwrap().to_owned()
}

/// What bash offers for the last word of a line, by the committed file.
fn in_bash(s: &Sandbox, line: &str) -> BTreeSet<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let (last, before) = (words[words.len() - 1], words[words.len() - 2]);
    let script = format!(
        "source '{}'; COMP_WORDS=({}{}); COMP_CWORD={}; COMP_TYPE=9; \
         _clap_complete_kaw kaw '{last}' '{before}' 2>&1; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file("kaw.bash"),
        line,
        if last.is_empty() { " ''" } else { "" },
        words.len() - 1,
    );
    lines(&s.bash(&script).success().stdout())
}

/// The lines of a text that are not empty, without descriptions.
fn lines(text: &str) -> BTreeSet<String> {
    let words = text.lines().map(|line| line.split('\t').next().unwrap_or(line).trim());
    words.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Lines, and what each offers in every shell.
const OFFERS: &[(&str, &[&str])] = &[
    ("kaw consume us", &["usage", "users"]),
    ("kaw produce use", &["users"]),
    ("kaw topics describe us", &["usage", "users"]),
    ("kaw lag w", &["web", "worker"]),
    ("kaw consume users -g we", &["web"]),
    ("kaw groups describe wo", &["worker"]),
    ("kaw -d other consume us", &["uses-elsewhere"]),
    ("kaw consume --log-dir other us", &["uses-elsewhere"]),
    ("kaw produce users --acks a", &["all"]),
    ("kaw produce users -z z", &["zstd"]),
    ("kaw produce users --partitioner r", &["random", "round-robin"]),
    ("kaw consume users --assignor s", &["sticky"]),
    ("kaw topics cre", &["create"]),
];

#[test]
fn bash_offers_names_and_choices() {
    let s = world();
    for (line, expected) in OFFERS {
        assert_eq!(in_bash(&s, line), set(expected), "{line}");
    }
    let all = in_bash(&s, "kaw lag ");
    assert!(all.is_superset(&set(&["web", "worker"])), "{all:?}");
    assert!(!all.iter().any(|word| word.contains("touch")), "a shell would run it: {all:?}");
    assert_eq!(in_bash(&s, "kaw topics describe __c"), set(&["__consumer_offsets"]));
    assert!(in_bash(&s, "kaw topics create us").is_empty(), "a new name is not an old one");
}

#[test]
fn a_target_that_does_not_answer_is_silence_in_time() {
    let s = world();
    // Nobody listens at port 1, and 192.0.2.1 is nobody's.
    let lines = [
        "kaw -b 127.0.0.1:1 consume us",
        "kaw -b 192.0.2.1:9092 lag w",
        "kaw -d nowhere lag w",
        "kaw --profile nope consume us",
        "kaw -d other -b x:1 consume us",
    ];
    for line in lines {
        let asked = Instant::now();
        assert_eq!(in_bash(&s, line), BTreeSet::new(), "{line}");
        // With the start of bash and of an unoptimised program on a busy machine.
        assert!(asked.elapsed() < Duration::from_secs(3), "{line}: {:?}", asked.elapsed());
    }
    assert!(!s.path("nowhere").exists());
}

#[test]
fn fish_offers_names_and_choices() {
    if !Need::Fish.met() {
        return;
    }
    let s = world();
    for (line, expected) in OFFERS {
        let script =
            format!("fish --no-config -c \"source '{}'; complete -C '{line}'\"", file("kaw.fish"));
        let offered = lines(&s.bash(&script).success().stdout());
        assert_eq!(offered, set(expected), "{line}");
    }
}

#[test]
fn zsh_offers_names_and_choices() {
    if !Need::Zsh.met() {
        return;
    }
    let s = world();
    // What would be shown is printed by a stand-in for the one that shows it.
    s.write("line", ZSH_LINE);
    for (line, expected) in OFFERS {
        let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let run = s.bash(&format!("zsh -f line '{}' {}", file("_kaw"), words.join(" ")));
        let last = line.rsplit(' ').next().unwrap();
        let offered: BTreeSet<String> =
            lines(&run.success().stdout()).into_iter().filter(|w| w.starts_with(last)).collect();
        assert_eq!(offered, set(expected), "{line}: {run}");
    }
}

/// Calls the completion function as zsh's line editor would, with the words behind the file.
const ZSH_LINE: &str = r#"
compdef() { :; }
_describe() {
    local name
    for name in "$@"; do
        case $name in
        -*|values) ;;
        *) [[ -n ${(P)name} ]] && printf '%s\n' "${(@P)name}" | sed 's/\([^\\]\):.*/\1/' ;;
        esac
    done
}
file=$1
shift
words=("$@")
CURRENT=$#
source $file
_clap_dynamic_completer_kaw
"#;
