//! Owns lag in the text format of OpenMetrics. Leaves the numbers to `rows`.

use std::fmt::Write;

use super::By;
use super::rows::Row;

/// One family of metrics: its name, its help, and the value of a row.
type Family = (&'static str, &'static str, fn(&Row) -> Option<String>);

/// The family that only `--exact` has.
const RECORDS: &str = "kaw_consumer_group_lag_records";

/// Every family.
const FAMILIES: &[Family] = &[
    ("kaw_consumer_group_lag", "Offsets that are unread and still there.", |row| {
        row.sum.lag.map(|lag| lag.to_string())
    }),
    (RECORDS, "Records that are unread and still there.", |row| {
        row.sum.records.map(|records| records.to_string())
    }),
    ("kaw_consumer_group_lag_seconds", "How long the next unread record has waited.", |row| {
        row.sum.age_ms.map(|ms| format!("{}.{:03}", ms / 1000, ms % 1000))
    }),
    ("kaw_consumer_group_lost", "Offsets that were deleted before they were read.", |row| {
        Some(row.sum.lost.to_string())
    }),
    ("kaw_consumer_group_offset", "The next offset to be read, as it was committed.", |row| {
        row.place.as_ref()?.committed.map(|offset| offset.to_string())
    }),
    ("kaw_consumer_group_log_end_offset", "One past the last record.", |row| {
        row.place.as_ref()?.bounds.map(|bounds| bounds.end.to_string())
    }),
];

/// The rows as metrics.
pub(super) fn text(rows: &[Row], by: By) -> String {
    let mut text = String::new();
    for (name, help, value) in FAMILIES {
        let mut samples = String::new();
        for row in rows {
            if let Some(value) = value(row) {
                let labels = labels(row, by);
                writeln!(samples, "{name}{{{labels}}} {value}").unwrap_or_default();
            }
        }
        let unit = if name.ends_with("_seconds") {
            format!("# UNIT {name} seconds\n")
        } else {
            String::new()
        };
        // What nobody asked to count is not a family without samples.
        if samples.is_empty() && *name == RECORDS {
            continue;
        }
        let head = format!("# TYPE {name} gauge\n{unit}# HELP {name} {help}\n");
        text.push_str(&head);
        text.push_str(&samples);
    }
    text.push_str("# EOF\n");
    text
}

/// The labels of a row.
fn labels(row: &Row, by: By) -> String {
    let mut labels = format!("group=\"{}\"", escaped(row.key.group.as_str()));
    let name = if by == By::Member { "member" } else { "topic" };
    if let Some(part) = row.key.part() {
        write!(labels, ",{name}=\"{}\"", escaped(part)).unwrap_or_default();
    }
    if let Some(partition) = row.key.partition {
        write!(labels, ",partition=\"{partition}\"").unwrap_or_default();
    }
    labels
}

/// The value of a label, as the format escapes it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        assert_eq!(escaped("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    }
}
