//! Owns what makes a producer the same one over its runs: which producer id a name has, its epoch,
//! and how many records of it each partition had when the epoch began. Leaves what it wrote since
//! then to the log, which cannot disagree with itself.
//!
//! A run takes the name over by writing the next epoch first. Every append of a resumed producer
//! looks, under the partition's lock, whether the epoch is still its own; so whoever had the name
//! before writes nothing more once that file is in place, and what the log holds then is counted.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directory::{LogDirectory, new_producer_id};
use super::error::{DiskError, Result};
use super::partition::PartitionLog;
use super::{layout, meta};
use crate::config::LogConfig;
use crate::sys::{self, LockKind};
use crate::topic::TopicName;
use crate::value;

/// The file of a name is not longer than this: some bytes for each partition.
const FILE_MAX_BYTES: u64 = 64 << 20;
/// The form of the file.
const VERSION: u32 = 2;
/// Each name has a lock of its own in the directory's state file, from here on.
const LOCK_FROM: u64 = 1 << 32;
/// Ids of producers that come back have this bit: what is known of them does not expire.
const ID_BIT: i64 = 1 << 61;

/// Whether what is known of producer `id` is to be kept for its next run, however long it is gone.
pub const fn comes_back(id: i64) -> bool {
    id >= ID_BIT
}

/// Who wants to go on, and where.
pub struct Wanted<'a> {
    /// The name of the producer.
    pub name: &'a str,
    /// The topic.
    pub topic: &'a TopicName,
    /// Its id, so that a topic that is made anew is another one.
    pub topic_id: String,
    /// Its partitions.
    pub partitions: i32,
    /// Its config.
    pub config: &'a LogConfig,
    /// Who chooses partitions: it has to be the same one in every run.
    pub partitioner: &'a str,
    /// What makes records of the input: likewise.
    pub input: &'a str,
    /// Whether what earlier runs wrote has to be on the device.
    pub durable: bool,
    /// Waits a little for a lock that somebody holds; `false` when that makes no more sense.
    pub again: &'a dyn Fn() -> bool,
}

/// A name that was taken over.
#[derive(Debug)]
pub struct Resumed {
    /// The right to append.
    pub ticket: Ticket,
    /// What the choice of partitions begins with, the same in every run.
    pub seed: u64,
    /// How many records each partition has of earlier runs.
    pub counts: Vec<u64>,
}

/// The right to append under a name, until somebody else takes it over.
#[derive(Clone, Debug)]
pub struct Ticket {
    path: PathBuf,
    /// The producer id.
    pub id: i64,
    /// The epoch of this run.
    pub epoch: i16,
}

impl Ticket {
    /// Fails when the name was taken over. Asked under the lock of a partition, the answer holds
    /// for as long as the lock.
    pub fn check(&self) -> Result<()> {
        match read(&self.path)? {
            Some(now) if now.id == self.id && now.epoch == self.epoch => Ok(()),
            Some(now) => Err(DiskError::TakenOver { name: now.name }),
            None => Err(DiskError::Missing { path: self.path.clone() }),
        }
    }
}

/// What the file of a name holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Named {
    version: u32,
    name: String,
    topic: String,
    topic_id: String,
    partitioner: String,
    /// Missing where the name began before this was noted.
    #[serde(default)]
    input: Option<String>,
    seed: u64,
    id: i64,
    epoch: i16,
    /// The id and the epoch that `partitions` speak of: what was written in that epoch comes on
    /// top of them.
    counted: (i64, i16),
    partitions: Vec<Counted>,
}

/// How far a partition was counted.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Counted {
    /// Records before the epoch.
    records: u64,
    /// Where the log ended then.
    offset: i64,
}

/// Fails where the file at `path` is not as it was written.
pub fn check(path: &Path) -> Result<()> {
    read(path).map(drop)
}

fn read(path: &Path) -> Result<Option<Named>> {
    let Some(bytes) = meta::read_file(path, FILE_MAX_BYTES)? else { return Ok(None) };
    let damage = |reason: &str| DiskError::corrupt(path, 0, reason);
    // A line of JSON, then one with its checksum: a wrong number here is a record lost, or doubled.
    let line = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (json, sum) = bytes.split_at(line);
    if sum != checksum_line(json).as_bytes() {
        return Err(damage("its checksum is wrong"));
    }
    let named: Named = serde_json::from_slice(json)
        .map_err(|e| damage(&format!("it is no state of a producer: {e}")))?;
    if named.version != VERSION {
        let found = format!("its version is {}, not {VERSION}", named.version);
        return Err(DiskError::Foreign { path: path.to_owned(), found });
    }
    Ok(Some(named))
}

/// What makes records of the input, as it is told.
fn shown(input: &str) -> String {
    if input.is_empty() { "whole lines".to_owned() } else { format!("`{}`", value::shown(input)) }
}

/// What follows the JSON of a state.
fn checksum_line(json: &[u8]) -> String {
    format!("\n{:08x}\n", crc32c::crc32c(json))
}

