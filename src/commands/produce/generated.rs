//! Owns generated users in the place of input (`--fake`). Leaves the users to `fake`.

use std::ops::Range;

use super::input::{CHUNK_BYTES, Counted, Made, Shape, common, make};
use crate::fake::{Change, Changes, Kind, Users};
use crate::record::pointer::{Found, Pointer};
use crate::record::{RecordBuffer, Slice, Span};

/// Generated users instead of input.
pub struct Generated {
    users: Users,
    changes: Changes,
    start: u64,
    next: u64,
    end: u64,
    shape: Shape,
}

impl Generated {
    /// The users at these places, with what becomes of them.
    pub fn new(seed: u64, range: Range<u64>, changes: Changes, shape: Shape) -> Self {
        let Range { start, end } = range;
        Self { users: Users::new(seed), changes, start, next: start, end, shape }
    }

    /// Whether generated users have what `pointer` points to.
    pub fn has(pointer: &Pointer) -> bool {
        let mut user = Vec::new();
        Users::new(0).append_json(1, &mut user);
        pointer.find(&user).is_ok_and(|found| found != Found::Missing)
    }

    /// Makes up to `most` records.
    pub fn read(&mut self, buffer: &mut RecordBuffer, most: u64, now_ms: i64) -> Counted {
        buffer.clear();
        let common = common(&self.shape, buffer, now_ms);
        let mut counted = Counted::default();
        while self.next < self.end && counted.records < most && buffer.arena.len() < CHUNK_BYTES {
            let start = buffer.arena.len();
            let Change { id, kind } = self.users.change_at(self.changes, self.start, self.next);
            self.users.append_version(id, self.next, &mut buffer.arena);
            let value = Slice::new(start, buffer.arena.len() - start);
            let mut span = Span::new(common.key, value, common.timestamp_ms);
            span.headers_len = common.headers;
            span.partition = common.partition;
            if self.shape.key_field.is_some()
                && let Ok(Made::WithKey(key)) = make(&self.shape, value, &buffer.arena, &mut span)
            {
                span.key = buffer.store(key.as_bytes());
            }
            if kind == Kind::Tombstone {
                span.value = Slice::NULL;
            }
            buffer.spans.push(span);
            counted.records += 1;
            counted.bytes += span.value.len() as u64;
            self.next += 1;
        }
        counted
    }

    /// Whether all were made.
    pub const fn is_done(&self) -> bool {
        self.next >= self.end
    }
}
