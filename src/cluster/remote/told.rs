//! Owns what librdkafka's lines about connections mean: which broker, what went wrong, and whether
//! trying again could help. Leaves the codes of answers to `error`.

use std::sync::Arc;

use super::config::given;
use super::ffi::Trouble;
use super::ffi::handle::Log;
use super::{error, probe};
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::Brokers;

/// What is known of how brokers are reached.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    /// Where the user has said that they are.
    pub(super) list: String,
    /// Whether they are spoken to in TLS.
    pub(super) tls: bool,
    /// Whether kaw logs in.
    pub(super) login: bool,
    /// Whether kaw has a certificate of its own.
    pub(super) certified: bool,
    /// What became of the connections so far.
    pub(super) log: Arc<Log>,
}

impl About {
    /// What the properties say of it, and what has been logged.
    pub(super) fn new(brokers: &Brokers, log: &Arc<Log>) -> Self {
        let protocol = given(brokers, "security.protocol").unwrap_or_default().to_lowercase();
        let certificates =
            ["ssl.certificate.location", "ssl.certificate.pem", "ssl.keystore.location"];
        Self {
            list: brokers.list.clone(),
            tls: protocol.ends_with("ssl"),
            login: protocol.starts_with("sasl"),
            certified: certificates.iter().any(|name| given(brokers, name).is_some()),
            log: Arc::clone(log),
        }
    }
}

/// A line about a connection, taken apart.
struct Line<'a> {
    /// Where the broker is, if the line is about one.
    address: Option<&'a str>,
    /// Who it is, where the cluster itself has said that it is there.
    by_word: Option<String>,
    /// What went wrong.
    what: &'a str,
    /// How far the connection had come.
    state: &'a str,
}

/// Takes a line apart: `[thrd:name]: protocol://host:port/id: what (after 3ms in state X)`, where a
/// coordinator is `GroupCoordinator: host:port`.
fn parse(text: &str) -> Line<'_> {
    let text = plain(text);
    let (text, after) = text.rsplit_once(" (after ").unwrap_or((text, ""));
    let state = after.split_once("in state ").map_or("", |(_, state)| state);
    let state = state.split([',', ')']).next().unwrap_or_default();
    let (coordinator, text) = match text.split_once(": ") {
        Some((who, rest)) if who.ends_with("Coordinator") => (true, rest),
        _ => (false, text),
    };
    let nobody = Line { address: None, by_word: None, what: text, state };
    let Some((name, what)) = text.split_once(": ").filter(|(name, _)| !name.contains(' ')) else {
        return nobody;
    };
    let (address, id) = match name.rsplit_once('/') {
        Some(parts) => parts,
        None if coordinator => (name, ""),
        None => return nobody,
    };
    let by_word = match id {
        _ if coordinator => Some("the coordinator".to_owned()),
        "" => None,
        id => id.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("broker {id}")),
    };
    let address = address.split_once("://").map_or(address, |(_, address)| address);
    let address = Some(address).filter(|address| address.contains(':'));
    Line { address, by_word, what, state }
}

/// A line without the name of the thread that wrote it.
pub(super) fn plain(text: &str) -> &str {
    match text.split_once("]: ") {
        Some((thread, rest)) if thread.starts_with("[thrd:") => rest,
        _ => text,
    }
}

/// Where the broker is that a line is about, if it is about one.
pub(super) fn broker(text: &str) -> Option<&str> {
    parse(text).address
}

