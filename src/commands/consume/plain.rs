//! Owns reading partitions that were asked for, without a group: from where to where, and taking up
//! topics and partitions that come while it follows. Leaves waiting and reading to the cluster.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::range::Range;
use super::{Args, gaps};
use crate::cluster::error::{ClusterError, Result};
use crate::cluster::types::{ConsumeFrom, DELETED, Hole, Jump, OffsetAt, Polled, Skipped};
use crate::cluster::{Cluster, Consumer, TopicsWatch};
use crate::commands::Failure;
use crate::commands::topics::distinct;
use crate::offset::{OffsetSpec, Position};
use crate::out::{Out, units};
use crate::record::RecordBuffer;
use crate::sys::{self, Word};
use crate::topic::{PartitionDetail, TopicDetail, TopicName, TopicPartition};

/// How often topics are looked at where nothing tells that they changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Partitions that were asked for.
pub struct Plain<'a> {
    cluster: &'a Cluster,
    args: &'a Args,
    consumer: Consumer,
    /// The partitions that polls name by number.
    of: Vec<TopicPartition>,
    /// Those that are read, or were read to their end.
    known: BTreeSet<TopicPartition>,
    /// Tells that topics changed, where new partitions are to be read too.
    watch: Option<TopicsWatch>,
    /// A topic was deleted: it may be there again.
    is_due: bool,
    /// The start of a partition was not known at the last look.
    is_partial: bool,
    /// What is to be told before anything is read.
    jumped: Vec<Jump>,
    holes: Vec<(TopicPartition, Hole)>,
    warnings: Vec<String>,
}

impl<'a> Plain<'a> {
    /// Finds out what to read from where to where.
    pub(super) fn open(
        cluster: &'a Cluster,
        args: &'a Args,
        range: &Range,
    ) -> Result<Result<Self, Failure>> {
        let follows = !args.exit && range.all.to.is_none() && args.partitions.is_none();
        let first = args.regex.is_some().then(|| cluster.consumer_to_be()).transpose()?;
        // Before the topics are looked at, so that no change in between is missed.
        let watch = follows.then(|| cluster.watch_topics()).transpose();
        let Resolved { from, jumped, holes, warnings } = match resolve(cluster, args, range)? {
            Ok(resolved) => resolved,
            Err(failure) => return Ok(Err(failure)),
        };
        let watch = watch?;
        let of: Vec<TopicPartition> = from
            .iter()
            .map(|f| TopicPartition { topic: f.topic.clone(), partition: f.partition })
            .collect();
        let consumer = match first {
            Some(mut consumer) => {
                cluster.extend_consumer(&mut consumer, &from, 0)?;
                consumer
            }
            None => cluster.consumer(&from)?,
        };
        let known = of.iter().cloned().collect();
        let mut consumer = consumer;
        set_up(&mut consumer, args);
        Ok(Ok(Self {
            cluster,
            args,
            consumer,
            of,
            known,
            watch,
            is_due: false,
            is_partial: false,
            jumped,
            holes,
            warnings,
        }))
    }

    /// Whether it has no partition.
    pub const fn is_of_nothing(&self) -> bool {
        self.consumer.is_of_nothing()
    }

    /// The topic of a partition that a poll named.
    pub fn topic(&self, of: usize) -> &str {
        self.of.get(of).map_or("", |of| of.topic.as_str())
    }

