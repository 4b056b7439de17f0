//! Owns librdkafka's properties: our defaults, the user's over them, what contradicts a promise.

use std::time::Duration;

use super::ffi::handle::Kind;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Acks, Brokers, Limits};
use crate::properties::{self, Scope};

/// The longest that librdkafka is told to wait for anything.
pub(super) const TIMEOUT_MS_MAX: u128 = 3_600_000;
/// The same in a transaction: `transaction.max.timeout.ms` of brokers, by default.
pub(super) const TRANSACTION_MS_MAX: u128 = 900_000;

/// How long a transaction may be open before the brokers abort it: whoever reads what is committed
/// waits for it, also when its producer was killed.
const TRANSACTION_MAX: Duration = Duration::from_secs(300);
/// How long a record waits for others where the caller flushes, which is sooner. It is longer than
/// a broker takes for an answer: while a batch is under way, librdkafka's thread spins as soon as
/// one of the records behind it has waited for this long.
const LINGER: Duration = Duration::from_millis(200);

/// The bytes of records that wait, or are under way, at most.
const QUEUE_BYTES: usize = 32 << 20;
/// The same where a topic takes records that are longer. Brokers take no larger request than this,
/// unless they are told to.
const QUEUE_BYTES_MAX: usize = 128 << 20;

/// The largest batch that is sent, where the topic takes it.
pub(super) const BATCH_BYTES: usize = 1_048_576;

/// What a client is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Questions about the cluster.
    Ask,
    /// Sending records.
    Produce(Sending),
    /// Reading given partitions.
    Consume {
        /// All of them to an end, which is to be told at once.
        ends: bool,
        /// Nothing of transactions that are not committed.
        committed: bool,
    },
    /// Questions about what groups committed, and looking at the single records behind that, of
    /// transactions that are open too.
    Peek,
    /// Being a member of a group.
    Member {
        /// Nothing of transactions that are not committed.
        committed: bool,
    },
}

/// How records are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sending {
    /// When they count as acknowledged.
    pub(super) acks: Acks,
    /// The largest batch.
    pub(super) batch_bytes: usize,
    /// What may wait or be under way: one record at least.
    pub(super) queue_bytes: usize,
    /// How long a record waits for others.
    pub(super) linger: Duration,
    /// The name of a producer that sends in transactions.
    pub(super) transactional_id: Option<String>,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            acks: Acks::All,
            batch_bytes: BATCH_BYTES,
            queue_bytes: QUEUE_BYTES,
            linger: LINGER,
            transactional_id: None,
        }
    }
}

impl Sending {
    /// The same for a topic that takes records of so many bytes: a record for which there is no
    /// room in an empty queue would wait for ever.
    pub(super) fn for_records_of(self, bytes: usize) -> Self {
        Self { queue_bytes: self.queue_bytes.max(bytes.min(QUEUE_BYTES_MAX)), ..self }
    }

    /// The bytes of the longest value that there is ever room for.
    pub(super) fn longest(&self, brokers: &Brokers) -> usize {
        let given = given(brokers, "queue.buffering.max.kbytes");
        let given = given.and_then(|value| value.trim().parse::<usize>().ok());
        given.map_or(self.queue_bytes, |kbytes| kbytes.saturating_mul(1024))
    }
}

impl Use {
    /// Which kind of client does it.
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Ask | Self::Produce(_) => Kind::Producer,
            Self::Consume { .. } | Self::Peek | Self::Member { .. } => Kind::Consumer,
        }
    }
}