/// What the end of a connection means that no side has explained: its kind, and the end of a
/// sentence that begins with an address.
fn broken_off(line: &Line<'_>, about: &About) -> Option<(ErrorKind, &'static str)> {
    let signs = ["Disconnected", "Broken pipe", "Connection reset", "connection reset"];
    if !signs.iter().any(|sign| line.what.contains(sign)) {
        return None;
    }
    Some(match line.state {
        "CONNECT" | "SSL_HANDSHAKE" if about.tls => {
            (ErrorKind::TlsFailed, "broke off the handshake of TLS: it may be a port without TLS")
        }
        // Brokers send no alert to who does not begin with TLS, so they have to be asked.
        "APIVERSION_QUERY" if !about.tls && line.address.is_some_and(probe::speaks_tls) => {
            (ErrorKind::TlsFailed, "speaks TLS, and was not spoken to in TLS (`security.protocol`)")
        }
        "APIVERSION_QUERY" => {
            (ErrorKind::Unreachable, "broke off at the first request: it may not be Kafka")
        }
        state if state.starts_with("AUTH") => {
            (ErrorKind::AuthenticationFailed, "broke off during the login")
        }
        "UP" if may_want_login(line, about) => (
            ErrorKind::AuthenticationFailed,
            "broke off at the second request: it may want a login (`security.protocol`)",
        ),
        _ => return None,
    })
}

/// Whether a broker that has only said what it says to everybody wants to know whom it talks to.
/// One that answered more has talked to us, and one that the cluster has named was named to us. A
/// network that is cut off looks the same, so the broker is asked; in TLS it cannot be.
fn may_want_login(line: &Line<'_>, about: &About) -> bool {
    let is_stranger = !about.login && line.by_word.is_none() && !about.log.is_served();
    is_stranger && (about.tls || line.address.is_some_and(probe::turns_away))
}

/// What a line means: its kind, and the end of a sentence that begins with an address.
fn meaning(
    line: &Line<'_>,
    about: &About,
    certificate: Option<&str>,
) -> Option<(ErrorKind, String)> {
    let what = line.what;
    let has = |words: &[&str]| words.iter().any(|word| what.contains(word));
    let after = |start: &str| what.split_once(start).map_or(what, |(_, rest)| rest).to_owned();
    // The first bytes of an alert of TLS, read as the size of an answer.
    let meaning = if has(&["Invalid response size 3525"]) {
        (ErrorKind::TlsFailed, "looks like TLS, and was not spoken to in TLS".to_owned())
    } else if has(&["Invalid response size"]) {
        (ErrorKind::Unreachable, "is not Kafka: its answer has no sense".to_owned())
    } else if has(&["wrong version number", "packet length too long", "unknown protocol"]) {
        (ErrorKind::TlsFailed, "does not speak TLS".to_owned())
    } else if has(&["alert certificate required", "client SSL authentication"])
        || (has(&["alert bad certificate"]) && !about.certified)
    {
        let text = "wants a certificate of ours (`ssl.certificate.location`)";
        (ErrorKind::TlsFailed, text.to_owned())
    } else if has(&["alert bad certificate", "alert unknown ca", "alert certificate"]) {
        (ErrorKind::TlsFailed, "does not accept our certificate".to_owned())
    } else if has(&["alert protocol version", "unsupported protocol"]) {
        (ErrorKind::TlsFailed, "speaks no version of TLS that is safe".to_owned())
    } else if has(&["certificate verify failed", "certificate could not be verified"]) {
        let why = certificate.unwrap_or("it cannot be verified");
        (ErrorKind::TlsFailed, format!("has a certificate that is not accepted: {why}"))
    } else if let Some((kind, text)) = broken_off(line, about) {
        (kind, text.to_owned())
    } else if has(&["SSL handshake failed: "]) {
        let why = after("SSL handshake failed: ");
        (ErrorKind::TlsFailed, format!("does not get through the handshake of TLS: {why}"))
    } else if has(&["not valid in current SASL state"]) {
        let text = "takes no login on this port (`security.protocol`)";
        (ErrorKind::AuthenticationFailed, text.to_owned())
    } else if has(&["Unsupported SASL mechanism"]) {
        let why = after("Unsupported SASL mechanism");
        (ErrorKind::AuthenticationFailed, format!("does not take this SASL mechanism{why}"))
    } else if has(&["SASL authentication error: "]) {
        let why = after("SASL authentication error: ");
        (ErrorKind::AuthenticationFailed, format!("refuses the login: {why}"))
    } else if has(&["Connection setup timed out"]) {
        (ErrorKind::TimedOut, "takes connections, and does not answer".to_owned())
    } else if has(&["Failed to resolve "]) {
        let why = what.rsplit_once(": ").map_or(what, |(_, why)| why);
        (ErrorKind::Unreachable, format!("cannot be found: {why}"))
    } else if has(&["Connect to "]) && has(&[" failed: "]) {
        (ErrorKind::Unreachable, format!("cannot be reached: {}", after(" failed: ")))
    } else {
        return None;
    };
    Some(meaning)
}

