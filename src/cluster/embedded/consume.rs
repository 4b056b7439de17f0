//! Owns reading partitions of a log directory, to an end or for ever. Waits on the partitions'
//! state pages, so a record is seen as soon as it is published. Leaves the bytes to `disk`.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::topics::TopicsWatch;
use super::{Embedded, OpenTopic, check_partition, check_replica, open_topic, out_of_range};
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{ConsumeFrom, Hole, Jump, Polled};
use crate::disk::BootId;
use crate::disk::directory::{LogDirectory, ReadEnd};
use crate::disk::error::DiskError;
use crate::disk::foreign::Tail;
use crate::disk::reader::{PartitionReader, Skipped};
use crate::disk::state::{End, State, identity_at};
use crate::offset::OutOfRange;
use crate::record::RecordBuffer;
use crate::sys::{self, Word};
use crate::topic::TopicPartition;

/// The longest that one wait lasts. Who removes a log without kaw wakes nobody, so look again.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// The longest wait when there are more partitions than one wait can watch.
const WAIT_MAX_MANY: Duration = Duration::from_millis(5);

/// What consumers that are read at once may hold together, and each of them at least and at most.
const WINDOWS_BYTES: usize = 64 << 20;
const WINDOW_BYTES_MIN: usize = 4 << 10;
const WINDOW_BYTES_MAX: usize = 256 << 10;

/// How often it is looked whether a broker has written to its directory: it wakes nobody.
const LOOK_AT_TAIL_EVERY: Duration = Duration::from_millis(100);

/// One partition that is read.
#[derive(Debug)]
struct Part {
    /// Which of the requested ones it is.
    index: usize,
    of: TopicPartition,
    directory: PathBuf,
    /// Which directory that is: another one of the same name is another log.
    identity: Option<[u64; 2]>,
    reader: PartitionReader,
    /// `None` until somebody writes to the partition, or where it may not be mapped.
    state: Option<State>,
    /// What a broker writes here, which tells us nothing.
    tail: Option<Tail>,
    /// Whether reading is to stop somewhere; else what a broker writes is followed.
    is_bounded: bool,
    /// The end as it was found, for as long as none is published that can be believed.
    found: End,
    /// What stands behind that end, if it is not where the log ends.
    damage: Option<DiskError>,
    /// It was found to be gone.
    deleted: bool,
    to: i64,
    /// Where reading is to stop, whatever is committed.
    asked_to: i64,
}

/// Reads records of several partitions, a batch of one after a batch of another.
#[derive(Debug)]
pub struct Consumer {
    parts: Vec<Part>,
    boot: BootId,
    /// Whose turn it is.
    turn: usize,
    /// Which one is looked at next, while there is nothing to read.
    looked: usize,
    /// More partitions than this do not keep their files open.
    files_max: usize,
    /// Whether what is not committed is read too.
    uncommitted: bool,
    /// What to do when what is to be read is gone, and when that was done.
    on_out_of_range: OutOfRange,
    jumped: Vec<Jump>,
}

/// How many files partitions may keep open: half of what the process may.
fn files_max() -> usize {
    sys::file_limit() / 2
}

impl Consumer {
    /// A consumer of nothing yet.
    pub(super) fn of_nothing(boot: BootId) -> Self {
        Self {
            parts: Vec::new(),
            boot,
            turn: 0,
            looked: 0,
            files_max: files_max(),
            uncommitted: false,
            on_out_of_range: OutOfRange::Fail,
            jumped: Vec::new(),
        }
    }

    /// Adds a partition, which polls call `index`.
    pub(super) fn add(
        &mut self,
        directory: &LogDirectory,
        topic: &OpenTopic,
        from: &ConsumeFrom,
        index: usize,
    ) -> Result<()> {
        self.parts.push(open_part(directory, topic, from, index, self.uncommitted)?);
        Ok(())
    }

    /// Takes a partition away.
    pub(super) fn remove(&mut self, of: &TopicPartition) {
        self.parts.retain(|part| part.of != *of);
        (self.turn, self.looked) = (0, 0);
    }

    /// Whether the partition that polls call `index` is read.
    pub(super) fn is_reading(&self, index: usize) -> bool {
        self.parts.iter().any(|part| part.index == index)
    }

    /// Takes all partitions of a topic away.
    pub fn remove_topic(&mut self, topic: &str) {
        self.parts.retain(|part| part.of.topic.as_str() != topic);
        (self.turn, self.looked) = (0, 0);
    }

