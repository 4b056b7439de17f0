//! Owns the arithmetic of lag: from a committed offset and the ends of a log to how much is unread,
//! and why that number is what it is. Leaves asking for offsets and times to commands.
//!
//! Whoever asks reads the commits first and the ends after: a commit that lands in between is then
//! at most what the ends show. The other way round, lag would be negative.

use std::fmt;

/// What is known of one partition for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The committed offset: the next to be read; `None` if nothing was committed.
    pub committed: Option<i64>,
    /// The first offset that can still be read.
    pub log_start: i64,
    /// One past the last record.
    pub log_end: i64,
    /// Where a reader of committed records stops (the last stable offset); `None` to measure to the
    /// end.
    pub last_stable: Option<i64>,
    /// Whether the partition is the group's without a commit: a member owns it.
    pub owned: bool,
}

/// Why a lag is not simply end minus committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nothing was committed, so all that is there is unread.
    NoCommit,
    /// So many offsets after the committed one are deleted already.
    LostToRetention(i64),
    /// The committed offset lies beyond the end: the log was cut, or the topic made anew.
    AheadOfLog,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCommit => f.write_str("no commit"),
            Self::LostToRetention(lost) => write!(f, "{lost} lost to retention"),
            Self::AheadOfLog => f.write_str("ahead of the log"),
        }
    }
}

/// How much of a partition is unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Offsets that are unread and still there. Never negative.
    pub lag: i64,
    /// The offset at which reading would go on.
    pub next: i64,
    /// Why the number is what it is.
    pub note: Option<Note>,
}

impl Lag {
    /// Of so many records that were found from `next` on, those that count: transaction markers and
    /// the holes of compaction take up offsets and are no records, so there are never more than
    /// offsets.
    pub fn records(&self, found: i64) -> i64 {
        found.clamp(0, self.lag)
    }
}

/// The lag of one partition; `None` if it does not concern the group, which neither committed to it
/// nor owns it.
pub fn lag(of: &Standing) -> Option<Lag> {
    // Kafka's protocol says -1 where nothing was committed.
    let committed = of.committed.filter(|offset| *offset >= 0);
    if committed.is_none() && !of.owned {
        return None;
    }
    let end = of.last_stable.map_or(of.log_end, |stable| stable.min(of.log_end));
    let end = end.max(of.log_start);
    let (next, note) = match committed {
        None => (of.log_start, Some(Note::NoCommit)),
        Some(offset) if offset < of.log_start => {
            (of.log_start, Some(Note::LostToRetention(of.log_start.saturating_sub(offset))))
        }
        // Beyond the last stable offset is not ahead: another reader may not wait for transactions.
        Some(offset) if offset > of.log_end => (offset, Some(Note::AheadOfLog)),
        Some(offset) => (offset, None),
    };
    Some(Lag { lag: end.saturating_sub(next).max(0), next, note })
}

/// The lag in time: how long the next unread record has waited, in ms. Nothing unread is no time at
/// all; `None` where the record's timestamp is not known.
pub fn age_ms(lag: i64, next_timestamp_ms: Option<i64>, now_ms: i64) -> Option<i64> {
    if lag <= 0 {
        return Some(0);
    }
    // A record without a timestamp has -1; one of a clock that is ahead has waited for nothing yet.
    let timestamp_ms = next_timestamp_ms.filter(|ms| *ms >= 0)?;
    Some(now_ms.saturating_sub(timestamp_ms).max(0))
}

/// The lag of several partitions together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many partitions were added up.
    pub partitions: usize,
    /// The sum; `None` once one of them is not known.
    pub lag: Option<i64>,
    /// The records in it; `None` once they were not counted in one of them.
    pub records: Option<i64>,
    /// The longest wait of a next unread record; `None` once one of them is not known.
    pub age_ms: Option<i64>,
    /// Offsets that were deleted before they were read.
    pub lost: i64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { partitions: 0, lag: Some(0), records: Some(0), age_ms: Some(0), lost: 0 }
    }
}