fn write(path: &Path, named: &Named) -> Result<()> {
    let mut bytes = serde_json::to_vec(named)
        .map_err(|e| DiskError::corrupt(path, 0, format!("it cannot be made: {e}")))?;
    let sum = checksum_line(&bytes);
    bytes.extend_from_slice(sum.as_bytes());
    meta::replace(path, &bytes, true)
}

impl Wanted<'_> {
    /// A name that begins.
    fn first(&self) -> Result<Named> {
        let id = new_producer_id()? | ID_BIT;
        Ok(Named {
            version: VERSION,
            name: self.name.to_owned(),
            topic: self.topic.to_string(),
            topic_id: self.topic_id.clone(),
            partitioner: self.partitioner.to_owned(),
            input: None,
            seed: id.cast_unsigned(),
            id,
            epoch: -1,
            counted: (id, -1),
            partitions: vec![Counted { records: 0, offset: 0 }; self.partitions.max(0) as usize],
        })
    }

    /// Fails where another choice of partitions would give records to others than before.
    fn check_same(&self, named: &Named) -> Result<()> {
        let began = |was: String, is: String| {
            let name = self.name.to_owned();
            Err(DiskError::Otherwise { name, was, is })
        };
        let (was, is) = (named.partitions.len(), self.partitions);
        if was as i64 != i64::from(is) {
            return began(format!("{was} partitions"), format!("{is}"));
        }
        if named.partitioner != self.partitioner {
            let was = format!("partitioner {}", named.partitioner);
            return began(was, self.partitioner.to_owned());
        }
        if let Some(was) = named.input.as_ref().filter(|was| *was != self.input) {
            return began(shown(was), shown(self.input));
        }
        Ok(())
    }

    /// Takes the lock of the name, which the file that is returned holds.
    fn lock(&self, directory: &LogDirectory, path: &Path) -> Result<File> {
        let (state, file) = directory.open_state_file()?;
        let at = LOCK_FROM + u64::from(crc32c::crc32c(path.as_os_str().as_encoded_bytes()));
        while !sys::try_lock(&file, LockKind::Exclusive, at, 1)
            .map_err(DiskError::io("lock", &state))?
        {
            if !(self.again)() {
                let holder = format!("another process that resumes `{}`", self.name);
                return Err(DiskError::Busy { path: state, holder });
            }
        }
        Ok(file)
    }

    /// Takes the name over from whoever has it, and counts what there is of it.
    pub fn take_over(&self, directory: &LogDirectory) -> Result<Resumed> {
        let path = layout::resume_file(directory.path(), self.topic.as_str(), self.name);
        let _locked = self.lock(directory, &path)?;
        let mut named = match read(&path)? {
            Some(named) if named.topic_id == self.topic_id => named,
            _ => self.first()?,
        };
        self.check_same(&named)?;
        named.input = Some(self.input.to_owned());
        if let Some(next) = named.epoch.checked_add(1) {
            named.epoch = next;
        } else {
            // As Kafka does it: another id begins with the first epoch.
            (named.id, named.epoch) = (new_producer_id()? | ID_BIT, 0);
        }
        // From here on nobody else appends under the name, so what is counted stays as it is.
        write(&path, &named)?;
        for (partition, counted) in (0..).zip(&mut named.partitions) {
            if directory.has_partition(self.topic, partition) {
                let mut log = directory.open_partition(self.topic, partition, self.config)?;
                *counted = self.count(&mut log, *counted, named.counted)?;
            }
        }
        named.counted = (named.id, named.epoch);
        write(&path, &named)?;
        let ticket = Ticket { path, id: named.id, epoch: named.epoch };
        let counts = named.partitions.iter().map(|counted| counted.records).collect();
        Ok(Resumed { ticket, seed: named.seed, counts })
    }

    /// Adds what a producer wrote to a partition in an epoch to what was there before.
    fn count(
        &self,
        log: &mut PartitionLog,
        before: Counted,
        (id, epoch): (i64, i16),
    ) -> Result<Counted> {
        loop {
            match log.try_last_sequence(id, epoch, before.offset, self.durable) {
                Err(DiskError::Busy { .. }) if (self.again)() => {}
                Err(error) => return Err(error),
                Ok((last, offset)) => {
                    let more = last.map_or(0, |last| i64::from(last) + 1).cast_unsigned();
                    return Ok(Counted { records: before.records + more, offset });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_damage_to_the_state_of_a_producer_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let named = Named {
            version: VERSION,
            name: "nightly".to_owned(),
            topic: "t".to_owned(),
            topic_id: "ABEiM0RVZneImaq7zN3u_w".to_owned(),
            partitioner: "murmur2".to_owned(),
            input: Some("--key-field /id".to_owned()),
            seed: 7,
            id: ID_BIT | 5,
            epoch: 3,
            counted: (ID_BIT | 5, 3),
            partitions: vec![Counted { records: 5, offset: 9 }],
        };
        write(&path, &named).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().partitions[0].records, 5);
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                std::fs::write(&path, bad).unwrap();
                let error = check(&path).unwrap_err();
                assert!(matches!(error, DiskError::Corrupt { .. }), "byte {at}: {error}");
            }
            std::fs::write(&path, &bytes[..at]).unwrap();
            assert!(check(&path).is_err(), "{at} bytes");
        }
    }
}
