//! Owns the judgement of what many processes did to one topic: which record was sent, acknowledged
//! with which offset, and seen by whom. The classes of what can be wrong are Jepsen's where it has
//! a name for them. Also makes records that can be told from all others, and checks them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::OnceLock;

use rand::{RngCore as _, SeedableRng as _};

/// The most anomalies of one class that are shown.
const SHOWN: usize = 5;
/// What values are filled with: this much noise, from a place that the record chooses.
const NOISE_BYTES: usize = 1 << 20;
/// The shortest value: what it tells of itself, and some noise.
const VALUE_MIN_BYTES: usize = 50;

/// A record, told from all others by its producer and its place in what that producer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Who sent it.
    pub producer: u32,
    /// How many it had sent before.
    pub sequence: u64,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.producer, self.sequence)
    }
}

impl Id {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (producer, sequence) = text.split_once('-')?;
        Some(Self { producer: producer.parse().ok()?, sequence: sequence.parse().ok()? })
    }

    /// Appends the line of this record to `out`: the id as the key, a tab, and a value of `bytes`
    /// bytes, or the few that tell id, length and checksum.
    pub fn write_line(self, bytes: usize, out: &mut Vec<u8>) {
        let bytes = bytes.max(VALUE_MIN_BYTES);
        out.extend_from_slice(format!("{self}\t").as_bytes());
        let start = out.len();
        out.extend_from_slice(format!("{self}:{bytes:08}:").as_bytes());
        let crc_at = out.len();
        out.extend_from_slice(b"00000000:");
        let place = self.sequence as usize * 7919 + self.producer as usize * 104_729;
        let mut at = place % noise().len();
        while out.len() - start < bytes {
            let part = &noise()[at..];
            let part = &part[..part.len().min(bytes - (out.len() - start))];
            out.extend_from_slice(part);
            at = 0;
        }
        let crc = self.crc(&out[crc_at + 9..]);
        out[crc_at..crc_at + 8].copy_from_slice(format!("{crc:08x}").as_bytes());
        out.push(b'\n');
    }

    /// The checksum of a fill that belongs to this record.
    fn crc(self, fill: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(self.to_string().as_bytes()), fill)
    }

    /// Reads a record back, and says what is wrong with it.
    pub fn check(key: &[u8], value: &[u8]) -> Result<Self, String> {
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let bad = |what: &str| format!("{what}: key `{}`, value `{}`", text(key), text(value));
        let id = Self::parse(&text(key)).ok_or_else(|| bad("a key of nobody"))?;
        let head = format!("{id}:{:08}:", value.len());
        let rest = value.strip_prefix(head.as_bytes());
        let (crc, fill) = rest.and_then(|r| r.split_at_checked(9)).ok_or_else(|| bad("torn"))?;
        if crc != format!("{:08x}:", id.crc(fill)).as_bytes() {
            return Err(bad("wrong checksum"));
        }
        Ok(id)
    }
}

/// Noise that has no newline and no tab in it.
fn noise() -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut bytes = vec![0; NOISE_BYTES];
        rand_pcg::Pcg64::seed_from_u64(1).fill_bytes(&mut bytes);
        for byte in &mut bytes {
            *byte = b'!' + *byte % 90;
        }
        bytes
    })
}

/// What one reader saw of one partition, in the order it saw it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Who read.
    pub reader: String,
    /// The partition.
    pub partition: i32,
    /// Offsets and records, from offset 0.
    pub records: Vec<(i64, Id)>,
}

/// Everything that is known of what happened to a topic.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How many records each producer sent.
    pub sent: BTreeMap<u32, u64>,
    /// What was acknowledged: record, partition, offset.
    pub acked: Vec<(Id, i32, i64)>,
    /// What was read when all was over, one for each partition.
    pub last: Vec<Reading>,
    /// What was read before.
    pub earlier: Vec<Reading>,
    /// What readers found wrong themselves.
    pub complaints: Vec<String>,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What kind.
    pub class: &'static str,
    /// What exactly.
    pub what: String,
}

impl History {
    /// Finds everything that is wrong.
    pub fn anomalies(&self) -> Vec<Anomaly> {
        let mut found = Vec::new();
        let mut tell = |class, what: String| found.push(Anomaly { class, what });
        for complaint in &self.complaints {
            tell("damage", complaint.clone());
        }
        let mut places: BTreeMap<Id, (i32, i64)> = BTreeMap::new();
        for Reading { partition, records, .. } in &self.last {
            let mut newest: BTreeMap<u32, u64> = BTreeMap::new();
            for &(offset, id) in records {
                if let Some((p, o)) = places.insert(id, (*partition, offset)) {
                    tell("duplicate", format!("{id} at {p}:{o} and at {partition}:{offset}"));
                }
                if self.sent.get(&id.producer).is_none_or(|&sent| id.sequence >= sent) {
                    tell("unsent", format!("{id} at {partition}:{offset}"));
                }
                if let Some(before) = newest.insert(id.producer, id.sequence)
                    && before >= id.sequence
                {
                    let what = format!("{id} at {partition}:{offset} follows sequence {before}");
                    tell("nonmonotonic-send", what);
                }
            }
        }
        let mut given: BTreeMap<(i32, i64), Id> = BTreeMap::new();
        for &(id, partition, offset) in &self.acked {
            match places.get(&id) {
                None => tell("lost-write", format!("{id}, acknowledged at {partition}:{offset}")),
                Some(&place) if place != (partition, offset) => {
                    let what =
                        format!("{id}, acknowledged at {partition}:{offset}, is at {place:?}");
                    tell("inconsistent-offsets", what);
                }
                Some(_) => {}
            }
            if let Some(other) = given.insert((partition, offset), id).filter(|o| *o != id) {
                tell("offset-reuse", format!("{partition}:{offset} was given to {other} and {id}"));
            }
        }
        for reading in self.last.iter().chain(&self.earlier) {
            self.check_reading(reading, &mut tell);
        }
        found
    }

