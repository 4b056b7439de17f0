//! Owns serving metrics over HTTP: a small part of it, and bounds for whoever connects. Leaves what
//! is served to `metrics`. The command's own thread collects, one scrape after another; threads of
//! connections only wait.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::collect::collect;
use super::rows::rows;
use super::{Args, metrics};
use crate::commands::{Context, Failure, Status};

/// The most connections at a time; more are closed at once.
const CONNECTIONS_MAX: usize = 32;
/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 8 << 10;
/// How long a client may take to ask, and then to take the answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(5);
/// How often a signal is looked for.
const STOP_STEP: Duration = Duration::from_millis(100);
/// The media type of the format.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Who waits for metrics, and takes them or the reason why there are none.
type Waiting = Sender<Result<Arc<str>, String>>;

/// Reads the value of `--serve`: without a host, it is this machine alone.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("`{text}` is not an address, as `:9308` or `127.0.0.1:9308`");
    let port = text.strip_prefix(':').or_else(|| text.strip_prefix("localhost:"));
    match port {
        Some(port) => {
            let port = port.parse().map_err(|_| wrong())?;
            Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        }
        None => text.parse().map_err(|_| wrong()),
    }
}

/// Serves until a signal comes.
pub(super) fn serve(
    context: &Context,
    args: &Args,
    address: SocketAddr,
) -> Result<Status, Failure> {
    if !address.ip().is_loopback() && !args.allow_remote {
        let message = format!("other machines could ask at {address}");
        return Err(Failure::usage(message).hint("`--allow-remote` lets them"));
    }
    let cannot = |error| Failure::local(format!("cannot listen at {address}"), error);
    let stop = context.stop()?;
    // Before anybody asks, so that a slip in a target is told here.
    context.cluster()?;
    let listener = TcpListener::bind(address).map_err(cannot)?;
    let bound = listener.local_addr().map_err(cannot)?;
    let (ask, asked) = bounded(CONNECTIONS_MAX);
    let patience = context.limits.timeout.saturating_add(CLIENT_PATIENCE);
    std::thread::Builder::new()
        .name("listen".to_owned())
        .spawn(move || listen(&listener, &ask, patience))
        .map_err(cannot)?;
    context.out.status(format_args!("serving on http://{bound}/metrics"));
    answer(context, args, &asked, &|| stop.requested().is_some());
    Ok(stop.status_or(Status::Done))
}

/// Collects for those who wait, until it is to stop.
fn answer(context: &Context, args: &Args, asked: &Receiver<Waiting>, stopped: &dyn Fn() -> bool) {
    while !stopped() {
        let first = match asked.recv_timeout(STOP_STEP) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        // All who have asked by now get the same, which is fresh for each.
        let waiting: Vec<Waiting> = std::iter::once(first).chain(asked.try_iter()).collect();
        let text = scrape(context, args);
        for one in waiting {
            // One that has gone wants nothing.
            drop(one.try_send(text.clone()));
        }
    }
}

/// The metrics as they are now; what is not known of some groups is told on stderr.
fn scrape(context: &Context, args: &Args) -> Result<Arc<str>, String> {
    let found = collect(context, args.asked(true)).map_err(|failure| failure.report().error)?;
    let unknown = found.failures.iter().chain(&found.unseen);
    let reports: Vec<String> = unknown.map(|f| f.report().error).collect();
    match reports.into_iter().next() {
        Some(error) if found.places.is_empty() => Err(error),
        other => {
            if let Some(error) = other {
                context.out.warn(error);
            }
            context.pass_on();
            Ok(metrics::text(&rows(&found.places, args.by), args.by).into())
        }
    }
}

/// Takes connections, each on a thread of its own, for ever.
fn listen(listener: &TcpListener, ask: &Sender<Waiting>, patience: Duration) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of descriptors: closing others gives some back.
            std::thread::sleep(STOP_STEP);
            continue;
        };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (ask, counted) = (ask.clone(), Arc::clone(&open));
        let connection = move || {
            // The client has gone, or takes too long: there is nobody to tell.
            drop(converse(&stream, &ask, patience));
            counted.fetch_sub(1, Ordering::SeqCst);
        };
        if std::thread::Builder::new().name("client".to_owned()).spawn(connection).is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// One request and its answer.
