//! Owns who goes where: the hashes of the Java client and of librdkafka, and the turn of records
//! without a key. Leaves the number of partitions and the sending to `cluster`.

use std::fmt;
use std::str::FromStr;

use crate::record::{RecordBuffer, Span};
use crate::value::unknown;

/// Who chooses the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Partitioner {
    /// Java's default placement: murmur2 of the key; without a key, one partition a batch in turn.
    #[default]
    Murmur2,
    /// librdkafka's default placement: CRC-32 of the key.
    Crc32,
    /// Each record in turn.
    RoundRobin,
    /// At random.
    Random,
}

impl Partitioner {
    /// Every partitioner.
    pub const ALL: [Self; 4] = [Self::Murmur2, Self::Crc32, Self::RoundRobin, Self::Random];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2",
            Self::Crc32 => "crc32",
            Self::RoundRobin => "round-robin",
            Self::Random => "random",
        }
    }

    /// The names on the command line, for help and near matches.
    pub const fn names() -> [&'static str; 4] {
        ["murmur2", "crc32", "round-robin", "random"]
    }
}

impl fmt::Display for Partitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no partitioner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPartitioner(pub String);

impl fmt::Display for UnknownPartitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&unknown("a partitioner", &self.0, &Partitioner::names()))
    }
}

impl std::error::Error for UnknownPartitioner {}

impl FromStr for Partitioner {
    type Err = UnknownPartitioner;

    /// Takes the names, and those by which the clients' users know them.
    fn from_str(text: &str) -> Result<Self, UnknownPartitioner> {
        Ok(match text {
            "murmur2" | "java" | "murmur2_random" => Self::Murmur2,
            "crc32" | "librdkafka" | "consistent_random" => Self::Crc32,
            "round-robin" | "roundrobin" | "rr" => Self::RoundRobin,
            "random" => Self::Random,
            _ => return Err(UnknownPartitioner(text.to_owned())),
        })
    }
}

/// Bytes of records without a key that go to one partition before it is the next one's turn.
///
/// Java's sticky partitioner changes after `batch.size` bytes (16 KiB; KIP-794). A turn here is
/// enough for a full batch of ours: with less, batches are cut short, and every cut is a lock and a
/// write.
pub const STICKY_BYTES: usize = 256 * 1024;

/// Gives each record of one producer its partition.
#[derive(Clone, Debug)]
pub struct Assigner {
    partitioner: Partitioner,
    /// At least 1.
    partitions: u32,
    /// The partition whose turn it is.
    turn: u32,
    /// Bytes of records without a key that went to it.
    given_bytes: usize,
    /// State of the generator behind `Random`.
    random: u64,
}

impl Assigner {
    /// An assigner for a topic of `partitions` partitions.
    ///
    /// The seed sets whose turn is first, so that many short runs do not all fill partition 0, and
    /// the order of `Random`. Less than one partition counts as one.
    pub fn new(partitioner: Partitioner, partitions: i32, seed: u64) -> Self {
        let partitions = partitions.max(1) as u32;
        let mut assigner = Self { partitioner, partitions, turn: 0, given_bytes: 0, random: seed };
        assigner.turn = assigner.draw();
        assigner
    }

    /// The partition that a record names, or else the one of the next record, of which
    /// `approx_bytes` is the size as it will be sent.
    pub fn place(&mut self, span: &Span, buffer: &RecordBuffer, approx_bytes: usize) -> i32 {
        if span.partition >= 0 {
            return span.partition;
        }
        self.assign(span.key.of(&buffer.arena), approx_bytes)
    }

    /// The partition of the next record, of which `approx_bytes` is the size as it will be sent.
    pub fn assign(&mut self, key: Option<&[u8]>, approx_bytes: usize) -> i32 {
        let partition = match (self.partitioner, key) {
            (Partitioner::Murmur2, Some(key)) => (murmur2(key) & 0x7fff_ffff) % self.partitions,
            // librdkafka does not tell an empty key from none (`rd_kafka_msg_partitioner_
            // consistent_random`), Java does.
            (Partitioner::Crc32, Some(key)) if !key.is_empty() => crc32(key) % self.partitions,
            (Partitioner::Murmur2 | Partitioner::Crc32, _) => self.stick(approx_bytes),
            (Partitioner::RoundRobin, _) => {
                let turn = self.turn;
                self.next();
                turn
            }
            (Partitioner::Random, _) => self.draw(),
        };
        partition as i32
    }