/// The error of a line about a connection. `certificate` is why one was not accepted.
pub(super) fn told(trouble: &Trouble, about: &About, certificate: Option<&str>) -> ClusterError {
    if error::kind(trouble.code).is_denial() {
        return error::error(trouble);
    }
    // Brokers and libraries send what they like: one line of it is shown.
    let text = trouble.text.replace(['\n', '\r'], " ");
    let line = parse(text.trim_end_matches('.'));
    if let Some((_, why)) = line.what.split_once("OAUTHBEARER token: ") {
        return ClusterError::new(ErrorKind::AuthenticationFailed, format!("no token: {why}"));
    }
    let Some(address) = line.address else {
        let kind = error::kind(trouble.code);
        let kind = if is_of_connections(kind) { kind } else { ErrorKind::Unreachable };
        return ClusterError::new(kind, line.what);
    };
    // Who was named by the cluster and not by the user has to be told as such.
    let named = about.list.split(',').any(|one| {
        let one = one.trim();
        let one = one.split_once("://").map_or(one, |(_, one)| one);
        one == address || format!("{one}:9092") == address
    });
    let who = match &line.by_word {
        Some(who) if !named => format!("{who}, by the cluster's word at {address},"),
        _ => address.to_owned(),
    };
    if let Some((kind, what)) = meaning(&line, about, certificate) {
        ClusterError::new(kind, format!("{who} {what}"))
    } else {
        let kind = error::kind(trouble.code);
        let kind = if is_of_connections(kind) { kind } else { ErrorKind::Unreachable };
        ClusterError::new(kind, format!("{who} cannot be talked to: {}", line.what))
    }
}

/// The error of a client that cannot be made of its properties.
pub(super) fn unmade(trouble: &Trouble) -> ClusterError {
    let text = trouble.text.replace(['\n', '\r'], " ");
    if text.contains("key values mismatch") {
        let text = "`ssl.key.location` is not the key of `ssl.certificate.location`";
        return ClusterError::new(ErrorKind::TlsFailed, text);
    }
    if text.starts_with("ssl.key.location failed: error:") {
        let text = "`ssl.key.location` is no private key in PEM, or has another password";
        return ClusterError::new(ErrorKind::TlsFailed, text);
    }
    let tls = text.starts_with("ssl.");
    let kind = if tls { ErrorKind::TlsFailed } else { ErrorKind::InvalidRequest };
    ClusterError::new(kind, text)
}

