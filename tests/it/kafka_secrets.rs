//! Owns the tests that no output shows a secret that logged in to a real broker, whichever way it
//! came and however much is logged. Leaves secrets that log in to nothing to `settings`.

use std::fs::{self, File};
use std::io::Write as _;

use crate::examples::leaves;
use crate::needs::Need;
use crate::sandbox::{Prepared, Run, Sandbox};
use crate::secure::{PASSWORD, shared, token};

/// As much as can be said.
const LOUD: &str = "--profile p -v -v -X debug=all";

/// A sandbox whose profile logs in as Alice, with the password in `password` and these lines.
fn alice(lines: &str) -> Sandbox {
    let start = "tls = false\nsasl = 'PLAIN'\nusername = 'alice'\n";
    with_password(shared().profile("PLAIN", &format!("{start}{lines}")))
}

/// The same sandbox, with the password in a file of its home.
fn with_password(s: Sandbox) -> Sandbox {
    s.write("home/password", format!("{PASSWORD}\n"));
    s
}

/// Runs `kaw` with some input; the password is in the environment, where no profile looks for it.
fn loud(prepared: Prepared<'_>, words: &str) -> Run {
    prepared.stdin("x\n").run(&format!("{words} {LOUD}"))
}

/// Checks that a run shows a secret nowhere, as it is or in base64.
#[track_caller]
fn assert_silent(run: &Run, secret: &str) {
    let shown = format!("{run}");
    assert!(!shown.contains(secret), "{run}");
    let message = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, secret);
    assert!(!shown.contains(message.trim_end_matches('=')), "{run}");
}

#[test]
fn a_secret_that_logs_in_is_seen_nowhere_whichever_way_it_came() {
    if !Need::Kafka.met() {
        return;
    }
    let ways = [
        "password_file = '~/password'",
        "password_command = ['cat', 'home/password']",
        "password_env = 'KAFKA_PASSWORD'",
    ];
    let literal = format!("password = '{PASSWORD}'");
    for lines in ways.into_iter().chain([literal.as_str()]) {
        let s = alice(lines);
        let config = s.path("home/.config/kaw/config.toml");
        fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        for words in ["topics list", "produce t", "consume t -e", "config", "topics list --json"] {
            let run = loud(s.env("KAFKA_PASSWORD", PASSWORD), words);
            assert_silent(run.success(), PASSWORD);
        }
        // librdkafka has spoken, so there was something to look through.
        let run = loud(s.env("KAFKA_PASSWORD", PASSWORD), "topics list");
        assert!(run.stderr().contains("librdkafka: "), "{run}");
    }
}

#[test]
fn each_mechanism_keeps_its_secret_also_where_it_fails() {
    if !Need::Kafka.met() {
        return;
    }
    let good = token("alice", 600);
    let bad = good.replace('.', "!");
    let password = "tls = false\nusername = 'alice'\npassword_env = 'A_SECRET'\n";
    let bearer = "tls = false\nsasl = 'OAUTHBEARER'\ntoken_env = 'A_SECRET'\n".to_owned();
    let store = "tls = true\nca = '$C/ca.pem'\nproperties = { \"ssl.keystore.location\" = \
                 \"$C/client.p12\", \"ssl.keystore.password\" = \"changeit\" }\n";
    let scram = |size: u32| format!("{password}sasl = 'SCRAM-SHA-{size}'");
    let guess = "a-guess-that-nobody-sees";
    for (listener, lines, secret, code) in [
        ("SCRAM", scram(256), PASSWORD, 0),
        ("SCRAM", scram(512), PASSWORD, 0),
        ("SCRAM", scram(512), guess, 7),
        ("PLAIN", format!("{password}sasl = 'PLAIN'"), guess, 7),
        ("TOKEN", bearer.clone(), good.as_str(), 0),
        ("TOKEN", bearer, bad.as_str(), 7),
        ("MUTUAL", store.to_owned(), "changeit", 0),
    ] {
        let s = shared().profile(listener, &lines);
        let config = s.path("home/.config/kaw/config.toml");
        fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        for words in ["topics list", "consume t -e --json", "produce t --json"] {
            let run = s.env("A_SECRET", secret).stdin("{\"value\":\"x\"}\n");
            let run = run.run(&format!("{words} {LOUD}"));
            assert_silent(run.code(code), secret);
        }
        assert_silent(loud(s.env("A_SECRET", secret), "config").success(), secret);
    }
}

