//! Owns logins that are taken away while commands run, with a proxy that breaks connections off in
//! front of a real broker. Leaves logins that never worked to `kafka_security`.

use std::fs;

use serde_json::json;

use crate::broker::{Broker, Options};
use crate::needs::Need;
use crate::proxy::Proxy;
use crate::sandbox::{Run, Running, Sandbox};

/// What they log in with, and what nobody has told them.
const PASSWORD: &str = "m4rk3r-0f-4-s3cr3t";
const LATER: &str = "an0ther-m4rk3r";

/// A broker that wants a login, behind a proxy.
fn start() -> (Proxy, Broker) {
    let proxy = Proxy::start();
    let options = Options {
        listeners: vec![("SCRAM", "SASL_PLAINTEXT")],
        advertised: vec![("SCRAM", format!("127.0.0.1:{}", proxy.port()))],
        ..Options::default()
    };
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    let options = options
        .property("listener.name.scram.scram-sha-256.sasl.jaas.config", module)
        .property("listener.name.scram.sasl.enabled.mechanisms", "SCRAM-SHA-256");
    let broker = Broker::start(&options);
    proxy.lead_to(broker.address("SCRAM"));
    broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
    (proxy, broker)
}

/// A sandbox with the profile `p` of a user.
fn profile(port: u16, user: &str) -> Sandbox {
    let s = Sandbox::new();
    fs::create_dir_all(s.path("home/.config/kaw")).unwrap();
    let text = format!(
        "[profile.p]\nbrokers = '127.0.0.1:{port}'\ntls = false\nusername = '{user}'\n\
         password_env = 'KAFKA_PASSWORD'\nsasl = 'SCRAM-SHA-256'\n"
    );
    s.write("home/.config/kaw/config.toml", text);
    s
}

/// Starts a command of that user.
fn spawn<'a>(s: &'a Sandbox, words: &str) -> Running<'a> {
    s.env("KAFKA_PASSWORD", PASSWORD).spawn(&format!("--profile p {words}"))
}

/// Checks that a login was refused in the middle: that is one error, without a password.
#[track_caller]
fn assert_refused(run: &Run) {
    let stderr = run.code(7).stderr();
    let errors: Vec<_> = stderr.lines().filter(|line| line.starts_with("kaw: ")).collect();
    assert!(errors.len() == 1 && errors[0].contains("refuses the login: "), "{run}");
    assert!(!stderr.contains(PASSWORD) && !stderr.contains(LATER), "{run}");
}

#[test]
fn a_login_that_is_taken_away_ends_what_needs_it() {
    if !Need::Kafka.met() {
        return;
    }
    let (proxy, broker) = start();
    for (user, taken) in [
        ("rotated", json!({"do": "user", "user": "rotated", "password": LATER})),
        ("deleted", json!({"do": "forget-user", "user": "deleted"})),
    ] {
        broker.ask(json!({"do": "user", "user": user, "password": PASSWORD}));
        let s = profile(proxy.port(), user);
        let mut reader = spawn(&s, "consume t -o end");
        let mut member = spawn(&s, &format!("consume t -g {user}"));
        let mut writer = spawn(&s, "produce t --report '%s\\n' --timeout 5s");
        writer.write(user.as_bytes());
        writer.write(b"\n");
        assert_eq!(writer.next_line().as_deref(), Some(user));
        while member.next_line().expect("it reads") != user {}
        broker.ask(taken);
        // Who is connected stays so.
        writer.write(b"more\n");
        assert_eq!(writer.next_line().as_deref(), Some("more"));
        while reader.next_line().expect("it reads") != "more" {}
        proxy.cut_all();
        writer.write(b"lost\n");
        let run = writer.finish();
        assert!(run.stderr().contains("read 3 records: 2 persisted, 1 not persisted"), "{run}");
        assert_refused(&run);
        assert_refused(&reader.finish());
        assert_refused(&member.finish());
    }
    // A cut alone is none of that.
    broker.ask(json!({"do": "user", "user": "kept", "password": PASSWORD}));
    let s = profile(proxy.port(), "kept");
    let mut writer = spawn(&s, "produce t --timeout 5s --report '%s\\n'");
    writer.write(b"before\n");
    assert_eq!(writer.next_line().as_deref(), Some("before"));
    proxy.cut_all();
    writer.write(b"after\n");
    assert_eq!(writer.finish().success().stdout(), "after\n");
}
