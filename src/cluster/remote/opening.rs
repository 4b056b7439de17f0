//! Owns opening a producer: with what, and through whom it sends. Leaves sending to `direct`, and
//! where that does not do, to `produce`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::{self, BATCH_BYTES, Sending, Use};
use super::direct::Making;
use super::error;
use super::ffi::topic::Topic;
use super::produce::Producer;
use super::session::{LOOK_MAX, Session};
use super::topics::KnownLimits;
use super::{Remote, lock};
use crate::cluster;
use crate::cluster::error::{ClusterError, Result};
use crate::cluster::types::ProducerOptions;
use crate::topic::TopicName;

/// How long a record may take where so much of the timeout is gone already, and its end is found to
/// be over so late.
fn time_left(timeout: Duration, gone: Duration, late: Duration) -> Duration {
    timeout.saturating_sub(gone + late).max(timeout / 4)
}

/// How late librdkafka finds what is late: it looks for that once a second.
fn late(session: &Session) -> Duration {
    Duration::from_secs(1).min(session.timeout() / 8)
}

/// The topic for librdkafka, to which the first who names it says what holds for it. It asks for a
/// producer id when it is told of topics, and else only half a second later.
fn open_topic(
    session: &Session,
    topic: &TopicName,
    properties: &[(&str, String)],
    at_most: Duration,
) -> Result<Topic> {
    let sink = Topic::new(session.client(), topic.as_str(), properties)
        .map_err(|trouble| error::error(&trouble))?;
    drop(sink.info(at_most));
    Ok(sink)
}

impl Remote {
    /// A producer for `topic`.
    pub fn producer(
        &self,
        topic: &TopicName,
        options: ProducerOptions,
    ) -> Result<cluster::Producer> {
        let limits = self.limits_of(topic)?;
        let limits = limits.ok_or_else(|| ClusterError::unknown_topic(topic.as_str()))?;
        let most = options.batch_bytes.unwrap_or(BATCH_BYTES);
        let batch_bytes = most.min(limits.limits.max_message_bytes).max(1);
        let sending = Sending { acks: options.acks, batch_bytes, ..Sending::default() };
        let mut sending = sending.for_records_of(limits.limits.max_message_bytes);
        let (longest, begun) = (sending.longest(&self.brokers), Instant::now());
        if self.may_be_direct(&options) {
            let session = self.producing(None)?;
            let timeout = time_left(session.timeout(), limits.asked_for, Duration::ZERO);
            let making = Making { batch_bytes, longest, timeout };
            // The first who names a topic says what holds for it, also where that is in vain.
            let left = time_left(session.timeout(), limits.asked_for, late(&session));
            let properties = self.of_topic(&limits, &options, left);
            let direct =
                self.direct_producer(session, topic, &limits, making, &properties, &options)?;
            if let Some(direct) = direct {
                return Ok(cluster::Producer::Direct(Box::new(direct)));
            }
        }
        let spent = begun.elapsed();
        sending.linger = options.linger.unwrap_or(sending.linger);
        sending.transactional_id = options.transactions.as_ref().map(|of| of.id.clone());
        let session = self.producing(Some(Use::Produce(sending)))?;
        let timeout = time_left(session.timeout(), limits.asked_for + spent, late(&session));
        let properties = self.of_topic(&limits, &options, timeout);
        let look = LOOK_MAX.saturating_sub(spent).max(Duration::from_millis(1));
        let sink = open_topic(&session, topic, &properties, look)?;
        let producer = Producer::start(session, topic, sink, &limits, longest, options)?;
        Ok(cluster::Producer::Remote(Box::new(producer)))
    }

    /// What holds for a topic whose records may take so long.
    fn of_topic(
        &self,
        limits: &KnownLimits,
        options: &ProducerOptions,
        timeout: Duration,
    ) -> Vec<(&'static str, String)> {
        let codec = options.compression.or(limits.compression).unwrap_or_default();
        let mut properties = vec![("compression.codec", codec.name().to_owned())];
        if config::given(&self.brokers, "message.timeout.ms").is_none() {
            // librdkafka wants it to be longer than the wait for other records.
            let left = options.linger.map_or(timeout, |linger| timeout.max(linger * 5 / 4));
            let most = match options.transactions {
                Some(_) => config::TRANSACTION_MS_MAX,
                None => config::TIMEOUT_MS_MAX,
            };
            let left_ms = left.as_millis().clamp(1, most);
            properties.push(("message.timeout.ms", left_ms.to_string()));
        }
        properties
    }

    /// The client that sends: the one that was opened early, if it will do. `None` takes any.
    fn producing(&self, usage: Option<Use>) -> Result<Arc<Session>> {
        let early = lock(&self.early).take();
        let usage = match (early, usage) {
            (Some((session, _)), None) => return Ok(session),
            (Some((session, was)), Some(usage)) if was == usage => return Ok(session),
            (_, usage) => usage.unwrap_or_else(|| Use::Produce(Sending::default())),
        };
        Ok(Arc::new(self.open_session(&usage)?))
    }
}
