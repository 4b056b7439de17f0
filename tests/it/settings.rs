//! Owns the tests of how brokers are reached: `-X`, files of properties, profiles, and above all
//! that a secret is seen nowhere, whichever way it came.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::checks::assert_refused;
use crate::needs::Need;
use crate::sandbox::{Prepared, Run, Sandbox};

/// The secret that nobody may see.
const MARKER: &str = "m4rk3r-0f-4-s3cr3t";

/// A profile `p` on a port where nobody listens, but for its password.
const PROFILE: &str = "[profile.p]\nbrokers = \"127.0.0.1:1\"\ntls = false\nsasl = \"PLAIN\"\n\
                       username = \"me\"\n";

/// Writes a file that nobody else can read.
fn private(s: &Sandbox, name: &str, text: &str) {
    let path = s.write(name, text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A sandbox with the profile `p` and these lines more.
fn with_profile(lines: &str) -> Sandbox {
    let s = Sandbox::new();
    fs::create_dir_all(s.path("home/.config/kaw")).unwrap();
    private(&s, "home/.config/kaw/config.toml", &format!("{PROFILE}{lines}\n"));
    s
}

/// Checks that a run shows the secret nowhere.
#[track_caller]
fn assert_silent(run: &Run) {
    let whole = format!("{run}");
    assert!(!whole.contains(MARKER), "{run}");
}

/// Runs everything that may speak, with `flags`, and checks that the secret is not in it.
#[track_caller]
fn assert_never_told<'a>(prepare: impl Fn() -> Prepared<'a>, flags: &str) {
    for form in ["", "--json", "--output tsv"] {
        let run = prepare().run(&format!("config {flags} {form} -vv"));
        assert_silent(run.success());
        assert!(run.stdout().contains("(hidden)"), "{run}");
    }
    for command in [
        "topics list -vv --timeout 100ms",
        "topics list --json -vv --timeout 100ms",
        "topics list --nope",
        "consume t -e -X debug=all --timeout 100ms",
        "topics list -X socket.timeout.ms=soon",
        "topics --help",
        "-X list",
    ] {
        assert_silent(&prepare().run(&format!("{flags} {command}")));
    }
    let opened = prepare().run(&format!("{flags} topics list --timeout 100ms"));
    assert!(!opened.stderr().contains("cannot get"), "the secret is fetched: {opened}");
}

#[test]
fn a_secret_of_a_profile_is_seen_nowhere() {
    for lines in [
        format!("password = '{MARKER}'"),
        format!("password_command = ['sh', '-c', 'echo {MARKER}']"),
        "password_env = 'THE_PASSWORD'".to_owned(),
        "password_file = '~/password'".to_owned(),
        format!("properties = {{ 'sasl.password' = '{MARKER}' }}"),
    ] {
        let s = with_profile(&lines);
        private(&s, "home/password", &format!("{MARKER}\n"));
        assert_never_told(|| s.env("THE_PASSWORD", MARKER), "--profile p");
    }
    let s = with_profile("");
    let token = PROFILE.replace("PLAIN", "OAUTHBEARER");
    private(&s, "home/.config/kaw/config.toml", &format!("{token}token_file = '~/token'\n"));
    private(&s, "home/token", MARKER);
    assert_never_told(|| s.prepare(), "--profile p");
}

#[test]
fn a_secret_of_a_file_is_seen_nowhere() {
    let s = Sandbox::new();
    let start = "bootstrap.servers=127.0.0.1:1\nsecurity.protocol=SASL_PLAINTEXT\n\
                 sasl.mechanism=PLAIN\n";
    let kcat = format!("{start}sasl.username=me\nsasl.password={MARKER}\n");
    private(&s, "kcat.conf", &kcat);
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let jaas = format!("{module} required username=\"me\" password=\"{MARKER}\";");
    private(&s, "client.properties", &format!("{start}sasl.jaas.config={jaas}\n"));
    for file in ["kcat.conf", "client.properties"] {
        assert_never_told(|| s.prepare(), &format!("--config-file {file}"));
        assert_never_told(|| s.env("KAW_CONFIG_FILE", file).env("KAW_LOG_DIR", ""), "");
    }
    for (name, text) in [
        ("unknown", format!("sasl.pasword={MARKER}\n")),
        ("no-value", format!("sasl.password\n{MARKER}\n")),
        ("twice", format!("sasl.password={MARKER}\nsasl.password={MARKER}\n")),
        ("jaas", format!("sasl.jaas.config={module} required password=\"{MARKER}\n")),
        ("module", format!("sasl.jaas.config={MARKER} required;\n")),
        ("escape", format!("key.serializer=x\nsasl.password={MARKER}\\u1\n")),
    ] {
        private(&s, name, &text);
        let run = s.run(&format!("config --config-file {name} -vv"));
        assert_silent(run.code(2));
    }
    fs::set_permissions(s.path("kcat.conf"), fs::Permissions::from_mode(0o644)).unwrap();
    let run = s.run("config --config-file kcat.conf");
    assert_silent(run.success());
    assert_eq!(run.stderr().matches("can be read by others").count(), 1, "{run}");
}

#[test]
fn a_secret_on_the_command_line_is_refused_with_a_hint() {
    let s = Sandbox::new();
    for name in ["sasl.password", "ssl.key.pem", "sasl.jaas.config", "my.password", "sasl.pasword"]
    {
        for flag in ["-X ", "--property="] {
            let run = s.run(&format!("-b k:1 topics list {flag}{name}={MARKER}"));
            assert_refused(&run, 2, name);
            assert_silent(&run);
        }
    }
    let run = s.run(&format!("-b k:1 topics list -X sasl.password={MARKER}"));
    assert!(run.stderr().contains("password_file"), "{run}");
    assert_silent(&s.run(&format!("-b k:1 -X sasl.password={MARKER} topics lst")));
    assert_silent(&s.run(&format!("-b k:1 topics list -X {MARKER}")));
}

#[test]
fn a_secret_is_not_in_what_the_system_shows_of_a_process() {
    let s = with_profile("password_command = ['cat', 'pipe']");
    s.bash("mkfifo pipe").success();
    let running = s.spawn("--profile p topics list --timeout 100ms");
    // This waits until the command reads.
    let mut pipe = fs::File::options().write(true).open(s.path("pipe")).unwrap();
    pipe.write_all(MARKER.as_bytes()).unwrap();
    let proc = |name: &str| fs::read(format!("/proc/{}/{name}", running.id()));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let words = text(proc("cmdline").unwrap());
    assert!(words.contains("--profile") && !words.contains(MARKER), "{words}");
    // Root may still look; nobody else may, since its memory is hidden.
    let environment = proc("environ").map(text).unwrap_or_default();
    assert!(!environment.contains(MARKER), "{environment}");
    drop(pipe);
    let run = running.finish();
    assert!(!run.stderr().contains("cannot get"), "{run}");
    assert_silent(&run);
}

#[test]
fn a_secret_that_does_not_come_is_told_in_one_line() {
    for (lines, near) in [
        ("password_file = '/nowhere/p'", "no such file"),
        ("password_command = ['false']", "command false: it ended with exit status: 1"),
        ("password_command = ['/nowhere/at/all']", "no such file"),
        ("password_env = 'NOT_SET'", "it is not set"),
        ("password_command = ['true']", "it is empty"),
    ] {
        let run = with_profile(lines).run("--profile p topics list");
        assert_refused(&run, 5, near);
        assert!(run.stderr().contains("cannot get `sasl.password` from"), "{run}");
        assert_eq!(run.stderr().lines().count(), 1, "{run}");
    }
    let s = with_profile("password_file = '~/password'");
    let path = s.write("home/password", "x");
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    let run = s.run("--profile p topics list --timeout 100ms");
    assert!(run.stderr().contains("can be read by others"), "{run}");
    let path = s.path("home/.config/kaw/config.toml");
    fs::write(&path, format!("{PROFILE}password = '{MARKER}'\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let run = s.run("--profile p topics list");
    assert_refused(&run, 2, "a password that others can read");
    assert_silent(&run);
}

/// What a terminal shows when the password is asked for and `keys` are typed, then the terminal's
/// own state.
fn at_the_prompt(s: &Sandbox, keys: &str) -> String {
    s.write(
        "command",
        "kaw --profile p topics list --timeout 100ms; echo ended with $?; stty -a; echo over",
    );
    let script = format!(
        "rm -f shown; mkfifo hold; exec 9<>hold; script -qec 'bash command' /dev/null <&9 >shown & \
         until grep -qs 'password of me: ' shown; do sleep 0.02; done; printf '{keys}' >&9; wait; \
         cat shown"
    );
    s.bash(&script).success().stdout()
}

#[test]
fn a_password_is_asked_for_on_the_terminal_and_not_shown() {
    if !Need::Script.met() {
        return;
    }
    let s = with_profile("password_prompt = true");
    let shown = at_the_prompt(&s, &format!("x\\177{MARKER}\\r"));
    assert!(!shown.contains(MARKER) && !shown.contains("cannot get"), "{shown}");
    assert!(
        shown.contains(" echo ") && shown.contains("icanon") && shown.contains("isig"),
        "{shown}"
    );
    fs::remove_file(s.path("hold")).unwrap();
    let shown = at_the_prompt(&s, "x\\003");
    assert!(shown.contains("ended with 130"), "{shown}");
    assert!(shown.contains(" echo ") && shown.contains(" icanon"), "{shown}");
    fs::remove_file(s.path("hold")).unwrap();
    let shown = at_the_prompt(&s, "\\r");
    assert!(shown.contains("it is empty") && shown.contains("ended with 5"), "{shown}");
}

#[test]
fn without_a_terminal_nobody_is_asked() {
    let s = with_profile("password_prompt = true");
    let run = s.bash("setsid -w kaw --profile p topics list");
    assert_refused(&run, 5, "there is no terminal to ask on");
}

#[test]
fn a_property_is_checked_before_anything_is_done() {
    let s = Sandbox::new();
    for (command, near) in [
        ("-b k:1 topics list -X client.di=a", "did you mean `client.id`?"),
        ("-b k:1 topics list -X socket.timeout.ms=soon", "a whole number from 10 to 300000"),
        ("-b k:1 topics list -X security.protocol=tls", "one of `plaintext`"),
        ("-b k:1 topics list -X enable.auto.commit=true", "kaw's to set"),
        ("-b k:1 topics list -X acks=0", "`kaw produce --acks`"),
        ("-b k:1 topics list -X group.id=g", "`kaw consume --group`"),
        ("-b k:1 topics list -X plugin.library.paths=/x.so", "`--allow-code-in-config`"),
        ("-b k:1 topics list -X sasl.mechanism=GSSAPI", "not built in"),
        ("-b k:1 topics list -X security.protocol=sasl_ssl", "without a `sasl.mechanism`"),
        ("fake 1 -X client.di=a", "did you mean `client.id`?"),
        ("topics list -X client.id=a", "`-X` is for brokers"),
        ("topics list --config-file nowhere", "cannot read `nowhere`"),
    ] {
        let code = if near.starts_with("cannot") { 5 } else { 2 };
        assert_refused(&s.run(command), code, near);
    }
    let code = "config -b k:1 -X plugin.library.paths=/x.so --allow-code-in-config";
    assert!(s.run(code).success().stdout().contains("/x.so"));
}

#[test]
fn the_list_of_properties_is_a_table() {
    let s = Sandbox::new();
    for command in
        ["-X list --json", "-Xlist --json", "--property=list --json", "topics list -X list --json"]
    {
        let items: Vec<_> = s.run(command).success().items().collect();
        assert!(items.len() > 150, "{command}: {}", items.len());
        let acks = items.iter().find(|item| item["name"] == "acks").unwrap();
        assert_eq!((&acks["scope"], &acks["values"]), (&"producer".into(), &"-1 .. 1000".into()));
    }
    assert!(s.run("-X list").success().stdout().contains("fetch.min.bytes"));
    assert!(!s.log_dir().exists());
}

#[test]
fn config_tells_each_property_and_who_said_so() {
    let s = with_profile("password_file = '/p'\nproperties.client.id = 'c'");
    s.write("more.conf", "client.id=f\nfetch.min.bytes=2\nacks=1\n");
    let run =
        s.run("config --profile p --config-file more.conf -X socket.timeout.ms=50 --output tsv");
    insta::assert_snapshot!(run, @r"
    NAME	VALUE	SOURCE
    brokers	127.0.0.1:1	--profile
    profile	p	--profile
    timeout-ms	10000	default
    config-toml	$SANDBOX/home/.config/kaw/config.toml	default
    config-file	more.conf	--config-file
    fetch.min.bytes	2	more.conf
    security.protocol	sasl_plaintext	profile p
    sasl.mechanism	PLAIN	profile p
    sasl.username	me	profile p
    client.id	c	profile p
    socket.timeout.ms	50	-X
    sasl.password	(hidden)	profile p, by file /p
    KAW_LOG_DIR	$SANDBOX/log	environment
    --- stderr
    warning: `more.conf`: not for kaw, and passed over: `acks`
    [exit status: 0]
    ");
    // A file in the working directory is not looked at unless it is named.
    for name in ["config.toml", "kcat.conf", ".kcat.conf", "client.properties"] {
        s.write(name, "marker");
    }
    let run = s.run("config");
    assert!(!run.success().stdout().contains("marker"));
}

#[test]
fn the_profiles_of_the_readme_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let toml = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let s = Sandbox::new();
    fs::create_dir_all(s.path("home/.config/kaw")).unwrap();
    s.write("home/.config/kaw/config.toml", toml);
    let names = toml.lines().filter_map(|line| line.strip_prefix("[profile.")?.strip_suffix(']'));
    let names: Vec<&str> = names.collect();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let run = s.run(&format!("config --profile {name}"));
        assert!(run.success().stdout().contains(name), "{run}");
    }
}
