//! Owns what librdkafka's lines about connections mean: which broker, what went wrong, and whether
//! trying again could help. Leaves the codes of answers to `error`.

use super::error;
use super::ffi::Trouble;
use crate::cluster::error::{ClusterError, ErrorKind};

/// A line about a connection, taken apart.
struct Line<'a> {
    /// Where the broker is, if the line is about one.
    address: Option<&'a str>,
    /// The id of the broker, where the cluster itself has said that it is there.
    id: Option<&'a str>,
    /// What went wrong.
    what: &'a str,
}

/// Takes a line apart: `[thrd:name]: protocol://host:port/id: what (after 3ms in state X)`.
fn parse(text: &str) -> Line<'_> {
    let text = plain(text);
    // The connection to a broker as the coordinator of a group is one of its own.
    let text = text.strip_prefix("GroupCoordinator: ").unwrap_or(text);
    let text = text.rsplit_once(" (after ").map_or(text, |(text, _)| text);
    let nobody = Line { address: None, id: None, what: text };
    let Some((name, what)) = text.split_once(": ") else { return nobody };
    let (address, id) = name.rsplit_once('/').unwrap_or((name, ""));
    if name.contains(' ') || !address.contains(':') {
        return nobody;
    }
    let address = address.split_once("://").map_or(address, |(_, address)| address);
    let id = Some(id).filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    Line { address: Some(address), id, what }
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

/// What a line means: its kind, and the end of a sentence that begins with an address.
fn meaning(what: &str, certificate: Option<&str>) -> Option<(ErrorKind, String)> {
    let has = |words: &[&str]| words.iter().any(|word| what.contains(word));
    let after = |start: &str| what.split_once(start).map_or(what, |(_, rest)| rest).to_owned();
    // The first bytes of an alert of TLS, read as the size of an answer.
    let meaning = if has(&["Invalid response size 3525"]) {
        (ErrorKind::TlsFailed, "looks like TLS, and was not spoken to in TLS".to_owned())
    } else if has(&["Invalid response size"]) {
        (ErrorKind::Unreachable, "is not Kafka: its answer has no sense".to_owned())
    } else if has(&["SSL listener?"]) {
        let text = "broke off at once: it may be a port for TLS, or not Kafka";
        (ErrorKind::Unreachable, text.to_owned())
    } else if has(&["might require SASL"]) {
        let text = "broke off: it may want a login (`security.protocol`)";
        (ErrorKind::Unreachable, text.to_owned())
    } else if has(&["PLAINTEXT broker listener?"]) {
        let text = "broke off the handshake of TLS: it may be a port without TLS";
        (ErrorKind::Unreachable, text.to_owned())
    } else if has(&["wrong version number", "packet length too long", "unknown protocol"]) {
        (ErrorKind::TlsFailed, "does not speak TLS".to_owned())
    } else if has(&["alert certificate required", "client SSL authentication"]) {
        let text = "wants a certificate of ours (`ssl.certificate.location`)";
        (ErrorKind::TlsFailed, text.to_owned())
    } else if has(&["alert bad certificate", "alert unknown ca", "alert certificate"]) {
        (ErrorKind::TlsFailed, "does not accept our certificate".to_owned())
    } else if has(&["alert protocol version", "unsupported protocol"]) {
        (ErrorKind::TlsFailed, "speaks no version of TLS that is safe".to_owned())
    } else if has(&["certificate verify failed", "certificate could not be verified"]) {
        let why = certificate.unwrap_or("it cannot be verified");
        (ErrorKind::TlsFailed, format!("has a certificate that is not accepted: {why}"))
    } else if has(&["SSL handshake failed: "]) {
        let why = after("SSL handshake failed: ");
        (ErrorKind::TlsFailed, format!("does not get through the handshake of TLS: {why}"))
    } else if has(&["Unsupported SASL mechanism"]) {
        let why = after("Unsupported SASL mechanism");
        (ErrorKind::AuthenticationFailed, format!("does not take this SASL mechanism{why}"))
    } else if has(&["SASL authentication error: "]) {
        let why = after("SASL authentication error: ");
        (ErrorKind::AuthenticationFailed, format!("refuses the login: {why}"))
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

/// The error of a line about a connection. `list` is where the user has said that brokers are,
/// `certificate` why one was not accepted.
pub(super) fn told(trouble: &Trouble, list: &str, certificate: Option<&str>) -> ClusterError {
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
    let named = list.split(',').any(|one| {
        let one = one.trim();
        let one = one.split_once("://").map_or(one, |(_, one)| one);
        one == address || format!("{one}:9092") == address
    });
    let who = match line.id {
        Some(id) if !named => format!("broker {id}, by the cluster's word at {address},"),
        _ => address.to_owned(),
    };
    if let Some((kind, what)) = meaning(line.what, certificate) {
        ClusterError::new(kind, format!("{who} {what}"))
    } else {
        let kind = error::kind(trouble.code);
        let kind = if is_of_connections(kind) { kind } else { ErrorKind::Unreachable };
        ClusterError::new(kind, format!("{who} cannot be talked to: {}", line.what))
    }
}

/// Whether a kind is one that connections fail with.
const fn is_of_connections(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::AuthenticationFailed
            | ErrorKind::AuthorizationFailed
            | ErrorKind::TlsFailed
            | ErrorKind::TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::remote::ffi::Code;

    fn of(text: &str) -> (u8, String) {
        let trouble = Trouble { code: Code(-195), text: text.to_owned() };
        let error = told(&trouble, "k:9092,other", Some("it has expired"));
        let code = match error.kind {
            ErrorKind::Unreachable => 6,
            ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed => 7,
            _ => 0,
        };
        (code, error.message)
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
            ("Failed to acquire SASL OAUTHBEARER token: file x: gone", 7, "no token: file x: gone"),
            ("k:9092/1: Receive\nfailed: x", 6, "k:9092 cannot be talked to: Receive failed: x"),
            (
                "GroupCoordinator: other:9092: Connect to ipv4#10.0.0.1:9092 failed: Connection \
                 refused (after 0ms in state CONNECT)",
                6,
                "other:9092 cannot be reached: Connection refused",
            ),
            ("something: else", 6, "something: else"),
        ] {
            assert_eq!(of(line), (code, sentence.to_owned()), "{line}");
        }
    }
}