impl Sum {
    /// Adds a partition, of which not everything may be known.
    pub fn add(&mut self, lag: Option<Lag>, records: Option<i64>, age_ms: Option<i64>) {
        let add =
            |sum: Option<i64>, one| sum.zip(one).map(|(a, b): (i64, i64)| a.saturating_add(b));
        self.partitions += 1;
        self.lag = add(self.lag, lag.map(|lag| lag.lag));
        self.records = add(self.records, records);
        self.age_ms = self.age_ms.zip(age_ms).map(|(oldest, one)| oldest.max(one));
        if let Some(Note::LostToRetention(lost)) = lag.and_then(|lag| lag.note) {
            self.lost = self.lost.saturating_add(lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A standing in a log of offsets 100 to 249, measured to the end.
    fn at(committed: Option<i64>) -> Standing {
        let (log_start, log_end) = (100, 250);
        Standing { committed, log_start, log_end, last_stable: None, owned: false }
    }

    fn told(of: &Standing) -> (i64, String) {
        let lag = lag(of).unwrap();
        (lag.lag, lag.note.map_or_else(String::new, |note| note.to_string()))
    }

    #[test]
    fn usual_lag_is_end_minus_committed() {
        // Offsets 240 to 249 are unread.
        assert_eq!(told(&at(Some(240))), (10, String::new()));
        assert_eq!(told(&at(Some(250))), (0, String::new()));
        assert_eq!(told(&at(Some(100))), (150, String::new()));
    }

    #[test]
    fn case_1_nothing_committed_is_the_whole_log() {
        // 250 - 100, and not 250: the first hundred are deleted.
        let standing = Standing { owned: true, ..at(None) };
        assert_eq!(told(&standing), (150, "no commit".into()));
        assert_eq!(lag(&standing).unwrap().next, 100);
        assert_eq!(told(&Standing { owned: true, ..at(Some(-1)) }), (150, "no commit".into()));
    }

    #[test]
    fn case_2_committed_below_the_start_says_what_was_lost() {
        // 70 to 99 are gone, which is 30; 100 to 249 are there, which is 150, and not 180.
        assert_eq!(told(&at(Some(70))), (150, "30 lost to retention".into()));
        // All is gone: the log is empty at 250, and 240 to 249 were never read.
        let empty = Standing { log_start: 250, ..at(Some(240)) };
        assert_eq!(told(&empty), (0, "10 lost to retention".into()));
    }

    #[test]
    fn case_3_committed_above_the_end_is_nothing_and_said() {
        assert_eq!(told(&at(Some(251))), (0, "ahead of the log".into()));
        // The topic was made anew: 5 records, and a commit from its earlier life.
        let anew = Standing { log_start: 0, log_end: 5, ..at(Some(250)) };
        assert_eq!(told(&anew), (0, "ahead of the log".into()));
    }

    #[test]
    fn case_4_offsets_are_not_records() {
        // Of the ten offsets 240 to 249, one is a marker and three were compacted away.
        let lag = lag(&at(Some(240))).unwrap();
        assert_eq!((lag.lag, lag.records(6)), (10, 6));
        assert_eq!(lag.records(11), 10, "what came after the end was read does not count");
        assert_eq!(lag.records(-1), 0);
    }

    #[test]
    fn case_5_commits_are_read_before_ends() {
        // While we ask, records 250 to 259 come and are read and committed. Commits first: 250 is
        // seen, then the end 260.
        assert_eq!(told(&Standing { log_end: 260, ..at(Some(250)) }), (10, String::new()));
        // Ends first would be 250, then the commit 260: not -10, and a note that is not true.
        assert_eq!(told(&at(Some(260))), (0, "ahead of the log".into()));
    }

    #[test]
    fn case_6_what_a_member_owns_is_shown() {
        assert_eq!(told(&Standing { owned: true, ..at(None) }).0, 150);
        assert_eq!(lag(&at(None)), None, "neither committed nor owned");
        let empty = Standing { log_start: 0, log_end: 0, owned: true, ..at(None) };
        assert_eq!(told(&empty), (0, "no commit".into()));
    }

    #[test]
    fn case_7_committed_records_end_at_the_last_stable_offset() {
        // 240 to 244 can be read; a transaction is open from 245 on.
        let open = Standing { last_stable: Some(245), ..at(Some(240)) };
        assert_eq!(told(&open), (5, String::new()));
        // One that read further without waiting is behind nothing, and not ahead of the log.
        let further = Standing { committed: Some(248), ..open };
        assert_eq!(told(&further), (0, String::new()));
        // Nothing committed: 245 - 100.
        let new = Standing { committed: None, owned: true, ..open };
        assert_eq!(told(&new), (145, "no commit".into()));
    }

    #[test]
    fn time_lag_is_the_age_of_the_next_unread_record() {
        assert_eq!(age_ms(10, Some(1_000), 61_000), Some(60_000));
        assert_eq!(age_ms(0, None, 61_000), Some(0), "nothing waits");
        assert_eq!(age_ms(10, None, 61_000), None);
        assert_eq!(age_ms(10, Some(-1), 61_000), None, "a record without a timestamp");
        assert_eq!(age_ms(10, Some(90_000), 61_000), Some(0), "a clock that is ahead");
    }

    #[test]
    fn sums_know_what_they_do_not_know() {
        let part = |committed| lag(&at(Some(committed)));
        let sum = |rows: &[(Option<Lag>, Option<i64>, Option<i64>)]| {
            let mut sum = Sum::default();
            for (lag, records, age) in rows {
                sum.add(*lag, *records, *age);
            }
            sum
        };
        let a = sum(&[(part(240), Some(6), Some(5)), (part(70), Some(100), Some(9))]);
        // 10 + 150 offsets, and 6 + 100 records.
        let (lag, records, age_ms) = (Some(160), Some(106), Some(9));
        assert_eq!(a, Sum { partitions: 2, lag, records, age_ms, lost: 30 });
        let b = sum(&[(part(250), None, None)]);
        assert_eq!((b.lag, b.records, b.age_ms), (Some(0), None, None));
        let c = sum(&[(None, None, None), (part(240), Some(1), Some(1))]);
        assert_eq!((c.lag, c.records, c.age_ms, c.partitions), (None, None, None, 2));
        let mut full = Sum { lag: Some(i64::MAX - 1), ..Sum::default() };
        full.add(part(240), None, Some(0));
        assert_eq!(full.lag, Some(i64::MAX), "it stays at the most, and does not turn over");
    }

    proptest! {
        #[test]
        fn lag_is_never_negative_and_never_more_than_the_log(
            committed in proptest::option::of(any::<i64>()),
            log_start in any::<i64>(),
            log_end in any::<i64>(),
            last_stable in proptest::option::of(any::<i64>()),
        ) {
            let of = Standing { committed, log_start, log_end, last_stable, owned: true };
            let lag = lag(&of).unwrap();
            prop_assert!(lag.lag >= 0);
            prop_assert!(lag.lag <= log_end.saturating_sub(log_start).max(0));
        }
    }
}
