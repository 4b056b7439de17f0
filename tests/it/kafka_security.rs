//! Owns the tests of logins and certificates on a real broker: each way works where all is right,
//! and each mistake is told in one line. Leaves what a user may do to `kafka_acls`.

use std::thread;
use std::time::{Duration, Instant};

use crate::needs::Need;
use crate::sandbox::{Run, Sandbox};
use crate::secure::{PASSWORD, run, shared, token};

/// Who logs in with the right password.
const ALICE: &str = "username = 'alice'\npassword_env = 'KAFKA_PASSWORD'\n";
/// Who does not know it.
const GUESS: &str = "username = 'alice'\npassword_command = ['echo', 'guess']\n";

/// The lines of a profile without TLS.
fn bare(lines: &str) -> String {
    format!("tls = false\n{lines}")
}

/// The lines of a profile that trusts the right authority.
fn trusting(lines: &str) -> String {
    format!("ca = '$C/ca.pem'\n{lines}")
}

/// The lines of a profile with a token of OAUTHBEARER.
fn bearer(token: &str) -> String {
    bare(&format!("sasl = 'OAUTHBEARER'\ntoken_command = ['echo', '{token}']"))
}

/// Checks that all that a command says is one error, what helps, and that no record is persisted;
/// and, before that, that it still tries.
#[track_caller]
fn assert_one_error(run: &Run, code: i32, near: &str) {
    run.code(code);
    let stderr = run.stderr();
    let (errors, others): (Vec<_>, Vec<_>) = stderr.lines().partition(|l| l.starts_with("kaw: "));
    assert_eq!(errors.len(), 1, "{run}");
    assert!(errors[0].contains(near), "no `{near}` in:\n{run}");
    let known = [
        "hint: ",
        "warning: a broker is away, and is tried again: ",
        "read 1 record: 0 persisted, 1 not persisted, 0 maybe persisted",
    ];
    let is_known = |line: &&str| known.iter().any(|start| line.starts_with(start));
    assert!(others.iter().all(is_known), "{run}");
    assert!(run.stdout_bytes().is_empty(), "{run}");
}

/// Checks that everything can be done on the profile of a sandbox.
fn assert_works(s: &Sandbox, target: &str, name: &str) {
    let kaw = |words: &str| {
        s.env("KAFKA_PASSWORD", PASSWORD).stdin("x\n").run(&format!("{target} {words}"))
    };
    kaw(&format!("topics create {name}")).success();
    kaw(&format!("produce {name}")).success();
    assert_eq!(kaw(&format!("consume {name} -e")).success().stdout(), "x\n");
    assert_eq!(kaw(&format!("consume {name} -g {name} -e")).success().stdout(), "x\n");
    let lag = kaw(&format!("lag {name} --json"));
    assert_eq!(lag.success().items().next().unwrap()["lag"], 0);
}

#[test]
fn each_way_to_log_in_works() {
    if !Need::Kafka.met() {
        return;
    }
    let client = "cert = '$C/client.pem'\nkey = '$C/client.key'";
    let ways = [
        ("PLAIN", bare(&format!("{ALICE}sasl = 'PLAIN'"))),
        ("SCRAM", bare(&format!("{ALICE}sasl = 'SCRAM-SHA-256'"))),
        ("SCRAM", bare(&format!("{ALICE}sasl = 'SCRAM-SHA-512'"))),
        ("TOKEN", bearer(&token("alice", 600))),
        ("MUTUAL", trusting(client)),
        ("BOTH", trusting(&format!("{ALICE}sasl = 'PLAIN'"))),
    ];
    for (n, (listener, lines)) in ways.iter().enumerate() {
        assert_works(&shared().profile(listener, lines), "--profile p", &format!("works-{n}"));
    }
    // Who has no certificate is nobody, and nobody may do everything there.
    assert_works(&shared().profile("TLS", &trusting("")), "--profile p", "works-tls");
}

#[test]
fn the_files_of_java_clients_work() {
    if !Need::Kafka.met() {
        return;
    }
    let at = |listener: &str| format!("bootstrap.servers={}\n", shared().broker.address(listener));
    let certificates = shared().certificates.display().to_string();
    let trust = format!("ssl.truststore.type=PEM\nssl.truststore.location={certificates}/ca.pem\n");
    let store = format!(
        "security.protocol=SSL\nssl.keystore.type=PKCS12\nssl.keystore.password=changeit\n\
         ssl.keystore.location={certificates}/client.p12\n"
    );
    let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let login = format!(
        "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config={module} required \
         username=\"alice\" password=\"{PASSWORD}\";\n"
    );
    for (listener, lines) in [("MUTUAL", store), ("BOTH", login)] {
        let s = Sandbox::new();
        s.write("client.properties", format!("{}{trust}{lines}", at(listener)));
        let name = format!("works-java-{}", listener.to_lowercase());
        assert_works(&s, "--config-file client.properties", &name);
    }
}

/// A mistake: the listener, the lines of the profile, the exit code, and words of the error.
type Mistake = (&'static str, String, i32, &'static str);

