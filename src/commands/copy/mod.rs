//! Owns `kaw copy`: the records of a topic, to a topic of any target, partition by partition.
//! Leaves which targets those are to `place`, and how far it came to `notes`.

pub mod notes;
pub mod place;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::notes::Progress as Note;
pub use self::place::Place;
use super::produce::tally::Counts;
use super::topics::{all_known, guard_internal};
use super::{Context, Failure, Status};
use crate::cluster::error::{ClusterError, ErrorKind};
use crate::cluster::types::{Acks, ConsumeFrom, Delivery, Polled, ProducerOptions};
use crate::cluster::{Cluster, Producer};
use crate::group::GroupId;
use crate::out::progress::Progress;
use crate::out::units;
use crate::partitioner::Partitioner;
use crate::record::buffers::Buffers;
use crate::topic::{ConfigSource, NewTopic, TopicConfig, TopicDetail, TopicName};
use crate::value;

/// What stands below its help.
const EXAMPLES: &str = "\
EXAMPLES:
  kaw copy users users-2
  kaw copy users ./backup#users";

/// The longest that one wait for records lasts.
const TICK: Duration = Duration::from_millis(100);
/// How long a record waits for others: nobody flushes here. It is Kafka's own default.
const LINGER: Duration = Duration::from_millis(5);
/// How often it is noted how far the copy is.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// The config that would give records new timestamps.
const TIMESTAMP_TYPE: &str = "message.timestamp.type";

/// Copy the records of a topic to another topic, also of another target
///
/// FROM and TO are TOPIC, DIR#TOPIC or HOST:PORT#TOPIC; a TOPIC alone is of the target of -d, -b
/// or --profile. Keys, values, headers, timestamps and partitions stay; offsets begin at 0. It
/// reads to the end as it is now. A topic that is missing is created, with as many partitions and
/// the same configs, but for message.timestamp.type, which might give records new timestamps. How
/// far it came is noted in a group of the target, kaw-copy-..: the same command again goes on
/// there, and copies what has come since, and nothing twice. What a killed run had on its way to a
/// broker may be taken late: begin the next one when nothing more comes.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What is copied: TOPIC, DIR#TOPIC or HOST:PORT#TOPIC
    #[arg(value_name = "FROM")]
    pub from: Place,

    /// Where to
    #[arg(value_name = "TO")]
    pub to: Place,

    /// Stop after N records
    #[arg(short = 'n', long, value_name = "N", value_parser = value::count)]
    #[arg(allow_negative_numbers = true)]
    pub count: Option<u64>,

    /// Copy all of it behind what the target has, and look at no note
    #[arg(long)]
    pub append: bool,

    /// Create a missing topic with the configs of its cluster
    #[arg(long)]
    pub no_configs: bool,

    /// Allow the names of topics that Kafka keeps for itself
    #[arg(long)]
    pub internal: bool,
}

/// What became of the records, shared with the thread that counts.
#[derive(Debug, Default)]
struct Settled {
    /// All of them.
    counts: Counts,
    /// Those of each partition.
    notes: Vec<Note>,
}

impl Settled {
    /// Counts one delivery.
    fn count(&mut self, delivery: &Delivery) {
        let Delivery { records, fate, partition, .. } = delivery;
        self.counts.add(*records, fate);
        if let Some(note) = self.notes.get_mut(*partition as usize) {
            note.settled(*records, fate);
        }
    }
}

/// The two ends of a copy.
struct Ends<'a> {
    context: &'a Context,
    args: &'a Args,
    source: Cluster,
    target: Cluster,
    /// The group of the notes; `None` where the target takes none.
    group: Option<GroupId>,
}

/// What is left to copy.
#[derive(Debug, Default)]
struct Plan {
    from: Vec<ConsumeFrom>,
    notes: Vec<Note>,
    /// For each partition, how many records from there on were copied already.
    skip: Vec<u64>,
}

/// Runs the command.
pub fn run(context: &Context, args: &Args) -> Result<Status, Failure> {
    guard_internal("copy to", std::slice::from_ref(&args.to.topic), args.internal)?;
    let stop = context.stop()?;
    let (source, source_name) = args.from.open(context)?;
    let (target, target_name) = args.to.open(context)?;
    if source_name == target_name && args.from.topic == args.to.topic {
        return Err(Failure::usage("a topic cannot be copied to itself"));
    }
    let group = notes::group_of(&source_name, &args.from.topic).map_err(cannot)?;
    let mut ends = Ends { context, args, source, target, group: Some(group) };
    let plan = ends.plan();
    ends.pass_on();
    let mut copy = Copying::start(&ends, plan?)?;
    let copied = copy.copy_all(&ends);
    let is_away = copied.as_ref().is_err_and(|failure| failure.status == Status::Unreachable);
    let told = copy.finish(&ends, is_away);
    ends.pass_on();
    copied?;
    told?;
    Ok(stop.status_or(Status::Done))
}

