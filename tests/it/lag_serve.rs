//! Owns the tests of `kaw lag --serve`: what a scrape gets, and what a client cannot do to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::checks::assert_refused;
use crate::sandbox::{Running, Sandbox};

/// A group that has read 4 of 10 records.
fn behind() -> Sandbox {
    let s = Sandbox::new();
    s.stdin("x\n".repeat(10)).run("produce t").success();
    s.run("consume t -g g -n 4").success();
    s
}

/// Starts a server, and answers where it is.
fn serve<'a>(s: &'a Sandbox, flags: &str) -> (Running<'a>, String) {
    let mut server = s.spawn(&format!("lag --serve :0 {flags}"));
    let line = server.next_stderr_line().unwrap();
    let place = line.strip_prefix("serving on http://").unwrap();
    let place = place.strip_suffix("/metrics").unwrap().to_owned();
    assert!(place.starts_with("127.0.0.1:"), "{line}");
    (server, place)
}

/// Connects, with a bound on every wait.
fn connect(place: &str) -> TcpStream {
    let stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends bytes and reads the answer to its end.
fn ask(place: &str, bytes: &[u8]) -> String {
    let mut stream = connect(place);
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    // A server that has heard enough may close before it has read all.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8(answer).unwrap()
}

fn get(place: &str) -> String {
    ask(place, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[test]
fn a_scrape_gets_what_is_true_now() {
    let s = behind();
    let (server, place) = serve(&s, "");
    let answer = get(&place);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let media = "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";
    assert!(head.contains(media), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    assert!(!head.to_ascii_lowercase().contains("access-control"), "{head}");
    assert!(body.ends_with("# EOF\n"), "{body}");
    let lag =
        |n: u32| format!("kaw_consumer_group_lag{{group=\"g\",topic=\"t\",partition=\"0\"}} {n}\n");
    assert!(body.contains(&lag(6)), "{body}");
    let headless = ask(&place, b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(headless.starts_with("HTTP/1.1 200 OK\r\n") && headless.ends_with("\r\n\r\n"));
    s.run("consume t -g g -n 5").success();
    assert!(get(&place).contains(&lag(1)));
    // The target goes away, which ends no server.
    std::fs::rename(s.log_dir(), s.path("away")).unwrap();
    assert!(get(&place).starts_with("HTTP/1.1 503 "));
    std::fs::rename(s.path("away"), s.log_dir()).unwrap();
    assert!(get(&place).contains(&lag(1)));
    server.signal("TERM");
    server.finish().code(143);
}

#[test]
fn what_is_not_a_scrape_is_told_so() {
    let s = behind();
    let (server, place) = serve(&s, "--by group --exact");
    let long = format!("GET /metrics HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(100_000));
    for (asked, status) in [
        ("GET / HTTP/1.1\r\n\r\n", "404"),
        ("GET /../metrics HTTP/1.1\r\n\r\n", "404"),
        ("DELETE /metrics HTTP/1.1\r\n\r\n", "405"),
        ("\0\0\0\u{1}\r\n\r\n", "400"),
        ("GET /metrics\r\n\r\n", "400"),
        (&long, "431"),
    ] {
        let answer = ask(&place, asked.as_bytes());
        // What was sent after the answer may take the answer away with it.
        let lost = asked.len() > 8192 && answer.is_empty();
        assert!(lost || answer.starts_with(&format!("HTTP/1.1 {status} ")), "{asked:?}: {answer}");
    }
    assert!(ask(&place, b"POST /metrics HTTP/1.1\r\n\r\n").contains("\r\nAllow: GET, HEAD\r\n"));
    assert!(get(&place).contains("\nkaw_consumer_group_lag_records{group=\"g\"} 6\n"));
    server.signal("INT");
    let asked = Instant::now();
    server.finish().code(130);
    assert!(asked.elapsed() < Duration::from_secs(2));
}

#[test]
fn clients_that_stand_still_are_bounded() {
    let s = behind();
    let (server, place) = serve(&s, "");
    let mut idle: Vec<TcpStream> = (0..40).map(|_| connect(&place)).collect();
    // More than 32 are not kept: those end at once, and the others when their time is over.
    let mut byte = [0; 1];
    let mut closed = || idle.iter_mut().filter_map(|one| one.read(&mut byte).ok()).count();
    assert_eq!(closed(), 40);
    drop(idle);
    let scrapes: Vec<_> = (0..20)
        .map(|_| {
            let place = place.clone();
            thread::spawn(move || get(&place))
        })
        .collect();
    for scrape in scrapes {
        assert!(scrape.join().unwrap().contains("# EOF"));
    }
    server.signal("INT");
    server.finish().code(130);
}

#[test]
fn other_machines_are_let_in_on_purpose_only() {
    let s = behind();
    for (line, words) in [
        ("lag --serve 0.0.0.0:0", "other machines could ask at 0.0.0.0:0"),
        ("lag --serve [::]:0", "other machines could ask"),
        ("lag --serve 9308", "is not an address"),
        ("lag --serve :99999", "is not an address"),
        ("lag --serve kafka:1", "is not an address"),
        ("lag --allow-remote", "--serve"),
        ("lag --serve :0 --json", "cannot be used with"),
        ("lag --serve :0 --watch", "cannot be used with"),
    ] {
        assert_refused(&s.run(line), 2, words);
    }
    let mut server = s.spawn("lag --serve 0.0.0.0:0 --allow-remote");
    let line = server.next_stderr_line().unwrap();
    let port = line.rsplit_once(':').unwrap().1.strip_suffix("/metrics").unwrap().to_owned();
    assert!(get(&format!("127.0.0.1:{port}")).contains("# EOF"));
    // The port is taken.
    assert_refused(&s.run(&format!("lag --serve 127.0.0.1:{port}")), 5, "cannot listen at");
    server.signal("INT");
    server.finish().code(130);
}
