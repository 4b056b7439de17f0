//! Tests of targets: which level wins, what goes with what, and where it was said.

use super::*;

/// An environment of these pairs.
fn of(pairs: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> + use<> {
    let pairs: Vec<(String, OsString)> =
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    move |name| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
}

fn remote(list: &str) -> Target {
    Target::Brokers(Brokers { list: list.into(), ..Brokers::default() })
}

fn directory(path: &str, explicit: bool) -> Target {
    Target::Directory { path: path.into(), explicit }
}

/// A home with a config file in it.
fn home_with(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("kaw")).unwrap();
    std::fs::write(home.path().join("kaw/config.toml"), config).unwrap();
    home
}

fn with_profile(name: &str) -> GlobalArgs {
    GlobalArgs { profile: Some(name.into()), ..GlobalArgs::default() }
}

#[test]
fn flags_beat_environment_beats_file_beats_default() {
    let home = home_with("default_profile = \"a\"\n[profile.a]\nlog_dir = \"~/logs\"\n");
    let config = home.path().to_str().unwrap();
    let all = of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", config), ("KAW_LOG_DIR", "/env")]);
    let flag = GlobalArgs { brokers: Some("k:9092".into()), ..GlobalArgs::default() };
    let resolved = resolve(&flag, &all).unwrap();
    assert_eq!(resolved.target, remote("k:9092"));
    assert_eq!(resolved.source, Source::Flag("--brokers"));
    let resolved = resolve(&GlobalArgs::default(), &all).unwrap();
    assert_eq!(resolved.target, directory("/env", true));
    assert_eq!(resolved.source.to_string(), "KAW_LOG_DIR");
    let file = of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", config), ("KAW_LOG_DIR", "")]);
    let resolved = resolve(&GlobalArgs::default(), &file).unwrap();
    assert_eq!(resolved.target, directory("/h/logs", true));
    assert_eq!(resolved.profile.as_deref(), Some("a"));
    let resolved = resolve(&GlobalArgs::default(), &of(&[("HOME", "/h")])).unwrap();
    assert_eq!(resolved.target, directory("/h/.local/share/kaw/log", false));
    let data = of(&[("HOME", "/h"), ("XDG_DATA_HOME", "/data")]);
    let resolved = resolve(&GlobalArgs::default(), &data).unwrap();
    assert_eq!(resolved.target, directory("/data/kaw/log", false));
    assert!(resolve(&GlobalArgs::default(), &of(&[])).is_err());
}

#[test]
fn two_targets_of_one_level_are_an_error() {
    let mut args = GlobalArgs { log_dir: Some("/x".into()), ..GlobalArgs::default() };
    args.brokers = Some("k:9092".into());
    let error = resolve(&args, &of(&[])).unwrap_err();
    assert_eq!(error.message, "`--log-dir` and `--brokers` name two targets");
    assert!(error.hint.is_some());
    let env = of(&[("KAW_LOG_DIR", "/x"), ("KAW_BROKERS", "k:9092")]);
    assert!(resolve(&GlobalArgs::default(), &env).is_err());
    let one = GlobalArgs { log_dir: Some("/x".into()), ..GlobalArgs::default() };
    assert!(resolve(&one, &env).is_ok(), "a level below is not looked at");
}

#[test]
fn profiles_are_checked_whole() {
    let cases = [
        ("[profile.a]\nlog_dri = \"/x\"\n", "unknown key `log_dri`"),
        ("profiles = 1\n", "unknown key `profiles`"),
        ("[profile.a]\n", "names no target"),
        ("[profile.a]\nlog_dir = \"/x\"\nbrokers = \"k:1\"\n", "names two targets"),
        ("[profile.a]\nlog_dir = \"x\"\n", "not an absolute path"),
        ("[profile.a]\nbrokers = \"k:port\"\n", "is not `HOST:PORT`"),
        ("[profile.a]\nbrokers = 1\n", "is not a string"),
        ("[profile.b]\nlog_dir = \"/x\"\n", "no profile `a`"),
        ("\n[profile.a\n", "line 2"),
    ];
    for (config, expected) in cases {
        let home = home_with(config);
        let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap()), ("HOME", "/h")]);
        let error = resolve(&with_profile("a"), &env).unwrap_err();
        assert!(error.message.contains(expected), "{config}: {}", error.message);
        assert!(!error.message.contains('\n'), "{}", error.message);
    }
    let home = home_with("[profile.prod]\nbrokers = \"k1:9092,k2:9093\"\n");
    let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
    let resolved = resolve(&with_profile("prod"), &env).unwrap();
    assert_eq!(resolved.target, remote("k1:9092,k2:9093"));
    let error = resolve(&with_profile("prd"), &env).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean `prod`?"));
}