/// A property that we set, unless the user does.
fn defaults(limits: Limits, usage: &Use) -> Vec<(&'static str, String)> {
    let timeout_ms = limits.timeout.as_millis().clamp(1, TIMEOUT_MS_MAX);
    let mut set = vec![
        ("client.id", "kaw".to_owned()),
        // A name that was slow to answer is not waited for longer than a request, which then still
        // has the time to say what went wrong.
        ("socket.connection.setup.timeout.ms", (timeout_ms * 9 / 10).max(1000).to_string()),
        ("socket.nagle.disable", "true".to_owned()),
        // Its own default of 10 s lets a request time out while a broker is up again.
        ("reconnect.backoff.max.ms", "1000".to_owned()),
        // Half of it is also the wait for the second connection, which every command needs: the
        // first is dropped once its broker has told its id.
        ("reconnect.backoff.ms", "20".to_owned()),
        ("allow.auto.create.topics", "false".to_owned()),
        // At the start no broker is there to ask yet; the wait doubles from here on.
        ("topic.metadata.refresh.fast.interval.ms", "10".to_owned()),
        ("enable.metrics.push", "false".to_owned()),
    ];
    match usage {
        Use::Ask => {}
        Use::Produce(sending) => set.extend(of_sending(sending, timeout_ms)),
        Use::Consume { ends, committed } => set.extend(reading(*ends, *committed)),
        Use::Member { committed } => {
            set.extend(reading(false, *committed));
            // While its coordinator is away, a member looks for another so often: half of this is
            // the pause. To join takes longer than that.
            set.retain(|(name, _)| *name != "reconnect.backoff.ms");
            set.push(("reconnect.backoff.ms", "200".to_owned()));
        }
        Use::Peek => {
            set.extend(reading(true, false));
            // Little of many partitions at once, and what comes ahead is of no use. But a broker
            // sends one partition alone whose first batch is larger than this.
            let less = ["queued.min.messages", "fetch.message.max.bytes"];
            set.retain(|(name, _)| !less.contains(name));
            set.extend(less.into_iter().zip(["1".to_owned(), "262144".to_owned()]));
        }
    }
    set
}

/// The properties of a client that sends.
fn of_sending(sending: &Sending, timeout_ms: u128) -> Vec<(&'static str, String)> {
    let Sending { acks, batch_bytes, queue_bytes, linger, transactional_id } = sending;
    let most = if transactional_id.is_some() { TRANSACTION_MS_MAX } else { TIMEOUT_MS_MAX };
    let timeout_ms = timeout_ms.min(most);
    let mut linger_ms = linger.as_secs_f64() * 1000.0;
    if *linger == LINGER {
        // librdkafka wants it to be shorter than what a record may take, of which a quarter is left
        // at least where a topic was long in being found out about.
        linger_ms = linger_ms.min(timeout_ms as f64 / 8.0);
    }
    let mut set = vec![
        ("enable.idempotence", (*acks == Acks::All).to_string()),
        ("acks", acks_value(*acks).to_owned()),
        ("message.timeout.ms", timeout_ms.to_string()),
        ("queue.buffering.max.ms", linger_ms.min(900_000.0).to_string()),
        ("queue.buffering.max.messages", "100000".to_owned()),
        ("queue.buffering.max.kbytes", queue_bytes.div_ceil(1024).to_string()),
        ("batch.num.messages", "100000".to_owned()),
        ("batch.size", batch_bytes.to_string()),
        ("message.max.bytes", "1000000000".to_owned()),
        ("sticky.partitioning.linger.ms", "0".to_owned()),
    ];
    if let Some(id) = transactional_id {
        let longest = TRANSACTION_MAX.as_millis().max(timeout_ms);
        set.push(("transactional.id", id.clone()));
        set.push(("transaction.timeout.ms", longest.to_string()));
    }
    set
}

/// The properties of a client that reads; `ends` of it are told at once if that is wanted.
fn reading(ends: bool, committed: bool) -> Vec<(&'static str, String)> {
    vec![
        ("fetch.wait.max.ms", if ends { "10" } else { "500" }.to_owned()),
        ("check.crcs", "true".to_owned()),
        ("auto.offset.reset", "error".to_owned()),
        ("enable.auto.commit", "false".to_owned()),
        ("enable.auto.offset.store", "false".to_owned()),
        ("enable.partition.eof", "true".to_owned()),
        ("fetch.error.backoff.ms", "100".to_owned()),
        ("fetch.queue.backoff.ms", "5".to_owned()),
        // A message that waits takes some 400 bytes besides its own.
        ("queued.min.messages", "100000".to_owned()),
        ("queued.max.messages.kbytes", "32768".to_owned()),
        ("fetch.message.max.bytes", "2097152".to_owned()),
        ("isolation.level", isolation(committed).to_owned()),
    ]
}

/// The value of `isolation.level`.
const fn isolation(committed: bool) -> &'static str {
    if committed { "read_committed" } else { "read_uncommitted" }
}

