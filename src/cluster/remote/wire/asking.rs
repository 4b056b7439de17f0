//! Owns asking many brokers at once, each on a connection of its own, with answers by a deadline.
//! Leaves what is asked to the verbs.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::connection::{Connection, nonsense};
use super::{Api, is_plain};
use crate::cluster::remote::config;
use crate::cluster::remote::ffi::handle::Log;
use crate::cluster::remote::ffi::metadata::BrokerInfo;
use crate::cluster::types::Brokers;

/// The longest answer, as librdkafka has it.
const ANSWER_BYTES_MAX: usize = 100_000_000;
/// Brokers that are asked at once.
const AT_ONCE: usize = 16;

/// How brokers are asked.
#[derive(Clone, Copy, Debug)]
pub(in crate::cluster::remote) struct Asking<'a> {
    client_id: &'a str,
    log: &'a Arc<Log>,
    until: Instant,
}

impl<'a> Asking<'a> {
    /// Brokers that may be asked without librdkafka, with answers by half of the time that is left
    /// until `until`: where none come, librdkafka has the other half.
    pub(in crate::cluster::remote) fn new(
        brokers: &'a Brokers,
        log: &'a Arc<Log>,
        until: Instant,
    ) -> Option<Self> {
        let (now, client_id) = (Instant::now(), config::given(brokers, "client.id"));
        let until = now + until.saturating_duration_since(now) / 2;
        is_plain(brokers).then_some(Self { client_id: client_id.unwrap_or("kaw"), log, until })
    }

    /// The same, with answers by `until` if that is sooner.
    pub(in crate::cluster::remote) fn by(self, until: Instant) -> Self {
        Self { until: self.until.min(until), ..self }
    }

    /// When the answers are to be there.
    pub(in crate::cluster::remote) const fn until(&self) -> Instant {
        self.until
    }

    /// Connects to a broker. One that does not understand all of `wanted` is an error.
    pub(in crate::cluster::remote) fn open(
        &self,
        broker: &BrokerInfo,
        wanted: &[Api],
    ) -> io::Result<Connection> {
        let mut connection = Connection::open(broker, self.client_id, self.log, self.until)?;
        let understands = connection.understands(wanted, self.until)?;
        if understands { Ok(connection) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Asks; a question that is `None` is none.
    pub(in crate::cluster::remote) fn ask(
        &self,
        connection: &mut Connection,
        api: Api,
        body: Option<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        connection.ask(api, &body.ok_or_else(nonsense)?, ANSWER_BYTES_MAX, self.until)
    }

    /// Takes what an answer says, and for how many ms the broker holds back what comes next.
    pub(in crate::cluster::remote) fn told<T>(&self, answer: Option<(i32, T)>) -> io::Result<T> {
        let (throttled_ms, told) = answer.ok_or_else(nonsense)?;
        self.log.note_throttled(throttled_ms);
        Ok(told)
    }
}

/// Does the same for each of `all`, side by side.
pub(in crate::cluster::remote) fn of_each<T: Send, R: Send>(
    all: Vec<T>,
    does: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut done = Vec::with_capacity(all.len());
    let mut rest = all.into_iter();
    while rest.len() > 0 {
        thread::scope(|scope| {
            let does = &does;
            let some: Vec<_> =
                rest.by_ref().take(AT_ONCE).map(|one| scope.spawn(move || does(one))).collect();
            done.extend(some.into_iter().filter_map(|one| one.join().ok()));
        });
    }
    done
}
