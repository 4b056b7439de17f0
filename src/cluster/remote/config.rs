//! Owns librdkafka's properties: our defaults, the user's over them, what contradicts a promise.

use super::ffi::handle::Kind;
use crate::cluster::error::{ClusterError, ErrorKind, Result};
use crate::cluster::types::{Acks, Brokers, Limits};

/// The largest batch that is sent, where the topic takes it.
pub(super) const BATCH_BYTES: usize = 1_000_000;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Questions about the cluster.
    Ask,
    /// Sending records.
    Produce {
        /// When they count as acknowledged.
        acks: Acks,
        /// The largest batch that the topic takes.
        batch_bytes: usize,
    },
    /// Reading given partitions.
    Consume {
        /// All of them to an end, which is to be told at once.
        ends: bool,
    },
    /// Looking at single records, of transactions that are open too.
    Peek,
    /// Being a member of a group.
    Member,
}

impl Use {
    /// Which kind of client does it.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Ask | Self::Produce { .. } => Kind::Producer,
            Self::Consume { .. } | Self::Peek | Self::Member => Kind::Consumer,
        }
    }

    /// Whether a client that was made for this does for `other` as well.
    pub(super) fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (
                Self::Produce { acks: one, batch_bytes },
                Self::Produce { acks: two, batch_bytes: most },
            ) => one == two && batch_bytes.min(BATCH_BYTES) == most.min(BATCH_BYTES),
            _ => self == other,
        }
    }
}

/// A property that we set, unless the user does.
fn defaults(limits: Limits, usage: Use) -> Vec<(&'static str, String)> {
    let timeout_ms = limits.timeout.as_millis().clamp(1, 3_600_000);
    let mut set = vec![
        ("client.id", "kaw".to_owned()),
        // A name that was slow to answer is not waited for longer than a request.
        ("socket.connection.setup.timeout.ms", timeout_ms.max(1000).to_string()),
        ("socket.nagle.disable", "true".to_owned()),
        // Idle connections are closed by brokers; that is no news.
        ("log.connection.close", "false".to_owned()),
        // Its own default of 10 s lets a request time out while a broker is up again.
        ("reconnect.backoff.max.ms", "1000".to_owned()),
        ("allow.auto.create.topics", "false".to_owned()),
        // At the start no broker is there to ask yet; the wait doubles from here on.
        ("topic.metadata.refresh.fast.interval.ms", "10".to_owned()),
        ("enable.metrics.push", "false".to_owned()),
    ];
    match usage {
        Use::Ask => {}
        Use::Peek => {
            set.extend(reading(true));
            // Little of many partitions at once, and what comes ahead is of no use.
            set.retain(|(name, _)| !matches!(*name, "queued.min.messages" | "isolation.level"));
            set.extend([
                ("queued.min.messages", "1".to_owned()),
                ("isolation.level", "read_uncommitted".to_owned()),
            ]);
            set.retain(|(name, _)| *name != "fetch.message.max.bytes");
            set.push(("fetch.message.max.bytes", "65536".to_owned()));
        }
        Use::Member => set.extend(reading(false)),
        Use::Produce { acks, batch_bytes } => set.extend([
            ("enable.idempotence", (acks == Acks::All).to_string()),
            ("acks", acks_value(acks).to_owned()),
            ("message.timeout.ms", timeout_ms.to_string()),
            // Ours is the wait for a batch to fill; this one is for what comes in one buffer.
            ("queue.buffering.max.ms", "0.5".to_owned()),
            ("queue.buffering.max.messages", "500000".to_owned()),
            ("queue.buffering.max.kbytes", "65536".to_owned()),
            ("batch.num.messages", "100000".to_owned()),
            ("batch.size", batch_bytes.clamp(1, BATCH_BYTES).to_string()),
            ("message.max.bytes", "1000000000".to_owned()),
            ("sticky.partitioning.linger.ms", "0".to_owned()),
        ]),
        Use::Consume { ends } => set.extend(reading(ends)),
    }
    set
}

