//! Owns the tests of a broker that makes up what it answers: members that own nonsense, metadata
//! without measure, offsets that run in circles. Leaves answers that are merely broken to
//! `hostile_answers`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::fake_broker::{
    API_VERSIONS, Answer, DESCRIBE_GROUPS, FETCH, FIND_COORDINATOR, INIT_PRODUCER_ID, LIST_GROUPS,
    LIST_OFFSETS, METADATA, OFFSET_FETCH, PRODUCE, Request, brokers, offer, offer_with, serve,
    topic,
};
use crate::hostile::run;
use crate::kafka_outage::counts;
use crate::sandbox::Sandbox;

/// How long a command may take: its `--timeout` is a second.
const SOON: Duration = Duration::from_secs(4);
/// Where the log ends, by its broker's word.
const END: i64 = 5;

/// What an honest broker with topic `t` answers.
pub fn honest(request: &Request) -> Option<Answer> {
    let (start, port) = (Answer::default(), request.port);
    Some(match request.kind {
        METADATA => brokers(port, &[1]).i32(1).and(topic("t", &[0])),
        FIND_COORDINATOR => start.i16(0).i32(1).text("127.0.0.1").i32(port.into()),
        LIST_GROUPS => start.i16(0).i32(1).text("g").text("consumer"),
        OFFSET_FETCH => start.i32(0).i16(0),
        LIST_OFFSETS => {
            // It ends with the time that is asked for, which is -2 for the start.
            let at = if request.bytes.ends_with(&(-2_i64).to_be_bytes()) { 0 } else { END };
            start.i32(0).i32(1).text("t").i32(1).i32(0).i16(0).i64(-1).i64(at)
        }
        FETCH => fetched(END, &[]),
        _ => return None,
    })
}

/// An answer with records of partition 0.
fn fetched(end: i64, records: &[u8]) -> Answer {
    let answer = Answer::default().i32(0).i32(1).text("t").i32(1).i32(0).i16(0);
    answer.i64(end).i64(end).i32(-1).bytes(records)
}

/// A batch of records of one letter each.
fn batch(base_offset: i64, letters: &str) -> Vec<u8> {
    let many = letters.len() as i32;
    let mut tail = Answer::default().i16(0).i32(many - 1).i64(1).i64(1).i64(-1).i16(-1).i32(-1);
    tail = tail.i32(many);
    for (at, letter) in letters.bytes().enumerate() {
        // Numbers are doubled, and -1 is 1: the size, no attributes, no time, the offset, no key, a
        // value of one byte, no headers.
        tail.0.extend([14, 0, 0, 2 * at as u8, 1, 2, letter, 0]);
    }
    let checksum = crc32c::crc32c(&tail.0) as i32;
    let head = Answer::default().i64(base_offset).i32(tail.0.len() as i32 + 9).i32(0).i8(2);
    head.i32(checksum).and(tail).0
}

#[test]
fn a_member_that_owns_nonsense_is_shown_without_it() {
    let good = Answer::default().i16(0).i32(1).text("t").i32(1).i32(0).i32(-1).0;
    for (what, owned) in [
        ("nothing", Vec::new()),
        ("one byte", vec![0]),
        ("half of it", good[..good.len() / 2].to_vec()),
        ("too many topics", Answer::default().i16(0).i32(i32::MAX).0),
        ("less than no topics", Answer::default().i16(0).i32(-7).0),
        ("too many partitions", Answer::default().i16(0).i32(1).text("t").i32(i32::MAX).0),
        ("another version", Answer::default().i16(999).i32(0x1234_5678).0),
        ("a million bytes", vec![0xff; 1 << 20]),
    ] {
        let address = serve(Arc::new(move |request| {
            if request.kind != DESCRIBE_GROUPS {
                return honest(request);
            }
            let group = Answer::default().i32(1).i16(0).text("g").text("Stable").text("consumer");
            let member = group.text("range").i32(1).text("m-1").text("kaw").text("/127.0.0.1");
            Some(member.bytes(&[]).bytes(&owned))
        }));
        let s = Sandbox::new();
        for words in ["groups members g --json", "groups describe g --json", "groups list --json"] {
            let run = run(&s, &format!("{words} -b {address}"), SOON);
            run.success();
            assert!(!words.contains("members") || run.stdout().contains("m-1"), "{what}: {run}");
        }
        run(&s, &format!("lag g -b {address}"), SOON).success();
    }
}