/// The failure of a copy.
fn cannot(error: ClusterError) -> Failure {
    Failure::cluster("copy", error)
}

/// Finds a topic; `None` if it is not there.
fn find(cluster: &Cluster, name: &TopicName) -> Result<Option<TopicDetail>, Failure> {
    let outcomes = cluster.describe_topics(std::slice::from_ref(name)).map_err(cannot)?;
    match outcomes.into_iter().next().map(|outcome| outcome.result) {
        Some(Err(error)) if error.kind == ErrorKind::UnknownTopicOrPartition => Ok(None),
        Some(answer) => answer.and_then(all_known).map(Some).map_err(cannot),
        None => Ok(None),
    }
}

impl Ends<'_> {
    /// Passes on what the two ends have to warn of.
    fn pass_on(&self) {
        let warnings = self.source.take_warnings().into_iter().chain(self.target.take_warnings());
        warnings.for_each(|warning| self.context.out.warn(warning));
    }

    /// Finds out what is left to copy, and makes the topic where it is missing.
    fn plan(&mut self) -> Result<Plan, Failure> {
        let from = &self.args.from.topic;
        let unknown = || cannot(ClusterError::unknown_topic(from.as_str()));
        let source = find(&self.source, from)?.ok_or_else(unknown)?;
        if source.partitions.iter().zip(0..).any(|(of, n)| of.partition != n) {
            let message = format!("cannot copy: not all partitions of `{from}` are here");
            return Err(Failure::new(Status::NotFound, "UNKNOWN_TOPIC_OR_PARTITION", message));
        }
        let target = match self.find_target()? {
            Some(target) => target,
            None => self.create(&source)?,
        };
        let (has, wanted) = (target.partitions.len(), source.partitions.len());
        if has < wanted {
            let to = &target.name;
            let message = format!("cannot copy: topic `{to}` has {has} partitions, not {wanted}");
            let hint = format!("`kaw topics alter {to} --partitions {wanted}`");
            return Err(Failure::usage(message).hint(hint));
        }
        let noted = self.read_notes(&target.name)?;
        let mut plan = Plan::default();
        for (source, target) in source.partitions.iter().zip(&target.partitions) {
            let (partition, end) = (source.partition, target.end_offset);
            let note = noted.iter().find(|(of, ..)| *of == partition).filter(|_| !self.args.append);
            let (note, skip) = match note {
                Some(&(_, target, offset)) => self.go_on(source, end, (target, offset))?,
                None if end > target.start_offset && !self.args.append => {
                    let to = &self.args.to.topic;
                    let message = format!("cannot copy: `{to}` has records that are not of a copy");
                    let failure = Failure::new(Status::Partial, "TOPIC_ALREADY_EXISTS", message);
                    return Err(failure.hint("`--append` copies all of it behind them"));
                }
                None => (Note::new(end, source.start_offset, end), 0),
            };
            plan.from.push(ConsumeFrom {
                topic: from.clone(),
                partition,
                from: note.source.min(source.end_offset),
                to: Some(source.end_offset),
            });
            plan.notes.push(note);
            plan.skip.push(skip);
        }
        Ok(plan)
    }

    /// The topic that is copied to; a directory that is missing has none.
    fn find_target(&self) -> Result<Option<TopicDetail>, Failure> {
        match self.target.describe_topics(&[]) {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            _ => find(&self.target, &self.args.to.topic),
        }
    }

    /// Goes on behind a note: with the records that were copied after it left out.
    fn go_on(
        &self,
        source: &crate::topic::PartitionDetail,
        end: i64,
        (target, offset): (i64, i64),
    ) -> Result<(Note, u64), Failure> {
        let partition = source.partition;
        if end < target || offset > source.end_offset {
            let message = format!(
                "cannot copy: partition {partition} was copied from offset {offset} to {target}, \
                 and the logs end at {} and {end}",
                source.end_offset
            );
            let failure = Failure::new(Status::Partial, "OFFSET_OUT_OF_RANGE", message);
            return Err(
                failure.hint("one of the topics was made anew; delete the copy, or `--append`")
            );
        }
        let (mut offset, mut skip) = (offset, (end - target) as u64);
        if offset < source.start_offset {
            let gone = source.start_offset - offset;
            let what = units::plural(gone as u64, "offset");
            let after = offset + skip as i64;
            if after < source.start_offset {
                self.context.out.warn(format_args!(
                    "partition {partition}: up to {what} were deleted before they were copied"
                ));
            }
            skip = (after - source.start_offset).max(0) as u64;
            offset = source.start_offset;
        }
        Ok((Note::new(end - skip as i64, offset, end), skip))
    }

    /// The notes of earlier runs; where the target takes none, that is told.
    fn read_notes(&mut self, topic: &TopicName) -> Result<Vec<(i32, i64, i64)>, Failure> {
        let Some(group) = &self.group else { return Ok(Vec::new()) };
        match notes::read(&self.target, group, topic) {
            Err(error) if error.kind == ErrorKind::Unsupported => {
                self.context.out.verbose("the target takes no note of how far the copy is");
                self.group = None;
                Ok(Vec::new())
            }
            answer => answer.map_err(cannot),
        }
    }

    /// Makes the topic as its source is.
    fn create(&self, source: &TopicDetail) -> Result<TopicDetail, Failure> {
        let to = &self.args.to.topic;
        let is_own = |config: &&TopicConfig| config.source == ConfigSource::Topic;
        let own = || source.configs.iter().filter(is_own).filter(|_| !self.args.no_configs);
        let pair = |config: &TopicConfig| (config.name.clone(), config.value.clone());
        let topic = NewTopic {
            name: to.clone(),
            partitions: i32::try_from(source.partitions.len()).unwrap_or(i32::MAX),
            replication_factor: None,
            configs: own().filter(|config| config.name != TIMESTAMP_TYPE).map(pair).collect(),
        };
        let created = self.target.create_topics(std::slice::from_ref(&topic)).map_err(cannot)?;
        for outcome in created {
            outcome.result.map_err(|error| match error.kind {
                ErrorKind::InvalidConfig | ErrorKind::PolicyViolation => {
                    cannot(error).hint("`--no-configs` creates it without those of its source")
                }
                _ => cannot(error),
            })?;
        }
        let partitions = units::plural(topic.partitions as u64, "partition");
        let but = if own().any(|config| config.name == TIMESTAMP_TYPE) {
            format!("; without {TIMESTAMP_TYPE}, so that timestamps stay")
        } else {
            String::new()
        };
        self.context.out.status(format_args!("created topic `{to}` with {partitions}{but}"));
        let unknown = || cannot(ClusterError::unknown_topic(to.as_str()));
        // The controller has it; the brokers learn of it a little later.
        let until = Instant::now() + self.context.limits.timeout;
        loop {
            let found = find(&self.target, to);
            if matches!(found, Ok(Some(_))) || Instant::now() >= until {
                return found?.ok_or_else(unknown);
            }
            self.context.stop()?.wait(TICK);
        }
    }
}