/// The properties of a client that reads; `ends` of it are told at once if that is wanted.
fn reading(ends: bool) -> Vec<(&'static str, String)> {
    vec![
        ("fetch.wait.max.ms", if ends { "10" } else { "500" }.to_owned()),
        ("check.crcs", "true".to_owned()),
        ("auto.offset.reset", "error".to_owned()),
        ("enable.auto.commit", "false".to_owned()),
        ("enable.auto.offset.store", "false".to_owned()),
        ("enable.partition.eof", "true".to_owned()),
        ("isolation.level", "read_committed".to_owned()),
        ("fetch.error.backoff.ms", "100".to_owned()),
        ("fetch.queue.backoff.ms", "5".to_owned()),
        ("queued.min.messages", "1000000".to_owned()),
        ("queued.max.messages.kbytes", "65536".to_owned()),
        ("fetch.message.max.bytes", "4194304".to_owned()),
    ]
}

/// The value of librdkafka's `acks`.
const fn acks_value(acks: Acks) -> &'static str {
    match acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    }
}

/// Names that are one property.
fn canonical(name: &str) -> &str {
    match name {
        "metadata.broker.list" => "bootstrap.servers",
        "request.required.acks" => "acks",
        "linger.ms" => "queue.buffering.max.ms",
        "compression.type" => "compression.codec",
        "delivery.timeout.ms" => "message.timeout.ms",
        "max.partition.fetch.bytes" => "fetch.message.max.bytes",
        other => other,
    }
}

/// Properties that only one kind of client takes, by how their names begin.
fn is_for(name: &str, kind: Kind) -> bool {
    const PRODUCER: &[&str] = &[
        "enable.idempotence",
        "transactional.id",
        "transaction.timeout.ms",
        "acks",
        "message.timeout.ms",
        "queue.buffering.",
        "batch.",
        "compression.",
        "partitioner",
        "sticky.",
        "message.send.max.retries",
        "retries",
        "enable.gapless.guarantee",
        "delivery.report.only.error",
        "queuing.strategy",
        "request.timeout.ms",
    ];
    const CONSUMER: &[&str] = &[
        "group.",
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "max.poll.interval.ms",
        "partition.assignment.strategy",
        "check.crcs",
        "auto.offset.reset",
        "auto.commit.",
        "enable.auto.",
        "enable.partition.eof",
        "isolation.level",
        "fetch.",
        "queued.",
    ];
    let of = |names: &[&str]| names.iter().any(|own| name.starts_with(own));
    match kind {
        Kind::Producer => !of(CONSUMER),
        Kind::Consumer => !of(PRODUCER),
    }
}

/// The value that the user gave a property, if any.
pub(super) fn given<'a>(brokers: &'a Brokers, name: &str) -> Option<&'a str> {
    let of = |property: &&crate::cluster::types::Property| canonical(&property.name) == name;
    brokers.properties.iter().rev().find(of).map(|property| property.value.as_str())
}

/// The properties of a client, in the order in which they are set.
pub(super) fn build(
    brokers: &Brokers,
    limits: Limits,
    usage: Use,
) -> Result<Vec<(String, String)>> {
    if let Use::Produce { acks, .. } = usage {
        check_promises(brokers, acks)?;
    }
    let kind = usage.kind();
    let mut all: Vec<(String, String)> = Vec::new();
    let user = |name: &str| given(brokers, canonical(name)).is_some();
    for (name, value) in defaults(limits, usage) {
        // The wish for a transaction or a number of retries is told from its default by librdkafka.
        if !user(name) {
            all.push((canonical(name).to_owned(), value));
        }
    }
    all.push(("bootstrap.servers".to_owned(), brokers.list.clone()));
    let asked = brokers.properties.iter().filter(|property| is_for(&property.name, kind));
    // What is for producers is of no use, and may be of harm, to a client that only asks.
    let asked = asked
        .filter(|property| usage != Use::Ask || is_for(canonical(&property.name), Kind::Consumer));
    all.extend(asked.map(|property| (property.name.clone(), property.value.clone())));
    Ok(all)
}

