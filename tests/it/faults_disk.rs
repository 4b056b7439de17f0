//! Owns a disk that is simulated: what a program did to its files, call by call, and what a power
//! cut may leave of it. Leaves watching the program to `faults`, and judging to `faults_power`.
//!
//! A file has the bytes that were synced, and changes that were not: each of those may survive or
//! not, in any combination, a write also sector by sector, or as a length without its bytes. The
//! same holds for the names in a directory, which are synced apart from what they name. A change of
//! a file whose sync failed is never known to survive, however often it is synced again.

#![expect(clippy::host_endian_bytes, reason = "traces and state pages never leave the machine")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rand::Rng as _;
use rand_pcg::Pcg64;

/// What a device writes whole or not at all.
const SECTOR: usize = 512;
/// The state page of a partition, which knows which file it is.
const PAGE: &str = ".kaw-state";
/// Where in it the start of the machine stands, and the inode and birth of the file.
const BOOT: usize = 2 * 8;
const IDENTITY: usize = 8 * 8;

/// What the program did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Opened a file to write, which changed nothing.
    Open,
    Create,
    Write,
    Cut,
    Sync,
    Rename,
    Unlink,
    MakeDirectory,
    RemoveDirectory,
    Link,
    SyncAll,
    /// A mapped page is found to have changed.
    Page,
    /// Wrote to stdout.
    Out,
}

/// One call, as `tests/faults/shim.c` writes it down.
#[derive(Clone, Debug)]
pub struct Call {
    pub kind: Kind,
    /// Why it failed; 0 where it did not.
    pub error: u32,
    pub inode: u64,
    pub parent: u64,
    /// A position, a length, or the inode of another directory.
    pub number: u64,
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Call {
    /// Whether it is one of those that can be made to fail.
    pub fn is_counted(&self) -> bool {
        !matches!(self.kind, Kind::Page | Kind::Out)
    }

    /// Reads a trace.
    pub fn all(trace: &[u8]) -> Vec<Self> {
        use Kind::*;
        const KINDS: [Kind; 13] = [
            Open,
            Create,
            Write,
            Cut,
            Sync,
            Rename,
            Unlink,
            MakeDirectory,
            RemoveDirectory,
            Link,
            SyncAll,
            Page,
            Out,
        ];
        let mut rest = trace;
        let mut take = |len: usize| rest.split_off(..len).expect("a whole call");
        let mut all = Vec::new();
        let mut at = 0;
        while at < trace.len() {
            let head: [u32; 4] =
                std::array::from_fn(|_| u32::from_ne_bytes(take(4).try_into().unwrap()));
            let numbers: [u64; 3] =
                std::array::from_fn(|_| u64::from_ne_bytes(take(8).try_into().unwrap()));
            let [kind, name, bytes, error] = head;
            let [inode, parent, number] = numbers;
            all.push(Self {
                kind: KINDS[kind as usize - 1],
                error,
                inode,
                parent,
                number,
                name: String::from_utf8(take(name as usize).to_vec()).unwrap(),
                bytes: take(bytes as usize).to_vec(),
            });
            at += 16 + 24 + name as usize + bytes as usize;
        }
        all
    }
}

/// How much is known of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nobody synced it yet.
    Pending,
    /// It is on the device.
    Durable,
    /// Its sync failed.
    Doomed,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
    /// Names, and what they name now.
    Names(Vec<(String, Option<usize>)>),
}

/// A file or a directory.
#[derive(Debug)]
struct Object {
    inode: u64,
    is_directory: bool,
    bytes: Vec<u8>,
    names: BTreeMap<String, usize>,
    changes: Vec<(Change, Fate)>,
}

/// What survives a power cut.
#[derive(Clone, Debug)]
pub enum Survival {
    /// Only what was synced.
    Synced,
    /// All of it.
    Everything,
    /// Names, but no bytes.
    Names,
    /// Bytes, but no names.
    Bytes,
    /// Whatever chance says.
    Chance(Pcg64),
}

/// The disk.
#[derive(Debug)]
pub struct Disk {
    objects: Vec<Object>,
    by_inode: BTreeMap<u64, usize>,
}

impl Disk {
    /// A disk that holds what the directory `root` holds now.
    pub fn of(root: &Path) -> Self {
        let mut disk = Self { objects: Vec::new(), by_inode: BTreeMap::new() };
        disk.take_in(root);
        disk
    }

