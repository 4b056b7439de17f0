//! Owns the tests of what becomes of a record by each answer that a broker can give to the batches
//! that kaw makes itself: what is told of it is what is known, and it is told in time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::fake_broker::{
    API_VERSIONS, Answer, INIT_PRODUCER_ID, PRODUCE, Request, offer_with, serve,
};
use crate::hostile::run;
use crate::hostile_broker::honest;
use crate::kafka_outage::counts;
use crate::sandbox::{Run, Sandbox};

/// How long a command may take: its `--timeout` is a second.
const SOON: Duration = Duration::from_secs(4);
/// Where the number of a batch's records is, behind a request of `kaw` about topic `t`.
const RECORDS_AT: usize = 97;

/// What an honest broker answers that takes up producers, but to [`PRODUCE`].
fn takes_up(request: &Request) -> Option<Answer> {
    let version = i16::from_be_bytes([request.bytes[2], request.bytes[3]]);
    match request.kind {
        API_VERSIONS => Some(offer_with(version, &[(PRODUCE, 8), (INIT_PRODUCER_ID, 1)])),
        INIT_PRODUCER_ID => Some(Answer::default().i32(0).i16(0).i64(4000).i16(0)),
        _ => honest(request),
    }
}

/// An answer about the batch.
fn said(code: i16, base_offset: i64) -> Answer {
    let answer = Answer::default().i32(1).text("t").i32(1).i32(0).i16(code).i64(base_offset);
    // No time of the broker, the start of the log, no records, no words, no throttling.
    answer.i64(-1).i64(0).i32(0).i16(-1).i32(0)
}

/// Sends one record to a broker that answers so; tells how often it was sent, too.
fn send(answer: impl Fn() -> Option<Answer> + Send + Sync + 'static) -> (Run, u32) {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let address = serve(Arc::new(move |request| match request.kind {
        PRODUCE => {
            count.fetch_add(1, Ordering::AcqRel);
            answer()
        }
        _ => takes_up(request),
    }));
    let run = run(&Sandbox::new(), &format!("produce t -b {address}"), SOON);
    (run, sent.load(Ordering::Acquire))
}

#[test]
fn what_a_broker_says_of_a_batch_is_what_is_told() {
    // The code, the exit code, the counts of what is told, and whether it is sent again.
    for (code, exit, told, again) in [
        (0, 0, [1, 1, 0, 0], false),
        (46, 0, [1, 1, 0, 0], false), // it is there of an earlier attempt
        (45, 3, [1, 0, 1, 0], false), // out of order, and it was sent once
        (10, 3, [1, 0, 1, 0], false), // too large
        (4242, 3, [1, 0, 1, 0], false),
        (6, 6, [1, 0, 0, 1], true), // somebody else leads, and may have got it
        (19, 6, [1, 0, 1, 0], true), // too few replicas, before it was appended
        (20, 6, [1, 0, 0, 1], true), // too few of them after that
        (7, 6, [1, 0, 0, 1], true), // replicas that are late
    ] {
        let (run, sent) = send(move || Some(said(code, 5)));
        assert_eq!(counts(run.code(exit)), told, "{code}: {run}");
        assert_eq!(sent > 1, again, "{code}: {sent}: {run}");
    }
}

#[test]
fn what_is_no_answer_leaves_open_whether_a_record_is_there() {
    type Answers = fn() -> Option<Answer>;
    let nonsense: [(&str, Answers); 6] = [
        ("it hangs up", || None),
        ("it is silent", || {
            thread::sleep(Duration::from_secs(3));
            None
        }),
        ("three bytes", || Some(Answer::default().i16(0).i8(0))),
        ("about nothing", || Some(Answer::default().i32(0).i32(0))),
        ("more topics than there can be", || Some(Answer::default().i32(i32::MAX).i64(0))),
        ("a list of less than nothing", || Some(Answer::default().i32(1).text("t").i32(-2))),
    ];
    for (name, answer) in nonsense {
        let (run, sent) = send(answer);
        assert_eq!(counts(run.code(6)), [1, 0, 0, 1], "{name}: {run}");
        assert!(sent >= 1, "{name}: {run}");
    }
}

#[test]
fn a_batch_that_was_not_answered_is_sent_again_as_it_was() {
    let batches = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&batches);
    let address = serve(Arc::new(move |request| match request.kind {
        PRODUCE => {
            let mut batches = kept.lock().unwrap();
            batches.push(request.bytes[RECORDS_AT - 57..].to_vec());
            (batches.len() > 2).then(|| said(46, -1))
        }
        _ => takes_up(request),
    }));
    let s = Sandbox::new();
    let run = s.stdin("a\nb\n").run(&format!("produce t -b {address} --timeout 5s"));
    assert_eq!(counts(run.success()), [2, 2, 0, 0], "{run}");
    let batches = batches.lock().unwrap();
    assert_eq!(batches.len(), 3);
    assert_eq!(batches[0][57..61], [0, 0, 0, 2], "the number of its records");
    assert!(batches.iter().all(|batch| *batch == batches[0]), "the same bytes each time");
}

#[test]
fn what_stands_behind_a_refused_batch_is_sent_in_the_next_epoch() {
    // Each record is a batch; the second one is refused, and those behind it are out of order.
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let address = serve(Arc::new(move |request| match request.kind {
        PRODUCE => {
            let batch = &request.bytes[RECORDS_AT - 57..];
            let epoch = i16::from_be_bytes(batch[51..53].try_into().unwrap());
            let sequence = i32::from_be_bytes(batch[53..57].try_into().unwrap());
            kept.lock().unwrap().push((epoch, sequence));
            Some(match (epoch, sequence) {
                (0, 0) | (1, _) => said(0, 1),
                (0, 1) => said(87, -1),
                _ => said(45, -1),
            })
        }
        _ => takes_up(request),
    }));
    let s = Sandbox::new();
    let mut running = s.spawn(&format!("produce t -b {address} --timeout 5s --keep-going"));
    for line in ["a\n", "b\n", "c\n"] {
        running.write(line.as_bytes());
        thread::sleep(Duration::from_millis(300));
    }
    running.close_stdin();
    let run = running.finish();
    let [read, persisted, not, maybe] = counts(run.code(3));
    assert_eq!((persisted + not, maybe), (read, 0), "{run}");
    assert_eq!(not, 1, "{run}");
    assert!(run.stderr().contains("record 2: the topic takes no such record"), "{run}");
    let seen = seen.lock().unwrap();
    assert!(seen.starts_with(&[(0, 0), (0, 1)]), "{seen:?}");
    assert!(seen.iter().skip(2).all(|(epoch, _)| *epoch == 1), "{seen:?}");
}

#[test]
fn a_connection_that_is_dead_without_a_word_is_made_again() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let address = serve(Arc::new(move |request| match request.kind {
        PRODUCE if count.fetch_add(1, Ordering::AcqRel) == 0 => {
            thread::sleep(Duration::from_secs(20));
            None
        }
        PRODUCE => Some(said(0, 5)),
        _ => takes_up(request),
    }));
    let (s, begun) = (Sandbox::new(), Instant::now());
    let run = s.stdin("a\n").run(&format!("produce t -b {address} --timeout 9s"));
    assert_eq!(counts(run.success()), [1, 1, 0, 0], "{run}");
    assert!(begun.elapsed() < Duration::from_secs(7), "a third of the time: {run}");
    assert_eq!(sent.load(Ordering::Acquire), 2);
}
