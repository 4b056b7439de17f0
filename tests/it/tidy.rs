//! Owns style as tests: who may import whom, where a library or a call may appear, how long things
//! may get. Leaves what clippy and rustfmt can tell to them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// A file of Rust, read once for what the rules look at.
struct Source {
    /// From the package's root, with `/`.
    path: String,
    raw: Vec<String>,
    /// Lines without comments and without the insides of literals.
    code: Vec<String>,
    /// String literals, with the line that they start on.
    literals: Vec<(usize, String)>,
    /// Whether a line is of a module of unit tests.
    test: Vec<bool>,
}

/// A violation: its line, counted from 0, and what is wrong there.
type Found = (usize, String);

/// Something that holds for every file.
type Rule = fn(&Source) -> Vec<Found>;

impl Source {
    /// Reads `text` as the file `path`.
    fn new(path: &str, text: &str) -> Self {
        let (code, literals) = strip(text);
        let code: Vec<String> = code.split('\n').map(str::to_owned).collect();
        let whole = path.starts_with("tests/") || path.ends_with("/tests.rs");
        let mut test = vec![whole; code.len()];
        for (at, line) in code.iter().enumerate() {
            if line.trim() == "#[cfg(test)]" {
                let end = end_of_item(&code, at);
                test[at..=end].fill(true);
            }
        }
        let raw = text.split('\n').map(str::to_owned).collect();
        Self { path: path.to_owned(), raw, code, literals, test }
    }

    /// The lines of code, without those of unit tests.
    fn product(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.iter().enumerate().zip(&self.test);
        lines.filter(|(_, test)| !**test).map(|((at, line), _)| (at, line.as_str()))
    }

    /// Whether this file is one of `places`: a file, or a folder that ends with `/`.
    fn is_in(&self, places: &[&str]) -> bool {
        let covers = |place: &str| place.ends_with('/') && self.path.starts_with(place);
        places.iter().any(|place| self.path == *place || covers(place))
    }

    /// The lines of product code that match `pattern`, unless this file is in `places`.
    fn only_in(&self, places: &[&str], pattern: &str) -> Vec<Found> {
        if !self.path.starts_with("src/") || self.is_in(places) {
            return Vec::new();
        }
        let pattern = Regex::new(pattern).unwrap();
        let matching = self.product().filter_map(|(at, line)| Some((at, pattern.find(line)?)));
        let place = if places.is_empty() { "nowhere".into() } else { places.join(", ") };
        matching.map(|(at, found)| (at, format!("`{}` is for {place}", found.as_str()))).collect()
    }
}

/// Takes comments and the insides of literals out of `text`, and returns the string literals.
fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    // One alternative for each thing that hides the start of another.
    let pattern = concat!(
        r###"(?s)//[^\n]*|/\*.*?\*/|b?r##".*?"##|b?r#".*?"#|b?r".*?""###,
        r###"|b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\\n]|\\[^\n]{1,8}?)'"###
    );
    let mut code = String::new();
    let mut literals = Vec::new();
    let mut last = 0;
    for found in Regex::new(pattern).unwrap().find_iter(text) {
        code += &text[last..found.start()];
        last = found.end();
        let hidden = found.as_str();
        if hidden.contains('"') && !hidden.starts_with('/') && !hidden.ends_with('\'') {
            literals.push((code.matches('\n').count(), hidden.to_owned()));
            code += "\"\"";
        } else if hidden.ends_with('\'') && !hidden.starts_with('/') {
            code += "' '";
        }
        code.extend(std::iter::repeat_n('\n', hidden.matches('\n').count()));
    }
    code += &text[last..];
    (code, literals)
}

/// The line on which the item that starts at line `at` ends: by its braces, or by a semicolon.
fn end_of_item(code: &[String], at: usize) -> usize {
    let mut depth = 0_i32;
    for (line, text) in code.iter().enumerate().skip(at) {
        let mut round = 0_i32;
        for c in text.chars() {
            match c {
                '{' => depth += 1,
                '(' | '[' => round += 1,
                ')' | ']' => round -= 1,
                '}' if depth == 1 => return line,
                '}' => depth -= 1,
                ';' if depth == 0 && round == 0 => return line,
                _ => {}
            }
        }
    }
    code.len() - 1
}

/// The floor of a module; imports point down. What is not named is on the ground.
fn floor(module: &str) -> i32 {
    match module {
        "main" | "lib" => 5,
        "commands" => 4,
        "cli" | "load" => 3,
        "cluster" => 2,
        "disk" => 1,
        _ => 0,
    }
}

/// The first module of a path in `src/`.
fn module_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    inside.split(['/', '.']).next().unwrap_or(inside)
}

