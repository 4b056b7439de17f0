//! Owns the rows of an answer and their three forms: table, JSON, TSV. Leaves writing them to
//! `Out`, and what they say to commands: facts in, looks out.

use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::units;

/// Above this, a table is laid out by hand in two passes: comfy-table keeps every cell as lines of
/// text and takes twenty times as long.
const COMFY_ROWS_MAX: usize = 1000;

/// Spaces between two columns.
const GAP: usize = 2;

/// The form of an answer (`--output`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
    /// Tab-separated values.
    Tsv,
}

/// A column of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The header, as Kafka's tools write it: `LOG-END-OFFSET`. The JSON key follows from it.
    pub header: &'static str,
    /// Whether its cells are numbers, which stand at the right.
    pub number: bool,
    /// What it holds, for the man page.
    pub doc: &'static str,
}

impl Column {
    /// A column of text.
    pub const fn text(header: &'static str, doc: &'static str) -> Self {
        Self { header, number: false, doc }
    }

    /// A column of numbers.
    pub const fn number(header: &'static str, doc: &'static str) -> Self {
        Self { header, number: true, doc }
    }

    /// The key in JSON: `log_end_offset`.
    pub fn key(&self) -> String {
        self.header.to_ascii_lowercase().replace('-', "_")
    }
}

/// One fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// A number with a fraction; printed with three digits behind the point at most.
    Real(f64),
    /// A size; printed as a number of bytes.
    Bytes(u64),
    /// A duration; printed as whole ms, under a header that ends in `-MS`.
    Span(Duration),
    /// A time in ms since the epoch; printed as RFC 3339.
    Time(i64),
    /// Yes or no.
    Bool(bool),
    /// Several texts.
    List(Vec<String>),
    /// Several numbers.
    Ints(Vec<i64>),
    /// Names and values.
    Map(Vec<(String, String)>),
    /// Rows within a row; only JSON shows them, the other forms their number.
    Items(Box<Table>),
    /// Not known, or not there.
    Missing,
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The cell that `make` makes of a value, or `Missing` without one.
    pub fn maybe<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Missing, make)
    }

    /// The text in tables and TSV.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Int(n) => n.to_string(),
            Self::Real(x) => real_text(*x),
            Self::Bytes(n) => n.to_string(),
            Self::Span(span) => span.as_millis().to_string(),
            Self::Time(ms) => units::time(*ms),
            Self::Bool(yes) => yes.to_string(),
            Self::List(texts) => texts.join(","),
            Self::Ints(numbers) => numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(","),
            Self::Map(pairs) => {
                pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
            }
            Self::Items(table) => table.rows.len().to_string(),
            Self::Missing => "-".to_owned(),
        }
    }

    /// Appends the JSON value.
    fn json(&self, out: &mut String) {
        match self {
            Self::Text(text) => push_json_text(text, out),
            Self::Int(_) | Self::Real(_) | Self::Bytes(_) | Self::Span(_) | Self::Bool(_) => {
                out.push_str(&self.plain());
            }
            Self::Time(ms) => push_json_text(&units::time(*ms), out),
            Self::List(texts) => {
                push_separated(out, ('[', ']'), texts, |text, out| push_json_text(text, out));
            }
            Self::Ints(numbers) => push_separated(out, ('[', ']'), numbers, |n, out| {
                out.push_str(&n.to_string());
            }),
            Self::Map(pairs) => push_separated(out, ('{', '}'), pairs, |(name, value), out| {
                push_json_text(name, out);
                out.push(':');
                push_json_text(value, out);
            }),
            Self::Items(table) => table.push_items(out),
            Self::Missing => out.push_str("null"),
        }
    }
}

/// A number with what matters of its fraction. What is no number has no text in JSON.
fn real_text(x: f64) -> String {
    if !x.is_finite() {
        return "null".to_owned();
    }
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Appends `text` as a JSON string.
fn push_json_text(text: &str, out: &mut String) {
    // A string always serializes; the empty text would still be valid JSON.
    out.push_str(&serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned()));
}

/// Appends `items` between two brackets, with commas.
fn push_separated<T>(
    out: &mut String,
    (open, close): (char, char),
    items: &[T],
    mut push: impl FnMut(&T, &mut String),
) {
    out.push(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push(item, out);
    }
    out.push(close);
}