/// What a broker says of the cluster, on this port.
type Said = fn(u16) -> Answer;

#[test]
fn metadata_without_measure_is_refused_or_bounded() {
    let no_sense: [(&str, Said); 6] = [
        ("10 million partitions", |port| {
            brokers(port, &[1]).i32(1).i16(0).text("t").i8(0).i32(10_000_000)
        }),
        ("less than no partitions", |port| {
            brokers(port, &[1]).i32(1).i16(0).text("t").i8(0).i32(-5)
        }),
        ("2 billion replicas", |port| {
            let partition = brokers(port, &[1]).i32(1).i16(0).text("t").i8(0).i32(1);
            partition.i16(0).i32(0).i32(1).i32(i32::MAX)
        }),
        ("2 billion topics", |port| brokers(port, &[1]).i32(i32::MAX)),
        ("2 billion brokers", |_| Answer::default().i32(0).i32(i32::MAX)),
        ("nothing at all", |_| Answer::default()),
    ];
    // librdkafka 2.12 ends the process over a topic that it has not asked for by name, or twice by
    // one name (`rd_kafka_DescribeTopicsResponse_parse`), so here nobody asks by name.
    let too_much: [(&str, Said); 3] = [
        ("a long name", |port| {
            let both = topic(&"x".repeat(32_000), &[0]).and(topic("t", &[0]));
            brokers(port, &[1]).i32(2).and(both)
        }),
        ("a name for the terminal", |port| {
            let both = topic("\u{1b}[31mred", &[0]).and(topic("t", &[0]));
            brokers(port, &[1]).i32(2).and(both)
        }),
        ("a topic twice", |port| {
            brokers(port, &[1]).i32(2).and(topic("t", &[0])).and(topic("t", &[0]))
        }),
    ];
    let odd: [(&str, Said); 5] = [
        ("a broker without an id", |port| brokers(port, &[-1]).i32(1).and(topic("t", &[0]))),
        ("a broker twice", |port| brokers(port, &[1, 1]).i32(1).and(topic("t", &[0]))),
        ("nobody", |port| brokers(port, &[]).i32(1).and(topic("t", &[0]))),
        ("a partition twice", |port| brokers(port, &[1]).i32(1).and(topic("t", &[0, 0]))),
        ("a partition far away", |port| brokers(port, &[1]).i32(1).and(topic("t", &[2_000_000]))),
    ];
    let by_name = ["topics list", "lag", "produce t --acks 1", "consume t -e"];
    let known = [0, 2, 3, 6, 8];
    let all = no_sense.map(|(what, said)| (what, said, &by_name[..], &known[3..4])).into_iter();
    let all = all.chain(too_much.map(|(what, said)| (what, said, &by_name[..2], &known[..])));
    let all = all.chain(odd.map(|(what, said)| (what, said, &by_name[..], &known[..])));
    for (what, said, commands, known) in all {
        let address = serve(Arc::new(move |request| match request.kind {
            METADATA => Some(said(request.port)),
            _ => honest(request),
        }));
        let s = Sandbox::new();
        for words in commands {
            // The row is told by what fails within.
            let named = format!("{words} -b {address} -X client.id='{what}'");
            let run = run(&s, &named, SOON);
            let code = run.status().code();
            assert!(code.is_some_and(|code| known.contains(&code)), "{what}: {words}: {run}");
            assert!(!format!("{run}").contains('\u{1b}'), "{what}: {words}: {run}");
        }
    }
}

