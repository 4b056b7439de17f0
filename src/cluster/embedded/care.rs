//! Owns the verbs that look after the logs of a directory: check, repair, retention, compaction.
//! Leaves the work on one partition to `disk`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Embedded, OpenTopic, log_config};
use crate::cluster::error::{ClusterError, Outcome, Result};
use crate::cluster::types::{Cared, Verified};
use crate::disk::care::{self, Place};
use crate::disk::directory::LogDirectory;
use crate::disk::guard::check_topic_id;
use crate::disk::layout::REGISTRY;
use crate::disk::meta::Uuid;
use crate::disk::partition::Repaired;
use crate::disk::unlisted;
use crate::disk::verify::{Pace, verify_top};
use crate::topic::{TopicName, TopicPartition};

/// A partition whose turn comes.
struct Task<'a> {
    topic: &'a OpenTopic,
    id: Uuid,
    partition: i32,
}

impl Embedded {
    /// The named topics, or all of them, and what is wrong with those that cannot be opened.
    fn topics_of(&self, names: &[TopicName]) -> Result<Vec<Outcome<TopicName, (OpenTopic, Uuid)>>> {
        let Some((_, registry)) = self.read_topics()? else { return Ok(Vec::new()) };
        let all: Vec<TopicName> = registry.topics.keys().cloned().collect();
        let names = if names.is_empty() { &all } else { names };
        let open = |name: &TopicName| {
            let unknown = || ClusterError::unknown_topic(name.as_str());
            let topic = registry.topics.get(name).ok_or_else(unknown)?;
            let config = log_config(name, topic)?;
            let (name, id) = (name.clone(), topic.id);
            Ok((OpenTopic { name, id, partitions: topic.partitions, config }, id))
        };
        Ok(names.iter().map(|name| Outcome { of: name.clone(), result: open(name) }).collect())
    }

