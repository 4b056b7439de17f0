//! Owns the small text files of a directory: ids, checkpoints, topic ids; and replacing a file
//! whole. Leaves the topics and their configs to `registry`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::{DiskError, Result};
use super::{file, layout, segment};

/// A Kafka uuid: 16 bytes, as text URL-safe base64 without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// A new random one. Kafka keeps those that begin with `-` out, as they look like flags.
    pub fn random() -> std::io::Result<Self> {
        loop {
            let mut bytes = [0; 16];
            crate::sys::random(&mut bytes)?;
            let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
            *version = *version & 0x0f | 0x40;
            *variant = *variant & 0x3f | 0x80;
            let uuid = Self(bytes);
            if !uuid.to_string().starts_with('-') {
                return Ok(uuid);
            }
        }
    }

    /// Reads the 22-character text.
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The bytes as one number, for names that must be unique.
    pub const fn as_u128(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Replaces `path` by `bytes`, so that a reader finds the old file or the new one: a file beside
/// it, then a rename. `durable` says whether to wait for the device; then the order is kept there
/// too.
pub fn replace(path: &Path, bytes: &[u8], durable: bool) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(layout::BESIDE);
    let beside = PathBuf::from(name);
    let mut file = file::create_anew(&beside)?;
    let written =
        file.write_all(bytes).and_then(|()| if durable { file.sync_all() } else { Ok(()) });
    if let Err(error) = written {
        drop(std::fs::remove_file(&beside));
        return Err(DiskError::io("write", &beside)(error));
    }
    std::fs::rename(&beside, path).map_err(DiskError::io("rename to", path))?;
    match path.parent().filter(|_| durable) {
        Some(directory) => segment::sync_directory(directory),
        None => Ok(()),
    }
}

/// Reads a file whole; `None` if it is not there. `max_bytes` bounds what is taken into memory.
pub fn read_file(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>> {
    use std::io::Read;
    let Some(file) = file::open_if_there(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(DiskError::io("read", path))?;
    if bytes.len() as u64 > max_bytes {
        return Err(DiskError::corrupt(path, max_bytes, format!("longer than {max_bytes} bytes")));
    }
    Ok(Some(bytes))
}

/// What `meta.properties` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    /// Id of the cluster.
    pub cluster_id: String,
    /// Id of the node whose directory this is.
    pub node_id: i32,
    /// Id of this directory.
    pub directory_id: Uuid,
}

const META_MAX_BYTES: u64 = 64 * 1024;

/// Reads `meta.properties` (version 1); `None` if there is none.
pub fn read_meta_properties(directory: &Path) -> Result<Option<MetaProperties>> {
    let path = directory.join(layout::META_PROPERTIES);
    let Some(bytes) = read_file(&path, META_MAX_BYTES)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    let fields: BTreeMap<&str, &str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with(['#', '!']))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let missing = |name: &str| DiskError::corrupt(&path, 0, format!("it has no valid `{name}`"));
    let version = *fields.get("version").ok_or_else(|| missing("version"))?;
    if version != "1" {
        return Err(DiskError::Foreign { path, found: format!("its version is {version}, not 1") });
    }
    let field = |name: &str| fields.get(name).copied().filter(|v| !v.is_empty());
    Ok(Some(MetaProperties {
        cluster_id: field("cluster.id").ok_or_else(|| missing("cluster.id"))?.to_owned(),
        node_id: field("node.id")
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| missing("node.id"))?,
        directory_id: field("directory.id")
            .and_then(Uuid::parse)
            .ok_or_else(|| missing("directory.id"))?,
    }))
}

/// Writes `meta.properties`.
pub fn write_meta_properties(directory: &Path, meta: &MetaProperties) -> Result<()> {
    let text = format!(
        "version=1\ncluster.id={}\nnode.id={}\ndirectory.id={}\n",
        meta.cluster_id, meta.node_id, meta.directory_id
    );
    replace(&directory.join(layout::META_PROPERTIES), text.as_bytes(), true)
}

const CHECKPOINT_MAX_BYTES: u64 = 64 << 20;