#[test]
fn more_tags_than_there_can_be_are_no_answer() {
    let address = serve(Arc::new(|request| {
        (request.kind == API_VERSIONS).then(|| {
            let mut answer = offer(3);
            answer.0.pop();
            answer.0.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
            answer
        })
    }));
    let s = Sandbox::new();
    for words in ["topics list", "produce t", "consume t -e", "lag"] {
        run(&s, &format!("{words} -b {address}"), SOON).code(6);
    }
}

#[test]
fn a_log_that_runs_in_circles_comes_to_an_end() {
    for (what, end, records, code, stdout) in [
        ("nothing comes", END, Vec::new(), 6, ""),
        ("the end goes back", 1, Vec::new(), 6, ""),
        ("the same again and again", END, batch(0, "ab"), 6, "a\nb\n"),
        ("what was not asked for", END, batch(-7, "ab"), 6, ""),
        ("all at once", END, batch(0, "abcde"), 0, "a\nb\nc\nd\ne\n"),
    ] {
        let address = serve(Arc::new(move |request| match request.kind {
            FETCH => Some(fetched(end, &records)),
            _ => honest(request),
        }));
        let s = Sandbox::new();
        let run = run(&s, &format!("consume t -e -b {address}"), SOON);
        assert_eq!(run.status().code(), Some(code), "{what}: {run}");
        assert_eq!(run.stdout(), stdout, "{what}: {run}");
    }
}

/// The version in which a request is made.
fn version(request: &Request) -> i16 {
    i16::from_be_bytes([request.bytes[2], request.bytes[3]])
}

/// The answer about `t-0` in the version in which `lag` asks for batches without librdkafka.
fn fetched_alone(code: i16, records: &[u8]) -> Answer {
    let answer = Answer::default().i32(0).i16(0).i32(0).i32(1).text("t").i32(1).i32(0).i16(code);
    answer.i64(END).i64(END).i64(0).i32(-1).i32(-1).bytes(records)
}

/// What a broker answers about group `g`, of which librdkafka hears that it has read nothing of
/// `t`.
fn about_group(request: &Request) -> Option<Answer> {
    Some(match request.kind {
        DESCRIBE_GROUPS => {
            let group = Answer::default().i32(1).i16(0).text("g").text("Empty").text("consumer");
            group.text("").i32(0)
        }
        OFFSET_FETCH => {
            let topic = Answer::default().i32(1).text("t").i32(1).i32(0).i64(0).text("").i16(0);
            topic.i16(0)
        }
        FETCH => fetched(END, &batch(0, "abcde")),
        _ => return honest(request),
    })
}

/// The row of group `g`, by a broker that answers `alone` to who asks for batches without
/// librdkafka; and how many asked so, and how many by librdkafka.
fn lag_of(what: &str, alone: Option<Answer>) -> (serde_json::Value, u32, u32) {
    let counts = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
    let counted = Arc::clone(&counts);
    let is_silent = what == "silence";
    let address = serve(Arc::new(move |request| match (request.kind, version(request)) {
        // Only who asks without librdkafka is offered more than one version.
        (API_VERSIONS, 0) => Some(Answer::default().i16(0).i32(1).i16(FETCH).i16(4).i16(11)),
        (FETCH, 11) => {
            counted[0].fetch_add(1, Ordering::AcqRel);
            if is_silent {
                std::thread::sleep(2 * SOON);
            }
            alone.clone()
        }
        (kind, _) => {
            counted[1].fetch_add(u32::from(kind == FETCH), Ordering::AcqRel);
            about_group(request)
        }
    }));
    let run = run(&Sandbox::new(), &format!("lag g --json -b {address}"), SOON);
    let row = run.success().items().next().unwrap();
    let [alone, others] = [0, 1].map(|which| counts[which].load(Ordering::Acquire));
    (row, alone, others)
}

