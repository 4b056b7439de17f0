//! Owns the record as it passes through the program: many records in one buffer, as one byte arena
//! and a list of spans, so that no record costs an allocation. Leaves their form on disk to `disk`
//! and their text forms to the modules below.

pub mod buffers;
pub mod bytes;
pub mod envelope;
pub mod filter;
pub mod json;
pub mod pointer;
pub mod template;

/// A stretch of a [`RecordBuffer`]'s arena, or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    start: u32,
    len: u32,
}

impl Slice {
    /// The absent value: a tombstone's value, a record without a key. Never the empty string.
    pub const NULL: Self = Self { start: 0, len: u32::MAX };

    /// The bytes from `start` on, `len` of them. Arenas stay below 4 GiB (see [`ARENA_MAX_BYTES`]).
    pub const fn new(start: usize, len: usize) -> Self {
        Self { start: start as u32, len: len as u32 }
    }

    /// Whether this is null.
    pub const fn is_null(self) -> bool {
        self.len == u32::MAX
    }

    /// The first position.
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// Length in bytes; 0 for null.
    pub const fn len(self) -> usize {
        if self.is_null() { 0 } else { self.len as usize }
    }

    /// Whether there are no bytes (null or empty).
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bytes in `arena`, or `None` for null.
    pub fn of(self, arena: &[u8]) -> Option<&[u8]> {
        if self.is_null() {
            return None;
        }
        arena.get(self.start()..self.start() + self.len())
    }
}

/// The most bytes an arena may hold: `Slice` has 32-bit positions, and memory has a limit.
pub const ARENA_MAX_BYTES: usize = 1 << 30;

/// One header of a record. Names are bytes: Kafka does not check that they are UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderSpan {
    /// The name; never null.
    pub name: Slice,
    /// The value; null and empty are kept apart.
    pub value: Slice,
}

/// One record in a [`RecordBuffer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its key, or null.
    pub key: Slice,
    /// Its value, or null: a tombstone.
    pub value: Slice,
    /// Ms since the epoch; `NO_TIMESTAMP` before one is given.
    pub timestamp_ms: i64,
    /// Its offset; -1 before it is appended.
    pub offset: i64,
    /// Its partition; -1 where the partitioner is to choose.
    pub partition: i32,
    /// Index of its first header in the buffer's `headers`.
    pub headers_start: u32,
    /// The number of its headers.
    pub headers_len: u32,
    /// Leader epoch of its batch; -1 when not known.
    pub leader_epoch: i32,
}

/// What a timestamp is before one is given, as Kafka's `RecordBatch.NO_TIMESTAMP`.
pub const NO_TIMESTAMP: i64 = -1;

impl Span {
    /// A record yet to be appended: no offset, no partition, no headers.
    pub const fn new(key: Slice, value: Slice, timestamp_ms: i64) -> Self {
        Self {
            key,
            value,
            timestamp_ms,
            offset: -1,
            partition: -1,
            headers_start: 0,
            headers_len: 0,
            leader_epoch: -1,
        }
    }
}

/// Who gave a record its timestamp (attribute bit 3 of a batch).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum TimestampKind {
    /// The producer.
    #[default]
    Create,
    /// The broker, or the log, on append.
    LogAppend,
}

impl TimestampKind {
    /// The name in the envelope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::LogAppend => "log-append",
        }
    }
}

/// The codec of a batch (`-z`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub enum Compression {
    /// Not compressed.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy in xerial's framing, as Java writes it.
    Snappy,
    /// An LZ4 frame.
    Lz4,
    /// One zstd frame.
    Zstd,
}

impl Compression {
    /// Every codec.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// Its name in `compression.type` and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// Many records: their bytes in one arena, and a span for each.
#[derive(Clone, Debug, Default)]
pub struct RecordBuffer {
    /// The bytes of keys, values and headers, and whatever lies between them.
    pub arena: Vec<u8>,
    /// The records, in order.
    pub spans: Vec<Span>,
    /// The headers of all records; each span names its part.
    pub headers: Vec<HeaderSpan>,
    /// Who gave the timestamps of the records of this buffer.
    pub timestamp_kind: TimestampKind,
    /// The time that was given to the records that have none of their own: for those, the time at
    /// which they are sent will do as well.
    pub stamped_ms: Option<i64>,
    /// The number that the first record has in the input, where it has one.
    pub first_number: u64,
}

impl RecordBuffer {
    /// Forgets the records, keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.spans.clear();
        self.headers.clear();
        self.timestamp_kind = TimestampKind::Create;
        self.stamped_ms = None;
        self.first_number = 0;
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Copies `bytes` to the end of the arena.
    pub fn store(&mut self, bytes: &[u8]) -> Slice {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        Slice::new(start, bytes.len())
    }

    /// Copies `bytes` to the end of the arena, or keeps null.
    pub fn store_nullable(&mut self, bytes: Option<&[u8]>) -> Slice {
        bytes.map_or(Slice::NULL, |bytes| self.store(bytes))
    }

    /// Copies a record of another buffer to the end.
    pub fn push_copy(&mut self, span: &Span, from: &Self) {
        let headers_start = self.headers.len() as u32;
        for header in from.headers_of(span) {
            let name = self.store_nullable(header.name.of(&from.arena));
            let value = self.store_nullable(header.value.of(&from.arena));
            self.headers.push(HeaderSpan { name, value });
        }
        let key = self.store_nullable(span.key.of(&from.arena));
        let value = self.store_nullable(span.value.of(&from.arena));
        self.spans.push(Span { key, value, headers_start, ..*span });
    }

    /// The bytes of a record's key, value and headers.
    pub fn bytes_of(&self, span: &Span) -> usize {
        let parts = self.headers_of(span).iter().flat_map(|header| [header.name, header.value]);
        parts
            .chain([span.key, span.value])
            .map(|part| part.of(&self.arena).map_or(0, <[u8]>::len))
            .sum()
    }

    /// The headers of `span`.
    pub fn headers_of(&self, span: &Span) -> &[HeaderSpan] {
        let start = span.headers_start as usize;
        self.headers.get(start..start + span.headers_len as usize).unwrap_or_default()
    }

    /// The view of one record that text forms take.
    pub fn view<'a>(&'a self, topic: &'a str, span: &Span) -> RecordView<'a> {
        RecordView {
            topic,
            partition: span.partition,
            offset: span.offset,
            timestamp_ms: span.timestamp_ms,
            timestamp_kind: self.timestamp_kind,
            leader_epoch: span.leader_epoch,
            key: span.key.of(&self.arena),
            value: span.value.of(&self.arena),
            headers: self.headers_of(span),
            arena: &self.arena,
        }
    }
}

/// One record, borrowed, with all that its text forms show.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition; -1 when not appended yet.
    pub partition: i32,
    /// The offset; -1 when not appended yet.
    pub offset: i64,
    /// Ms since the epoch; -1 for none.
    pub timestamp_ms: i64,
    /// Who gave the timestamp.
    pub timestamp_kind: TimestampKind,
    /// Leader epoch; -1 for none.
    pub leader_epoch: i32,
    /// The key, or `None` for null.
    pub key: Option<&'a [u8]>,
    /// The value, or `None` for null.
    pub value: Option<&'a [u8]>,
    /// The headers, spans into `arena`.
    pub headers: &'a [HeaderSpan],
    /// What the headers point into.
    pub arena: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// The headers as names and values, in order, duplicates kept.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let arena = self.arena;
        self.headers.iter().map(move |h| (h.name.of(arena).unwrap_or_default(), h.value.of(arena)))
    }
}