/// The value of librdkafka's `acks`.
const fn acks_value(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

/// The name that counts: librdkafka has several for some properties.
fn canonical(name: &str) -> &str {
    properties::find(name).map_or(name, |property| property.canonical())
}

/// Whether a kind of client heeds a property.
fn is_for(name: &str, kind: Kind) -> bool {
    let other = match kind {
        Kind::Producer => Scope::Consumer,
        Kind::Consumer => Scope::Producer,
    };
    properties::find(name).is_none_or(|property| property.scope != other)
}

/// The value that the user gave a property, if any.
pub(super) fn given<'a>(brokers: &'a Brokers, name: &str) -> Option<&'a str> {
    let of =
        |property: &&crate::cluster::types::Property| canonical(&property.name) == canonical(name);
    brokers.properties.iter().rev().find(of).map(|property| property.value.as_str())
}

/// The properties of a client, in the order in which they are set.
pub(super) fn build(
    brokers: &Brokers,
    limits: Limits,
    usage: &Use,
) -> Result<Vec<(String, String)>> {
    if let Use::Produce(sending) = usage {
        check_promises(brokers, sending)?;
    }
    let kind = usage.kind();
    let mut all: Vec<(String, String)> = Vec::new();
    let user = |name: &str| given(brokers, name).is_some();
    for (name, value) in defaults(limits, usage) {
        // The wish for a transaction or a number of retries is told from its default by librdkafka.
        // The flag of the isolation is over the property, which it begins with.
        if !user(name) || name == "isolation.level" {
            all.push((name.to_owned(), value));
        }
    }
    all.push(("bootstrap.servers".to_owned(), brokers.list.clone()));
    let asked = brokers.properties.iter().filter(|property| is_for(&property.name, kind));
    let asked = asked.filter(|property| property.name != "isolation.level");
    // What is for producers is of no use, and may be of harm, to a client that only asks.
    let asked = asked
        .filter(|property| *usage != Use::Ask || is_for(canonical(&property.name), Kind::Consumer));
    all.extend(asked.map(|property| (property.name.clone(), property.value.clone())));
    Ok(all)
}