fn imports_point_down(source: &Source) -> Vec<Found> {
    if !source.path.starts_with("src/") {
        return Vec::new();
    }
    let own = module_of(&source.path);
    let import = Regex::new(r"\bcrate::(?:\{([^}]*)\}?|(\w+))").unwrap();
    let mut found = Vec::new();
    for (at, line) in source.product() {
        for captures in import.captures_iter(line) {
            let group = captures.get(1).or(captures.get(2)).map_or("", |m| m.as_str());
            for name in group.split(',').map(|name| name.trim().split("::").next().unwrap_or("")) {
                // The grammar lists the commands, whose `Args` are beside what they do.
                let grammar = source.path == "src/cli/mod.rs" && name == "commands";
                let up = floor(name) > floor(own) && !grammar;
                let sideways = floor(name) == floor(own) && floor(own) > 0 && name != own;
                if up || sideways {
                    found.push((at, format!("`{own}` may not import `{name}`")));
                }
            }
        }
    }
    found
}

fn rdkafka_is_remote(source: &Source) -> Vec<Found> {
    source.only_in(&["src/cluster/remote/"], r"\brdkafka(_sys)?::")
}

fn files_are_opened_in_few_places(source: &Source) -> Vec<Found> {
    let places = [
        "src/disk/",
        "src/sys.rs",
        "src/sys/",
        "src/cli/profile.rs",
        "src/cli/target.rs",
        "src/secret.rs",
        "src/commands/produce/rejects.rs",
        "src/commands/produce/source.rs",
        "src/commands/bench/file.rs",
        "src/commands/groups/file.rs",
        "src/out/",
    ];
    source.only_in(&places, r"\bstd::fs\b|\bstd::\{[^}]*\bfs\b|\bOpenOptions\b|\bFile::")
}

fn nothing_prints_by_macro(source: &Source) -> Vec<Found> {
    source.only_in(&[], r"\be?println?!|\bprocess::exit\b")
}

fn stdout_is_outs(source: &Source) -> Vec<Found> {
    source.only_in(&["src/out/"], r"\bio::stdout\b")
}

fn the_seam_is_not_seen_through(source: &Source) -> Vec<Found> {
    source.only_in(&["src/cluster/mod.rs"], r"\bCluster::(Embedded|Remote)\b|\bis_embedded\b")
}

fn clap_is_for_arguments(source: &Source) -> Vec<Found> {
    source.only_in(&["src/cli/", "src/commands/"], r"\bclap::")
}

fn looks_are_outs(source: &Source) -> Vec<Found> {
    source.only_in(&["src/out/"], r"\b(comfy_table|indicatif)\b")
}

fn the_clock_is_read_high_up(source: &Source) -> Vec<Found> {
    let wall = r"\b(SystemTime|Timestamp|Zoned)::now\b";
    let mut found = source.only_in(&["src/lib.rs"], wall);
    // Progress looks at a clock to redraw seldom; no answer depends on it.
    let upper = ["src/commands/", "src/cli/", "src/load/", "src/cluster/", "src/lib.rs"];
    let mut places = upper.to_vec();
    places.push("src/out/progress.rs");
    found.extend(source.only_in(&places, r"\bInstant::now\b"));
    found
}

fn file_names_have_one_home(source: &Source) -> Vec<Found> {
    if !source.path.starts_with("src/") || source.path == "src/disk/layout.rs" {
        return Vec::new();
    }
    // At the end of a name: `segment.index.bytes` is a config.
    let names =
        r"(\.(log|index|timeindex|lock)|meta\.properties|bootstrap\.checkpoint)(?:[^\w.]|$)";
    let names = Regex::new(names).unwrap();
    let literals = source.literals.iter().filter(|(at, _)| !source.test[*at]);
    let named =
        literals.filter_map(|(at, text)| Some((*at, names.captures(text)?.get(1)?.as_str())));
    named.map(|(at, name)| (at, format!("`{name}` is a name for disk/layout.rs"))).collect()
}

fn unsafe_code_is_at_the_borders(source: &Source) -> Vec<Found> {
    if source.is_in(&["src/sys.rs", "src/sys/", "src/cluster/remote/ffi/"]) {
        return Vec::new();
    }
    let word = Regex::new(r"\bunsafe\b").unwrap();
    let lines = source.code.iter().enumerate().filter(|(_, line)| word.is_match(line));
    lines.map(|(at, _)| (at, "unsafe code is for src/sys.rs and ffi/".to_owned())).collect()
}

