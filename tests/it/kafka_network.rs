//! Owns what commands do on a bad network, with a proxy in front of a real broker: every one ends
//! in time, with its exit code and one line. Leaves the network to `proxy`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::{Broker, Options};
use crate::kafka_outage::counts;
use crate::needs::Need;
use crate::proxy::{Mode, Proxy};
use crate::sandbox::{Run, Running, Sandbox};

/// What a request may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How much longer a command may take, by the contract.
const GRACE: Duration = Duration::from_secs(2);

/// Each command, with what it reads. `#` is the number of the round: what was made or taken away
/// in an earlier one may be so though nobody was told.
const COMMANDS: [(&str, &str); 20] = [
    ("topics list", ""),
    ("topics create new#", ""),
    ("topics describe t", ""),
    ("topics alter t -c retention.ms=10000000#", ""),
    ("topics trim t --to 0", ""),
    ("topics delete old#", ""),
    ("produce t", "x\n"),
    ("produce u --transactional-id id#", "x\n"),
    ("bench produce u -n 10", ""),
    ("consume t -e", ""),
    ("consume t -e -g reads#", ""),
    ("copy t copy#", ""),
    ("groups list", ""),
    ("groups describe g", ""),
    ("groups members g", ""),
    ("groups forget old# --topic t", ""),
    ("groups delete gone#", ""),
    ("lag g", ""),
    ("groups reset g --to start", ""),
    ("groups skip skips u:0", ""),
];
/// How many rounds there are at most.
const ROUNDS: usize = 6;

/// Measures for how long nobody ran on this machine: that is not the time of a command.
struct Pauses {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Pauses {
    fn start() -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let thread = thread::spawn(move || {
            let (step, mut paused) = (Duration::from_millis(20), Duration::ZERO);
            while !is_stopped.load(Ordering::Acquire) {
                let started = Instant::now();
                thread::sleep(step);
                paused += started.elapsed().saturating_sub(step);
            }
            paused
        });
        Self { stopped, thread }
    }