/// Makes the mistakes, all at once: most of the time is spent on waiting.
fn assert_told(mistakes: &[Mistake]) {
    thread::scope(|scope| {
        for (listener, lines, code, near) in mistakes {
            scope.spawn(move || {
                let s = shared().profile(listener, lines);
                for words in ["topics list", "produce t", "consume t -e", "consume t -g g", "lag"] {
                    let started = Instant::now();
                    assert_one_error(&run(&s, words), *code, near);
                    let took = started.elapsed();
                    // The ten seconds of its `--timeout`, and two more, by the contract.
                    assert!(took < Duration::from_secs(12), "{listener}: {words}: {took:?}");
                }
            });
        }
    });
}

#[test]
fn each_login_that_fails_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    let nobody = "username = 'nobody'\npassword_env = 'KAFKA_PASSWORD'\nsasl = 'SCRAM-SHA-256'";
    let wants = "may want a login (`security.protocol`)";
    assert_told(&[
        ("PLAIN", bare(&format!("{GUESS}sasl = 'PLAIN'")), 7, "refuses the login: Authentication"),
        ("SCRAM", bare(&format!("{GUESS}sasl = 'SCRAM-SHA-256'")), 7, "with SASL mechanism SCRAM"),
        ("SCRAM", bare(&format!("{GUESS}sasl = 'SCRAM-SHA-512'")), 7, "invalid credentials with"),
        ("SCRAM", bare(nobody), 7, "refuses the login"),
        ("BOTH", trusting(&format!("{GUESS}sasl = 'PLAIN'")), 7, "refuses the login"),
        ("SCRAM", bare(&format!("{ALICE}sasl = 'PLAIN'")), 7, "supported mechanisms: SCRAM-SHA-"),
        ("PLAINTEXT", bare(&format!("{ALICE}sasl = 'PLAIN'")), 7, "takes no login on this port"),
        ("PLAIN", bare(""), 7, wants),
        ("BOTH", trusting(""), 7, wants),
        ("TOKEN", bearer(&token("alice", -60)), 7, "no token: command echo: the token has expired"),
        ("TOKEN", bearer("opaque"), 7, "refuses the login: {\"status\":\"invalid_token\"}"),
        ("TOKEN", bearer("no token at all"), 7, "refuses the login"),
    ]);
}

#[test]
fn each_mistake_with_certificates_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    let stranger = trusting("cert = '$C/stranger.pem'\nkey = '$C/stranger.key'");
    let mixed = trusting("cert = '$C/client.pem'\nkey = '$C/stranger.key'");
    let garbled = trusting("cert = '$C/client.pem'\nkey = '$C/client.pem'");
    let login = format!("{ALICE}sasl = 'PLAIN'");
    let no_tls = "may be a port without TLS";
    assert_told(&[
        ("TLS", "tls = true".to_owned(), 7, "none of the authorities in `ssl.ca.location`"),
        ("TLS", "ca = '$C/other-ca.pem'".to_owned(), 7, "none of the authorities in"),
        ("EXPIRED", trusting(""), 7, "a certificate that is not accepted: it has expired"),
        ("ELSEWHERE", trusting(""), 7, "not accepted: it is for another address"),
        ("MUTUAL", trusting(""), 7, "wants a certificate of ours (`ssl.certificate.location`)"),
        ("MUTUAL", stranger, 7, "does not accept our certificate"),
        ("MUTUAL", mixed, 7, "`ssl.key.location` is not the key of `ssl.certificate.location`"),
        ("MUTUAL", garbled, 7, "ssl.key.location"),
        ("TLS", bare(""), 7, "speaks TLS, and was not spoken to in TLS"),
        ("BOTH", bare(&login), 7, "speaks TLS, and was not spoken to in TLS"),
        ("PLAINTEXT", trusting(""), 7, no_tls),
        ("PLAIN", trusting(&login), 7, no_tls),
        ("TLS", "ca = '/nowhere.pem'".to_owned(), 5, "cannot read `/nowhere.pem`"),
    ]);
}

#[test]
fn a_broker_that_names_a_wrong_address_is_told() {
    if !Need::Kafka.met() {
        return;
    }
    assert_told(&[
        ("WRONG", bare(""), 6, "by the cluster's word at 127.0.0.1:1, cannot be reached: Connec"),
        ("NOWHERE", bare(""), 6, "by the cluster's word at nowhere.invalid:9092, cannot be found"),
    ]);
}

#[test]
fn a_name_of_another_host_is_told_and_a_name_of_this_one_is_not() {
    if !Need::Kafka.met() {
        return;
    }
    let named = |listener: &str| {
        let address = shared().broker.address(listener).replace("127.0.0.1", "localhost");
        run(&shared().profile_at(&address, &trusting("")), "topics list")
    };
    named("TLS").success();
    assert_one_error(&named("ELSEWHERE"), 7, "it is for another host name");
}

#[test]
fn an_error_of_a_login_is_one_object_in_json() {
    if !Need::Kafka.met() {
        return;
    }
    let run = shared().run("PLAIN", &bare(&format!("{GUESS}sasl = 'PLAIN'")), "topics list --json");
    let error: serde_json::Value = serde_json::from_str(&run.code(7).stderr()).unwrap();
    assert_eq!(error["code"], "SASL_AUTHENTICATION_FAILED");
    assert_eq!(error["exit_code"], 7);
}