/// A copy under way.
struct Copying {
    from: Vec<ConsumeFrom>,
    skip: Vec<u64>,
    settled: Arc<Mutex<Settled>>,
    working: Option<(Producer, std::thread::JoinHandle<()>)>,
    progress: Progress,
    started: Instant,
    noted: Instant,
    read: u64,
    bytes: u64,
}

impl Copying {
    /// Opens the producer, and starts counting.
    fn start(ends: &Ends<'_>, plan: Plan) -> Result<Self, Failure> {
        let options = ProducerOptions {
            acks: Acks::All,
            compression: None,
            partitioner: Partitioner::default(),
            batch_bytes: None,
            linger: Some(LINGER),
            transactions: None,
            resume: None,
            report: false,
            interrupted: ends.context.stop()?.flag(),
        };
        let producer = ends.target.producer(&ends.args.to.topic, options).map_err(cannot)?;
        let settled = Settled { notes: plan.notes, ..Settled::default() };
        let settled = Arc::new(Mutex::new(settled));
        let (shared, deliveries) = (Arc::clone(&settled), producer.deliveries());
        let count = move || {
            for delivery in deliveries {
                shared.lock().unwrap_or_else(PoisonError::into_inner).count(&delivery);
            }
        };
        let counting = std::thread::Builder::new().name("count".to_owned()).spawn(count);
        let counting = counting.map_err(|e| Failure::local("cannot start a thread", e))?;
        let mut copying = Self {
            from: plan.from,
            skip: plan.skip,
            settled,
            working: Some((producer, counting)),
            progress: Progress::new(&ends.context.out, "copied"),
            started: Instant::now(),
            noted: Instant::now(),
            read: 0,
            bytes: 0,
        };
        // Before the first record: what is behind the note is then known to be of this copy.
        copying.note(ends)?;
        Ok(copying)
    }

    /// Writes down how far it is.
    fn note(&mut self, ends: &Ends<'_>) -> Result<(), Failure> {
        self.noted = Instant::now();
        let Some(group) = &ends.group else { return Ok(()) };
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        notes::write(&ends.target, group, &ends.args.to.topic, &mut settled.notes).map_err(cannot)
    }

