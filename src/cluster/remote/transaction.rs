//! Owns transactions of a producer: when one begins and ends, and the fates of its records, which
//! wait for its end. Leaves the records themselves to `produce`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error;
use super::ffi::Trouble;
use super::ffi::transaction::Obstacle;
use super::lock;
use super::session::Session;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Delivery, Fate, Transactions};
use crate::sys;

/// How long one call lasts before signals are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long brokers that do not answer are told that a transaction is aborted.
const ABORT_AWAY_MAX: Duration = Duration::from_millis(500);
/// How long the fates of records that spoil a transaction may take to be told.
const FATES_MAX: Duration = Duration::from_millis(500);
/// How much later than anything else a commit is given up: records that are under way are found to
/// be late by a look once a second, and then it is known that they are not persisted.
const COMMIT_LATER: Duration = Duration::from_millis(750);

/// The fates that wait for the end of a transaction.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// How many records of each partition were settled.
    records: BTreeMap<i32, u64>,
    /// The first failure, and the number of its record.
    failure: Option<(Arc<ClusterError>, Option<u64>)>,
}

impl Pending {
    /// Keeps a fate.
    pub(super) fn keep(&mut self, delivery: &Delivery) {
        *self.records.entry(delivery.partition).or_default() += delivery.records;
        if let Some(error) = delivery.fate.error() {
            self.failure.get_or_insert_with(|| (Arc::clone(error), delivery.number));
        }
    }
}

/// How a transaction ended.
#[derive(Clone, Debug)]
enum Ended {
    Committed,
    /// Nobody will read its records.
    Aborted(Arc<ClusterError>, Option<u64>),
    /// The commit was asked for, and has no answer.
    Unknown(Arc<ClusterError>),
}

/// The transactions of one producer, one after another.
#[derive(Debug)]
pub(super) struct Transaction {
    options: Transactions,
    session: Arc<Session>,
    pending: Arc<Mutex<Pending>>,
    /// When the open one began.
    begun: Option<Instant>,
    /// How many records it has.
    records: u64,
    /// It can only be aborted.
    spoiled: bool,
    /// How the last one ended.
    ended: Option<Ended>,
}

impl Transaction {
    /// Takes the transactional id over. `check` fails once waiting makes no sense.
    pub(super) fn start(
        session: &Arc<Session>,
        options: Transactions,
        check: impl Fn() -> Result<()>,
    ) -> Result<Self> {
        let until = session.deadline();
        while let Err(obstacle) = session.client().init_transactions(TICK) {
            check()?;
            session.check_denied()?;
            if !obstacle.retriable {
                return Err(why(&obstacle.trouble));
            }
            if Instant::now() >= until {
                return Err(session.unreachable());
            }
        }
        let session = Arc::clone(session);
        let (pending, begun) = (Arc::default(), None);
        Ok(Self { options, session, pending, begun, records: 0, spoiled: false, ended: None })
    }

    /// Where the fates of its records wait.
    pub(super) const fn pending(&self) -> &Arc<Mutex<Pending>> {
        &self.pending
    }

    /// How many more records it takes; it is begun where none is open.
    pub(super) fn room(&mut self) -> Result<u64> {
        if self.begun.is_none() {
            let begun = self.session.client().begin_transaction();
            begun.map_err(|obstacle| why(&obstacle.trouble))?;
            (self.begun, self.records) = (Some(Instant::now()), 0);
        }
        Ok(self.options.records.map_or(u64::MAX, |most| most.saturating_sub(self.records)))
    }

    /// Notes that records were sent in it.
    pub(super) const fn add(&mut self, records: u64) {
        self.records += records;
    }

    /// Whether it is full, or has been open for long enough.
    pub(super) fn is_due(&self) -> bool {
        self.begun.is_some_and(|begun| {
            self.options.records.is_some_and(|most| self.records >= most)
                || self.options.time.is_some_and(|longest| begun.elapsed() >= longest)
        })
    }