    fn stop(self) -> Duration {
        self.stopped.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// Runs a command through the proxy on this port.
fn run(port: u16, words: &str, stdin: &str) -> Run {
    let words = format!("{words} -b 127.0.0.1:{port} --timeout {}s", TIMEOUT.as_secs());
    Sandbox::new().stdin(stdin).run(&words)
}

/// A broker behind a proxy, with a topic of records and a group that has read some.
struct Network {
    proxy: Proxy,
    broker: Broker,
    round: AtomicUsize,
}

impl Network {
    fn new() -> Self {
        let proxy = Proxy::start();
        let options = Options {
            listeners: vec![("PROXIED", "PLAINTEXT")],
            advertised: vec![("PROXIED", format!("127.0.0.1:{}", proxy.port()))],
            ..Options::default()
        };
        let broker = Broker::start(&options);
        proxy.lead_to(broker.address("PROXIED"));
        let olds = (0..ROUNDS).map(|round| format!("old{round}"));
        for topic in olds.chain(["t".to_owned(), "u".to_owned()]) {
            broker.ask(json!({"do": "create", "topic": topic, "partitions": 2}));
        }
        let network = Self { proxy, broker, round: AtomicUsize::new(0) };
        run(network.proxy.port(), "produce t", "a\nb\n").success();
        run(network.proxy.port(), "consume t -g g -n 1", "").success();
        run(network.proxy.port(), "produce u -p 0", "a\n").success();
        let of_rounds = (0..ROUNDS).flat_map(|n| ["old", "gone"].map(|name| format!("{name}{n}")));
        for (group, topic) in of_rounds.map(|group| (group, "t")).chain([("skips".to_owned(), "u")])
        {
            let words = format!("groups reset {group} --to start --topic {topic} --execute");
            run(network.proxy.port(), &words, "").success();
        }
        network
    }

    /// Runs every command at once, and checks that each ends in time; answers them by their words.
    fn run_all(&self, mode: Mode) -> Vec<(&'static str, Run)> {
        self.proxy.set(mode);
        let (port, pauses) = (self.proxy.port(), Pauses::start());
        let round = self.round.fetch_add(1, Ordering::Relaxed);
        assert!(round < ROUNDS, "there is nothing prepared for it");
        let timed = move |(words, stdin): (&'static str, &str)| {
            let started = Instant::now();
            let run = run(port, &words.replace('#', &round.to_string()), stdin);
            (words, run, started.elapsed())
        };
        let start = |command| thread::spawn(move || timed(command));
        let threads: Vec<_> = COMMANDS.into_iter().map(start).collect();
        let runs: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        self.proxy.set(Mode::Pass);
        let most = TIMEOUT + GRACE + pauses.stop();
        let in_time = |(words, run, took): (&'static str, Run, Duration)| {
            assert!(took <= most, "{mode:?}: {words}: {took:?}: {}", run.stderr());
            (words, run)
        };
        runs.into_iter().map(in_time).collect()
    }
}

/// Checks a command that was not answered: it says so on one line, and claims nothing.
#[track_caller]
fn assert_unreachable(words: &str, run: &Run) {
    // A measurement is told, and says how many of its records failed.
    let measured = words.starts_with("bench") && run.stdout().contains("not acknowledged");
    let stderr = run.code(if measured { 3 } else { 6 }).stderr();
    let errors = stderr.lines().filter(|line| line.starts_with("kaw: ")).count();
    assert_eq!(errors, 1, "{words}: {stderr}");
    if words.starts_with("produce") && stderr.contains("read ") {
        let [read, persisted, not_persisted, maybe] = counts(run);
        assert_eq!((persisted, not_persisted + maybe), (0, read), "{stderr}");
    }
}

#[test]
fn a_broker_that_is_silent_is_given_up_in_time() {
    if !Need::Kafka.met() {
        return;
    }
    let network = Network::new();
    for (words, run) in network.run_all(Mode::Stall(0)) {
        assert_unreachable(words, &run);
    }
    // It falls silent in the middle, here and there.
    for after in [500, 900, 1500, 2500] {
        for (words, run) in network.run_all(Mode::Stall(after)) {
            if !run.status().success() {
                assert_unreachable(words, &run);
            }
        }
    }
    // Nothing of that is left.
    let run = run(network.proxy.port(), "consume t -e", "");
    assert!(run.success().stdout().lines().filter(|line| *line == "a").count() == 1, "{run:?}");
    network.broker.ask(json!({"do": "topics"}));
}

#[test]
fn connections_that_are_cut_are_made_again() {
    if !Need::Kafka.met() {
        return;
    }
    let network = Network::new();
    for (words, run) in network.run_all(Mode::Cut(0)) {
        assert_unreachable(words, &run);
    }
    for after in [500, 900, 1500, 2500] {
        for (words, run) in network.run_all(Mode::Cut(after)) {
            if !run.status().success() {
                assert_unreachable(words, &run);
            }
        }
    }
    // A slow network is none that is broken.
    for (_, run) in network.run_all(Mode::Slow(Duration::from_millis(40))) {
        run.success();
    }
}

#[test]
fn who_is_in_the_middle_of_it_is_done_in_time() {
    if !Need::Kafka.met() {
        return;
    }
    let network = Network::new();
    let input: String = (0..5000).flat_map(|n: u32| [n.to_string(), "\n".to_owned()]).collect();
    run(network.proxy.port(), "produce t -p 0", &input).success();
    let sandbox = Sandbox::new();
    let file = sandbox.write("input", &input);
    let start = |words: &str| {
        let (port, timeout) = (network.proxy.port(), TIMEOUT.as_secs());
        sandbox.spawn(&format!("{words} -b 127.0.0.1:{port} --timeout {timeout}s"))
    };
    let member = |more: &str| start(&format!("consume t -e --rate 500/s {more}"));
    let mut members = [member("-g classic"), member("-g newer -X group.protocol=consumer")];
    let transactions = start(&format!(
        "produce u --rate 500/s --transactional-id id --transaction-records 100 {}",
        file.display()
    ));
    for member in &mut members {
        member.next_line().expect("a first record");
    }
    network.proxy.set(Mode::Stall(0));
    let (started, pauses) = (Instant::now(), Pauses::start());
    let [classic, newer] = members.map(Running::finish);
    let transactions = transactions.finish();
    let (took, most) = (started.elapsed(), TIMEOUT + GRACE + pauses.stop());
    network.proxy.set(Mode::Pass);
    assert!(took <= most, "{took:?}: {classic}{newer}{transactions}");
    for (group, member) in [("classic", classic), ("newer", newer)] {
        assert_unreachable("consume", &member);
        let stderr = member.stderr();
        assert!(
            stderr.contains("kaw: cannot consume: what was read is not committed: "),
            "{stderr}"
        );
        let told = format!("warning: a commit of group `{group}` has no answer");
        assert_eq!(stderr.matches(&told).count(), 1, "{stderr}");
    }
    let [read, persisted, not_persisted, maybe] = counts(transactions.code(6));
    assert_eq!((persisted + not_persisted + maybe, persisted % 100), (read, 0), "{transactions}");
    let errors = transactions.stderr().lines().filter(|line| line.starts_with("kaw: ")).count();
    assert_eq!(errors, 1, "{transactions}");
}