    fn take_in(&mut self, path: &Path) -> usize {
        let facts = fs::metadata(path).unwrap();
        let id = self.add(facts.ino(), facts.is_dir());
        if facts.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                let inside = self.take_in(&entry.path());
                let name = entry.file_name().into_string().unwrap();
                self.objects[id].names.insert(name, inside);
            }
        } else {
            self.objects[id].bytes = fs::read(path).unwrap();
        }
        id
    }

    fn add(&mut self, inode: u64, is_directory: bool) -> usize {
        let id = self.objects.len();
        self.objects.push(Object {
            inode,
            is_directory,
            bytes: Vec::new(),
            names: BTreeMap::new(),
            changes: Vec::new(),
        });
        self.by_inode.insert(inode, id);
        id
    }

    fn change(&mut self, inode: u64, change: Change) {
        let id = self.by_inode[&inode];
        self.objects[id].changes.push((change, Fate::Pending));
    }

    /// Takes note of a call.
    pub fn apply(&mut self, call: &Call) {
        let name = |name: &str, id| (name.to_owned(), id);
        if call.kind == Kind::Sync && call.error != 0 {
            let id = self.by_inode[&call.inode];
            self.objects[id].sync(Fate::Doomed);
        }
        if call.error != 0 {
            return;
        }
        match call.kind {
            Kind::Open | Kind::Out => {}
            Kind::Create | Kind::MakeDirectory => {
                let id = self.add(call.inode, call.kind == Kind::MakeDirectory);
                self.change(call.parent, Change::Names(vec![name(&call.name, Some(id))]));
            }
            Kind::Write | Kind::Page => {
                let write = Change::Write(call.number as usize, call.bytes.clone());
                self.change(call.inode, write);
            }
            Kind::Cut => self.change(call.inode, Change::Cut(call.number as usize)),
            Kind::Sync => {
                let id = self.by_inode[&call.inode];
                self.objects[id].sync(Fate::Durable);
            }
            Kind::SyncAll => self.objects.iter_mut().for_each(|object| object.sync(Fate::Durable)),
            Kind::Rename => {
                assert_eq!(call.parent, call.number, "names move within their directory");
                let (id, to) = (self.by_inode[&call.inode], str::from_utf8(&call.bytes).unwrap());
                let names = vec![name(&call.name, None), name(to, Some(id))];
                self.change(call.parent, Change::Names(names));
            }
            Kind::Link => {
                let id = self.by_inode[&call.inode];
                self.change(call.parent, Change::Names(vec![name(&call.name, Some(id))]));
            }
            Kind::Unlink | Kind::RemoveDirectory => {
                self.change(call.parent, Change::Names(vec![name(&call.name, None)]));
            }
        }
    }

    /// Makes `to` what is left after a power cut now.
    pub fn cut(&self, survival: &mut Survival, to: &Path) {
        self.put(0, survival, true, to, &mut BTreeMap::new());
    }

    /// Makes `to` what is there now, as if it had always been there.
    pub fn copy(&self, to: &Path) {
        self.put(0, &mut Survival::Everything, false, to, &mut BTreeMap::new());
    }

    fn put(
        &self,
        id: usize,
        survival: &mut Survival,
        starts_anew: bool,
        to: &Path,
        seen: &mut BTreeMap<usize, PathBuf>,
    ) {
        let object = &self.objects[id];
        if !object.is_directory {
            if let Some(first) = seen.get(&id) {
                fs::hard_link(first, to).unwrap();
                return;
            }
            let mut bytes = object.bytes_after(survival);
            fs::write(to, &bytes).unwrap();
            if to.ends_with(PAGE) && bytes.len() >= IDENTITY + 16 {
                object.patch_page(&mut bytes, starts_anew, to);
            }
            seen.insert(id, to.to_owned());
            return;
        }
        fs::create_dir_all(to).unwrap();
        for (name, inside) in object.names_after(survival) {
            self.put(inside, survival, starts_anew, &to.join(name), seen);
        }
    }
}

impl Survival {
    fn names(&self) -> bool {
        matches!(self, Self::Everything | Self::Names)
    }

    fn bytes(&self) -> bool {
        matches!(self, Self::Everything | Self::Bytes)
    }
}