#[test]
fn broker_lists_have_hosts_and_ports() {
    for good in ["k", "k:9092", "k:9092,l:1", "[::1]:9092", "10.0.0.1:9092"] {
        assert!(brokers(good, "").is_ok(), "{good}");
    }
    for bad in ["", "k:", ":9092", "k:0", "k:99999", "k:9092,", "http://k:9092"] {
        assert!(brokers(bad, "").is_err(), "{bad}");
    }
}

/// The properties of a target, as `name=value from source` lines.
fn properties_of(resolved: &Resolved) -> Vec<String> {
    let Target::Brokers(brokers) = &resolved.target else { return Vec::new() };
    let line = |one: &Property| format!("{}={} from {}", one.name, one.value, one.source);
    brokers.properties.iter().map(line).collect()
}

/// What a profile `a` with these lines comes to.
fn profile(lines: &str) -> Result<Resolved, TargetError> {
    let home = home_with(&format!("[profile.a]\nbrokers = \"k:1\"\n{lines}\n"));
    let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap()), ("HOME", "/h")]);
    resolve(&with_profile("a"), &env)
}

#[test]
fn security_of_a_profile_is_a_few_keys() {
    let lines = "ca = \"~/ca.pem\"\nsasl = \"PLAIN\"\nusername = \"me\"\n\
                 password_command = [\"pass\", \"x\"]\n\
                 properties = { client.id = \"c\", \"fetch.min.bytes\" = 2 }";
    let resolved = profile(lines).unwrap();
    let expected = [
        "ssl.ca.location=/h/ca.pem from profile a",
        "security.protocol=sasl_ssl from profile a",
        "sasl.mechanism=PLAIN from profile a",
        "sasl.username=me from profile a",
        "client.id=c from profile a",
        "fetch.min.bytes=2 from profile a",
    ];
    assert_eq!(properties_of(&resolved), expected);
    let command = SecretSource::Command(vec!["pass".into(), "x".into()]);
    assert_eq!(resolved.secrets.len(), 1);
    assert_eq!(resolved.secrets[0].property, "sasl.password");
    assert_eq!(resolved.secrets[0].from, command);
    let resolved = profile("tls = true").unwrap();
    assert_eq!(properties_of(&resolved), ["security.protocol=ssl from profile a"]);
    assert!(properties_of(&profile("").unwrap()).is_empty());
    let resolved = profile("sasl = \"OAUTHBEARER\"\ntoken_file = \"/t\"").unwrap();
    let Target::Brokers(brokers) = &resolved.target else { panic!("{resolved:?}") };
    assert_eq!(brokers.token, Some(SecretSource::File("/t".into())));
}

#[test]
fn security_that_cannot_be_meant_is_refused() {
    let sasl = "sasl = \"PLAIN\"\nusername = \"me\"\n";
    let with = |more: &str| format!("{sasl}{more}");
    for (lines, near) in [
        ("tls = 1".to_owned(), "`tls` is not `true` or `false`"),
        ("tls = false\nca = \"/x\"".to_owned(), "and yet a certificate"),
        ("ca = \"x\"".to_owned(), "`ca` is not an absolute path"),
        ("cert = \"/x\"".to_owned(), "`cert` and `key` go together"),
        ("password_file = \"/x\"".to_owned(), "`password_file`, and no `sasl`"),
        (sasl.to_owned(), "PLAIN has no password"),
        ("sasl = \"PLAIN\"\npassword_file = \"/x\"".to_owned(), "PLAIN has no `sasl.username`"),
        ("sasl = \"GSSAPI\"".to_owned(), "not built in"),
        ("sasl = \"OAUTHBEARER\"".to_owned(), "OAUTHBEARER has no token"),
        (with("token_file = \"/x\""), "`token_file` is for OAUTHBEARER only"),
        (with("password_file = \"/x\"\npassword_env = \"X\""), "name two secrets"),
        (with("password_command = \"pass x\""), "is not a list of strings"),
        (with("password_command = []"), "is not a list of strings"),
        (with("password_prompt = 1"), "is not `true` or `false`"),
        (with("pasword_file = 1"), "unknown key `pasword_file`"),
        ("properties = { \"group.id\" = \"g\" }".to_owned(), "is kaw's to set"),
        ("properties = { \"client.di\" = \"g\" }".to_owned(), "did you mean `client.id`?"),
        ("properties = { \"client.id\" = [1] }".to_owned(), "no text and no number"),
        ("properties = { \"sasl.mechanism\" = \"PLAIN\" }".to_owned(), "nothing says to use"),
        ("properties = { \"security.protocol\" = \"sasl_ssl\" }".to_owned(), "without a"),
    ] {
        let error = profile(&lines).expect_err(&lines);
        assert!(error.message.contains(near), "{lines}: {}", error.message);
        assert!(!error.message.contains('\n'), "{}", error.message);
    }
}