    /// What is worth a warning since this was last asked.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.warnings.extend(self.consumer.take_warnings());
        std::mem::take(&mut self.warnings)
    }

    /// What was passed over as damaged since this was last asked.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        self.consumer.take_skipped()
    }

    /// Where reading went on elsewhere since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        self.jumped.extend(self.consumer.take_jumped());
        std::mem::take(&mut self.jumped)
    }

    /// Tells which offsets have no record, for `--gaps`.
    pub fn tell_holes(&mut self, out: &Out) {
        if self.args.gaps {
            self.holes.extend(self.consumer.take_holes());
            gaps::tell(&std::mem::take(&mut self.holes), self.args.is_json(), out);
        }
    }

    /// Reads records of one partition, or waits for some. Says of topics that they came or went.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: Word<'_>,
        out: &Out,
    ) -> Result<Polled> {
        if self.watch.as_ref().is_some_and(|watch| self.is_due || watch.is_due()) {
            self.look(out)?;
        }
        let mut words = vec![beside];
        words.extend(self.watch.as_ref().and_then(TopicsWatch::word));
        let until = match &self.watch {
            Some(watch) if watch.word().is_none() => until.min(Instant::now() + LOOK_EVERY),
            _ => until,
        };
        if self.consumer.is_of_nothing() && self.watch.is_some() {
            sys::wait_any(&words, until.saturating_duration_since(Instant::now()));
            return Ok(Polled::Nothing);
        }
        let polled = self.consumer.poll(buffer, until, &words)?;
        if let Polled::Deleted { of } = polled {
            self.forget(of, out)?;
        }
        Ok(polled)
    }

    /// Reads a deleted topic no more. Where there was no other, that is the end.
    fn forget(&mut self, of: usize, out: &Out) -> Result<()> {
        let topic = self.topic(of).to_owned();
        self.consumer.remove_topic(&topic);
        self.known.retain(|of| of.topic.as_str() != topic);
        self.is_due = true;
        let deleted = ClusterError::deleted_topic(&topic);
        if self.known.is_empty() && self.args.regex.is_none() {
            return Err(deleted);
        }
        out.status(deleted);
        Ok(())
    }

    /// The topics that are there of those that were asked for.
    fn there(&self) -> Result<Vec<TopicDetail>> {
        if self.args.regex.is_some() {
            return topics_of(self.cluster, self.args);
        }
        // One that is missing may come back.
        let outcomes = self.cluster.describe_topics(&distinct(&self.args.topics))?;
        Ok(outcomes.into_iter().filter_map(|outcome| outcome.result.ok()).collect())
    }

    /// Takes up partitions that have come, from their starts.
    fn look(&mut self, out: &Out) -> Result<()> {
        self.watch.iter_mut().for_each(TopicsWatch::look);
        if !self.consumer.take_changed() && !self.is_due && !self.is_partial {
            return Ok(());
        }
        if self.consumer.is_away() {
            self.is_due = true;
            return Ok(());
        }
        let there = match self.there() {
            // Brokers are away, and are asked again.
            Err(error) if error.kind.is_away() => {
                self.is_due = true;
                return Ok(());
            }
            there => there?,
        };
        (self.is_due, self.is_partial) = (false, false);
        let mut from = Vec::new();
        for topic in there {
            let before = from.len();
            for p in &topic.partitions {
                if !p.is_known() {
                    self.is_partial = true;
                    continue;
                }
                let of = TopicPartition { topic: topic.name.clone(), partition: p.partition };
                if self.known.insert(of) {
                    let (topic, partition) = (topic.name.clone(), p.partition);
                    from.push(ConsumeFrom { topic, partition, from: p.start_offset, to: None });
                }
            }
            if from.len() > before {
                out.status(came(&topic.name, from.len() - before));
            }
        }
        self.cluster.extend_consumer(&mut self.consumer, &from, self.of.len())?;
        set_up(&mut self.consumer, self.args);
        let of = |f: ConsumeFrom| TopicPartition { topic: f.topic, partition: f.partition };
        self.of.extend(from.into_iter().map(of));
        Ok(())
    }
}

/// The line about partitions that have come.
fn came(topic: &TopicName, partitions: usize) -> String {
    let partitions = units::plural(partitions as u64, "new partition");
    format!("topic `{topic}` has {partitions}, read from the start")
}

/// The topics that were asked for.
fn topics_of(cluster: &Cluster, args: &Args) -> Result<Vec<TopicDetail>> {
    if let Some(pattern) = &args.regex {
        let topics = cluster.list_topics()?;
        return Ok(topics.into_iter().filter(|topic| pattern.matches(&topic.name)).collect());
    }
    let outcomes = cluster.describe_topics(&distinct(&args.topics))?;
    outcomes.into_iter().map(|outcome| outcome.result).collect()
}

/// Has a consumer do what was asked for besides reading.
pub(super) fn set_up(consumer: &mut Consumer, args: &Args) {
    consumer.on_out_of_range(args.on_out_of_range);
    if args.skip_damaged {
        consumer.skip_damaged();
    }
    if args.gaps {
        consumer.note_holes();
    }
}

/// What is read, from where to where.
pub(super) struct Resolved {
    /// Each partition, once.
    pub(super) from: Vec<ConsumeFrom>,
    /// Those that do not begin where they were to.
    pub(super) jumped: Vec<Jump>,
    /// What is missing before they begin.
    pub(super) holes: Vec<(TopicPartition, Hole)>,
    /// What is to be known of them.
    pub(super) warnings: Vec<String>,
}