    /// From now on it can only be aborted.
    pub(super) const fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// Ends the open one: commits it, or aborts it where a record failed, where it is spoiled, or
    /// for `reason`. Answers the fates of its records.
    pub(super) fn end(
        &mut self,
        reason: Option<ClusterError>,
        check: impl Fn() -> Result<()>,
    ) -> Vec<Delivery> {
        if self.begun.take().is_none() {
            return Vec::new();
        }
        let failure = lock(&self.pending).failure.clone();
        let spoiled = || {
            let message = "the transaction was aborted";
            ClusterError::new(ErrorKind::InvalidRequest, message)
        };
        let fatal = self.session.client().fatal().map(|trouble| why(&trouble));
        let reason = fatal.or(reason).or_else(|| self.spoiled.then(spoiled)).map(Arc::new);
        let is_away = failure.as_ref().is_some_and(|(error, _)| error.kind.is_away());
        let aborted = failure.or(reason.map(|reason| (reason, None)));
        let ended = match aborted {
            Some((error, number)) => {
                self.abort(is_away, &check);
                Ended::Aborted(error, number)
            }
            None => self.commit(&check),
        };
        self.ended = Some(ended);
        self.take_fates()
    }

    /// What was settled since, with the fate of the last transaction.
    pub(super) fn take_fates(&self) -> Vec<Delivery> {
        let Some(ended) = &self.ended else { return Vec::new() };
        let Pending { records, .. } = std::mem::take(&mut *lock(&self.pending));
        let fate = || match ended {
            Ended::Committed => (Fate::Persisted, None),
            Ended::Aborted(error, number) => (Fate::NotPersisted(Arc::clone(error)), *number),
            Ended::Unknown(error) => (Fate::MaybePersisted(Some(Arc::clone(error))), None),
        };
        let delivery = |(partition, records)| {
            let (fate, number) = fate();
            Delivery { records, fate, partition, number, report: None }
        };
        records.into_iter().map(delivery).collect()
    }

    /// Whether the last one ended well.
    pub(super) const fn is_well(&self) -> bool {
        matches!(self.ended, None | Some(Ended::Committed))
    }

    fn commit(&self, check: &impl Fn() -> Result<()>) -> Ended {
        // What is under way may take one timeout, and the commit another, while brokers answer.
        let (timeout, client) = (self.session.timeout(), self.session.client());
        let until = self.session.deadline() + timeout;
        let mut heard = (client.answers(), Instant::now());
        loop {
            let Err(obstacle) = self.session.client().commit_transaction(TICK) else {
                return Ended::Committed;
            };
            let Obstacle { trouble, retriable, requires_abort } = &obstacle;
            if *requires_abort {
                let failure = self.await_failure();
                let (error, number) = failure.unwrap_or_else(|| (Arc::new(why(trouble)), None));
                self.abort(error.kind.is_away(), check);
                return Ended::Aborted(error, number);
            }
            if !retriable {
                return Ended::Unknown(Arc::new(why(trouble)));
            }
            if let Err(error) = check().and_then(|()| self.session.check_denied()) {
                return Ended::Unknown(Arc::new(error));
            }
            if client.answers() != heard.0 {
                heard = (client.answers(), Instant::now());
            }
            if Instant::now() >= until || heard.1.elapsed() >= timeout + COMMIT_LATER {
                return Ended::Unknown(Arc::new(self.session.unreachable()));
            }
        }
    }

    /// The first failure of a record, which another thread may be about to tell.
    fn await_failure(&self) -> Option<(Arc<ClusterError>, Option<u64>)> {
        let until = Instant::now() + FATES_MAX;
        loop {
            let failure = lock(&self.pending).failure.clone();
            if failure.is_some() || Instant::now() >= until {
                return failure;
            }
            sys::wait_any(&[], Duration::from_millis(5));
        }
    }

    /// Tells the brokers that it is aborted, maybe since they are away. Where they cannot be told,
    /// they find out by its timeout: without a commit it is never committed.
    fn abort(&self, is_away: bool, check: &impl Fn() -> Result<()>) {
        // Who has not answered for as long as is waited is not waited for again.
        let away = is_away.then(|| Instant::now() + ABORT_AWAY_MAX);
        let until = away.unwrap_or_else(|| self.session.deadline());
        while let Err(obstacle) = self.session.client().abort_transaction(TICK) {
            if !obstacle.retriable || check().is_err() || Instant::now() >= until {
                return;
            }
        }
    }
}

/// The error of a step that was not done.
fn why(trouble: &Trouble) -> ClusterError {
    let mut error = error::error(trouble);
    if error.kind == ErrorKind::ProducerFenced {
        "another producer has taken over the transactional id, or the transaction was open for \
         longer than the brokers allow"
            .clone_into(&mut error.message);
    }
    error
}