    /// Copies until the ends, the count or a signal.
    fn copy_all(&mut self, ends: &Ends<'_>) -> Result<(), Failure> {
        let stop = ends.context.stop()?;
        let mut consumer = ends.source.consumer(&self.from).map_err(cannot)?;
        let mut buffers = Buffers::default();
        while stop.requested().is_none() && ends.args.count != Some(self.read) {
            let Some(mut buffer) = buffers.take() else {
                stop.wait(TICK);
                continue;
            };
            let Some(room) = Arc::get_mut(&mut buffer) else { continue };
            let until = Instant::now() + TICK;
            let of = match consumer.poll(room, until, &[stop.word()]).map_err(cannot)? {
                Polled::Records { of } => of,
                Polled::Finished => break,
                Polled::Deleted { .. } => {
                    let topic = ends.args.from.topic.as_str();
                    return Err(cannot(ClusterError::deleted_topic(topic)));
                }
                Polled::Nothing | Polled::Rebalance => {
                    buffers.keep(buffer);
                    continue;
                }
            };
            if let Some(skip) = self.skip.get_mut(of) {
                let skipped = (*skip).min(room.spans.len() as u64);
                *skip -= skipped;
                self.leave_out(of, room.spans.drain(..skipped as usize).next_back());
            }
            let left = ends.args.count.map_or(u64::MAX, |count| count - self.read);
            room.spans.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            let taken = self.send(of, &buffer);
            buffers.keep(buffer);
            if !taken {
                break;
            }
            if self.noted.elapsed() >= NOTE_EVERY {
                self.note(ends)?;
            }
        }
        Ok(())
    }

    /// Records are in the target already: the note moves behind the last of them.
    fn leave_out(&self, of: usize, last: Option<crate::record::Span>) {
        let Some(last) = last else { return };
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(note) = settled.notes.get_mut(of) {
            note.left_out(self.skip.get(of) == Some(&0), last.offset + 1);
        }
    }

    /// Hands records of one partition over; answers whether more are taken.
    fn send(&mut self, of: usize, buffer: &Arc<crate::record::RecordBuffer>) -> bool {
        let Some(last) = buffer.spans.last() else { return true };
        let records = buffer.spans.len() as u64;
        let bytes = |span: &crate::record::Span| (span.key.len() + span.value.len()) as u64;
        self.read += records;
        self.bytes += buffer.spans.iter().map(bytes).sum::<u64>();
        let persisted = {
            let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(note) = settled.notes.get_mut(of) {
                note.sent(records, last.offset + 1);
            }
            settled.counts.persisted
        };
        self.progress.set(persisted, self.bytes);
        self.working.as_mut().is_some_and(|(producer, _)| producer.send(buffer))
    }

    /// Waits for what is under way, notes how far it came, and tells the counts. Where
    /// brokers are away no note is waited for: the target itself says what was copied behind the
    /// last one.
    fn finish(mut self, ends: &Ends<'_>, is_away: bool) -> Result<(), Failure> {
        let Some((producer, counting)) = self.working.take() else { return Ok(()) };
        let warnings = producer.warnings();
        let closed = producer.close();
        if closed.is_ok() {
            drop(counting.join());
        }
        while let Ok(warning) = warnings.try_recv() {
            ends.context.out.warn(warning);
        }
        let is_late = |settled: &Settled| {
            settled.counts.failure.as_ref().is_some_and(|error| error.kind.is_away())
        };
        let is_late = is_late(&self.settled.lock().unwrap_or_else(PoisonError::into_inner));
        let noted = if is_away || is_late { Ok(()) } else { self.note(ends) };
        self.progress.finish();
        let settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts = settled.counts.clone();
        let unknown = self.read.saturating_sub(counts.settled());
        match &closed {
            Ok(()) => counts.not_persisted += unknown,
            Err(_) => counts.maybe_persisted += unknown,
        }
        let elapsed = self.started.elapsed();
        ends.context.out.status(format_args!(
            "copied {}: {} persisted, {} not persisted, {} maybe persisted; {} in {}, {}",
            units::plural(self.read, "record"),
            units::count(counts.persisted),
            units::count(counts.not_persisted),
            units::count(counts.maybe_persisted),
            units::bytes(self.bytes),
            units::duration(elapsed),
            units::rate(self.read, elapsed),
        ));
        let interrupted = ends.context.stop()?.requested().is_some();
        match (closed, counts.failure.as_deref()) {
            (Err(error), _) if interrupted => ends.context.out.warn(error.message),
            (_, Some(error)) if interrupted && error.kind == ErrorKind::TimedOut => {}
            (Err(error), _) => return Err(cannot(error)),
            (_, Some(error)) => {
                return Err(cannot(ClusterError::new(error.kind, error.message.clone())));
            }
            (Ok(()), None) => {}
        }
        noted
    }
}