#[test]
fn flags_beat_the_profile_and_the_profile_beats_the_file() {
    let home = home_with("[profile.a]\nbrokers = \"k:1\"\nproperties.client.id = \"p\"\n");
    let conf = home.path().join("kcat.conf");
    std::fs::write(&conf, "bootstrap.servers=f:1\nclient.id=f\n").unwrap();
    let (config, file) = (home.path().to_str().unwrap(), conf.to_str().unwrap());
    let env = of(&[("XDG_CONFIG_HOME", config), ("HOME", "/h"), ("KAW_CONFIG_FILE", file)]);
    let property = vec![crate::secret::Secret::new("client.id=x")];
    let mut args = GlobalArgs { property: property.clone(), ..with_profile("a") };
    let from_profile = "client.id=p from profile a".to_owned();
    let typed = "client.id=x from -X".to_owned();
    let resolved = resolve(&args, &env).unwrap();
    let why = "a file of the environment does not go with a profile";
    assert_eq!(properties_of(&resolved), [from_profile.clone(), typed.clone()], "{why}");
    args.config_file = Some(conf.clone());
    let from_file = format!("client.id=f from {file}");
    let resolved = resolve(&args, &env).unwrap();
    assert_eq!(properties_of(&resolved), [from_file.clone(), from_profile, typed.clone()]);
    // Brokers by flag, and the file of the environment.
    let args = GlobalArgs { brokers: Some("k:9".into()), ..GlobalArgs::default() };
    let resolved = resolve(&args, &env).unwrap();
    assert_eq!(properties_of(&resolved), [from_file]);
    assert!(matches!(&resolved.target, Target::Brokers(brokers) if brokers.list == "k:9"));
    // The file names the brokers where its own level names nothing.
    let resolved = resolve(&GlobalArgs::default(), &env).unwrap();
    assert!(matches!(&resolved.target, Target::Brokers(brokers) if brokers.list == "f:1"));
    assert_eq!(resolved.source.to_string(), "KAW_CONFIG_FILE");
    let both = of(&[("KAW_CONFIG_FILE", file), ("KAW_LOG_DIR", "/env")]);
    assert_eq!(resolve(&GlobalArgs::default(), &both).unwrap().target, directory("/env", true));
    let args = GlobalArgs { config_file: Some(conf), ..GlobalArgs::default() };
    assert_eq!(resolve(&args, &both).unwrap().source, Source::Flag("--config-file"));
    let args = GlobalArgs { log_dir: Some("/x".into()), property, ..GlobalArgs::default() };
    let error = resolve(&args, &env).unwrap_err();
    assert!(error.message.contains("`-X` is for brokers"), "{}", error.message);
}

#[test]
fn a_password_in_a_file_that_others_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let text = "[profile.a]\nbrokers = \"k:1\"\nsasl = \"PLAIN\"\nusername = \"me\"\n\
                password = \"marker\"\n";
    let home = home_with(text);
    let file = home.path().join("kaw/config.toml");
    let env = of(&[("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
    for (mode, good) in [(0o600, true), (0o640, false), (0o604, false)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let resolved = resolve(&with_profile("a"), &env);
        assert_eq!(resolved.is_ok(), good, "{mode:o}");
        assert!(!format!("{resolved:?}").contains("marker"), "{resolved:?}");
    }
}

#[test]
fn secrets_are_fetched_when_the_target_is_opened() {
    let lines = "sasl = \"PLAIN\"\nusername = \"me\"\npassword_command = [\"echo\", \"p\"]";
    let mut resolved = profile(lines).unwrap();
    assert!(properties_of(&resolved).iter().all(|line| !line.starts_with("sasl.password")));
    resolved.unlock().unwrap();
    assert!(properties_of(&resolved).contains(&"sasl.password=p from profile a".to_owned()));
    assert!(resolved.secrets.is_empty());
    let error = profile(&format!("ca = \"/nowhere/ca.pem\"\n{lines}")).unwrap().unlock();
    assert!(error.unwrap_err().message.contains("/nowhere/ca.pem"));
}