    /// Whether it has no partition.
    pub const fn is_of_nothing(&self) -> bool {
        self.parts.is_empty()
    }
}

impl Embedded {
    /// A consumer of the given partitions. Offsets outside a log are refused.
    pub fn consumer(&self, from: &[ConsumeFrom]) -> Result<Consumer> {
        let unknown = |from: &ConsumeFrom| ClusterError::unknown_topic(from.topic.as_str());
        let Some((directory, registry)) = self.read_topics()? else {
            return Err(from.first().map_or_else(|| ClusterError::unknown_topic(""), unknown));
        };
        let uncommitted = !self.reads_committed();
        let mut parts = Vec::with_capacity(from.len());
        let mut topic: Option<OpenTopic> = None;
        for (index, from) in from.iter().enumerate() {
            if topic.as_ref().is_none_or(|topic| topic.name != from.topic) {
                topic = Some(open_topic(&registry, &from.topic)?);
            }
            let Some(topic) = &topic else { continue };
            parts.push(open_part(&directory, topic, from, index, uncommitted)?);
        }
        Ok(Consumer { parts, uncommitted, ..Consumer::of_nothing(*directory.boot()) })
    }

    /// What tells that topics came, went or grew.
    pub fn watch_topics(&self) -> Result<TopicsWatch> {
        Ok(TopicsWatch::new(&LogDirectory::open(&self.path)?))
    }

    /// A consumer of nothing yet, for topics that are to come.
    pub fn consumer_to_be(&self) -> Result<Consumer> {
        let directory = match LogDirectory::open(&self.path) {
            // The directory may be yet to come, too.
            Err(DiskError::Missing { .. }) => LogDirectory::open_to_write(&self.path)?,
            opened => opened?,
        };
        let uncommitted = !self.reads_committed();
        Ok(Consumer { uncommitted, ..Consumer::of_nothing(*directory.boot()) })
    }

    /// Adds partitions to a consumer, which polls call by numbers from `first` on. Those that are
    /// gone by now are left out.
    pub fn extend_consumer(
        &self,
        consumer: &mut Consumer,
        from: &[ConsumeFrom],
        first: usize,
    ) -> Result<()> {
        let Some((directory, registry)) = self.read_topics()? else { return Ok(()) };
        for (at, from) in from.iter().enumerate() {
            let added = open_topic(&registry, &from.topic)
                .and_then(|topic| consumer.add(&directory, &topic, from, first + at));
            match added {
                Err(error) if error.kind == ErrorKind::UnknownTopicOrPartition => {}
                added => added?,
            }
        }
        Ok(())
    }
}

fn open_part(
    directory: &LogDirectory,
    topic: &OpenTopic,
    from: &ConsumeFrom,
    index: usize,
    uncommitted: bool,
) -> Result<Part> {
    check_partition(topic, from.partition)?;
    check_replica(directory, topic, from.partition)?;
    let of = TopicPartition { topic: from.topic.clone(), partition: from.partition };
    let ReadEnd { end, damage } = directory.end(&topic.name, from.partition, &topic.config)?;
    if !(end.start_offset..=end.end_offset).contains(&from.from) {
        return Err(out_of_range(&of, from.from, &end));
    }
    let path = directory.partition_path(&topic.name, from.partition);
    let mut reader = PartitionReader::new(&path, from.partition, from.from, &topic.config);
    let asked_to = from.to.unwrap_or(i64::MAX);
    let mut to = asked_to;
    let tail = directory.is_foreign().then(|| Tail::new(&path, end, uncommitted)).transpose()?;
    if let Some(tail) = &tail {
        if from.to.is_some() {
            to = to.min(tail.stable_offset());
        }
        reader.leave_out(tail.aborted().to_vec());
    }
    Ok(Part {
        index,
        of,
        identity: identity_at(&path)?,
        reader,
        state: if directory.is_foreign() { None } else { open_state(&path)? },
        tail,
        is_bounded: from.to.is_some(),
        directory: path,
        found: end,
        damage,
        deleted: false,
        to,
        asked_to,
    })
}

/// The state page to wait on. One is made where nobody has written yet; where that is not allowed,
/// there is none, and the partition is looked at from time to time.
fn open_state(path: &std::path::Path) -> Result<Option<State>> {
    match State::open(path)? {
        Some(state) => Ok(Some(state)),
        None => Ok(State::open_or_create(path).ok()),
    }
}