fn lines_are_short(source: &Source) -> Vec<Found> {
    let lengths = source.raw.iter().map(|line| line.chars().count()).enumerate();
    // The expectation of a test stands as the program prints it.
    let printed = |at: usize| {
        let mut ranges = source.literals.iter().map(|(from, s)| *from..from + s.lines().count());
        source.test[at] && ranges.any(|range| range.len() > 2 && range.contains(&at))
    };
    let long = lengths.filter(|(at, length)| *length > 100 && !printed(*at));
    long.map(|(at, length)| (at, format!("{length} characters; the limit is 100"))).collect()
}

fn files_are_short(source: &Source) -> Vec<Found> {
    let lines = source.raw.len() - 1;
    let long = lines > 600;
    long.then(|| (600, format!("{lines} lines; the limit is 600"))).into_iter().collect()
}

fn functions_are_short(source: &Source) -> Vec<Found> {
    let start = Regex::new(r"^\s*(pub(\([^)]*\))? )?(const |async |unsafe )*fn \w+").unwrap();
    let starts = source.code.iter().enumerate().filter(|(_, line)| start.is_match(line));
    let lengths = starts.map(|(at, _)| (at, end_of_item(&source.code, at) - at + 1));
    let long = lengths.filter(|(_, length)| *length > 70);
    long.map(|(at, length)| (at, format!("a function of {length} lines; the limit is 70")))
        .collect()
}

fn nothing_is_left_for_later(source: &Source) -> Vec<Found> {
    // Put together, so that this line is not one of them.
    let words = Regex::new(concat!(r"\bTO", r"DO\b|\bFIX", r"ME\b|\bdbg", "!")).unwrap();
    let lines = source.raw.iter().enumerate();
    let found = lines.filter_map(|(at, line)| Some((at, words.find(line)?.as_str().to_owned())));
    found.map(|(at, word)| (at, format!("`{word}` belongs in an issue"))).collect()
}

fn sources_are_ascii(source: &Source) -> Vec<Found> {
    let lines = source.raw.iter().enumerate().filter(|_| source.path.starts_with("src/"));
    let odd = lines.filter_map(|(at, line)| Some((at, line.chars().find(|c| !c.is_ascii())?)));
    odd.map(|(at, c)| (at, format!("`{}` is not ASCII", c.escape_unicode()))).collect()
}

fn files_say_what_they_own(source: &Source) -> Vec<Found> {
    let first = source.raw.first().map_or("", String::as_str);
    let silent = !first.starts_with("//! ");
    silent.then(|| (0, "the first line is no `//!`".to_owned())).into_iter().collect()
}

fn tests_assert(source: &Source) -> Vec<Found> {
    let check = Regex::new(r"assert|snapshot|\.success\(\)|\.code\(|should_panic").unwrap();
    let mut found = Vec::new();
    for (at, line) in source.code.iter().enumerate() {
        if line.trim() != "#[test]" {
            continue;
        }
        let end = end_of_item(&source.code, at);
        if !source.code[at..=end].iter().any(|line| check.is_match(line)) {
            found.push((at, "a test that checks nothing".to_owned()));
        }
    }
    found
}

/// Every file of Rust below `src` and `tests`.
fn sources() -> Vec<Source> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join("src"), &mut paths);
    walk(&root.join("tests"), &mut paths);
    paths.sort();
    let path_of = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let read = |path: &PathBuf| Source::new(&path_of(path), &fs::read_to_string(path).unwrap());
    paths.iter().map(read).collect()
}

