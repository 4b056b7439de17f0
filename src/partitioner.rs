//! Stub.

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