/// Refuses properties that take away what `--acks` promises, or the other way round.
fn check_promises(brokers: &Brokers, acks: Acks) -> Result<()> {
    let refuse = |name: &str, value: &str, why: String| {
        let message = format!("`{name}={value}` contradicts {why}");
        Err(ClusterError::new(ErrorKind::InvalidRequest, message))
    };
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
        for name in ["max.in.flight", "max.in.flight.requests.per.connection"] {
            if let Some(value) = given(brokers, name)
                && value.parse().is_ok_and(|many: u32| many > 5)
            {
                let why = "the order of records: at most 5 with `enable.idempotence`".to_owned();
                return refuse(name, value, why);
            }
        }
        for name in ["retries", "message.send.max.retries"] {
            if given(brokers, name) == Some("0") {
                return refuse(name, "0", "`enable.idempotence`, which needs retries".to_owned());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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

    fn produce(acks: Acks) -> Use {
        Use::Produce { acks, batch_bytes: 1 << 20 }
    }

    fn built(properties: &[(&str, &str)], usage: Use) -> Result<Vec<(String, String)>> {
        build(&brokers(properties), Limits { timeout: Duration::from_secs(10) }, usage)
    }

    fn value<'a>(all: &'a [(String, String)], name: &str) -> Option<&'a str> {
        all.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn order_and_once_only_are_the_default() {
        let all = built(&[], produce(Acks::All)).unwrap();
        assert_eq!(value(&all, "enable.idempotence"), Some("true"));
        assert_eq!(value(&all, "acks"), Some("all"));
        assert_eq!(value(&all, "allow.auto.create.topics"), Some("false"));
        assert_eq!(value(&all, "message.timeout.ms"), Some("10000"));
        let all = built(&[], produce(Acks::Leader)).unwrap();
        assert_eq!(value(&all, "enable.idempotence"), Some("false"));
        assert_eq!(value(&all, "acks"), Some("1"));
        let all = built(&[], Use::Consume { ends: true }).unwrap();
        assert_eq!(value(&all, "auto.offset.reset"), Some("error"));
        assert_eq!(value(&all, "isolation.level"), Some("read_committed"));
        assert_eq!(value(&all, "enable.auto.commit"), Some("false"));
        assert_eq!(value(&all, "enable.idempotence"), None);
    }

    #[test]
    fn the_user_is_over_the_defaults_by_any_name() {
        let all = built(&[("linger.ms", "20"), ("client.id", "me")], produce(Acks::All));
        let all = all.unwrap();
        assert_eq!(value(&all, "queue.buffering.max.ms"), None, "or it would win");
        assert_eq!(value(&all, "linger.ms"), Some("20"));
        assert_eq!(all.iter().filter(|(name, _)| name == "client.id").count(), 1);
        let all = built(
            &[("isolation.level", "read_uncommitted"), ("acks", "all")],
            Use::Consume { ends: true },
        );
        let all = all.unwrap();
        assert_eq!(value(&all, "isolation.level"), Some("read_uncommitted"));
        assert_eq!(value(&all, "acks"), None, "that is for producers");
        let all = built(&[("enable.idempotence", "true"), ("ssl.ca.location", "/x")], Use::Ask);
        let all = all.unwrap();
        assert_eq!(value(&all, "enable.idempotence"), None, "a question needs no producer id");
        assert_eq!(value(&all, "ssl.ca.location"), Some("/x"));
    }

    #[test]
    fn contradictions_are_refused() {
        let cases: [(&[(&str, &str)], Acks); 4] = [
            (&[("enable.idempotence", "true")], Acks::Leader),
            (&[("request.required.acks", "1")], Acks::All),
            (&[("max.in.flight", "6")], Acks::All),
            (&[("retries", "0")], Acks::All),
        ];
        for (properties, acks) in cases {
            let error = built(properties, produce(acks)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidRequest, "{properties:?}");
            assert!(error.message.contains("contradicts"), "{}", error.message);
        }
        let fine = [("enable.idempotence", "false"), ("max.in.flight", "100")];
        assert!(built(&fine, produce(Acks::All)).is_ok());
    }
}