/// The rows of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it is, in JSON: `topics.list`.
    pub kind: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Its rows, each with one cell per column.
    pub rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub const fn new(kind: &'static str, columns: &'static [Column]) -> Self {
        Self { kind, columns, rows: Vec::new() }
    }

    /// Appends a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "{}", self.kind);
        self.rows.push(row);
    }

    /// The bytes of the answer in `format`. `terminal` says that escapes would reach one.
    pub fn render(&self, format: Format, headers: bool, terminal: bool) -> String {
        match format {
            Format::Table if self.rows.len() <= COMFY_ROWS_MAX => self.comfy(headers, terminal),
            Format::Table => self.by_hand(headers, terminal),
            Format::Json => {
                let json = self.json();
                if terminal { units::safe_json(&json).into_owned() } else { json }
            }
            Format::Tsv => self.tsv(headers, terminal),
        }
    }

    /// The JSON form: one object on one line.
    fn json(&self) -> String {
        let mut out = format!("{{\"kind\":\"{}\",\"version\":1,\"items\":", self.kind);
        self.push_items(&mut out);
        out.push_str("}\n");
        out
    }

    /// Appends the rows as a JSON list of objects.
    fn push_items(&self, out: &mut String) {
        let keys: Vec<String> = self.columns.iter().map(Column::key).collect();
        push_separated(out, ('[', ']'), &self.rows, |row, out| {
            let pairs: Vec<(&String, &Cell)> = keys.iter().zip(row).collect();
            push_separated(out, ('{', '}'), &pairs, |(key, cell), out| {
                push_json_text(key, out);
                out.push(':');
                cell.json(out);
            });
        });
    }

    /// The TSV form.
    fn tsv(&self, headers: bool, terminal: bool) -> String {
        let mut out = String::new();
        if headers {
            let names: Vec<&str> = self.columns.iter().map(|column| column.header).collect();
            out.push_str(&names.join("\t"));
            out.push('\n');
        }
        for row in &self.rows {
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    out.push('\t');
                }
                out.push_str(&tsv_text(&cell.plain(), terminal));
            }
            out.push('\n');
        }
        out
    }

    /// The table form by comfy-table, for the usual number of rows.
    fn comfy(&self, headers: bool, terminal: bool) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if headers {
            table.set_header(self.columns.iter().map(|column| column.header));
        }
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| cell_text(cell, terminal)));
        }
        for (i, column) in self.columns.iter().enumerate() {
            if let Some(looks) = table.column_mut(i) {
                looks.set_padding((0, GAP as u16));
                if column.number {
                    looks.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        if !headers && self.rows.is_empty() {
            return String::new();
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }

    /// The same form in two passes: widths, then lines.
    fn by_hand(&self, headers: bool, terminal: bool) -> String {
        let mut widths: Vec<usize> =
            self.columns.iter().map(|c| if headers { c.header.len() } else { 0 }).collect();
        // Each text is made once, one behind the other: a row has a dozen of them.
        let (mut texts, mut cells) = (String::new(), Vec::new());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                let from = texts.len();
                texts.push_str(&cell_text(cell, terminal));
                let chars = texts.get(from..).unwrap_or_default().chars().count();
                *width = (*width).max(chars);
                cells.push((from..texts.len(), chars));
            }
        }
        let mut out = String::new();
        if headers {
            let headers = self.columns.iter().map(|c| (c.header, c.header.len()));
            self.push_line(headers, &widths, &mut out);
        }
        for row in cells.chunks(self.columns.len().max(1)) {
            let texts = |(at, chars): &(std::ops::Range<usize>, usize)| {
                (texts.get(at.clone()).unwrap_or_default(), *chars)
            };
            self.push_line(row.iter().map(texts), &widths, &mut out);
        }
        out
    }

    /// Appends one line of cells at their widths, without spaces at its end.
    fn push_line<'a>(
        &self,
        cells: impl Iterator<Item = (&'a str, usize)>,
        widths: &[usize],
        out: &mut String,
    ) {
        for (((cell, chars), width), column) in cells.zip(widths).zip(self.columns) {
            let space = width.saturating_sub(chars);
            if column.number {
                out.extend(std::iter::repeat_n(' ', space));
                out.push_str(cell);
            } else {
                out.push_str(cell);
                out.extend(std::iter::repeat_n(' ', space));
            }
            out.extend(std::iter::repeat_n(' ', GAP));
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// A cell in a table: one line always, and safe where it reaches a terminal.
fn cell_text(cell: &Cell, terminal: bool) -> String {
    let text = cell.plain();
    if terminal {
        units::safe_text(&text).into_owned()
    } else if text.contains(['\n', '\r', '\t']) {
        text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
    } else {
        text
    }
}

/// A cell in TSV: tabs, line ends and the backslash itself are escaped, so that it can be read
/// back.
fn tsv_text(text: &str, terminal: bool) -> String {
    if !terminal && !text.contains(['\\', '\t', '\n', '\r']) {
        return text.to_owned();
    }
    let escaped =
        text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    if terminal { units::safe_text(&escaped).into_owned() } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::text("TOPIC", "The topic."),
        Column::number("LOG-END-OFFSET", "One past the last record."),
        Column::text("LAST-TIMESTAMP", "The largest timestamp."),
        Column::number("AGE-MS", "Age."),
    ];

    fn table() -> Table {
        let mut table = Table::new("topics.list", COLUMNS);
        table.push(vec![
            Cell::text("users"),
            Cell::Int(1_234_567),
            Cell::Time(1_768_471_200_000),
            Cell::Span(Duration::from_millis(1500)),
        ]);
        table.push(vec![Cell::text("a\tb\n\u{1b}"), Cell::Bytes(7), Cell::Missing, Cell::Missing]);
        table
    }

    #[test]
    fn a_table_has_headers_and_numbers_at_the_right() {
        let text = table().render(Format::Table, true, true);
        insta::assert_snapshot!(text, @r"
        TOPIC         LOG-END-OFFSET  LAST-TIMESTAMP            AGE-MS
        users                1234567  2026-01-15T10:00:00.000Z    1500
        a\tb\n\u{1b}               7  -                              -
        ");
        assert!(table().render(Format::Table, false, true).starts_with("users "));
    }

    #[test]
    fn json_is_one_line_with_keys_from_the_headers() {
        let text = table().render(Format::Json, true, false);
        assert_eq!(
            text,
            "{\"kind\":\"topics.list\",\"version\":1,\"items\":[{\"topic\":\"users\",\
             \"log_end_offset\":1234567,\"last_timestamp\":\"2026-01-15T10:00:00.000Z\",\
             \"age_ms\":1500},{\"topic\":\"a\\tb\\n\\u001b\",\"log_end_offset\":7,\
             \"last_timestamp\":null,\"age_ms\":null}]}\n"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn fractions_are_short_numbers() {
        let texts = [1.0, 0.5, 100.0, 2.0 / 3.0, -1.25].map(real_text);
        assert_eq!(texts, ["1", "0.5", "100", "0.667", "-1.25"]);
        assert_eq!(real_text(f64::NAN), "null");
    }

    #[test]
    fn nested_cells_are_json_values() {
        const OUTER: &[Column] = &[
            Column::text("A", ""),
            Column::text("B", ""),
            Column::text("C", ""),
            Column::text("D", ""),
            Column::text("E", ""),
        ];
        let mut inner = Table::new("inner", &COLUMNS[..1]);
        inner.push(vec![Cell::text("x")]);
        let mut outer = Table::new("outer", OUTER);
        outer.push(vec![
            Cell::List(vec!["p".into(), "q".into()]),
            Cell::Map(vec![("k".into(), "v".into())]),
            Cell::Bool(true),
            Cell::Items(Box::new(inner)),
            Cell::Ints(vec![0, 1]),
        ]);
        assert_eq!(
            outer.render(Format::Json, true, false),
            "{\"kind\":\"outer\",\"version\":1,\"items\":[{\"a\":[\"p\",\"q\"],\"b\":{\"k\":\"v\"},\
             \"c\":true,\"d\":[{\"topic\":\"x\"}],\"e\":[0,1]}]}\n"
        );
        assert_eq!(outer.render(Format::Tsv, false, false), "p,q\tk=v\ttrue\t1\t0,1\n");
    }

    #[test]
    fn tsv_escapes_what_would_break_its_rows() {
        assert_eq!(
            table().render(Format::Tsv, true, false),
            "TOPIC\tLOG-END-OFFSET\tLAST-TIMESTAMP\tAGE-MS\n\
             users\t1234567\t2026-01-15T10:00:00.000Z\t1500\na\\tb\\n\u{1b}\t7\t-\t-\n"
        );
        assert!(!table().render(Format::Tsv, false, true).contains('\u{1b}'));
    }

    #[test]
    fn both_layouts_are_the_same() {
        for headers in [true, false] {
            let table = table();
            assert_eq!(table.comfy(headers, true), table.by_hand(headers, true));
            let empty = Table::new("none", COLUMNS);
            assert_eq!(empty.comfy(headers, true), empty.by_hand(headers, true));
        }
    }

    #[test]
    fn long_tables_are_laid_out_whole() {
        let mut table = Table::new("numbers", COLUMNS);
        for n in 0..3000 {
            table.push(vec![Cell::text("t"), Cell::Int(n), Cell::Missing, Cell::Missing]);
        }
        let text = table.render(Format::Table, true, false);
        assert_eq!(text.lines().count(), 3001);
        assert!(text.ends_with("t                2999  -                    -\n"), "{text}");
    }
}
