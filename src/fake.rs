//! Owns the generated users: tables of words sampled once, and a record as a pure function of a
//! seed and an id. Leaves how many, how fast and where to to `commands`.
//!
//! `faker_rand` builds a record in a microsecond, one allocation a word. Here it is asked some
//! thousand times at the start, and a record is then one hash of its id and six copies out of the
//! tables. No state is carried from record to record, so any split over threads, processes or runs
//! gives the same bytes.
//!
//! The bytes do not depend on the machine either. `faker_rand` draws words as `usize`, for which
//! `rand` asks a generator for 32 or 64 bits as the machine is; [`Portable`] answers both with the
//! same draw.

use faker_rand::en_us::addresses::{CityName, Division, PostalCode, StreetAddress};
use faker_rand::en_us::internet::Domain;
use faker_rand::en_us::names::{FirstName, LastName};
use rand::{Error, Rng, RngCore, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Entries of a table, as a power of two: enough that a repeated name does not strike the eye, few
/// enough that all tables together stay in a second-level cache (half a megabyte).
const ENTRIES_LOG2: u32 = 12;

/// Entries of the table of mail domains, as a power of two.
const DOMAINS_LOG2: u32 = 8;

/// The youngest user.
const AGE_MIN: u8 = 18;

/// How many ages there are; the oldest user is 89, so that an age has two digits.
const AGES: u64 = 72;

/// The seed of every command that is not given one.
pub const DEFAULT_SEED: u64 = 0;

/// The users of one seed.
#[derive(Clone, Debug)]
pub struct Users {
    seed: u64,
    /// `,"name":"First Last","age":`.
    names: Fragments,
    /// `,"street":"1 Some Street","city":"`.
    streets: Fragments,
    /// `City","state":"State","zip":"12345","email":"`: a city has one state and one zip code.
    places: Fragments,
    /// `first.last`, beside the name of the same number.
    mailboxes: Fragments,
    /// `@domain"}`.
    domains: Fragments,
}

impl Users {
    /// Samples the tables of `seed`, in a few milliseconds.
    pub fn new(seed: u64) -> Self {
        let mut rng = Portable(Pcg64Mcg::seed_from_u64(seed));
        let mut users = Self {
            // Not `mix(seed)`: 0 is its own image, and user 0 of seed 0 the first of every table.
            seed: mix(seed.wrapping_add(GOLDEN_GAMMA)),
            names: Fragments::default(),
            streets: Fragments::default(),
            places: Fragments::default(),
            mailboxes: Fragments::default(),
            domains: Fragments::default(),
        };
        for _ in 0..1_u32 << ENTRIES_LOG2 {
            let first = rng.r#gen::<FirstName>().to_string();
            let last = rng.r#gen::<LastName>().to_string();
            let name = escape(&format!("{first} {last}"));
            users.names.push(&format!(",\"name\":\"{name}\",\"age\":"));
            users.mailboxes.push(&format!("{}.{}", mailbox(&first), mailbox(&last)));

            let street = escape(&rng.r#gen::<StreetAddress>().to_string());
            users.streets.push(&format!(",\"street\":\"{street}\",\"city\":\""));

            let city = escape(&rng.r#gen::<CityName>().to_string());
            let state = escape(&rng.r#gen::<Division>().to_string());
            let zip = rng.r#gen::<PostalCode>().to_string();
            users
                .places
                .push(&format!("{city}\",\"state\":\"{state}\",\"zip\":\"{zip}\",\"email\":\""));
        }
        for _ in 0..1_u32 << DOMAINS_LOG2 {
            users.domains.push(&format!("@{}\"}}", rng.r#gen::<Domain>()));
        }
        users
    }

    /// Appends user `id` to `out` as one JSON object, without a newline: `id`, `name`, `age`,
    /// `street`, `city`, `state`, `zip`, `email`.
    pub fn append_json(&self, id: u64, out: &mut Vec<u8>) {
        self.append_version(id, id, out);
    }

    /// The bits that a number draws.
    const fn bits(&self, n: u64) -> u64 {
        mix(self.seed.wrapping_add(n.wrapping_mul(GOLDEN_GAMMA)))
    }

    /// The record at place `at` of a stream that begins with user `start`.
    pub fn change_at(&self, changes: Changes, start: u64, at: u64) -> Change {
        // The highest bits say what it is, the others of whom.
        let kind = |at: u64| {
            let bits = mix(self.bits(at) ^ CHANGES_SALT);
            let drawn = bits >> 32;
            if at <= start || drawn >= changes.tombstones {
                return (Kind::New, bits);
            }
            let is_update = drawn < changes.updates;
            (if is_update { Kind::Update } else { Kind::Tombstone }, bits)
        };
        let (what, mut bits) = kind(at);
        let (mut id, mut of) = (at, what);
        // Back to an earlier record, and from there on, until it is one of a new user.
        while of != Kind::New {
            let earlier = u128::from(mix(bits)) * u128::from(id - start);
            id = start + (earlier >> 64) as u64;
            (of, bits) = kind(id);
        }
        Change { id, kind: what }
    }

    /// Appends user `id` as of the record at place `at`: who moves has another address, and keeps
    /// name and age.
    pub fn append_version(&self, id: u64, at: u64, out: &mut Vec<u8>) {
        // Every field takes bits of its own, so that no two fields move together.
        let draw =
            |bits: u64, from: u32, width: u32| ((bits >> from) & ((1 << width) - 1)) as usize;
        let (who, now) = (self.bits(id), self.bits(at));
        let name = draw(who, 0, ENTRIES_LOG2);
        let street = draw(now, ENTRIES_LOG2, ENTRIES_LOG2);
        let place = draw(now, 2 * ENTRIES_LOG2, ENTRIES_LOG2);
        let domain = draw(now, 3 * ENTRIES_LOG2, DOMAINS_LOG2);
        // The high bits of a product spread ten bits over a range that is no power of two.
        let rest = 3 * ENTRIES_LOG2 + DOMAINS_LOG2;
        let age = AGE_MIN + ((draw(who, rest, 10) as u64 * AGES) >> 10) as u8;
        let suffix = ((draw(who, rest + 10, 10) as u64 * 100) >> 10) as u8;

        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(itoa::Buffer::new().format(id).as_bytes());
        out.extend_from_slice(self.names.get(name));
        out.extend_from_slice(&digits(age));
        out.extend_from_slice(self.streets.get(street));
        out.extend_from_slice(self.places.get(place));
        out.extend_from_slice(self.mailboxes.get(name));
        out.extend_from_slice(&digits(suffix));
        out.extend_from_slice(self.domains.get(domain));
    }
}

/// How much of a stream is about users that came before, in parts of 2^32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Below this a record is an update.
    updates: u64,
    /// From there on, and below this, it is a tombstone.
    tombstones: u64,
}

impl Changes {
    /// Shares of updates and of tombstones, from 0 to 1; `None` where they are more than all.
    pub fn new(updates: f64, tombstones: f64) -> Option<Self> {
        let part = |share: f64| (share * (1_u64 << 32) as f64) as u64;
        let changes = Self { updates: part(updates), tombstones: part(updates + tombstones) };
        (changes.tombstones <= 1 << 32).then_some(changes)
    }
}

/// What a record of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user that was not there before.
    New,
    /// A user that was there before, with another address.
    Update,
    /// A user that was there before is deleted.
    Tombstone,
}

/// A record of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The user that it is about.
    pub id: u64,
    /// What becomes of the user.
    pub kind: Kind,
}

/// Sets what a record is apart from what a user is.
const CHANGES_SALT: u64 = 0x5851_f42d_4c95_7f2d;

/// Texts end to end in one allocation.
#[derive(Clone, Debug, Default)]
struct Fragments {
    bytes: Vec<u8>,
    /// Where each text ends; it starts where the one before it ends.
    bounds: Vec<(u32, u32)>,
}

impl Fragments {
    /// Appends one text.
    fn push(&mut self, text: &str) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text.as_bytes());
        self.bounds.push((start, self.bytes.len() as u32));
    }

    /// The text of number `at`, which the caller keeps below the number of texts.
    fn get(&self, at: usize) -> &[u8] {
        let (start, end) = self.bounds.get(at).copied().unwrap_or_default();
        self.bytes.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// The increment of `SplitMix64`, which spreads neighbouring ids before they are mixed.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of `SplitMix64`: a bijection in which each bit of `x` moves half of them.
const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number below 100 as two digits.
const fn digits(n: u8) -> [u8; 2] {
    [b'0' + n / 10, b'0' + n % 10]
}

/// The letters of a name that a mail address may have, in lower case.
fn mailbox(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The inside of a JSON string.
fn escape(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// A generator that gives the same draws where `usize` has 32 bits and where it has 64.
///
/// `rand` 0.8 draws an index below `n` as the high half of `v * n`, `v` being 32 or 64 random bits,
/// and draws again where the low half is in the part that would favour some. With 64 bits of which
/// the low 32 are zero, the product is the 32-bit one shifted, and so are its halves and the limit:
/// the same index and the same draws again.
struct Portable(Pcg64Mcg);

impl RngCore for Portable {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.next_u32()) << 32
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill_bytes(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.0.try_fill_bytes(dest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn lines(users: &Users, ids: std::ops::Range<u64>) -> Vec<u8> {
        let mut out = Vec::new();
        for id in ids {
            users.append_json(id, &mut out);
            out.push(b'\n');
        }
        out
    }

    #[test]
    fn the_first_ten_thousand_of_seed_0_are_pinned() {
        let out = lines(&Users::new(DEFAULT_SEED), 0..10_000);
        assert_eq!(crc32c::crc32c(&out), 0x97eb_4703, "the users of a seed never change");
    }

    #[test]
    fn a_split_over_threads_changes_nothing() {
        let whole = lines(&Users::new(7), 0..1000);
        let parts: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let spawned: Vec<_> = (0..4)
                .map(|part| {
                    scope.spawn(move || lines(&Users::new(7), part * 250..(part + 1) * 250))
                })
                .collect();
            spawned.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(whole, parts.concat());
        assert_ne!(whole, lines(&Users::new(8), 0..1000));
    }

    #[test]
    fn changes_are_about_users_that_came_before_in_the_shares_asked_for() {
        let users = Users::new(5);
        let changes = Changes::new(0.3, 0.1).unwrap();
        let (start, end) = (100, 100_100);
        let mut seen = BTreeSet::new();
        let mut counts = [0; 3];
        for at in start..end {
            let Change { id, kind } = users.change_at(changes, start, at);
            // A pure function: asked again, in any order, it says the same.
            assert_eq!(users.change_at(changes, start, at), Change { id, kind });
            counts[kind as usize] += 1;
            match kind {
                Kind::New => assert!(id == at && seen.insert(id)),
                _ => assert!(seen.contains(&id), "{id} at {at}"),
            }
            let (mut before, mut after) = (Vec::new(), Vec::new());
            users.append_json(id, &mut before);
            users.append_version(id, at, &mut after);
            let [before, after]: [serde_json::Value; 2] =
                [&before, &after].map(|json| serde_json::from_slice(json).unwrap());
            for field in ["id", "name", "age"] {
                assert_eq!(before[field], after[field]);
            }
            assert!(id != at || before == after);
        }
        assert!((59_000..61_000).contains(&counts[0]), "{counts:?}");
        assert!((29_500..30_500).contains(&counts[1]), "{counts:?}");
        assert!((9_600..10_400).contains(&counts[2]), "{counts:?}");
        // None, all, and more than all.
        let kinds = |updates, tombstones| {
            let changes = Changes::new(updates, tombstones).unwrap();
            (0..1000).map(|at| users.change_at(changes, 0, at).kind).collect::<Vec<_>>()
        };
        assert!(kinds(0.0, 0.0).iter().all(|kind| *kind == Kind::New));
        let all = kinds(1.0, 0.0);
        assert!(all[0] == Kind::New && all[1..].iter().all(|kind| *kind == Kind::Update));
        assert!(kinds(0.0, 1.0)[1..].iter().all(|kind| *kind == Kind::Tombstone));
        assert_eq!(Changes::new(0.6, 0.5), None);
    }

    #[test]
    fn every_user_is_json_with_all_fields_in_order() {
        let users = Users::new(1);
        for id in (0..5000).chain([u64::MAX]) {
            let mut out = Vec::new();
            users.append_json(id, &mut out);
            let text = std::str::from_utf8(&out).unwrap();
            let user: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(user.get("id"), Some(&id.into()), "{text}");
            assert!((18..90).contains(&user["age"].as_i64().unwrap()), "{text}");
            let mut at = 0;
            for field in ["id", "name", "age", "street", "city", "state", "zip", "email"] {
                let here = text.find(&format!("\"{field}\":")).unwrap();
                assert!(here > at, "{text}");
                at = here;
                assert!(!user[field].to_string().contains("\"\""), "{field} of {text}");
            }
            let (mailbox, domain) = user["email"].as_str().unwrap().split_once('@').unwrap();
            assert!(mailbox.ends_with(|c: char| c.is_ascii_digit()), "{text}");
            assert!(domain.contains('.') && mailbox.is_ascii(), "{text}");
            assert!(user["zip"].as_str().unwrap().starts_with(|c: char| c.is_ascii_digit()));
        }
    }

    #[test]
    fn fields_spread_evenly_and_apart() {
        let users = Users::new(3);
        let mut ages = BTreeMap::<i64, u32>::new();
        let (mut names, mut states) = (BTreeSet::new(), BTreeSet::new());
        let mut bytes = 0;
        for id in 0..72_000 {
            let mut out = Vec::new();
            users.append_json(id, &mut out);
            bytes += out.len();
            let user: serde_json::Value = serde_json::from_slice(&out).unwrap();
            *ages.entry(user["age"].as_i64().unwrap()).or_default() += 1;
            names.insert(user["name"].as_str().unwrap().to_owned());
            states.insert(user["state"].as_str().unwrap().to_owned());
        }
        assert_eq!(ages.len(), 72);
        assert!(ages.values().all(|&n| (800..1200).contains(&n)), "{ages:?}");
        assert!(names.len() > 4000, "{}", names.len());
        assert_eq!(states.len(), 50);
        assert!((130..200).contains(&(bytes / 72_000)), "{} bytes a user", bytes / 72_000);
    }

    #[test]
    fn the_generator_draws_alike_on_32_and_64_bits() {
        let mut narrow = Pcg64Mcg::seed_from_u64(5);
        let mut wide = Portable(Pcg64Mcg::seed_from_u64(5));
        for n in (1..200_u32).chain([3007, 1 << 31, u32::MAX]).cycle().take(100_000) {
            let as_32_bit = narrow.gen_range(0..n);
            assert_eq!(u64::from(as_32_bit), wide.gen_range(0..u64::from(n)), "below {n}");
        }
    }
}
