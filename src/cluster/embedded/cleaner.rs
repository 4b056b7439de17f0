//! Owns the compaction that goes on beside a producer: one log at a time, on a thread of its own,
//! so that no record waits for it. Leaves when to start to `writer`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::OpenTopic;
use crate::disk::care::Place;
use crate::disk::cut::Cuts;
use crate::disk::directory::LogDirectory;
use crate::disk::error::Result;

/// How long a producer that is done waits for the compaction. One that takes longer is given up:
/// the next producer begins it anew, and `kaw topics compact` waits for as long as it takes.
const GRACE: Duration = Duration::from_secs(1);
/// Time between two looks whether it has ended.
const STEP: Duration = Duration::from_millis(5);

/// The compaction that goes on, if one does.
#[derive(Debug, Default)]
pub(super) struct Cleaner {
    running: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Cleaner {
    /// Starts to compact a partition, if its config asks for it and no other is being compacted.
    pub(super) fn start(&mut self, directory: &LogDirectory, topic: &OpenTopic, partition: i32) {
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return;
        }
        let (path, cuts) = (directory.path().to_owned(), directory.cuts().clone());
        let stop = Arc::clone(&self.stop);
        let topic = OpenTopic {
            name: topic.name.clone(),
            id: topic.id,
            partitions: topic.partitions,
            config: topic.config.clone(),
        };
        // What fails is tried again once another segment is sealed; the log is as it was.
        let work = move || drop(compact((&path, &cuts), &topic, partition, &stop));
        self.running = std::thread::Builder::new().name("compact".to_owned()).spawn(work).ok();
    }

    /// Waits a while for the compaction to end, then gives it up.
    pub(super) fn finish(&mut self) {
        let Some(running) = self.running.take() else { return };
        let until = Instant::now() + GRACE;
        while !running.is_finished() && Instant::now() < until {
            std::thread::sleep(STEP);
        }
        self.stop.store(true, Ordering::Relaxed);
        drop(running.join());
    }
}

/// Compacts one partition.
fn compact(
    (path, cuts): (&Path, &Cuts),
    topic: &OpenTopic,
    partition: i32,
    stop: &AtomicBool,
) -> Result<()> {
    let directory = LogDirectory::open_to_write(path)?.noting(cuts);
    let mut log = directory.open_partition(&topic.name, partition, &topic.config)?;
    let place =
        Place { directory: &directory, topic: &topic.name, partition, config: &topic.config };
    place.compact(&mut log, crate::now_ms(), (false, false), stop).map(drop)
}