    /// Compares one reading with itself and with the last one.
    fn check_reading(&self, reading: &Reading, tell: &mut impl FnMut(&'static str, String)) {
        let Reading { reader, partition, records } = reading;
        let last = self.last.iter().find(|last| last.partition == *partition);
        let last = last.map_or(&[][..], |last| &last.records);
        for (due, &(offset, id)) in (0..).zip(records) {
            if offset != due {
                let class = if offset < due { "nonmonotonic-poll" } else { "poll-skip" };
                return tell(
                    class,
                    format!("{reader} saw {partition}:{offset} where {due} is due"),
                );
            }
            match last.get(offset as usize) {
                Some(&(_, now)) if now == id => {}
                Some(&(_, now)) => {
                    let what = format!("{reader} saw {id} at {partition}:{offset}, now {now}");
                    tell("inconsistent-offsets", what);
                }
                None => tell("end-offset-regress", format!("{reader} saw {id} at {offset}")),
            }
        }
    }

    /// Records that are in the log though nobody was told so.
    pub fn unacknowledged(&self) -> usize {
        self.last.iter().map(|last| last.records.len()).sum::<usize>() - self.acked.len()
    }

    /// Fails with the anomalies, if there are any.
    #[track_caller]
    pub fn assert_clean(&self, what: &str) {
        let found = self.anomalies();
        let mut shown = String::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for Anomaly { class, what } in &found {
            let count = counts.entry(class).or_default();
            *count += 1;
            if *count <= SHOWN {
                write!(shown, "\n  {class}: {what}").unwrap();
            }
        }
        assert!(found.is_empty(), "{what}: {counts:?}{shown}");
    }
}

/// A history of two producers and two partitions with nothing wrong in it.
fn clean() -> History {
    let id = |producer, sequence| Id { producer, sequence };
    let zero = vec![(0, id(1, 0)), (1, id(2, 0)), (2, id(1, 2))];
    let one = vec![(0, id(1, 1)), (1, id(2, 2))];
    let reading = |reader: &str, partition, records: &[(i64, Id)]| Reading {
        reader: reader.to_owned(),
        partition,
        records: records.to_vec(),
    };
    History {
        sent: BTreeMap::from([(1, 3), (2, 4)]),
        acked: vec![(id(1, 0), 0, 0), (id(2, 0), 0, 1), (id(1, 1), 1, 0), (id(2, 2), 1, 1)],
        last: vec![reading("last", 0, &zero), reading("last", 1, &one)],
        earlier: vec![reading("early", 0, &zero[..2])],
        complaints: Vec::new(),
    }
}

/// Checks that exactly one anomaly of `class` is found after `change`.
#[track_caller]
fn assert_found(class: &str, change: impl FnOnce(&mut History)) {
    let mut history = clean();
    change(&mut history);
    let classes: Vec<_> = history.anomalies().into_iter().map(|anomaly| anomaly.class).collect();
    assert!(classes.contains(&class), "no {class} in {classes:?}");
}

#[test]
fn a_clean_history_has_no_anomalies() {
    let history = clean();
    assert_eq!(history.anomalies(), []);
    assert_eq!(history.unacknowledged(), 1);
    history.assert_clean("a clean history");
}

#[test]
fn every_class_of_anomaly_is_found() {
    assert_found("lost-write", |h| h.last[1].records.truncate(1));
    assert_found("duplicate", |h| h.last[1].records.push((2, Id { producer: 1, sequence: 0 })));
    assert_found("unsent", |h| h.last[1].records.push((2, Id { producer: 1, sequence: 3 })));
    assert_found("unsent", |h| h.last[1].records.push((2, Id { producer: 9, sequence: 0 })));
    assert_found("nonmonotonic-send", |h| {
        h.last[1].records.push((2, Id { producer: 2, sequence: 1 }));
    });
    assert_found("inconsistent-offsets", |h| h.acked[0].2 = 2);
    assert_found("offset-reuse", |h| h.acked[0].2 = 1);
    assert_found("inconsistent-offsets", |h| h.earlier[0].records[1].1.sequence = 1);
    assert_found("poll-skip", |h| h.earlier[0].records.drain(..1).for_each(drop));
    assert_found("nonmonotonic-poll", |h| h.earlier[0].records[1].0 = 0);
    assert_found("end-offset-regress", |h| {
        h.earlier[0].records = h.last[0].records.clone();
        h.last[0].records.truncate(2);
    });
    assert_found("damage", |h| h.complaints.push("torn".to_owned()));
}

#[test]
fn a_record_is_read_back_and_a_torn_one_is_told() {
    for bytes in [0, 30, 63, 64, 100, 70_000, (8 << 20) - 100] {
        let id = Id { producer: 3, sequence: 999 };
        let mut line = Vec::new();
        id.write_line(bytes, &mut line);
        assert_eq!(line.iter().filter(|b| **b == b'\n' || **b == b'\t').count(), 2);
        let tab = line.iter().position(|&b| b == b'\t').unwrap();
        let (key, value) = (&line[..tab], &line[tab + 1..line.len() - 1]);
        assert_eq!(Id::check(key, value), Ok(id), "{bytes}");
        assert_eq!(value.len(), bytes.max(VALUE_MIN_BYTES));
        let mut bad = value.to_vec();
        *bad.last_mut().unwrap() ^= 1;
        assert!(Id::check(key, &bad).is_err(), "{bytes}");
        assert!(Id::check(key, &value[..value.len() - 1]).is_err(), "{bytes}");
        assert!(Id::check(b"3-998", value).is_err(), "{bytes}");
    }
}