/// Checks that a rule holds in every file.
#[track_caller]
fn assert_holds(rule: Rule) {
    let sources = sources();
    assert!(sources.len() > 20, "only {} files were looked at", sources.len());
    let mut report = String::new();
    for source in &sources {
        for (line, what) in rule(source) {
            writeln!(report, "{}:{}: {what}", source.path, line + 1).unwrap();
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

/// Makes a test of each rule.
macro_rules! tidy {
    ($($rule:ident)*) => {
        mod rules {
            $(#[test]
            fn $rule() {
                super::assert_holds(super::$rule);
            })*
        }
    };
}

tidy! {
    imports_point_down
    rdkafka_is_remote
    files_are_opened_in_few_places
    nothing_prints_by_macro
    stdout_is_outs
    the_seam_is_not_seen_through
    clap_is_for_arguments
    looks_are_outs
    the_clock_is_read_high_up
    file_names_have_one_home
    unsafe_code_is_at_the_borders
    lines_are_short
    files_are_short
    functions_are_short
    nothing_is_left_for_later
    sources_are_ascii
    files_say_what_they_own
    tests_assert
}

#[test]
fn every_test_file_is_listed() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in fs::read_dir(&here).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let line = format!("mod {name};");
        assert!(name == "main" || main.lines().any(|l| l == line), "main.rs lacks `{line}`");
    }
}

/// Sources that break a rule, and how they look when they keep it.
fn planted() -> Vec<(Rule, &'static str, String, String)> {
    let long_function = |n| format!("fn f() {{\n{}}}\n", "    g();\n".repeat(n));
    let plant = |rule: Rule, path, bad: &str, good: &str| (rule, path, bad.into(), good.into());
    let long = "x".repeat(101);
    let in_test = format!("#[cfg(test)]\nmod t {{\nf(r\"\n{long}\n\");");
    let later = concat!("// TO", "DO: more");
    let test = "#[test]\nfn f() {\n    g(1);\n}\n";
    vec![
        plant(
            imports_point_down,
            "src/disk/a.rs",
            "use crate::cluster::X;",
            "use crate::topic::X;",
        ),
        plant(
            imports_point_down,
            "src/out/a.rs",
            "use crate::{topic, cli};",
            "use crate::{topic};",
        ),
        plant(imports_point_down, "src/load/a.rs", "crate::cli::f();", "crate::load::f();"),
        plant(rdkafka_is_remote, "src/cluster/mod.rs", "use rdkafka::X;", "/* rdkafka::X */"),
        plant(files_are_opened_in_few_places, "src/topic.rs", "use std::fs::File;", "use std::io;"),
        plant(files_are_opened_in_few_places, "src/topic.rs", "use std::{fs, io};", "\"std::fs\""),
        plant(nothing_prints_by_macro, "src/out/mod.rs", "println!(\"\");", "// println!"),
        plant(nothing_prints_by_macro, "src/main.rs", "std::process::exit(1);", "exit_code();"),
        plant(stdout_is_outs, "src/commands/a.rs", "io::stdout().lock();", "ctx.out.lock();"),
        plant(
            the_seam_is_not_seen_through,
            "src/cli/a.rs",
            "Cluster::Embedded => 1,",
            "Cluster::X",
        ),
        plant(clap_is_for_arguments, "src/offset.rs", "#[derive(clap::ValueEnum)]", "struct X;"),
        plant(looks_are_outs, "src/commands/a.rs", "use comfy_table::Table;", "use out::Table;"),
        plant(the_clock_is_read_high_up, "src/commands/a.rs", "SystemTime::now()", "ctx.now"),
        plant(the_clock_is_read_high_up, "src/disk/a.rs", "Instant::now()", "deadline"),
        plant(file_names_have_one_home, "src/disk/a.rs", "f(\"x.log\")", "f(\"x.logs\") // .log"),
        plant(
            file_names_have_one_home,
            "src/cli/b.rs",
            "f(\"%.lock\")",
            "f(\"segment.index.bytes\")",
        ),
        plant(file_names_have_one_home, "src/cli/a.rs", "f(r#\"meta.properties\"#)", "f(NAME)"),
        plant(
            unsafe_code_is_at_the_borders,
            "src/disk/a.rs",
            "unsafe { f() }",
            "#![deny(unsafe_code)]",
        ),
        plant(lines_are_short, "src/a.rs", &long, &"x".repeat(100)),
        plant(
            lines_are_short,
            "src/a.rs",
            &format!("f(r\"\n{long}\n\");"),
            &format!("{in_test}\n}}"),
        ),
        plant(files_are_short, "src/a.rs", &"\n".repeat(601), &"\n".repeat(600)),
        plant(functions_are_short, "src/a.rs", &long_function(69), &long_function(68)),
        plant(nothing_is_left_for_later, "src/a.rs", later, "// later"),
        plant(sources_are_ascii, "src/a.rs", "// \u{2026}", "// ..."),
        plant(files_say_what_they_own, "src/a.rs", "use x;", "//! Owns x."),
        plant(tests_assert, "src/a.rs", test, "#[test]\nfn f() {\n    assert!(g());\n}\n"),
    ]
}

#[test]
fn every_rule_finds_a_planted_violation() {
    for (rule, path, bad, good) in planted() {
        let found = rule(&Source::new(path, &bad));
        assert_eq!(found.len(), 1, "{path}: `{bad}`: {found:?}");
        let found = rule(&Source::new(path, &good));
        assert!(found.is_empty(), "{path}: `{good}`: {found:?}");
    }
}

#[test]
fn unit_tests_are_told_from_the_product() {
    let text = "fn f<'a>(x: &'a str) {}\n#[cfg(test)]\nmod tests {\n    const X: char = '}';\n    \
                fn g() { println!(\"}\"); }\n}\nfn h() { println!(); }\n";
    let found = nothing_prints_by_macro(&Source::new("src/a.rs", text));
    assert_eq!(found.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [6]);
    let literals = strip("a('\"', \"b\\\"c\", r#\"d\"e\"#, b'\\'', \"f\") // \"g\"").1;
    let literals: Vec<&str> = literals.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(literals, ["\"b\\\"c\"", "r#\"d\"e\"#", "\"f\""]);
}
