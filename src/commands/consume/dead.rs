//! Owns `--dead-letter`: the topic where records go that the command does not take. Leaves when
//! that is to `batches`.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::Args;
use crate::cluster::Producer;
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::{Acks, Delivery, Fate, ProducerOptions};
use crate::commands::topics::{create_missing, guard_internal};
use crate::commands::{Context, Failure, Status};
use crate::group::GroupId;
use crate::out::Out;
use crate::partitioner::Partitioner;
use crate::record::{HeaderSpan, RecordBuffer};
use crate::topic::TopicName;

/// Records sent at a time: fewer than there is room for answers.
const AT_ONCE: usize = 100;
/// A wait for the log ends after this, to look whether it makes sense.
const TICK: Duration = Duration::from_millis(100);

/// A topic of records that the command did not take.
#[derive(Debug)]
pub struct DeadLetters {
    /// Its name.
    pub topic: TopicName,
    group: String,
    producer: Producer,
    deliveries: Receiver<Delivery>,
}

impl DeadLetters {
    /// Opens the topic that was asked for, and creates it where that is allowed.
    pub fn open(context: &Context, args: &Args) -> Result<Option<Self>, Failure> {
        let Some(topic) = args.dead_letter.clone() else { return Ok(None) };
        if args.topics.contains(&topic) {
            let message = format!("--dead-letter: topic `{topic}` is the one that is read");
            return Err(Failure::usage(message));
        }
        guard_internal("send dead letters to", std::slice::from_ref(&topic), false)
            .map_err(|failure| failure.instead("choose another topic"))?;
        let cluster = context.cluster()?;
        let open = || {
            if cluster.topic_limits(&topic)?.is_none() {
                create_missing(context, cluster, &topic, 1, false)?;
            }
            let options = ProducerOptions {
                acks: Acks::All,
                compression: None,
                batch_bytes: None,
                partitioner: Partitioner::default(),
                linger: None,
                transactions: None,
                resume: None,
                report: false,
                // Not cut short by a signal: only what is written here lets the group go on.
                interrupted: Arc::default(),
            };
            cluster.producer(&topic, options)
        };
        let producer =
            open().map_err(|error| context.failure("open the dead-letter topic", error))?;
        let deliveries = producer.deliveries();
        let group = args.group.as_ref().map_or("", GroupId::as_str).to_owned();
        Ok(Some(Self { topic, group, producer, deliveries }))
    }

    /// Writes records there, each with where it is from and why it is there. They are on disk when
    /// this returns.
    pub fn write(
        &mut self,
        of: &str,
        records: &RecordBuffer,
        reason: &str,
        out: &Out,
    ) -> Result<(), Failure> {
        for spans in records.spans.chunks(AT_ONCE) {
            let mut buffer = RecordBuffer::default();
            for span in spans {
                buffer.push_copy(span, records);
                let partition = span.partition.to_string();
                let offset = span.offset.to_string();
                for (name, value) in [
                    ("kaw.dlq.topic", of),
                    ("kaw.dlq.partition", partition.as_str()),
                    ("kaw.dlq.offset", offset.as_str()),
                    ("kaw.dlq.group", self.group.as_str()),
                    ("kaw.dlq.error", reason),
                ] {
                    let name = buffer.store(name.as_bytes());
                    let value = buffer.store(value.as_bytes());
                    buffer.headers.push(HeaderSpan { name, value });
                }
                if let Some(last) = buffer.spans.last_mut() {
                    last.headers_len = buffer.headers.len() as u32 - last.headers_start;
                    last.partition = -1;
                }
            }
            let sent = self.send(buffer);
            while let Ok(warning) = self.producer.warnings().try_recv() {
                out.warn(warning);
            }
            sent.map_err(|error| self.failure(error))?;
        }
        Ok(())
    }

    /// Sends records and waits until all of them are on disk.
    fn send(&mut self, buffer: RecordBuffer) -> Result<(), ClusterError> {
        let mut left = buffer.len() as u64;
        self.producer.send(&Arc::new(buffer));
        self.producer.flush();
        while left > 0 {
            match self.deliveries.recv_timeout(TICK) {
                Ok(Delivery { records, fate: Fate::Persisted, .. }) => {
                    left = left.saturating_sub(records);
                }
                Ok(Delivery { fate, .. }) => return Err(error_of(&fate)),
                Err(RecvTimeoutError::Timeout) => self.producer.check()?,
                Err(RecvTimeoutError::Disconnected) => return Err(unknown()),
            }
        }
        Ok(())
    }

    /// The failure to write: of the local environment, whatever the log said.
    fn failure(&self, error: ClusterError) -> Failure {
        let doing = format!("write to the dead-letter topic `{}`", self.topic);
        let error = error.about(self.topic.as_str());
        Failure { status: Status::Local, ..Failure::cluster(&doing, error) }
            .hint("nothing of this batch is committed")
    }
}

/// Nobody knows what became of records.
fn unknown() -> ClusterError {
    ClusterError::new(ErrorKind::TimedOut, "nobody answered")
}

/// The error of records that are not, or not surely, in the log.
fn error_of(fate: &Fate) -> ClusterError {
    let copy = |error: &Arc<ClusterError>| ClusterError::new(error.kind, error.message.clone());
    fate.error().map_or_else(unknown, copy)
}
