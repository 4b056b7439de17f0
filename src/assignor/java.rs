//! Owns the order in which Java's hash tables give their keys back: Kafka's sticky assignors decide
//! ties by it. Leaves what the ties are to them.
//!
//! Keys come by their bucket, and within one in the order in which they were put there. A table has
//! 16 buckets and doubles beyond three quarters. More than eight keys in one bucket, which makes
//! Java double earlier, is not followed.

use std::cmp::Ordering;

/// The buckets of a new table.
const BUCKETS_MIN: usize = 16;

/// Java's `String.hashCode`.
pub(super) fn text_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The hash of a partition, as of Kafka's `TopicPartition`.
pub(super) fn partition_hash(topic: &str, partition: i32) -> i32 {
    31_i32.wrapping_add(partition).wrapping_mul(31).wrapping_add(text_hash(topic))
}

/// Java's order of texts: by their UTF-16 units.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// The bucket of a hash in a table of `buckets`, a power of two.
fn bucket(hash: i32, buckets: usize) -> usize {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) as usize & (buckets - 1)
}

/// The buckets of a table that was made with `buckets` and then held `keys`.
fn grown(mut buckets: usize, keys: usize) -> usize {
    while keys > buckets / 4 * 3 {
        buckets *= 2;
    }
    buckets
}

/// The positions of `texts` in the order in which a table gives them back that took them in turn.
pub(super) fn table_order<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let hashes: Vec<i32> = texts.map(text_hash).collect();
    let buckets = grown(BUCKETS_MIN, hashes.len());
    let mut order: Vec<(usize, usize)> =
        hashes.iter().enumerate().map(|(at, hash)| (bucket(*hash, buckets), at)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, at)| at).collect()
}

/// A set of numbers that knows which of them a hash set of Java gives first.
#[derive(Clone, Debug)]
pub(super) struct HashedSet {
    /// Numbers and their hashes, in the order in which they came.
    entries: Vec<(usize, i32)>,
    /// Its buckets, which never become fewer.
    buckets: usize,
}

impl HashedSet {
    /// A set of nothing.
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new(), buckets: BUCKETS_MIN }
    }

    /// Takes a number in.
    pub(super) fn insert(&mut self, number: usize, hash: i32) {
        if !self.entries.iter().any(|(known, _)| *known == number) {
            self.entries.push((number, hash));
            self.buckets = grown(self.buckets, self.entries.len());
        }
    }

    /// Takes a number out.
    pub(super) fn remove(&mut self, number: usize) {
        self.entries.retain(|(known, _)| *known != number);
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number that Java's iterator gives first.
    pub(super) fn first(&self) -> Option<usize> {
        // The first of equals, which is the one that came first.
        let first = self.entries.iter().min_by_key(|(_, hash)| bucket(*hash, self.buckets));
        first.map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_javas() {
        // "polygenelubricants" is the known text whose hash is the least number.
        for (text, hash) in [
            ("", 0),
            ("a", 97),
            ("ab", 3105),
            ("polygenelubricants", i32::MIN),
            ("\u{1f600}", 1_772_899),
        ] {
            assert_eq!(text_hash(text), hash, "{text}");
        }
        // 31 * (31 + 2) + 97.
        assert_eq!(partition_hash("a", 2), 1120);
    }

    #[test]
    fn keys_come_by_bucket_and_then_by_turn() {
        // The hashes of `a` to `c` are 97 to 99, of `q` 113: buckets 1, 2, 3 and 1 of 16.
        assert_eq!(table_order(["c", "q", "a", "b"].into_iter()), [1, 2, 3, 0]);
        // Thirteen keys make it 32 buckets, where `q` is in bucket 17.
        let many = ["c", "q", "a", "b", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        let order = table_order(many.into_iter());
        assert_eq!((order[0], order[12]), (2, 1));
        let mut set = HashedSet::new();
        for (number, hash) in [(0, 3), (1, 17), (2, 1)] {
            set.insert(number, hash);
        }
        assert_eq!(set.first(), Some(1), "17 and 1 share a bucket, and 17 was first");
        set.remove(1);
        assert_eq!(set.first(), Some(2));
        assert_eq!(compare("\u{ff5e}", "\u{1f600}"), Ordering::Greater, "surrogates are lower");
    }
}
