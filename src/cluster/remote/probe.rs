//! Owns questions to whoever listens at an address: whether it speaks TLS, and whether it turns
//! strangers away. Leaves what follows from the answers to `told`.

use std::io::{ErrorKind, Read as _, Result, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// How long each step may take. Whoever has broken off a connection was near.
const PATIENCE: Duration = Duration::from_millis(500);

/// The beginning of a talk in TLS 1.2. It is a record of 49 bytes, with a `ClientHello` of 45: 32
/// bytes that may be any; no session; the ciphers ECDHE-ECDSA and ECDHE-RSA with AES-128-GCM; no
/// compression. It is of no matter what it offers, since a refusal is an answer.
const CLIENT_HELLO: &[u8; 54] = b"\x16\x03\x01\x00\x31\x01\x00\x00\x2d\x03\x03\
    kaw asks: who is it that listens\
    \x00\x00\x06\xc0\x2b\xc0\x2f\x00\xff\x01\x00";

/// A request of the metadata of no topics, in version 1: its size of 17 bytes, its kind, version
/// and number, the name `kaw`, and a list of nothing.
const METADATA: &[u8; 21] =
    b"\x00\x00\x00\x11\x00\x03\x00\x01\x00\x00\x00\x01\x00\x03kaw\x00\x00\x00\x00";

/// Says something to who listens at `host:port`; answers the first two bytes of what it says then.
fn ask(address: &str, bytes: &[u8]) -> Result<[u8; 2]> {
    let address = address.to_socket_addrs()?.next().ok_or(ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    let mut start = [0; 2];
    stream.read_exact(&mut start)?;
    Ok(start)
}

/// Whether who listens at `host:port` answers in TLS. No answer is none.
pub(super) fn speaks_tls(address: &str) -> bool {
    // An alert, or a record of a handshake; then the version, which is 3.something.
    matches!(ask(address, CLIENT_HELLO), Ok([0x15 | 0x16, 3]))
}

/// Whether who listens at `host:port` hangs up on who asks for metadata without a login.
pub(super) fn turns_away(address: &str) -> bool {
    let ends = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    ask(address, METADATA).is_err_and(|error| ends.contains(&error.kind()))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn an_answer_in_tls_is_told_from_others() {
        for (answer, is_tls) in [
            (&[0x15, 3, 3, 0, 2, 2, 40][..], true),
            (b"HTTP/1.1 400 Bad Request\r\n", false),
            (b"", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let answers = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut hello = [0; CLIENT_HELLO.len()];
                stream.read_exact(&mut hello).unwrap();
                stream.write_all(answer).unwrap();
                hello
            });
            assert_eq!(speaks_tls(&address), is_tls, "{answer:?}");
            assert_eq!(answers.join().unwrap(), *CLIENT_HELLO);
            assert!(!speaks_tls(&address), "nobody is there any more");
        }
        assert!(!speaks_tls("nonsense"));
    }

    #[test]
    fn who_hangs_up_is_told_from_who_is_away() {
        for (answer, turns_us_away) in [(&b""[..], true), (b"\x00\x00\x00\x2a", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let answers = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; METADATA.len()];
                stream.read_exact(&mut request).unwrap();
                stream.write_all(answer).unwrap();
                request
            });
            assert_eq!(turns_away(&address), turns_us_away, "{answer:?}");
            assert_eq!(answers.join().unwrap(), *METADATA);
            assert!(!turns_away(&address), "nobody is there any more");
        }
    }
}
