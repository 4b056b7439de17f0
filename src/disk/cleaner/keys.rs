//! Owns the map from keys to their last offset, in bounded memory. It has 128 bits of a keyed hash
//! in the place of each key, as Kafka's has MD5: two of 10^7 keys meet once in 10^24 runs.

use std::hash::{BuildHasher, RandomState};

/// A hash, and an offset one higher, so that zero means a free place.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: [u64; 2],
    offset: u64,
}

/// Keys and their last offsets.
#[derive(Debug)]
pub(super) struct KeyMap {
    slots: Vec<Slot>,
    used: usize,
    hashers: [RandomState; 2],
}

impl KeyMap {
    /// A map for at most so many keys, in at most so much memory.
    pub(super) fn new(keys: u64, max_bytes: usize) -> Self {
        let most = (max_bytes / size_of::<Slot>()).max(16);
        let wanted = usize::try_from(keys).unwrap_or(usize::MAX).saturating_mul(10) / 9;
        let slots = vec![Slot::default(); wanted.saturating_add(16).min(most)];
        Self { slots, used: 0, hashers: [RandomState::new(), RandomState::new()] }
    }

    /// The place of a key: where it is, or would be.
    fn find(&self, key: &[u8]) -> (usize, [u64; 2]) {
        let [one, two] = &self.hashers;
        let hash = [one.hash_one(key), two.hash_one(key)];
        let [low, _] = hash;
        // The high half of the product spreads hashes over any number of places.
        let mut at = ((u128::from(low) * self.slots.len() as u128) >> 64) as usize;
        while let Some(slot) = self.slots.get(at) {
            if slot.offset == 0 || slot.hash == hash {
                break;
            }
            at = (at + 1) % self.slots.len();
        }
        (at, hash)
    }

    /// Takes note of a key's offset, which is higher than those before; false when it is full.
    pub(super) fn put(&mut self, key: &[u8], offset: i64) -> bool {
        let (at, hash) = self.find(key);
        let room = self.used < self.slots.len() / 10 * 9;
        let Some(slot) = self.slots.get_mut(at) else { return false };
        if slot.offset == 0 {
            if !room {
                return false;
            }
            self.used += 1;
        }
        *slot = Slot { hash, offset: offset.cast_unsigned() + 1 };
        true
    }

    /// The last offset of a key, if it has one here.
    pub(super) fn get(&self, key: &[u8]) -> Option<i64> {
        let (at, _) = self.find(key);
        let slot = self.slots.get(at)?;
        (slot.offset != 0).then(|| (slot.offset - 1).cast_signed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_offset_of_a_key_is_kept_and_a_full_map_says_so() {
        let mut map = KeyMap::new(1000, 24 * 100);
        for n in 0..90_i64 {
            assert!(map.put(&n.to_be_bytes(), n));
        }
        assert!(!map.put(b"one more", 90));
        assert!(map.put(&7_i64.to_be_bytes(), 100));
        assert_eq!(map.get(&7_i64.to_be_bytes()), Some(100));
        assert_eq!(map.get(&8_i64.to_be_bytes()), Some(8));
        assert_eq!(map.get(b"one more"), None);
        assert!(KeyMap::new(0, 0).put(b"", 0));
    }
}
