//! Owns a real broker with a listener for each way to log in and for each mistake of a certificate,
//! and the profiles of `kaw` that go with them. Leaves what comes of it to the tests. A test that
//! calls this has asked for `Need::Kafka` first.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::broker::{Broker, Options};
use crate::sandbox::{Run, Sandbox};

/// The password of all users: `alice`, who may do everything, and `bob` and `carol`, who may do
/// nothing until a test allows it.
pub const PASSWORD: &str = "m4rk3r-0f-4-s3cr3t";

/// Where Kafka's login modules are.
const MODULES: &str = "org.apache.kafka.common.security";

/// The broker and its certificates.
#[derive(Debug)]
pub struct Secure {
    /// The broker.
    pub broker: Broker,
    /// The folder of what tests/kafka/Certificates.java makes.
    pub certificates: PathBuf,
}

/// The broker that all tests share.
pub fn shared() -> &'static Secure {
    static SHARED: OnceLock<Secure> = OnceLock::new();
    SHARED.get_or_init(|| {
        let certificates = make_certificates();
        let broker = Broker::start(&options(&certificates));
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let mut user = json!({"do": "user", "user": "alice", "password": PASSWORD});
            user["mechanism"] = json!(mechanism);
            broker.ask(user);
        }
        broker.ask(json!({"do": "create", "topic": "t", "partitions": 1}));
        let records = [json!({"partition": 0, "key": "aw==", "value": "dg=="})];
        broker.ask(json!({"do": "produce", "topic": "t", "records": records}));
        Secure { broker, certificates }
    })
}

/// Makes all certificates, unless this month's are there, and answers where they are.
fn make_certificates() -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/Certificates.java");
    let mut hash = DefaultHasher::new();
    // They are good for 90 days.
    (fs::read(&program).expect("the program is there"), now() / (30 * 86_400)).hash(&mut hash);
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = place.join(format!("certificates-{:x}", hash.finish()));
    if !folder.is_dir() {
        let made = tempfile::tempdir_in(place).expect("a folder can be made");
        let mut command = Command::new("java");
        command.arg("--add-exports=java.base/sun.security.tools.keytool=ALL-UNNAMED");
        let output = command.arg(program).arg(made.path()).stdin(Stdio::null()).output();
        let output = output.expect("java can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Somebody else may have been quicker, whose are as good.
        drop(fs::rename(made.keep(), &folder));
    }
    folder
}

/// Seconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("it is later than 1970").as_secs()
}

/// What the broker is told.
fn options(certificates: &Path) -> Options {
    let mut options = Options {
        listeners: vec![
            ("PLAIN", "SASL_PLAINTEXT"),
            ("SCRAM", "SASL_PLAINTEXT"),
            ("TOKEN", "SASL_PLAINTEXT"),
            ("TLS", "SSL"),
            ("MUTUAL", "SSL"),
            ("BOTH", "SASL_SSL"),
            ("EXPIRED", "SSL"),
            ("ELSEWHERE", "SSL"),
            ("WRONG", "PLAINTEXT"),
            ("NOWHERE", "PLAINTEXT"),
        ],
        advertised: [("WRONG", "127.0.0.1:1"), ("NOWHERE", "nowhere.invalid:9092")]
            .map(|(name, elsewhere)| (name, elsewhere.to_owned()))
            .into(),
        ..Options::default()
    };
    let authorizer = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
    let supers = "User:ANONYMOUS;User:alice;User:CN=client";
    options = options.property("authorizer.class.name", authorizer).property("super.users", supers);
    let users = ["alice", "bob", "carol"].map(|user| format!("user_{user}=\"{PASSWORD}\""));
    let users = users.join(" ");
    for (listener, mechanism, module, more) in [
        ("plain", "PLAIN", "plain.PlainLoginModule", users.as_str()),
        ("both", "PLAIN", "plain.PlainLoginModule", users.as_str()),
        ("scram", "SCRAM-SHA-256", "scram.ScramLoginModule", ""),
        ("scram", "SCRAM-SHA-512", "scram.ScramLoginModule", ""),
        ("token", "OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule", ""),
    ] {
        let start = format!("listener.name.{listener}.");
        let jaas = format!("{start}{}.sasl.jaas.config", mechanism.to_lowercase());
        options = options.property(&jaas, &format!("{MODULES}.{module} required {more};"));
        let mechanisms =
            if listener == "scram" { "SCRAM-SHA-256,SCRAM-SHA-512" } else { mechanism };
        options = options.property(&format!("{start}sasl.enabled.mechanisms"), mechanisms);
    }
    for (listener, certificate) in [
        ("tls", "server"),
        ("mutual", "server"),
        ("both", "server"),
        ("expired", "expired"),
        ("elsewhere", "elsewhere"),
    ] {
        let file = |name: &str| certificates.join(name).display().to_string();
        let properties = [
            ("keystore.type", "PEM".to_owned()),
            ("keystore.location", file(&format!("{certificate}.both.pem"))),
            ("truststore.type", "PEM".to_owned()),
            ("truststore.location", file("ca.pem")),
            ("client.auth", if listener == "mutual" { "required" } else { "none" }.to_owned()),
        ];
        for (name, value) in properties {
            options = options.property(&format!("listener.name.{listener}.ssl.{name}"), &value);
        }
    }
    options
}

impl Secure {
    /// A sandbox with the profile `p` of these lines, on a listener of the broker. `$C` in them is
    /// the folder of the certificates.
    pub fn profile(&self, listener: &str, lines: &str) -> Sandbox {
        self.profile_at(&self.broker.address(listener), lines)
    }

    /// As [`profile`](Self::profile), at an address.
    pub fn profile_at(&self, address: &str, lines: &str) -> Sandbox {
        let s = Sandbox::new();
        let lines = lines.replace("$C", &self.certificates.display().to_string());
        fs::create_dir_all(s.path("home/.config/kaw")).expect("a folder can be made");
        let text = format!("[profile.p]\nbrokers = '{address}'\n{lines}\n");
        s.write("home/.config/kaw/config.toml", text);
        s
    }

    /// Runs `kaw` with words on such a profile, as who has the password, and with a record on its
    /// stdin.
    pub fn run(&self, listener: &str, lines: &str, words: &str) -> Run {
        run(&self.profile(listener, lines), words)
    }
}

/// Runs `kaw` with words on the profile of a sandbox, with the password and a record to produce.
pub fn run(s: &Sandbox, words: &str) -> Run {
    s.env("KAFKA_PASSWORD", PASSWORD)
        .stdin("x\n")
        .run(&format!("--profile p --timeout 10s {words}"))
}

/// A token that is not signed, as a test broker of Kafka takes them.
pub fn token(user: &str, seconds: i64) -> String {
    let now = now() as i64;
    let claims = json!({"sub": user, "iat": now - 3600, "exp": now + seconds}).to_string();
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims))
}
