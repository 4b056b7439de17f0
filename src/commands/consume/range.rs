//! Owns from where to where, as typed: one range for all partitions, and others for some. Leaves
//! the grammar of one to `offset`.

use std::collections::BTreeMap;

use crate::commands::Failure;
use crate::offset::{OffsetSpec, Position};

/// From where to where.
#[derive(Debug)]
pub(super) struct Range {
    /// Of the partitions that have none of their own.
    pub(super) all: OffsetSpec,
    /// Of these partitions, of each topic.
    pub(super) of: BTreeMap<i32, OffsetSpec>,
}

impl Range {
    /// Reads what was typed: `SPEC` and `PARTITION=SPEC`, each once.
    pub(super) fn parse(texts: &[String], now_ms: i64) -> Result<Self, Failure> {
        let refused = |reason: String| Failure::usage(format!("--offset: {reason}"));
        let read = |text: &str| {
            OffsetSpec::parse(text, now_ms).map_err(|invalid| refused(invalid.to_string()))
        };
        let (mut all, mut of) = (None, BTreeMap::new());
        for text in texts {
            let is_number = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
            let own = text.split_once('=').filter(|(partition, _)| is_number(partition));
            let twice = if let Some((partition, spec)) = own {
                let number = partition.parse();
                let number: i32 =
                    number.map_err(|_| refused(format!("there is no partition {partition}")))?;
                of.insert(number, read(spec)?).is_some()
            } else {
                all.replace(read(text)?).is_some()
            };
            if twice {
                return Err(refused("it is there twice for the same partitions".to_owned()));
            }
        }
        let whole = OffsetSpec { from: Position::Start, to: None };
        Ok(Self { all: all.unwrap_or(whole), of })
    }

    /// Where a group begins of which nothing is committed.
    pub(super) fn of_group(&self) -> Result<Position, Failure> {
        if self.of.is_empty() && self.all.to.is_none() {
            return Ok(self.all.from);
        }
        Err(Failure::usage(
            "--offset: in a group it says where to begin while nothing is committed: one place, \
             the same for all partitions",
        ))
    }
}