/// Whether a kind is one that connections fail with.
const fn is_of_connections(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::remote::ffi::Code;

    fn of(text: &str) -> (u8, String) {
        let trouble = Trouble { code: Code(-195), text: text.to_owned() };
        let about = About { list: "k:9092,other".to_owned(), ..About::default() };
        let error = told(&trouble, &about, Some("it has expired"));
        let code = match error.kind {
            ErrorKind::Unreachable => 6,
            ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => 7,
            _ => 0,
        };
        (code, error.message)
    }

    #[test]
    fn a_key_that_cannot_be_read_is_told_without_the_words_of_openssl() {
        let text = "ssl.key.location failed: error:0A080009:SSL routines::PEM lib".to_owned();
        let error = unmade(&Trouble { code: Code(-186), text });
        assert_eq!(error.kind, ErrorKind::TlsFailed);
        assert_eq!(
            error.message,
            "`ssl.key.location` is no private key in PEM, or has another password"
        );
    }

    #[test]
    fn what_is_known_of_the_settings_is_taken_into_account() {
        let of = |text: &str, about: &About| {
            let trouble =
                Trouble { code: Code(-195), text: format!("ssl://k:9092/bootstrap: {text}") };
            told(&trouble, about, None).message
        };
        let none = About { tls: true, ..About::default() };
        let refused = "Receive failed: error:0A000412: sslv3 alert bad certificate";
        assert!(of(refused, &none).contains("wants a certificate of ours"));
        let ours = About { certified: true, ..none.clone() };
        assert!(of(refused, &ours).contains("does not accept our certificate"));
        let gone = "Disconnected: SSL connection closed by peer (after 2ms in state CONNECT)";
        assert!(of(gone, &ours).contains("may be a port without TLS"));
        let gone = gone.replace("CONNECT", "UP");
        assert!(of(&gone, &ours).contains("may want a login"));
        let login = About { login: true, ..none };
        assert!(of(&gone, &login).contains("cannot be talked to: Disconnected"));
        ours.log.note_answer(18);
        assert!(of(&gone, &ours).contains("may want a login"), "everybody is answered that");
        ours.log.note_answer(3);
        assert!(of(&gone, &ours).contains("cannot be talked to: Disconnected"));
    }

    #[test]
    fn each_line_has_its_sentence() {
        for (line, code, sentence) in [
            (
                "[thrd:k:9092/bootstrap]: k:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: \
                 Connection refused (after 0ms in state CONNECT, 3 identical error(s) suppressed)",
                6,
                "k:9092 cannot be reached: Connection refused",
            ),
            (
                "10.0.0.1:9092/7: Connect to ipv4#10.0.0.1:9092 failed: No route to host \
                 (after 1ms in state CONNECT)",
                6,
                "broker 7, by the cluster's word at 10.0.0.1:9092, cannot be reached: No route to \
                 host",
            ),
            (
                "other:9092/2: Failed to resolve 'other:9092': Name or service not known (after \
                 3ms in state CONNECT)",
                6,
                "other:9092 cannot be found: Name or service not known",
            ),
            (
                "k:9092/bootstrap: Receive failed: Invalid response size 352518912 (0..100000000): \
                 increase receive.message.max.bytes",
                7,
                "k:9092 looks like TLS, and was not spoken to in TLS",
            ),
            (
                "k:9092/bootstrap: Receive failed: Invalid response size 1213486160 (0..1)",
                6,
                "k:9092 is not Kafka: its answer has no sense",
            ),
            (
                "ssl://k:9092/bootstrap: SSL handshake failed: error:0A000086:SSL routines::\
                 certificate verify failed: broker certificate could not be verified (after 5ms)",
                7,
                "k:9092 has a certificate that is not accepted: it has expired",
            ),
            (
                "sasl_ssl://k:9092/bootstrap: SASL authentication error: Authentication failed: \
                 Invalid username or password (after 300ms in state AUTH_REQ)",
                7,
                "k:9092 refuses the login: Authentication failed: Invalid username or password",
            ),
            (
                "[thrd:GroupCoordinator]: GroupCoordinator: 10.0.0.1:1: Connect to ipv4#10.0.0.1:1 \
                 failed: Connection refused (after 0ms in state CONNECT)",
                6,
                "the coordinator, by the cluster's word at 10.0.0.1:1, cannot be reached: \
                 Connection refused",
            ),
            (
                "127.0.0.1:1/bootstrap: Send failed: Broken pipe (after 2ms in state UP)",
                6,
                "127.0.0.1:1 cannot be talked to: Send failed: Broken pipe",
            ),
            ("Failed to acquire SASL OAUTHBEARER token: file x: gone", 7, "no token: file x: gone"),
            ("k:9092/1: Receive\nfailed: x", 6, "k:9092 cannot be talked to: Receive failed: x"),
            ("something: else", 6, "something: else"),
        ] {
            assert_eq!(of(line), (code, sentence.to_owned()), "{line}");
        }
    }
}