#[test]
fn a_leader_that_answers_nonsense_is_asked_by_librdkafka() {
    // The first record is of 1970.
    let is_old = |row: &serde_json::Value| row["age_ms"].as_i64().is_some_and(|ms| ms > 1 << 40);
    let (row, alone, others) = lag_of("sense", Some(fetched_alone(0, &batch(0, "abcde"))));
    assert!(is_old(&row) && row["lag"] == END && alone == 1 && others == 0, "{row} {others}");
    let mut broken = batch(0, "abcde");
    broken[40] ^= 1;
    let many = Answer::default().i32(0).i16(0).i32(0).i32(i32::MAX);
    let good = fetched_alone(0, &batch(0, "abcde"));
    let cut = Answer(good.0[..good.0.len() - 9].to_vec());
    for (what, answer) in [
        ("the end", None),
        ("silence", None),
        ("nothing", Some(Answer::default())),
        ("too many topics", Some(many)),
        ("a cut", Some(cut)),
        ("not the leader", Some(fetched_alone(6, &[]))),
        ("an error nobody knows", Some(fetched_alone(4242, &[]))),
        ("no batches though there are some", Some(fetched_alone(0, &[]))),
        ("half a batch", Some(fetched_alone(0, &batch(0, "abcde")[..70]))),
        ("a wrong checksum", Some(fetched_alone(0, &broken))),
        ("what was not asked for", Some(fetched_alone(0, &batch(-7, "ab")))),
    ] {
        let (row, alone, others) = lag_of(what, answer);
        assert!(is_old(&row) && row["lag"] == END, "{what}: {row}");
        assert!((1..10).contains(&alone) && others > 0, "{what}: {alone} {others}");
    }
}

/// A text in flexible form.
fn short(text: &str) -> Answer {
    let mut answer = Answer::default().i8(text.len() as i8 + 1);
    answer.0.extend(text.as_bytes());
    answer
}

#[test]
fn a_coordinator_that_answers_nonsense_is_asked_by_librdkafka() {
    let begun = || Answer::default().i8(0).i32(0).i8(2).and(short("g"));
    let at = move |port: i32, code: i16| {
        begun().i32(1).and(short("127.0.0.1")).i32(port).i16(code).i8(0).i8(0).i8(0)
    };
    // Who is asked without librdkafka says that three records were read.
    let committed = move |code: i16| {
        let topic = begun().i8(2).and(short("t")).i8(2).i32(0).i64(3).i32(-1).i8(1).i16(0);
        topic.i8(0).i8(0).i16(code).i8(0).i8(0)
    };
    let half = |answer: Answer| Answer(answer.0[..answer.0.len() / 2].to_vec());
    let many = || Answer::default().i8(0).i32(0).i32(-1).i8(0x0f);
    // Where it is not said who the coordinator is, it is the broker that is asked.
    for (what, found, fetched, lag) in [
        ("sense", None, Some(committed(0)), 2),
        ("nothing of coordinators", Some(Answer::default()), None, 5),
        ("half of a coordinator", Some(half(at(1, 0))), None, 5),
        ("4 billion of them", Some(many()), None, 5),
        ("one that is not known", Some(at(-1, 15)), None, 5),
        ("one that is not there", Some(at(1, 0)), None, 5),
        ("the end of the connection", None, None, 5),
        ("half of what is committed", None, Some(half(committed(0))), 5),
        ("4 billion groups", None, Some(many()), 5),
        ("not the coordinator", None, Some(committed(16)), 5),
        ("another group", None, Some(Answer::default().i8(0).i32(0).i8(1).i8(0)), 5),
    ] {
        let asked = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&asked);
        let address = serve(Arc::new(move |request| match (request.kind, version(request)) {
            (API_VERSIONS, 0) => {
                let both = Answer::default().i16(0).i32(2).i16(FIND_COORDINATOR).i16(0).i16(4);
                Some(both.i16(OFFSET_FETCH).i16(2).i16(8))
            }
            (FIND_COORDINATOR, 4) => {
                counted.fetch_add(1, Ordering::AcqRel);
                Some(found.clone().unwrap_or_else(|| at(request.port.into(), 0)))
            }
            (OFFSET_FETCH, 8) => fetched.clone(),
            _ => about_group(request),
        }));
        let run = run(&Sandbox::new(), &format!("lag g --json -b {address}"), SOON);
        let row = run.success().items().next().unwrap();
        assert_eq!((&row["lag"], asked.load(Ordering::Acquire)), (&lag.into(), 1), "{what}: {run}");
        assert!(row["age_ms"].is_i64(), "{what}: {row}");
    }
}

