//! Owns how the fate of a batch is told: once, or once for each buffer that its records are from,
//! where a report is wanted.

use std::sync::Arc;

use super::shelf::Part;
use crate::cluster::types::{Delivery, Fate, Report};

/// The fate of the records of one batch, by the buffers that they are from.
pub(super) fn deliveries(
    partition: i32,
    records: u64,
    number: u64,
    parts: &[Part],
    fate: &Fate,
    base_offset: i64,
) -> Vec<Delivery> {
    let failed = |number| fate.error().is_some().then_some(number);
    if parts.is_empty() {
        let (fate, number) = (fate.clone(), failed(number));
        return vec![Delivery { records, fate, partition, number, report: None }];
    }
    let mut offset = base_offset;
    let mut of_part = |part: &Part| {
        let first = part.indices.first().copied().unwrap_or(0);
        let number = failed(part.records.first_number + u64::from(first));
        let records = part.indices.len() as u64;
        let report = Some(Report {
            records: Arc::clone(&part.records),
            indices: part.indices.clone(),
            base_offset: offset,
        });
        if base_offset >= 0 {
            offset += records as i64;
        }
        Delivery { records, fate: fate.clone(), partition, number, report }
    };
    parts.iter().map(&mut of_part).collect()
}