/// Reads a checkpoint of offsets: `topic partition offset` to a line, behind version and count.
pub fn read_checkpoint(path: &Path) -> Result<BTreeMap<(String, i32), i64>> {
    let Some(bytes) = read_file(path, CHECKPOINT_MAX_BYTES)? else { return Ok(BTreeMap::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    let damage = |reason: &str| DiskError::corrupt(path, 0, reason);
    if lines.next().map(str::trim) != Some("0") {
        return Err(damage("its version is not 0"));
    }
    let count: usize = lines
        .next()
        .and_then(|line| line.trim().parse().ok())
        .ok_or_else(|| damage("it has no count"))?;
    let mut offsets = BTreeMap::new();
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        let entry = (|| {
            let topic = words.next()?.to_owned();
            Some(((topic, words.next()?.parse().ok()?), words.next()?.parse().ok()?))
        })();
        let (partition, offset) =
            entry.ok_or_else(|| damage("a line is not `topic partition offset`"))?;
        offsets.insert(partition, offset);
    }
    if offsets.len() == count {
        Ok(offsets)
    } else {
        Err(damage("its count is not that of its lines"))
    }
}

/// Writes a checkpoint of offsets.
pub fn write_checkpoint(path: &Path, offsets: &BTreeMap<(String, i32), i64>) -> Result<()> {
    let mut text = format!("0\n{}\n", offsets.len());
    for ((topic, partition), offset) in offsets {
        // Writing to a string does not fail.
        writeln!(text, "{topic} {partition} {offset}").unwrap_or_default();
    }
    replace(path, text.as_bytes(), true)
}

/// The longest `partition.metadata`: two lines.
const PARTITION_METADATA_BYTES_MAX: u64 = 4096;

/// Reads the `partition.metadata` in the directory of a partition; `None` if it is not there.
pub fn read_partition_metadata(partition: &Path) -> Result<Option<Vec<u8>>> {
    read_file(&partition.join(layout::PARTITION_METADATA), PARTITION_METADATA_BYTES_MAX)
}

/// What `partition.metadata` holds, exactly.
pub fn partition_metadata(topic_id: Uuid) -> String {
    format!("version: 0\ntopic_id: {topic_id}")
}

/// Whether these bytes are a checkpoint of leader epochs: version, count, and lines
/// `epoch offset` that rise.
pub fn is_epochs(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let mut lines = text.lines();
    if lines.next() != Some("0") {
        return false;
    }
    let Some(count) = lines.next().and_then(|line| line.trim().parse::<usize>().ok()) else {
        return false;
    };
    let mut last: Option<(i32, i64)> = None;
    let mut seen = 0;
    for line in lines {
        let mut words = line.split_ascii_whitespace();
        let entry = (|| Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?)))();
        let Some(entry) = entry.filter(|_| words.next().is_none()) else { return false };
        let (epoch, offset): (i32, i64) = entry;
        if epoch < 0 || offset < 0 || last.is_some_and(|(e, o)| epoch <= e || offset < o) {
            return false;
        }
        last = Some(entry);
        seen += 1;
    }
    seen == count
}

/// What `leader-epoch-checkpoint` holds where one leader was there from the first record on.
pub const FIRST_LEADER_EPOCH: &str = "0\n1\n0 0\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_kafkas_text() {
        let uuid = Uuid(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes());
        assert_eq!(uuid.to_string(), "ABEiM0RVZneImaq7zN3u_w");
        assert_eq!(Uuid::parse("ABEiM0RVZneImaq7zN3u_w"), Some(uuid));
        assert_eq!(Uuid::parse("ABEiM0RVZneImaq7zN3u"), None);
        assert_ne!(Uuid::random().unwrap(), Uuid::random().unwrap());
    }

    #[test]
    fn checkpoints_are_written_and_read_and_a_wrong_count_is_damage() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("checkpoint");
        assert!(read_checkpoint(&path).unwrap().is_empty());
        let offsets = BTreeMap::from([(("a".to_owned(), 0), 5), (("b".to_owned(), 12), 1 << 40)]);
        write_checkpoint(&path, &offsets).unwrap();
        assert_eq!(read_checkpoint(&path).unwrap(), offsets);
        for bad in ["1\n0\n", "0\n", "0\n2\na 0 5\n", "0\n1\na 0\n", "0\n1\na 0 x\n", ""] {
            std::fs::write(&path, bad).unwrap();
            assert!(read_checkpoint(&path).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn meta_properties_are_written_and_read() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_meta_properties(dir.path()).unwrap(), None);
        let meta = MetaProperties {
            cluster_id: Uuid([1; 16]).to_string(),
            node_id: 0,
            directory_id: Uuid([2; 16]),
        };
        write_meta_properties(dir.path(), &meta).unwrap();
        assert_eq!(read_meta_properties(dir.path()).unwrap(), Some(meta));
        std::fs::write(dir.path().join(layout::META_PROPERTIES), "version=0\nbroker.id=1\n")
            .unwrap();
        assert!(matches!(read_meta_properties(dir.path()), Err(DiskError::Foreign { .. })));
    }
}
