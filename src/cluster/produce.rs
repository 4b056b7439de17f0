//! Owns the three kinds of producer as one. Leaves sending to the back ends.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};

use super::embedded::produce::Producer as EmbeddedProducer;
use super::error::Result;
use super::remote::direct::Producer as DirectProducer;
use super::remote::produce::Producer as RemoteProducer;
use super::types::Delivery;
use crate::record::RecordBuffer;

/// How often a wait looks whether it makes sense.
const TICK: Duration = Duration::from_millis(100);

/// Tells a fate from the thread that sends, unless `check` says that waiting makes no sense: then
/// it is not counted here, and so counted as unknown in the end.
pub(super) fn tell(
    deliveries: &Sender<Delivery>,
    mut delivery: Delivery,
    check: impl Fn() -> Result<()>,
) {
    while let Err(SendTimeoutError::Timeout(back)) = deliveries.send_timeout(delivery, TICK) {
        delivery = back;
        if check().is_err() {
            return;
        }
    }
}

/// Appends records to one topic.
#[derive(Debug)]
pub enum Producer {
    /// Of a log directory.
    Embedded(Box<EmbeddedProducer>),
    /// Of brokers, through librdkafka.
    Remote(Box<RemoteProducer>),
    /// Of brokers, without it.
    Direct(Box<DirectProducer>),
}

impl Producer {
    /// The fates of records, as they become known. A handle of its own, for another thread.
    pub fn deliveries(&self) -> Receiver<Delivery> {
        match self {
            Self::Embedded(producer) => producer.deliveries(),
            Self::Remote(producer) => producer.deliveries(),
            Self::Direct(producer) => producer.deliveries(),
        }
    }

    /// What is worth a warning, as it comes up.
    pub fn warnings(&self) -> Receiver<String> {
        match self {
            Self::Embedded(producer) => producer.warnings(),
            Self::Remote(producer) => producer.warnings(),
            Self::Direct(producer) => producer.warnings(),
        }
    }

    /// Takes the records of `buffer`; each gets its fate as a delivery. Blocks while the log is
    /// behind. `false` means that an earlier record failed and nothing more is taken.
    pub fn send(&mut self, buffer: &Arc<RecordBuffer>) -> bool {
        match self {
            Self::Embedded(producer) => producer.send(buffer),
            Self::Remote(producer) => producer.send(buffer),
            Self::Direct(producer) => producer.send(buffer),
        }
    }

    /// Whether nothing more will come of sending: a record failed, or waiting makes no sense.
    pub fn is_stuck(&self) -> bool {
        match self {
            Self::Embedded(producer) => producer.is_stuck(),
            Self::Remote(producer) => producer.is_stuck(),
            Self::Direct(producer) => producer.is_stuck(),
        }
    }

    /// Fails when waiting for the fates of records any longer makes no sense.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Embedded(producer) => producer.check(),
            Self::Remote(producer) => producer.check(),
            Self::Direct(producer) => producer.check(),
        }
    }

    /// Hands over what is taken without waiting for full batches.
    pub fn flush(&mut self) {
        match self {
            Self::Embedded(producer) => producer.flush(),
            Self::Remote(producer) => producer.flush(),
            Self::Direct(producer) => producer.flush(),
        }
    }

    /// Commits the open transaction if it is time to; for who waits for input.
    pub fn commit_if_due(&mut self) {
        match self {
            Self::Embedded(_) | Self::Direct(_) => {}
            Self::Remote(producer) => producer.commit_if_due(),
        }
    }

    /// From now on the open transaction, if there is one, can only be aborted.
    pub fn spoil(&mut self) {
        match self {
            Self::Embedded(_) | Self::Direct(_) => {}
            Self::Remote(producer) => producer.spoil(),
        }
    }

    /// Whether everything was handed over, so that waiting for more input gains nothing.
    pub fn is_idle(&self) -> bool {
        match self {
            Self::Embedded(producer) => producer.is_idle(),
            Self::Remote(producer) => producer.is_idle(),
            Self::Direct(producer) => producer.is_idle(),
        }
    }

    /// Sends what is left. The deliveries end when all fates are known. An error means that waiting
    /// for that made no sense, and what is left is unknown.
    pub fn close(self) -> Result<()> {
        match self {
            Self::Embedded(producer) => producer.close(),
            Self::Remote(producer) => producer.close(),
            Self::Direct(producer) => producer.close(),
        }
    }
}
