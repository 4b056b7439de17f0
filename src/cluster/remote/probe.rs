//! Owns one question to whoever listens at an address: whether it speaks TLS. Leaves what follows
//! from the answer to `told`.

use std::io::{Read as _, Write as _};
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

/// Whether who listens at `host:port` answers in TLS. No answer is none.
pub(super) fn speaks_tls(address: &str) -> bool {
    let Some(address) = address.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        return false;
    };
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(CLIENT_HELLO)?;
        let mut start = [0; 2];
        stream.read_exact(&mut start)?;
        std::io::Result::Ok(start)
    };
    // An alert, or a record of a handshake; then the version, which is 3.something.
    matches!(ask(), Ok([0x15 | 0x16, 3]))
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
}
