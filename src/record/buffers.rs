//! Owns the buffers that records are read or made into, where a report points into them until it
//! was looked at: so many at once that sending goes on, and no more. Leaves filling them to
//! callers.

use std::sync::Arc;

use crate::record::RecordBuffer;

/// Bytes of buffers that reports point into; no more are filled while these are not looked at.
const REPORTED_BYTES: usize = 16 << 20;

/// Buffers that were sent, the one used last at the end.
#[derive(Debug, Default)]
pub struct Buffers(Vec<Arc<RecordBuffer>>);

impl Buffers {
    /// A buffer that nobody points into; `None` while too many are pointed into.
    pub fn take(&mut self) -> Option<Arc<RecordBuffer>> {
        if let Some(free) = self.0.iter().rposition(|buffer| Arc::strong_count(buffer) == 1) {
            return Some(self.0.remove(free));
        }
        let bytes: usize = self.0.iter().map(|buffer| buffer.arena.capacity()).sum();
        (bytes < REPORTED_BYTES).then(Arc::default)
    }

    /// Keeps a buffer until nobody points into it.
    pub fn keep(&mut self, buffer: Arc<RecordBuffer>) {
        self.0.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_and_too_many_are_waited_for() {
        let mut buffers = Buffers::default();
        let mut pointed_into = Vec::new();
        while let Some(mut buffer) = buffers.take() {
            Arc::get_mut(&mut buffer).unwrap().arena.resize(REPORTED_BYTES / 4, 0);
            pointed_into.push(Arc::clone(&buffer));
            buffers.keep(buffer);
        }
        assert_eq!(pointed_into.len(), 4);
        drop(pointed_into.pop());
        let mut free = buffers.take().unwrap();
        assert_eq!(Arc::get_mut(&mut free).unwrap().arena.len(), REPORTED_BYTES / 4);
        assert!(buffers.take().is_none_or(|more| more.arena.is_empty()));
    }
}