/// What each command is run with here, or `None` where it talks to nobody.
const COMMANDS: &[(&str, Option<&str>)] = &[
    ("topics list", Some("")),
    ("topics create", Some("s-new")),
    ("topics describe", Some("s-new")),
    ("topics alter", Some("s-new -p 2")),
    ("topics trim", Some("t --to 0")),
    ("produce", Some("s-new -p 0")),
    ("consume", Some("s-new -g s-group -e")),
    ("copy", Some("s-new s-copy")),
    ("groups list", Some("")),
    ("groups describe", Some("s-group")),
    ("groups members", Some("s-group")),
    ("groups assign", Some("s-new --members 2")),
    ("groups reset", Some("s-group --to start --execute")),
    ("groups skip", Some("s-group s-new:0 --execute")),
    ("groups forget", Some("s-group --topic s-new")),
    ("lag", Some("s-group")),
    ("groups delete", Some("s-group")),
    ("bench produce", Some("s-bench --create -n 100")),
    ("bench consume", Some("s-new -n 1")),
    ("bench latency", Some("s-bench --create -n 10 --rate 100/s --warmup 0s")),
    ("bench matrix", Some("s-bench --create -n 10 --acks 1 -z none")),
    ("topics delete", Some("s-new")),
    ("config", Some("")),
    ("topics verify", None),
    ("topics compact", None),
    ("bench compare", None),
    ("fake", None),
    ("completions", None),
    ("man", None),
];

#[test]
fn no_command_shows_a_secret() {
    if !Need::Kafka.met() {
        return;
    }
    let mut all = Vec::new();
    let mut command = kaw::cli::command();
    command.build();
    leaves(&command, "kaw", &mut all);
    let named = |path: &str| COMMANDS.iter().any(|(name, _)| path == format!("kaw {name}"));
    let forgotten: Vec<_> = all.iter().map(|(path, _)| path).filter(|path| !named(path)).collect();
    assert!(forgotten.iter().all(|path| path.contains(" help")), "{forgotten:?}");
    let s = alice("password_file = '~/password'");
    let run = |words: &str| s.stdin("x\n").run(&format!("{words} {LOUD}"));
    for (name, words) in COMMANDS {
        let Some(words) = words else { continue };
        let run = run(&format!("{name} {words}"));
        assert_silent(run.success(), PASSWORD);
    }
}

#[test]
fn a_secret_is_not_in_what_the_system_shows_of_a_login() {
    if !Need::Kafka.met() {
        return;
    }
    let s = alice("password_command = ['cat', 'pipe']");
    s.bash("mkfifo pipe").success();
    let mut running = s.spawn(&format!("consume t {LOUD}"));
    // This waits until the command reads.
    File::options()
        .write(true)
        .open(s.path("pipe"))
        .unwrap()
        .write_all(PASSWORD.as_bytes())
        .unwrap();
    // It is logged in.
    running.next_line().expect("a record");
    for name in ["cmdline", "environ"] {
        let bytes = fs::read(format!("/proc/{}/{name}", running.id())).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(PASSWORD), "{name}");
    }
    running.signal("INT");
    let run = running.finish();
    assert_silent(run.code(130), PASSWORD);
}

#[test]
fn a_password_that_is_typed_logs_in_and_is_not_shown() {
    if !Need::Kafka.met() || !Need::Script.met() {
        return;
    }
    let s = alice("password_prompt = true");
    s.write("command", format!("kaw topics list {LOUD}; echo ended with $?; echo over"));
    let shown = s.bash(&format!(
        "mkfifo hold; exec 9<>hold; script -qec 'bash command' /dev/null <&9 >shown & \
         until grep -qs 'password of alice: ' shown; do sleep 0.02; done; \
         printf '{PASSWORD}\\r' >&9; wait; cat shown"
    ));
    assert!(shown.success().stdout().contains("ended with 0"), "{shown}");
    assert_silent(&shown, PASSWORD);
}