    /// The partition whose turn it is, until it has been given [`STICKY_BYTES`].
    ///
    /// Turns go round in order, and not at random as Java's do: so after each round every partition
    /// has the same number of bytes, to one record.
    fn stick(&mut self, bytes: usize) -> u32 {
        let turn = self.turn;
        self.given_bytes = self.given_bytes.saturating_add(bytes);
        if self.given_bytes >= STICKY_BYTES {
            self.given_bytes = 0;
            self.next();
        }
        turn
    }

    /// Passes the turn on.
    const fn next(&mut self) {
        self.turn = (self.turn + 1) % self.partitions;
    }

    /// A partition at random, by `SplitMix64`.
    const fn draw(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = self.random;
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (x ^ (x >> 31)) >> 32;
        ((high * self.partitions as u64) >> 32) as u32
    }
}

/// Kafka's murmur2 (`org.apache.kafka.common.utils.Utils.murmur2`), which Java calls signed.
///
/// It is `MurmurHash2` of 32 bits with words taken little-endian and a seed of Kafka's own.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;

    let mut hash = SEED ^ data.len() as u32;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        #[expect(clippy::little_endian_bytes, reason = "murmur2 reads its words so")]
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (at, &byte) in rest.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * at);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The remainders of all bytes by the reflected polynomial of IEEE 802.3.
const CRC32_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut rest = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            rest = (rest >> 1) ^ (0xedb8_8320 & (rest & 1).wrapping_neg());
            bit += 1;
        }
        #[expect(clippy::indexing_slicing, reason = "checked when the constant is computed")]
        {
            table[byte] = rest;
        }
        byte += 1;
    }
    table
};