impl Part {
    /// The published end.
    fn end(&mut self, boot: &BootId) -> Result<End> {
        if let Some(tail) = &mut self.tail {
            if !self.is_bounded && self.reader.next_offset() >= tail.stable_offset() {
                let known = tail.aborted().len();
                tail.look()?;
                if tail.aborted().len() > known {
                    self.reader.leave_out(tail.aborted().to_vec());
                }
            }
            return Ok(*tail.end());
        }
        if self.state.is_none() {
            self.state = State::open(&self.directory)?;
        }
        let Some(state) = &self.state else { return Ok(self.found) };
        if state.is_deleted() {
            return Err(self.deleted());
        }
        Ok(state.end(boot).unwrap_or(self.found))
    }

    fn deleted(&mut self) -> ClusterError {
        self.deleted = true;
        ClusterError::deleted_topic(self.of.topic.as_str())
    }

    /// Looks whether the log is still where it was. Who removes it without kaw wakes nobody.
    fn look(&mut self) -> Result<()> {
        if identity_at(&self.directory)? != self.identity {
            return Err(self.deleted());
        }
        if self.state.as_ref().is_some_and(|state| !state.is_in_place()) {
            // Only the page was removed: the next writer makes it anew.
            self.state = None;
        }
        Ok(())
    }

    /// The damage, once everything in front of it was read, or that may be.
    fn take_damage(&mut self) -> Result<()> {
        if let Some(tail) = &mut self.tail
            && self.reader.next_offset() >= tail.stable_offset()
            && tail.stable_offset() < self.asked_to
            && let Some(damage) = tail.take_doubt()
        {
            return Err(damage.into());
        }
        if self.reader.next_offset() < self.found.end_offset {
            return Ok(());
        }
        self.damage.take().map_or(Ok(()), |damage| Err(damage.into()))
    }

    fn is_done(&self) -> bool {
        self.reader.next_offset() >= self.to
    }

    /// The offset that is not to be read yet, or at all.
    fn limit(&self) -> i64 {
        self.tail.as_ref().map_or(self.to, |tail| self.to.min(tail.stable_offset()))
    }

    /// Explains a failed read: retention may have taken what was about to be read.
    fn explain(&mut self, error: DiskError, boot: &BootId) -> ClusterError {
        match self.end(boot) {
            Err(deleted) => deleted,
            Ok(end) if self.reader.next_offset() < end.start_offset => {
                out_of_range(&self.of, self.reader.next_offset(), &end)
            }
            Ok(_) if !self.directory.exists() => self.deleted(),
            Ok(_) => error.into(),
        }
    }
}