/// Finds out what is read, from where to where.
pub(super) fn resolve(
    cluster: &Cluster,
    args: &Args,
    range: &Range,
) -> Result<Result<Resolved, Failure>, ClusterError> {
    let (mut of, mut warnings) = (Vec::new(), Vec::new());
    for topic in topics_of(cluster, args)? {
        warnings.extend(unsettled(&topic, args.partitions.as_deref()));
        let known = topic.partitions.iter().map(|p| p.partition);
        let wanted = args.partitions.clone().unwrap_or_else(|| known.collect());
        of.extend(
            wanted.into_iter().map(|p| TopicPartition { topic: topic.name.clone(), partition: p }),
        );
    }
    if let Some(partition) = range.of.keys().find(|p| !of.iter().any(|of| of.partition == **p)) {
        let message = format!("--offset: partition {partition} is not read");
        return Ok(Err(Failure::usage(message)));
    }
    let list = |at| -> Result<Vec<i64>, ClusterError> {
        let outcomes = cluster.list_offsets(&of, at)?;
        outcomes.into_iter().map(|outcome| outcome.result.map(|listed| listed.offset)).collect()
    };
    let (starts, ends) = (list(OffsetAt::Start)?, list(cluster.end_to_read())?);
    let at = |position: Position| -> Result<Option<Vec<i64>>, ClusterError> {
        if let Position::Time(time) = position {
            return Ok(Some(list(OffsetAt::Timestamp(time))?));
        }
        Ok(starts.iter().zip(&ends).map(|(&s, &e)| position.resolve(s, e)).collect())
    };
    let bounds = |spec: &OffsetSpec| -> Result<_, ClusterError> {
        Ok((at(spec.from)?, spec.to.map(at).transpose()?))
    };
    let all = bounds(&range.all)?;
    let mut own = std::collections::BTreeMap::new();
    for (&partition, spec) in &range.of {
        own.insert(partition, (spec, bounds(spec)?));
    }
    let (from, jumped, holes) = (Vec::new(), Vec::new(), Vec::new());
    let mut resolved = Resolved { from, jumped, holes, warnings };
    for (i, of) in of.iter().enumerate() {
        let get = |offsets: &[i64]| offsets.get(i).copied().unwrap_or(0);
        let (spec, (froms, tos)) =
            own.get(&of.partition).map_or((&range.all, &all), |(spec, bounds)| (*spec, bounds));
        let stored = || Failure::usage("`stored` is where a group stands, and needs one");
        let Some(froms) = froms else { return Ok(Err(stored())) };
        let to = match tos {
            Some(None) => return Ok(Err(stored())),
            Some(Some(tos)) => Some(get(tos)),
            None => None,
        };
        let to = to.into_iter().chain(args.exit.then(|| get(&ends))).min();
        let (asked, start, end) = (get(froms), get(&starts), get(&ends));
        let from = resolved.begin(args, of, asked, (start, end))?;
        if spec.from == Position::Start && start > 0 {
            let hole = Hole { first: 0, last: start - 1, why: DELETED };
            resolved.holes.push((of.clone(), hole));
        }
        let (topic, partition) = (of.topic.clone(), of.partition);
        resolved.from.push(ConsumeFrom { topic, partition, from, to });
    }
    Ok(Ok(resolved))
}

/// The warning about records of a topic that a change of leader may take back yet.
fn unsettled(topic: &TopicDetail, partitions: Option<&[i32]>) -> Option<String> {
    let above = |p: &&PartitionDetail| {
        partitions.is_none_or(|wanted| wanted.contains(&p.partition))
            && p.high_watermark.is_some_and(|mark| mark < p.end_offset)
    };
    let first = topic.partitions.iter().find(above)?;
    let others = topic.partitions.iter().filter(above).count() - 1;
    let others = match others {
        0 => String::new(),
        n => format!(" (and {} more)", units::plural(n as u64, "partition")),
    };
    Some(format!(
        "{}-{}{others}: from offset {} on records are above the high watermark that the broker has \
         noted; a change of leader may take them back",
        topic.name,
        first.partition,
        first.high_watermark.unwrap_or_default()
    ))
}

impl Resolved {
    /// Where a partition begins that was asked for from `asked` on.
    fn begin(
        &mut self,
        args: &Args,
        of: &TopicPartition,
        asked: i64,
        log: (i64, i64),
    ) -> Result<i64> {
        if (log.0..=log.1).contains(&asked) {
            return Ok(asked);
        }
        let refused = || ClusterError::out_of_range(of, asked, log.0, log.1);
        let to = args.on_out_of_range.instead(log.0, log.1).ok_or_else(refused)?;
        self.jumped.push(Jump { of: of.clone(), asked, log, to });
        if asked < to {
            let last = to.min(log.0) - 1;
            self.holes.push((of.clone(), Hole { first: asked, last, why: DELETED }));
        }
        Ok(to)
    }
}