#[test]
fn a_partition_that_is_gone_doubles_no_record_of_the_others() {
    let (looks, taken) = (AtomicU32::new(0), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&taken);
    let address = serve(Arc::new(move |request| match request.kind {
        // Two partitions at the first look, and one from then on.
        METADATA if request.bytes.ends_with(b"\0\x01t\0") => {
            let both = looks.fetch_add(1, Ordering::AcqRel) == 0;
            let partitions: &[i32] = if both { &[0, 1] } else { &[0] };
            Some(brokers(request.port, &[1]).i32(1).and(topic("t", partitions)))
        }
        PRODUCE => {
            // Behind the head of the request, of 13 bytes, and 27 more, is a batch; the number of
            // its records ends the head of that.
            let records = u32::from_be_bytes(request.bytes[97..101].try_into().unwrap());
            let before = count.fetch_add(records.into(), Ordering::AcqRel);
            let answer = Answer::default().i32(1).text("t").i32(1).i32(0).i16(0);
            Some(answer.i64(before as i64).i64(-1).i32(0))
        }
        _ => honest(request),
    }));
    let input: String = (0..40)
        .flat_map(|n| [n.to_string(), ":".to_owned(), n.to_string(), "\n".to_owned()])
        .collect();
    let s = Sandbox::new();
    let run = s.stdin(input).run(&format!("produce t -K : --acks 1 -b {address} --timeout 5s"));
    let [read, persisted, not, maybe] = counts(&run);
    assert_eq!((read, persisted + not, maybe), (40, 40, 0), "{run}");
    assert_eq!(taken.load(Ordering::Acquire), persisted, "{run}");
    assert!(persisted > 0 && not > 0, "{run}");
}

/// A broker to which batches are sent without librdkafka, and what it answers to each of them: the
/// partition, and the offset.
fn direct(answers: impl Fn(u32) -> (i32, i64) + Send + Sync + 'static) -> (String, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let address = direct_with(move |request| {
        let is_batch = request.kind == PRODUCE;
        let (partition, offset) =
            is_batch.then(|| answers(count.fetch_add(1, Ordering::AcqRel)))?;
        let answer = Answer::default().i32(1).text("t").i32(1).i32(partition).i16(0);
        Some(answer.i64(offset).i64(-1).i64(0).i32(0).i16(-1).i32(0))
    });
    (address, asked)
}