    /// Checks the partitions of topics, of all if none is named, several at once; and makes good
    /// what is damaged where `repairs` says so. The first answer is about the files at the top.
    pub fn verify(
        &self,
        names: &[TopicName],
        repairs: bool,
        pace: &Pace,
    ) -> Result<Vec<Outcome<Option<TopicPartition>, Verified>>> {
        let Some(directory) = self.to_read()? else {
            let unknown = names.iter().map(|name| ClusterError::unknown_topic(name.as_str()));
            return Ok(unknown.map(|e| Outcome { of: None, result: Err(e) }).collect());
        };
        let mut outcomes = vec![Outcome { of: None, result: self.verify_top(&directory, repairs) }];
        let mut topics = Vec::new();
        let failed = |error| Outcome { of: None, result: Err(error) };
        match self.topics_of(names) {
            Ok(all) => all.into_iter().for_each(|topic| match topic.result {
                Ok(topic) => topics.push(topic),
                Err(error) => outcomes.push(failed(error)),
            }),
            Err(error) => outcomes.push(failed(error)),
        }
        let tasks: Vec<Task<'_>> = topics
            .iter()
            .flat_map(|(topic, id)| {
                (0..topic.partitions).map(move |partition| Task { topic, id: *id, partition })
            })
            .collect();
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            while let Some((n, task)) = {
                let n = next.fetch_add(1, Ordering::Relaxed);
                tasks.get(n).filter(|_| !pace.stop.load(Ordering::Relaxed)).map(|task| (n, task))
            } {
                let result = self.verify_partition(&directory, task, repairs, pace);
                found.lock().unwrap_or_else(PoisonError::into_inner).push((n, result));
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 1..threads.min(tasks.len()) {
                scope.spawn(work);
            }
            work();
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by_key(|(n, _)| *n);
        outcomes.extend(found.into_iter().filter_map(|(n, result)| {
            let task = tasks.get(n)?;
            let of = TopicPartition { topic: task.topic.name.clone(), partition: task.partition };
            Some(Outcome { of: Some(of), result })
        }));
        Ok(outcomes)
    }

    /// Checks the files at the top of the directory.
    fn verify_top(&self, directory: &LogDirectory, repairs: bool) -> Result<Verified> {
        let mut verified = Verified { checked: verify_top(&self.path)?, ..Verified::default() };
        // Of the files at the top some are made good that harm nobody.
        if repairs && !verified.checked.findings.is_empty() {
            let writable = LogDirectory::open_to_write(directory.path())?;
            let mut rebuilt = Vec::new();
            let change = if unlisted::complaint(&self.path)?.is_some() {
                let mut change = self.begin(|| writable.relist())?;
                change.commit(crate::now_ms())?;
                rebuilt.push(self.path.join(REGISTRY));
                change
            } else {
                self.change(&writable)?
            };
            let cut = care::repair_top(&change, &verified.checked)?;
            verified.repaired = Some(Repaired { cut, rebuilt });
            verified.mended = std::mem::take(&mut verified.checked.findings);
            verified.checked = verify_top(&self.path)?;
        }
        Ok(verified)
    }

    fn verify_partition(
        &self,
        directory: &LogDirectory,
        task: &Task<'_>,
        repairs: bool,
        pace: &Pace,
    ) -> Result<Verified> {
        let Task { topic, id, partition } = task;
        let (partition, config) = (*partition, &topic.config);
        let place = Place { directory, topic: &topic.name, partition, config };
        let path = directory.partition_path(&topic.name, partition);
        let checked = place.verify(*id, pace).map_err(|error| error.or_deleted(&path))?;
        let mut verified = Verified { checked, ..Verified::default() };
        if repairs && verified.checked.is_damaged() && !pace.stop.load(Ordering::Relaxed) {
            let writable = LogDirectory::open_to_write(&self.path)?;
            let mut log = writable.open_partition(&topic.name, partition, config)?;
            self.wait_until_free(&log)?;
            verified.repaired = Some(log.repair(*id, crate::now_ms())?);
            verified.mended = std::mem::take(&mut verified.checked.findings);
            verified.checked = place.verify(*id, pace)?;
        }
        Ok(verified)
    }

    /// Does to topics what their cleanup policy asks for: retention, compaction, or both; `rolls`
    /// seals active segments first.
    pub fn compact(
        &self,
        names: &[TopicName],
        rolls: bool,
        stop: &AtomicBool,
    ) -> Result<Vec<Outcome<TopicPartition, Cared>>> {
        if self.to_read()?.is_none() {
            let first = names.first().map_or("", TopicName::as_str);
            return Err(ClusterError::unknown_topic(first));
        }
        let directory = self.to_write()?;
        let mut outcomes = Vec::new();
        for topic in self.topics_of(names)? {
            let (topic, _) = match topic.result {
                Ok(topic) => topic,
                Err(error) => {
                    let of = TopicPartition { topic: topic.of, partition: 0 };
                    outcomes.push(Outcome { of, result: Err(error) });
                    continue;
                }
            };
            for partition in 0..topic.partitions {
                if stop.load(Ordering::Relaxed) {
                    return Ok(outcomes);
                }
                let of = TopicPartition { topic: topic.name.clone(), partition };
                let result = self.care_for(&directory, &topic, partition, rolls, stop);
                outcomes.push(Outcome { of, result });
            }
        }
        Ok(outcomes)
    }

    fn care_for(
        &self,
        directory: &LogDirectory,
        topic: &OpenTopic,
        partition: i32,
        rolls: bool,
        stop: &AtomicBool,
    ) -> Result<Cared> {
        let policy = topic.config.cleanup_policy;
        check_topic_id(&directory.partition_path(&topic.name, partition), topic.id)?;
        let mut log = directory.open_partition(&topic.name, partition, &topic.config)?;
        self.wait_until_free(&log)?;
        let mut cared = Cared::default();
        if policy.delete {
            cared.retained = Some(log.retain(crate::now_ms(), true, false)?);
        }
        if policy.compact {
            let place = Place { directory, topic: &topic.name, partition, config: &topic.config };
            cared.compacted = place.compact(&mut log, crate::now_ms(), (true, rolls), stop)?;
        }
        cared.end = Some(log.end()?);
        Ok(cared)
    }
}
