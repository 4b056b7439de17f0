//! Owns what is known of the connections of a client: what went wrong last, since when no broker
//! answers, and what of it is worth a line. Leaves taking up the client's events to `session`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka_sys::bindings::rd_kafka_resp_err_t as Known;

use super::error;
use super::ffi::{Code, Trouble};
use super::told::{self, About};
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::out::units;

/// A trouble that comes again after less than this is the same one: librdkafka repeats what lasts
/// every 30 s.
const SAME_WITHIN: Duration = Duration::from_secs(60);
/// An outage is told by the trouble that it began with, where that came at most this long before.
const JUST_NOW: Duration = Duration::from_secs(5);
/// How long a trouble or an outage lasts before it is told: while brokers start, there are short
/// ones, and what was said before an answer may come up after it.
const TELL_AFTER: Duration = Duration::from_secs(1);
/// How a line about a broker that is away begins.
const AWAY: &str = "a broker is away, and is tried again";

/// An outage: no broker is connected.
#[derive(Clone, Copy, Debug)]
struct Outage {
    since: Instant,
    /// How many answers there had been by then.
    answers: u64,
    is_told: bool,
}

/// What has gone wrong with the connections.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// How the brokers are reached.
    about: About,
    /// The last trouble of a connection, since a broker answered.
    last: Option<Trouble>,
    outage: Option<Outage>,
    /// Trouble that trying again does not help.
    denied: Option<Trouble>,
    /// The troubles that were told, by broker, and when they last came.
    told: HashMap<String, Instant>,
    /// A trouble that is yet to be told, and when it came.
    pending: Option<(Trouble, Instant)>,
    /// What is worth a line where nobody fails for it.
    news: Vec<String>,
}

impl Health {
    /// Nothing is known yet but how the brokers are reached.
    pub(super) fn new(about: About) -> Self {
        Self { about, ..Self::default() }
    }

    /// Takes up an error of the client, which has had so many answers so far.
    pub(super) fn note(&mut self, trouble: Trouble, answers: u64) {
        if trouble.code == Code::of(Known::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
            let is_recent = self.told.values().any(|came| came.elapsed() < JUST_NOW);
            let is_told = is_recent && self.pending.is_none();
            let outage = Outage { since: Instant::now(), answers, is_told };
            self.outage.get_or_insert(outage);
            return;
        }
        let of = told::broker(&trouble.text).unwrap_or_default().to_owned();
        let before = self.told.insert(of, Instant::now());
        let is_known = match &self.outage {
            Some(outage) => outage.is_told,
            None => before.is_some_and(|before| before.elapsed() < SAME_WITHIN),
        };
        if !is_known {
            self.pending.get_or_insert_with(|| (trouble.clone(), Instant::now()));
        }
        let kind = error::kind(trouble.code);
        let is_denied = kind.is_denial()
            || matches!(kind, ErrorKind::AuthenticationFailed | ErrorKind::TlsFailed);
        *(if is_denied { &mut self.denied } else { &mut self.last }) = Some(trouble);
    }

    /// Takes up that the client has had so many answers so far: one that came in an outage ended
    /// it. What has lasted until now is news.
    pub(super) fn note_answers(&mut self, answers: u64) {
        if let Some(outage) = self.outage.take_if(|outage| outage.answers != answers) {
            (self.last, self.pending) = (None, None);
            self.told.clear();
            if outage.is_told {
                let away = units::duration(outage.since.elapsed());
                self.news.push(format!("brokers answer again, after {away}"));
            }
        }
        if let Some((trouble, _)) = self.pending.take_if(|(_, at)| at.elapsed() >= TELL_AFTER) {
            self.tell(warning(&trouble, &self.about));
        }
        let lasts = |outage: &Outage| !outage.is_told && outage.since.elapsed() >= TELL_AFTER;
        if self.pending.is_none() && self.outage.as_ref().is_some_and(lasts) {
            self.tell(format!("{AWAY}: nobody answers of {}", self.about.list));
        }
    }

    /// Tells something, which is all that is told of an outage.
    fn tell(&mut self, line: String) {
        self.news.push(line);
        if let Some(outage) = &mut self.outage {
            outage.is_told = true;
        }
    }

    /// Has a line told.
    pub(super) fn add_news(&mut self, line: String) {
        self.news.push(line);
    }

    /// Notes that a question was answered.
    pub(super) fn note_answer(&mut self) {
        self.last = None;
    }

    /// What is worth a line since this was last asked.
    pub(super) fn take_news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// Whether there is any.
    pub(super) const fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// For how long no broker has been connected.
    pub(super) fn down(&self) -> Option<Duration> {
        self.outage.map(|outage| outage.since.elapsed())
    }