/// Refuses properties that take away what `--acks` promises, or the other way round.
fn check_promises(brokers: &Brokers, sending: &Sending) -> Result<()> {
    let acks = sending.acks;
    let refuse = |name: &str, value: &str, why: String| {
        let message = format!("`{name}={value}` contradicts {why}");
        Err(ClusterError::new(ErrorKind::InvalidRequest, message))
    };
    if given(brokers, "transactional.id").is_some() {
        let message = "`transactional.id` is set by `--transactional-id`, which also commits";
        return Err(ClusterError::new(ErrorKind::InvalidRequest, message));
    }
    let flag = match acks {
        Acks::None => "`--acks 0`",
        Acks::Leader => "`--acks 1`",
        Acks::All => "`--acks all`",
    };
    if let Some(value) = given(brokers, "acks") {
        let same = match acks {
            Acks::All => matches!(value, "all" | "-1"),
            other => value == acks_value(other),
        };
        if !same {
            return refuse("acks", value, flag.to_owned());
        }
    }
    let idempotence = given(brokers, "enable.idempotence");
    if idempotence == Some("true") && acks != Acks::All {
        return refuse("enable.idempotence", "true", format!("{flag}: it needs all replicas"));
    }
    if acks == Acks::All && idempotence != Some("false") {
        if let Some(value) = given(brokers, "max.in.flight")
            && value.parse().is_ok_and(|many: u32| many > 5)
        {
            let why = "the order of records: at most 5 with `enable.idempotence`".to_owned();
            return refuse("max.in.flight", value, why);
        }
        if given(brokers, "retries") == Some("0") {
            return refuse("retries", "0", "`enable.idempotence`, which needs retries".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::types::Property;

    fn brokers(properties: &[(&str, &str)]) -> Brokers {
        let property = |(name, value): &(&str, &str)| Property {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            source: "-X".to_owned(),
        };
        let properties = properties.iter().map(property).collect();
        Brokers { list: "k:9092".into(), properties, token: None }
    }

    fn limits(timeout: Duration) -> Limits {
        Limits { timeout, is_asked_for: true, until: None }
    }

    fn produce(acks: Acks) -> Use {
        Use::Produce(Sending { acks, ..Sending::default() })
    }

    fn built(properties: &[(&str, &str)], usage: &Use) -> Result<Vec<(String, String)>> {
        build(&brokers(properties), limits(Duration::from_secs(10)), usage)
    }

    fn value<'a>(all: &'a [(String, String)], name: &str) -> Option<&'a str> {
        all.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn order_and_once_only_are_the_default() {
        let all = built(&[], &produce(Acks::All)).unwrap();
        assert_eq!(value(&all, "enable.idempotence"), Some("true"));
        assert_eq!(value(&all, "acks"), Some("all"));
        assert_eq!(value(&all, "allow.auto.create.topics"), Some("false"));
        assert_eq!(value(&all, "message.timeout.ms"), Some("10000"));
        let all = built(&[], &produce(Acks::Leader)).unwrap();
        assert_eq!(value(&all, "enable.idempotence"), Some("false"));
        assert_eq!(value(&all, "acks"), Some("1"));
        let all = built(&[], &Use::Consume { ends: true, committed: true }).unwrap();
        assert_eq!(value(&all, "auto.offset.reset"), Some("error"));
        assert_eq!(value(&all, "isolation.level"), Some("read_committed"));
        assert_eq!(value(&all, "enable.auto.commit"), Some("false"));
        assert_eq!(value(&all, "enable.idempotence"), None);
    }

    #[test]
    fn the_user_is_over_the_defaults_by_any_name() {
        let all = built(&[("linger.ms", "20"), ("client.id", "me")], &produce(Acks::All));
        let all = all.unwrap();
        assert_eq!(value(&all, "queue.buffering.max.ms"), None, "or it would win");
        assert_eq!(value(&all, "linger.ms"), Some("20"));
        assert_eq!(all.iter().filter(|(name, _)| name == "client.id").count(), 1);
        let all = built(
            &[("isolation.level", "read_committed"), ("acks", "all")],
            &Use::Consume { ends: true, committed: false },
        );
        let all = all.unwrap();
        assert_eq!(value(&all, "isolation.level"), Some("read_uncommitted"));
        assert_eq!(value(&all, "acks"), None, "that is for producers");
        let all = built(&[("enable.idempotence", "true"), ("ssl.ca.location", "/x")], &Use::Ask);
        let all = all.unwrap();
        assert_eq!(value(&all, "enable.idempotence"), None, "a question needs no producer id");
        assert_eq!(value(&all, "ssl.ca.location"), Some("/x"));
    }

    #[test]
    fn no_record_lingers_for_longer_than_it_may_take() {
        for (timeout_ms, expected) in [(10_000, "200"), (800, "100"), (200, "25"), (1, "0.125")] {
            let timeout = Duration::from_millis(timeout_ms);
            let limits = limits(timeout);
            let all = build(&brokers(&[]), limits, &produce(Acks::All)).unwrap();
            assert_eq!(value(&all, "queue.buffering.max.ms"), Some(expected), "{timeout_ms}");
        }
        let linger = Duration::from_secs(3);
        let usage = Use::Produce(Sending { linger, ..Sending::default() });
        let all = built(&[], &usage).unwrap();
        assert_eq!(value(&all, "queue.buffering.max.ms"), Some("3000"), "it was asked for");
    }

    #[test]
    fn there_is_room_for_one_record_at_least() {
        for (bytes, longest) in [(1000, 32 << 20), (50 << 20, 50 << 20), (2 << 30, 128 << 20)] {
            let sending = Sending::default().for_records_of(bytes);
            assert_eq!(sending.longest(&brokers(&[])), longest);
            let own = brokers(&[("queue.buffering.max.kbytes", "64")]);
            assert_eq!(sending.longest(&own), 64 << 10);
            let kbytes = (longest >> 10).to_string();
            let all = built(&[], &Use::Produce(sending)).unwrap();
            assert_eq!(value(&all, "queue.buffering.max.kbytes"), Some(&*kbytes));
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let fixed = [("transactional.id", "t")];
        let error = built(&fixed, &produce(Acks::All)).unwrap_err();
        assert!(error.message.contains("--transactional-id"), "{}", error.message);
        let cases: [(&[(&str, &str)], Acks); 4] = [
            (&[("enable.idempotence", "true")], Acks::Leader),
            (&[("request.required.acks", "1")], Acks::All),
            (&[("max.in.flight", "6")], Acks::All),
            (&[("retries", "0")], Acks::All),
        ];
        for (properties, acks) in cases {
            let error = built(properties, &produce(acks)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidRequest, "{properties:?}");
            assert!(error.message.contains("contradicts"), "{}", error.message);
        }
        let fine = [("enable.idempotence", "false"), ("max.in.flight", "100")];
        assert!(built(&fine, &produce(Acks::All)).is_ok());
    }
}