impl Consumer {
    /// One of so many that are read at once: takes its share of files and of memory.
    pub fn share(&mut self, consumers: usize) {
        self.files_max = files_max() / consumers.max(1);
        let window_bytes =
            (WINDOWS_BYTES / consumers.max(1)).clamp(WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
        self.parts.iter_mut().for_each(|part| part.reader.set_window(window_bytes));
    }

    /// From now on passes over what is damaged.
    pub fn skip_damaged(&mut self) {
        for part in &mut self.parts {
            part.reader.skip_damaged();
            if let Some(tail) = &mut part.tail {
                tail.pass_over_doubt();
                if part.is_bounded {
                    part.to = part.asked_to.min(tail.stable_offset());
                }
            }
        }
    }

    /// From now on reads on elsewhere, if `policy` says so, where what is to be read is gone.
    pub fn on_out_of_range(&mut self, policy: OutOfRange) {
        self.on_out_of_range = policy;
    }

    /// Where that was done since this was last asked.
    pub fn take_jumped(&mut self) -> Vec<Jump> {
        std::mem::take(&mut self.jumped)
    }

    /// From now on notes which offsets have no record.
    pub fn note_holes(&mut self) {
        self.parts.iter_mut().for_each(|part| part.reader.note_holes());
    }

    /// The offsets without records that were passed since this was last asked.
    pub fn take_holes(&mut self) -> Vec<(TopicPartition, Hole)> {
        let holes = |part: &mut Part| {
            let of = part.of.clone();
            part.reader.take_holes().into_iter().map(move |hole| (of.clone(), hole))
        };
        self.parts.iter_mut().flat_map(holes).collect()
    }

    /// What was passed over since this was last asked, and where.
    pub fn take_skipped(&mut self) -> Vec<(TopicPartition, Skipped)> {
        let mut all = Vec::new();
        for part in &mut self.parts {
            let of = &part.of;
            all.extend(part.reader.take_skipped().into_iter().map(|s| (of.clone(), s)));
        }
        all
    }

    /// Reads records of one partition into `buffer`, or waits for some until `until`, or until one
    /// of the words beside no longer holds its value.
    pub fn poll(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        match self.poll_beside(buffer, until, beside) {
            Err(error) => match self.parts.iter().find(|part| part.deleted) {
                Some(gone) => Ok(Polled::Deleted { of: gone.index }),
                None => Err(error),
            },
            polled => polled,
        }
    }

    fn poll_beside(
        &mut self,
        buffer: &mut RecordBuffer,
        until: Instant,
        beside: &[Word<'_>],
    ) -> Result<Polled> {
        let mut look_at = Instant::now() + WAIT_MAX;
        loop {
            // Taken before the ends are looked at, so that a change in between ends the wait.
            let sequences: Vec<u32> = self
                .parts
                .iter()
                .map(|part| part.state.as_ref().map_or(0, State::sequence))
                .collect();
            // Before anything is read: it may be somebody else's by now.
            if beside.iter().any(|(word, was)| word.load(Ordering::Acquire) != *was) {
                return Ok(Polled::Nothing);
            }
            if let Some(polled) = self.read_next(buffer)? {
                return Ok(polled);
            }
            self.parts.iter_mut().try_for_each(Part::take_damage)?;
            if self.parts.iter().all(Part::is_done) {
                return Ok(Polled::Finished);
            }
            let now = Instant::now();
            if now >= look_at {
                look_at = now + WAIT_MAX;
                self.look()?;
            }
            if now >= until {
                return Ok(Polled::Nothing);
            }
            self.wait(&sequences, until.min(look_at) - now, beside);
        }
    }

    /// Looks after one partition, another one each time.
    fn look(&mut self) -> Result<()> {
        self.looked = (self.looked + 1) % self.parts.len().max(1);
        self.parts.get_mut(self.looked).map_or(Ok(()), Part::look)
    }

    fn read_next(&mut self, buffer: &mut RecordBuffer) -> Result<Option<Polled>> {
        let keeps_open = self.parts.len() <= self.files_max;
        for _ in 0..self.parts.len() {
            let turn = self.turn;
            self.turn = (turn + 1) % self.parts.len();
            let Some(part) = self.parts.get_mut(turn) else { continue };
            if part.is_done() {
                continue;
            }
            let end = part.end(&self.boot)?;
            let asked = part.reader.next_offset();
            if asked < end.start_offset {
                let instead = self.on_out_of_range.instead(end.start_offset, end.end_offset);
                let Some(to) = instead else { return Err(out_of_range(&part.of, asked, &end)) };
                let to = to.min(part.to);
                part.reader.jump(to);
                let log = (end.start_offset, end.end_offset);
                self.jumped.push(Jump { of: part.of.clone(), asked, log, to });
            }
            if let Err(error) = part.reader.read(&end, part.limit(), buffer) {
                let error = part.explain(error, &self.boot);
                // Deleted while it was read: the next turn goes on where there is something.
                let is_gone = error.kind == ErrorKind::OffsetOutOfRange;
                if is_gone && self.on_out_of_range != OutOfRange::Fail {
                    buffer.clear();
                    continue;
                }
                return Err(error);
            }
            if !keeps_open {
                part.reader.release();
            }
            if !buffer.is_empty() {
                return Ok(Some(Polled::Records { of: part.index }));
            }
        }
        Ok(None)
    }

    fn wait(&self, sequences: &[u32], at_most: Duration, beside: &[Word<'_>]) {
        let mut longest = at_most;
        if self.parts.iter().any(|part| part.tail.is_some()) {
            longest = longest.min(LOOK_AT_TAIL_EVERY);
        } else if self.parts.len() > sys::WAIT_ANY_MAX
            || self.parts.iter().any(|part| part.state.is_none())
        {
            longest = longest.min(WAIT_MAX_MANY);
        }
        let parts = self
            .parts
            .iter()
            .zip(sequences)
            .filter(|(part, _)| !part.is_done())
            .filter_map(|(part, &seen)| Some((part.state.as_ref()?.sequence_word(), seen)));
        let words: Vec<_> = beside.iter().copied().chain(parts).collect();
        sys::wait_any(&words, longest);
    }
}