    /// The last trouble of a connection, since a broker answered.
    pub(super) const fn last(&self) -> Option<&Trouble> {
        self.last.as_ref()
    }

    /// Trouble that trying again does not help.
    pub(super) const fn denied(&self) -> Option<&Trouble> {
        self.denied.as_ref()
    }
}

/// One line about a trouble that librdkafka gets over by itself.
fn warning(trouble: &Trouble, about: &About) -> String {
    let ClusterError { kind, message, .. } = error::error(trouble);
    match kind {
        ErrorKind::Unreachable | ErrorKind::TimedOut => {
            let told = told::told(trouble, about, None).message;
            format!("{AWAY}: {told}")
        }
        _ => told::plain(&message).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(port: u16) -> Trouble {
        let text = format!(
            "[thrd:127.0.0.1:{port}/1]: 127.0.0.1:{port}/1: Connect to ipv4#127.0.0.1:{port} \
             failed: Connection refused (after 0ms in state CONNECT)"
        );
        Trouble { code: Code::of(Known::RD_KAFKA_RESP_ERR__TRANSPORT), text }
    }

    fn all_down() -> Trouble {
        Trouble::of(Code::of(Known::RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN))
    }

    fn health() -> Health {
        Health::new(About { list: "127.0.0.1:9".to_owned(), ..About::default() })
    }

    /// Lets time pass.
    fn age(health: &mut Health, by: Duration) {
        let earlier = |at: &mut Instant| *at = at.checked_sub(by).unwrap();
        health.pending.iter_mut().for_each(|(_, at)| earlier(at));
        health.outage.iter_mut().for_each(|outage| earlier(&mut outage.since));
        health.told.values_mut().for_each(earlier);
    }

    #[test]
    fn an_outage_is_one_line_and_its_end_another() {
        let mut health = health();
        let disconnected = Trouble {
            code: Code::of(Known::RD_KAFKA_RESP_ERR__TRANSPORT),
            text: "127.0.0.1:9/1: Disconnected (after 3ms in state UP)".to_owned(),
        };
        health.note(disconnected, 7);
        health.note(all_down(), 7);
        health.note(refused(9), 7);
        age(&mut health, TELL_AFTER);
        health.note_answers(7);
        let news = health.take_news();
        assert_eq!(news.len(), 1, "{news:?}");
        assert!(news[0].ends_with("cannot be talked to: Disconnected"), "{news:?}");
        assert!(health.down().is_some() && health.last().is_some(), "no answer has come since");
        health.note(refused(9), 7);
        age(&mut health, TELL_AFTER);
        health.note_answers(8);
        let news = health.take_news();
        assert!(news.len() == 1 && news[0].starts_with("brokers answer again"), "{news:?}");
        assert!(health.down().is_none() && health.last().is_none());
        health.note(all_down(), 8);
        health.note(refused(9), 8);
        age(&mut health, TELL_AFTER);
        health.note_answers(8);
        assert_eq!(health.take_news().len(), 1, "another outage is news again");
    }

    #[test]
    fn what_is_over_at_once_is_not_told() {
        let mut health = health();
        health.note(refused(9), 7);
        health.note(all_down(), 7);
        health.note_answers(7);
        health.note_answers(8);
        age(&mut health, TELL_AFTER);
        health.note_answers(8);
        assert!(!health.has_news() && health.down().is_none(), "it was short");
        // One that lasts is told, also without a trouble.
        health.note(all_down(), 8);
        age(&mut health, TELL_AFTER);
        health.note_answers(8);
        health.note_answers(9);
        let news = health.take_news();
        assert_eq!(news.len(), 2, "{news:?}");
        assert!(news[0].ends_with("nobody answers of 127.0.0.1:9"), "{news:?}");
    }

    #[test]
    fn one_broker_of_several_is_told_once() {
        let mut health = health();
        for port in [9, 9, 10, 9] {
            health.note(refused(port), 3);
            age(&mut health, TELL_AFTER);
            health.note_answers(4);
        }
        let news = health.take_news();
        assert_eq!(news.len(), 2, "{news:?}");
        assert!(news[0].contains("127.0.0.1:9 ") && news[1].contains("127.0.0.1:10,"), "{news:?}");
    }

    #[test]
    fn what_is_denied_is_kept() {
        let mut health = Health::default();
        let code = Code::of(Known::RD_KAFKA_RESP_ERR__AUTHENTICATION);
        health.note(Trouble { code, text: "k:9/1: no".to_owned() }, 0);
        health.note_answer();
        health.note_answers(9);
        assert!(health.denied().is_some() && health.last().is_none());
    }
}