/// zlib's CRC-32, the hash of librdkafka's `consistent_random`.
///
/// Keys are short, so a byte at a time by table is enough; the checksums of batches are CRC-32C.
pub fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        let at = (crc as u8 ^ byte) as usize;
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
        let rest = CRC32_TABLE[at];
        (crc >> 8) ^ rest
    };
    !data.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key, its murmur2, where that puts it, its CRC-32, where that puts it.
    type Vector = (&'static [u8], u32, [i32; 3], u32, [i32; 3]);

    /// Keys with murmur2, crc32, and the partition by each of 3, 6 and 12. The murmur2 column is
    /// of Java's `UtilsTest` and librdkafka's unit tests.
    #[rustfmt::skip]
    const VECTORS: &[Vector] = &[
        (b"", 0x106e_08d9, [0, 3, 9], 0x0000_0000, [0, 0, 0]),
        (b"a", 0xa2d0_b27c, [1, 4, 4], 0xe8b7_be43, [0, 3, 3]),
        (b"abc", 0x1c94_221b, [0, 3, 3], 0x3524_41c2, [0, 0, 6]),
        (b"kafka", 0xd067_cf64, [1, 4, 4], 0x5bbc_7517, [2, 5, 11]),
        (b"foobar", 0xd0e4_7bbe, [0, 0, 6], 0x9ef6_1f95, [2, 5, 5]),
        (b"21", 0xc5f2_f8ec, [0, 0, 0], 0xfd77_46b4, [1, 4, 4]),
        (b"1234", 0x9fc9_7b14, [0, 0, 0], 0x9be3_e0a3, [1, 1, 7]),
        (b"key-0", 0x01bd_b5b9, [1, 1, 1], 0x79eb_8fec, [0, 0, 0]),
        (b"key-1", 0x0b86_01b8, [0, 0, 0], 0x0eec_bf7a, [2, 2, 2]),
        (b"user-42", 0x5700_682c, [1, 4, 4], 0x7d06_b873, [1, 1, 7]),
        (b"hello", 0x7f1d_dbbd, [0, 3, 9], 0x3610_a686, [1, 4, 10]),
        (b"a-little-bit-long-string", 0xc53b_1da0, [2, 2, 8], 0xee71_cd62, [0, 0, 6]),
        ("\u{43a}\u{43b}\u{44e}\u{447}".as_bytes(), 0x7e80_6270, [2, 2, 8], 0x0caf_961a, [0, 0, 6]),
        (&[0, 1, 2, 3, 4, 5, 6, 7], 0x39da_f2a9, [2, 5, 5], 0x88aa_689f, [2, 5, 11]),
    ];

    #[test]
    fn hashes_are_those_of_java_and_librdkafka() {
        for &(key, murmur, by_murmur, crc, by_crc) in VECTORS {
            assert_eq!(murmur2(key), murmur, "murmur2 of {key:?}");
            assert_eq!(crc32(key), crc, "crc32 of {key:?}");
            for (at, partitions) in [3, 6, 12].into_iter().enumerate() {
                let mut java = Assigner::new(Partitioner::Murmur2, partitions, 0);
                assert_eq!(java.assign(Some(key), 1), by_murmur[at], "{key:?} of {partitions}");
                let mut librdkafka = Assigner::new(Partitioner::Crc32, partitions, 0);
                if !key.is_empty() {
                    assert_eq!(librdkafka.assign(Some(key), 1), by_crc[at], "{key:?}");
                }
            }
        }
        // librdkafka's test 0048, by 17 partitions.
        let long = "this is another string with more length to it perhaps";
        for (key, masked, by_murmur, crc, by_crc) in [
            ("23456", 0x058d_780f, 9, 0xb1b4_51d7, 7),
            (long, 0x4f77_03da, 11, 0xb015_0df7, 15),
            ("hejsan", 0x5ec1_9395, 5, 0xd077_037e, 14),
        ] {
            let key = key.as_bytes();
            assert_eq!(murmur2(key) & 0x7fff_ffff, masked);
            assert_eq!(crc32(key), crc);
            assert_eq!(Assigner::new(Partitioner::Murmur2, 17, 1).assign(Some(key), 1), by_murmur);
            assert_eq!(Assigner::new(Partitioner::Crc32, 17, 1).assign(Some(key), 1), by_crc);
        }
    }

    #[test]
    fn records_without_a_key_fill_partitions_evenly_in_turn() {
        for partitioner in [Partitioner::Murmur2, Partitioner::Crc32] {
            let mut assigner = Assigner::new(partitioner, 4, 9);
            let mut counts = [0_u32; 4];
            let mut changes = 0;
            let mut last = -1;
            let each = 1000;
            let a_turn = STICKY_BYTES.div_ceil(each);
            for _ in 0..a_turn * 8 {
                let partition = assigner.assign(None, each);
                changes += u32::from(partition != last);
                last = partition;
                counts[partition as usize] += 1;
            }
            assert_eq!(counts, [a_turn as u32 * 2; 4]);
            assert_eq!(changes, 8);
        }
    }

    #[test]
    fn an_empty_key_is_a_key_to_java_and_none_to_librdkafka() {
        let mut java = Assigner::new(Partitioner::Murmur2, 12, 3);
        let mut librdkafka = Assigner::new(Partitioner::Crc32, 12, 3);
        assert_eq!(java.assign(Some(b""), STICKY_BYTES), 9);
        assert_eq!(java.assign(Some(b""), STICKY_BYTES), 9);
        let first = librdkafka.assign(Some(b""), STICKY_BYTES);
        assert_eq!(librdkafka.assign(Some(b""), STICKY_BYTES), (first + 1) % 12);
    }

    #[test]
    fn round_robin_and_random_look_at_no_key() {
        let mut turns = Assigner::new(Partitioner::RoundRobin, 3, 1);
        let first = turns.assign(Some(b"k"), 1);
        let next: Vec<i32> = (0..5).map(|_| turns.assign(Some(b"k"), 1)).collect();
        let expected: Vec<i32> = (1..6).map(|n| (first + n) % 3).collect();
        assert_eq!(next, expected);

        let mut random = Assigner::new(Partitioner::Random, 3, 1);
        let mut again = random.clone();
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            let partition = random.assign(Some(b"k"), 1);
            assert_eq!(again.assign(None, 1), partition);
            counts[partition as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (9500..10_500).contains(&n)), "{counts:?}");
    }

    #[test]
    fn names_parse_and_others_do_not() {
        for partitioner in Partitioner::ALL {
            assert_eq!(partitioner.name().parse(), Ok(partitioner));
            assert!(Partitioner::names().contains(&partitioner.name()));
        }
        for (alias, partitioner) in [
            ("java", Partitioner::Murmur2),
            ("librdkafka", Partitioner::Crc32),
            ("rr", Partitioner::RoundRobin),
        ] {
            assert_eq!(alias.parse(), Ok(partitioner));
        }
        let near = "murmur3".parse::<Partitioner>().unwrap_err().to_string();
        assert_eq!(near, "`murmur3` is not a partitioner; did you mean `murmur2`?");
        let none = "xyz".parse::<Partitioner>().unwrap_err().to_string();
        assert!(none.contains("murmur2, crc32"), "{none}");
    }

    #[test]
    fn no_partition_is_out_of_range() {
        for partitioner in Partitioner::ALL {
            for partitions in [i32::MIN, 0, 1, 2, 7, i32::MAX] {
                let mut assigner = Assigner::new(partitioner, partitions, 11);
                for key in [None, Some(&b""[..]), Some(b"a"), Some(b"hello")] {
                    let partition = assigner.assign(key, usize::MAX);
                    assert!((0..partitions.max(1)).contains(&partition), "{partitioner}");
                }
            }
        }
    }
}
