//! Owns the talk with tests/kafka/Oracle.java, which puts questions to brokers through Kafka's own
//! clients: one such program for all tests of a process, which may ask side by side.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::broker::{java, libs};

/// How long an answer may take: the oracle itself gives up sooner.
const PATIENCE: Duration = Duration::from_secs(120);

/// The oracle. It ends when its stdin does, with this process.
struct Oracle {
    /// Its stdin, and the number of the next question.
    questions: Mutex<(ChildStdin, u64)>,
    /// Who waits for the answer of which question.
    waiting: Mutex<BTreeMap<u64, Sender<Value>>>,
}

/// The oracle, started at the first question.
fn oracle() -> &'static Oracle {
    static ORACLE: OnceLock<Oracle> = OnceLock::new();
    let mut started = None;
    let oracle = ORACLE.get_or_init(|| {
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut command = java("Oracle.java", &libs(None), "-Xmx256m", tmp);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("java can be run");
        let stdin = child.stdin.take().expect("it is piped");
        started = Some(child);
        Oracle { questions: Mutex::new((stdin, 1)), waiting: Mutex::default() }
    });
    if let Some(mut child) = started {
        let output = child.stdout.take().expect("it is piped");
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let line = line.expect("the oracle can be read");
                let answer: Value = serde_json::from_str(&line).expect("it speaks JSON");
                let id = answer["id"].as_u64().expect("an answer has its number");
                let asker = oracle.waiting.lock().unwrap().remove(&id);
                // Who gave up does not listen.
                drop(asker.expect("somebody asked").send(answer));
            }
            // Whoever waits learns of the end by this.
            oracle.waiting.lock().unwrap().clear();
            drop(child.wait());
        });
    }
    oracle
}

/// Puts a question about the brokers `at`; answers the class and the text of an error.
pub fn try_ask(at: &str, mut question: Value) -> Result<Value, (String, String)> {
    let oracle = oracle();
    let (sender, receiver) = mpsc::channel();
    {
        let mut questions = oracle.questions.lock().unwrap();
        let (stdin, next) = &mut *questions;
        question["id"] = json!(*next);
        question["at"] = json!(at);
        oracle.waiting.lock().unwrap().insert(*next, sender);
        *next += 1;
        writeln!(stdin, "{question}").expect("the oracle listens");
    }
    let mut answer =
        receiver.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("no answer to {question}: {e}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if answer["error"].is_null() {
        Ok(answer["ok"].take())
    } else {
        Err((text(&answer["error"]), text(&answer["why"])))
    }
}

/// As [`try_ask`], where an error is a failure of the test.
#[track_caller]
pub fn ask(at: &str, question: Value) -> Value {
    let asked = question.to_string();
    try_ask(at, question).unwrap_or_else(|(class, why)| panic!("{asked}: {class}: {why}"))
}