/// The same, which answers as `script` says, and else as an honest one.
fn direct_with(script: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> String {
    serve(Arc::new(move |request| match request.kind {
        API_VERSIONS => {
            let version = i16::from_be_bytes([request.bytes[2], request.bytes[3]]);
            Some(offer_with(version, &[(PRODUCE, 8), (INIT_PRODUCER_ID, 1)]))
        }
        INIT_PRODUCER_ID => Some(Answer::default().i32(0).i16(0).i64(7).i16(0)),
        _ => script(request).or_else(|| honest(request)),
    }))
}

#[test]
fn a_batch_that_nonsense_was_told_about_is_sent_again() {
    let s = Sandbox::new();
    for nonsense in [(7, 0), (0, i64::MAX), (0, -2)] {
        let (address, asked) = direct(move |at| if at == 0 { nonsense } else { (0, 5) });
        let args = format!("produce t -b {address} --report %o --timeout 5s");
        let begun = Instant::now();
        let run = s.stdin("a\nb\n").run(&args);
        assert_eq!(counts(&run), [2, 2, 0, 0], "{nonsense:?}: {run}");
        assert_eq!(run.success().stdout(), "5\n6\n");
        assert_eq!(asked.load(Ordering::Acquire), 2, "{nonsense:?}");
        assert!(begun.elapsed() < Duration::from_secs(3), "it is not waited for: {nonsense:?}");
    }
}

#[test]
fn without_the_offset_of_the_first_record_that_of_no_other_is_told() {
    let (address, _) = direct(|_| (0, -1));
    let s = Sandbox::new();
    let run = s.stdin("a\nb\n").run(&format!("produce t -b {address} --report %o"));
    assert_eq!(run.success().stdout(), "-1\n-1\n");
}

#[test]
fn partitions_without_a_leader_do_not_each_take_their_own_time() {
    let partitions: Vec<i32> = (0..16).collect();
    let is_led = Arc::new(AtomicBool::new(true));
    let moved = Arc::clone(&is_led);
    let address = direct_with(move |request| match request.kind {
        METADATA => {
            let mut answer = Answer::default().i16(0).text("t").i8(0).i32(partitions.len() as i32);
            let (code, leader) = if is_led.load(Ordering::Acquire) { (0, 1) } else { (5, -1) };
            for partition in &partitions {
                answer = answer.i16(code).i32(*partition).i32(leader).i32(1).i32(1).i32(1).i32(1);
            }
            Some(brokers(request.port, &[1]).i32(1).and(answer))
        }
        PRODUCE => {
            moved.store(false, Ordering::Release);
            // Behind the head of the request and the topic; nobody leads any more.
            let partition = i32::from_be_bytes(request.bytes[32..36].try_into().unwrap());
            let answer = Answer::default().i32(1).text("t").i32(1).i32(partition).i16(6);
            Some(answer.i64(-1).i64(-1).i64(-1).i32(0).i16(-1).i32(0))
        }
        _ => None,
    });
    let s = Sandbox::new();
    let begun = Instant::now();
    let mut run = s.spawn(&format!("produce t -K : -b {address} --timeout 4s"));
    run.write(b"first:x\n");
    // Most of these go to other partitions, and begin to wait when the first one has nearly ended.
    std::thread::sleep(Duration::from_secs(3));
    run.write(b"a:x\nb:x\nc:x\nd:x\ne:x\nf:x\n");
    let run = run.finish();
    assert!(begun.elapsed() < Duration::from_millis(5500), "{:?}: {run}", begun.elapsed());
    let [read, persisted, not, maybe] = counts(&run);
    assert_eq!((read, persisted, not + maybe), (7, 0, 7), "{run}");
    assert!(run.stderr().contains("no leader"), "{run}");
}

#[test]
fn a_broker_that_is_too_old_gets_what_was_asked_for_too() {
    let attributes = Arc::new(AtomicU32::new(u32::MAX));
    let found = Arc::clone(&attributes);
    let address = serve(Arc::new(move |request| match request.kind {
        API_VERSIONS => {
            let version = i16::from_be_bytes([request.bytes[2], request.bytes[3]]);
            Some(offer_with(version, &[(INIT_PRODUCER_ID, 1)]))
        }
        INIT_PRODUCER_ID => Some(Answer::default().i32(0).i16(0).i64(7).i16(0)),
        PRODUCE => {
            // The batch stands behind 40 bytes, and the low half of its attributes at 22 of it.
            found.store(request.bytes[62].into(), Ordering::Release);
            let answer = Answer::default().i32(1).text("t").i32(1).i32(0).i16(0);
            Some(answer.i64(0).i64(-1).i32(0))
        }
        _ => honest(request),
    }));
    let s = Sandbox::new();
    let run = s.stdin("x".repeat(5000)).run(&format!("produce t -b {address} --compression gzip"));
    run.success();
    assert_eq!(attributes.load(Ordering::Acquire), 1, "gzip: {run}");
}