fn converse(stream: &TcpStream, ask: &Sender<Waiting>, patience: Duration) -> io::Result<()> {
    let head = read_head(stream)?;
    let (status, text) = match asked_for(&head) {
        Ok(()) => {
            let (one, answer) = bounded(1);
            let told = ask.try_send(one).ok().and_then(|()| answer.recv_timeout(patience).ok());
            match told.unwrap_or_else(|| Err("the cluster takes too long".to_owned())) {
                Ok(text) => ("200 OK", text),
                Err(error) => ("503 Service Unavailable", format!("{error}\n").into()),
            }
        }
        Err(status) => (status, format!("{status}\n").into()),
    };
    let media = if status.starts_with("200") { MEDIA_TYPE } else { "text/plain; charset=utf-8" };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let length = text.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\
         {allow}Connection: close\r\n\r\n"
    );
    if !head.starts_with(b"HEAD ") {
        answer.push_str(&text);
    }
    let until = Instant::now() + CLIENT_PATIENCE;
    let (mut left, mut stream) = (answer.as_bytes(), stream);
    while !left.is_empty() {
        stream.set_write_timeout(Some(left_until(until)?))?;
        let written = stream.write(left)?;
        left = left.get(written..).unwrap_or_default();
    }
    // What was sent and not read would take the answer back with it.
    stream.shutdown(std::net::Shutdown::Write)?;
    stream.set_read_timeout(Some(STOP_STEP))?;
    stream.read(&mut [0; HEAD_BYTES_MAX]).map(drop)
}

/// The time that is left.
fn left_until(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// The head of a request, or as much of it as may be read.
fn read_head(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let until = Instant::now() + CLIENT_PATIENCE;
    let (mut head, mut part) = (Vec::new(), [0; 1024]);
    while head.len() <= HEAD_BYTES_MAX && !is_whole(&head) {
        stream.set_read_timeout(Some(left_until(until)?))?;
        match stream.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => head.extend_from_slice(part.get(..read).unwrap_or_default()),
        }
    }
    Ok(head)
}

/// Whether a head has its end.
fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Whether a request is for the metrics; if not, the status that says so.
fn asked_for(head: &[u8]) -> Result<(), &'static str> {
    if !is_whole(head) {
        return Err("431 Request Header Fields Too Large");
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let [method, target, version] = words[..] else { return Err("400 Bad Request") };
    if !version.starts_with(b"HTTP/1.") {
        return Err("400 Bad Request");
    }
    if target.split(|&byte| byte == b'?').next() != Some(b"/metrics") {
        return Err("404 Not Found");
    }
    if method != b"GET" && method != b"HEAD" {
        return Err("405 Method Not Allowed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_host_it_is_this_machine() {
        for (text, expected) in [
            (":9308", "127.0.0.1:9308"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:9", "[::1]:9"),
        ] {
            assert_eq!(address(text).unwrap().to_string(), expected);
        }
        for bad in ["", "9308", ":", ":70000", ":-1", "host:80", "127.0.0.1", ":0x1", "::1:9"] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn requests_are_for_metrics_or_told_why_not() {
        let status = |line: &str| asked_for(format!("{line}\r\nA: b\r\n\r\n").as_bytes());
        assert_eq!(status("GET /metrics HTTP/1.1"), Ok(()));
        assert_eq!(status("HEAD /metrics?a=b HTTP/1.0"), Ok(()));
        for (line, expected) in [
            ("GET / HTTP/1.1", "404"),
            ("GET /metrics/ HTTP/1.1", "404"),
            ("POST /metrics HTTP/1.1", "405"),
            ("GET /metrics HTTP/2", "400"),
            ("GET  /metrics HTTP/1.1", "400"),
            ("\u{16}\u{3}\u{1}", "400"),
            ("", "400"),
        ] {
            assert!(status(line).unwrap_err().starts_with(expected), "{line}");
        }
        assert!(asked_for(b"GET /metrics HTTP/1.1\r\nA: b").unwrap_err().starts_with("431"));
    }
}
