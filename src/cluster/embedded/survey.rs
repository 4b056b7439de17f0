//! Owns counting records and telling their times on a log directory, partition by partition. Leaves
//! the batches to `disk::survey`.

use super::{Embedded, check_partition, open_topic};
use crate::cluster::error::{ClusterError, Outcome, Result};
use crate::disk::survey;
use crate::topic::TopicPartition;

impl Embedded {
    /// Counts the records between two offsets of each partition.
    pub fn count_records(
        &self,
        between: &[(TopicPartition, i64, i64)],
    ) -> Result<Vec<Outcome<TopicPartition, i64>>> {
        let read = self.read_topics()?;
        let count = |of: &TopicPartition, from, to| {
            let unknown = || ClusterError::unknown_topic(of.topic.as_str());
            let (directory, registry) = read.as_ref().ok_or_else(unknown)?;
            let topic = open_topic(registry, &of.topic)?;
            check_partition(&topic, of.partition)?;
            let end = directory.end(&of.topic, of.partition, &topic.config)?.end;
            let path = directory.partition_path(&of.topic, of.partition);
            let counted = survey::count_records(&path, &end, &topic.config, from, to);
            Ok(counted.map_err(|error| error.or_deleted(&path))?)
        };
        let outcomes = between.iter().map(|(of, from, to)| {
            let result = count(of, *from, *to);
            Outcome { of: of.clone(), result }
        });
        Ok(outcomes.collect())
    }

    /// Returns the timestamps of the first records at or behind offsets, which are sorted.
    pub fn record_times(&self, at: &[(TopicPartition, i64)]) -> Result<Vec<Option<i64>>> {
        let Some((directory, registry)) = self.read_topics()? else {
            return Ok(vec![None; at.len()]);
        };
        let mut times = Vec::with_capacity(at.len());
        for same in at.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((of, _)) = same.first() else { continue };
            let offsets: Vec<i64> = same.iter().map(|(_, offset)| *offset).collect();
            // One that cannot be read must not hide the others.
            let found = open_topic(&registry, &of.topic).and_then(|topic| {
                let end = directory.end(&of.topic, of.partition, &topic.config)?.end;
                let path = directory.partition_path(&of.topic, of.partition);
                Ok(survey::record_times(&path, &end, &topic.config, &offsets))
            });
            times.extend(found.unwrap_or_else(|_| vec![None; offsets.len()]));
        }
        Ok(times)
    }
}
