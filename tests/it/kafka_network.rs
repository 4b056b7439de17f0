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
use crate::sandbox::{Run, Sandbox};

/// What a request may take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How much longer a command may take, by the contract.
const GRACE: Duration = Duration::from_secs(2);

/// Each command, with what it reads.
const COMMANDS: [(&str, &str); 10] = [
    ("topics list", ""),
    ("topics create new", ""),
    ("topics describe t", ""),
    ("produce t", "x\n"),
    ("consume t -e", ""),
    ("groups list", ""),
    ("groups describe g", ""),
    ("lag g", ""),
    ("groups reset g --to start", ""),
    ("groups reset g --to start --execute", ""),
];

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
        broker.ask(json!({"do": "create", "topic": "t", "partitions": 2}));
        let network = Self { proxy, broker, round: AtomicUsize::new(0) };
        run(network.proxy.port(), "produce t", "a\nb\n").success();
        run(network.proxy.port(), "consume t -g g -n 1", "").success();
        network
    }

    /// Runs every command at once, and checks that each ends in time; answers them by their words.
    fn run_all(&self, mode: Mode) -> Vec<(&'static str, Run)> {
        self.proxy.set(mode);
        let (port, pauses) = (self.proxy.port(), Pauses::start());
        // A topic of an earlier round may be there, though nobody was told.
        let new = format!("topics create new{}", self.round.fetch_add(1, Ordering::Relaxed));
        let timed = move |(words, stdin), new: &str| {
            let started = Instant::now();
            let run = run(port, if words == "topics create new" { new } else { words }, stdin);
            (words, run, started.elapsed())
        };
        let start = |command| {
            let new = new.clone();
            thread::spawn(move || timed(command, &new))
        };
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
    let stderr = run.code(6).stderr();
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