impl Object {
    /// Syncs it, with this outcome.
    fn sync(&mut self, outcome: Fate) {
        for (change, fate) in &mut self.changes {
            // Names are in a journal, which fails as a whole and is not passed over.
            let is_name = matches!(change, Change::Names(_)) && outcome == Fate::Doomed;
            if *fate == Fate::Pending && !is_name {
                *fate = outcome;
            }
        }
        let durable = self.changes.iter().take_while(|(_, fate)| *fate == Fate::Durable).count();
        for (change, _) in self.changes.drain(..durable) {
            match change {
                Change::Write(at, bytes) => overwrite(&mut self.bytes, at, &bytes),
                Change::Cut(len) => self.bytes.resize(len, 0),
                Change::Names(names) => rename(&mut self.names, &names),
            }
        }
    }

    fn bytes_after(&self, survival: &mut Survival) -> Vec<u8> {
        let mut all = self.bytes.clone();
        for (change, fate) in &self.changes {
            let survives = *fate == Fate::Durable || survival.bytes();
            match (change, &mut *survival) {
                (Change::Write(at, bytes), _) if survives => overwrite(&mut all, *at, bytes),
                (Change::Cut(len), _) if survives => all.resize(*len, 0),
                (Change::Write(at, bytes), Survival::Chance(random)) => {
                    write_in_part(&mut all, *at, bytes, random);
                }
                (Change::Cut(len), Survival::Chance(random)) => {
                    let len = if random.gen_bool(0.5) { *len } else { all.len() };
                    all.resize(len, 0);
                }
                _ => {}
            }
        }
        all
    }

    fn names_after(&self, survival: &mut Survival) -> BTreeMap<String, usize> {
        let mut all = self.names.clone();
        // A journal keeps the order of names; POSIX asks for nothing.
        let (mut in_order, mut ended) = (false, false);
        if let Survival::Chance(random) = survival {
            in_order = random.gen_bool(0.5);
        }
        for (change, fate) in &self.changes {
            let Change::Names(names) = change else { continue };
            let survives = *fate == Fate::Durable
                || match survival {
                    Survival::Chance(random) if in_order => {
                        ended |= random.gen_bool(0.2);
                        !ended
                    }
                    Survival::Chance(random) => random.gen_bool(0.5),
                    ref other => other.names(),
                };
            if survives {
                rename(&mut all, names);
            }
        }
        all
    }

    /// Makes the page one of the file at `path`, and of an earlier start of the machine if this is
    /// a new one.
    fn patch_page(&self, bytes: &mut [u8], starts_anew: bool, path: &Path) {
        let word =
            |bytes: &[u8], at: usize| u64::from_ne_bytes(*bytes[at..].first_chunk().unwrap());
        if word(bytes, IDENTITY) != self.inode {
            return;
        }
        let facts = fs::metadata(path).unwrap();
        let born = facts.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born = born.unwrap_or_default().as_nanos() as u64;
        bytes[IDENTITY..][..8].copy_from_slice(&facts.ino().to_ne_bytes());
        bytes[IDENTITY + 8..][..8].copy_from_slice(&born.to_ne_bytes());
        if starts_anew {
            bytes[BOOT..][..16].copy_from_slice(b"an earlier start");
        }
        fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, 0).unwrap();
    }
}

fn rename(all: &mut BTreeMap<String, usize>, names: &[(String, Option<usize>)]) {
    for (name, id) in names {
        match id {
            Some(id) => all.insert(name.clone(), *id),
            None => all.remove(name),
        };
    }
}

fn overwrite(all: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    all.resize(all.len().max(at + bytes.len()), 0);
    all[at..][..bytes.len()].copy_from_slice(bytes);
}

/// What a device makes of a write that nobody waited for.
fn write_in_part(all: &mut Vec<u8>, at: usize, bytes: &[u8], random: &mut Pcg64) {
    match random.gen_range(0..10) {
        0..=4 => overwrite(all, at, bytes),
        5..=6 => {}
        // A length without its bytes: what is there is zeros, or was somebody else's.
        7 => all.resize(all.len().max(at + bytes.len()), 0),
        8 => all.resize(all.len().max(at + bytes.len()), 0xa5),
        _ => {
            let mut from = 0;
            while from < bytes.len() {
                let to = ((at + from) / SECTOR + 1) * SECTOR - at;
                let to = to.min(bytes.len());
                if random.gen_bool(0.5) {
                    overwrite(all, at + from, &bytes[from..to]);
                }
                from = to;
            }
        }
    }
}
