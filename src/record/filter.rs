//! Owns the filter of `consume --filter`: an expression in jq's language over the JSON of a value.
//! Leaves plain paths and comparisons to `fast`, and counting to the command.
//!
//! `.` is the value as JSON, `null` for a null value. `$topic`, `$partition`, `$offset`,
//! `$timestamp` (ms), `$key` and `$headers` (pairs of name and value) are the rest of the record. A
//! record matches where the expression has an output that is neither `null` nor `false`, as under
//! jq's `select`. A value is JSON by RFC 8259, and all ways of reading it agree; but a string of
//! it may be any bytes.

mod depth;
mod entries;
mod fast;
mod matching;
mod members;
#[cfg(test)]
mod tests;
mod value;

use jaq_core::data::JustLut;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;

use self::fast::Plain;
use self::members::Members;
use super::RecordView;
use super::json::is_json;

/// What an expression may ask besides the value.
const VARIABLES: [&str; 6] = ["$topic", "$partition", "$offset", "$timestamp", "$key", "$headers"];

/// How deep a value may be nested: what reads it uses the stack.
const DEPTH_MAX: usize = 128;

/// What filters are run with.
type Data = JustLut<Val>;

/// What a filter says of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is wanted.
    Match,
    /// It is not.
    NoMatch,
    /// Its value is not JSON, so it is not wanted.
    NotJson,
    /// The expression fails on it, so it is not wanted.
    Failed(String),
    /// The expression calls itself deeper than the stack is.
    TooDeep,
}

impl Verdict {
    /// A clear answer.
    const fn of(is_match: bool) -> Self {
        if is_match { Self::Match } else { Self::NoMatch }
    }
}

/// A compiled expression.
pub struct Filter {
    program: jaq_core::Filter<Data>,
    /// Whether it names a variable.
    asks_more: bool,
    /// The same, where it is so plain that it needs no interpreter.
    fast: Option<Plain>,
    /// What it looks at, where that is not all of a value.
    members: Option<Members>,
    /// The bytes of the stack that it may take.
    stack_bytes: usize,
}

impl Filter {
    /// Compiles `text`; the error says what is wrong and at which character.
    pub fn compile(text: &str) -> Result<Self, String> {
        let program = match depth::guarded(text).map(|guarded| compile(&guarded)) {
            Some(Ok(program)) => program,
            // What is wrong is told of the text as it was given.
            Some(Err(_)) | None => compile(text)?,
        };
        let asks_more = text.contains('$');
        let (fast, members) = (Plain::parse(text), Members::of(text));
        Ok(Self { program, asks_more, fast, members, stack_bytes: depth::stack_bytes() })
    }

    /// Whether a record is wanted.
    pub fn judge(&self, record: &RecordView<'_>) -> Verdict {
        let json = record.value.unwrap_or(b"null");
        match self.fast.as_ref().and_then(|fast| fast.judge(json)) {
            Some(verdict) => verdict,
            None => self.judge_in_full(record, json),
        }
    }

    /// The same by the interpreter.
    fn judge_in_full(&self, record: &RecordView<'_>, json: &[u8]) -> Verdict {
        let value = match self.members.as_ref().and_then(|members| members.read(json)) {
            Some(value) => value,
            None => match whole(json) {
                Ok(value) => value,
                Err(verdict) => return verdict,
            },
        };
        let none = || std::array::from_fn(|_| Val::Null);
        let variables = if self.asks_more { variables(record) } else { none() };
        let context = Ctx::<Data>::new(&self.program.lut, Vars::new(variables));
        depth::begin(self.stack_bytes);
        for output in self.program.id.run((context, value)) {
            match output {
                Ok(Val::Null | Val::Bool(false)) => {}
                Ok(_) => return Verdict::Match,
                Err(exception) => {
                    return match exception.get_err() {
                        Ok(error) => Verdict::Failed(error.to_string()),
                        Err(halt) => match halt.get_halt() {
                            Ok(depth::TOO_DEEP) => Verdict::TooDeep,
                            _ => Verdict::Failed("it halts".to_owned()),
                        },
                    };
                }
            }
        }
        Verdict::NoMatch
    }
}

/// Compiles an expression; the error says what is wrong and at which character.
fn compile(text: &str) -> Result<jaq_core::Filter<Data>, String> {
    let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let defs = theirs.filter(|def| !matching::is_ours(def) && !entries::is_ours(def));
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let funs = funs.chain([matching::function(), entries::function(), depth::function()]);
    let arena = Arena::default();
    let at = |part: &str| {
        let before = text.get(..load::span(text, part).start).unwrap_or(text);
        before.chars().count() + 1
    };
    let modules = Loader::new(defs).load(&arena, File { code: text, path: () });
    let modules = modules.map_err(|errors| syntax_error(&errors, &at))?;
    let compiled = Compiler::default().with_funs(funs).with_global_vars(VARIABLES);
    compiled.compile(modules).map_err(|errors| {
        let mut unknown = errors.iter().flat_map(|(_, errors)| errors);
        unknown.next().map_or_else(String::new, |(name, what)| {
            let character = at(name_in(text, name));
            let (what, name) = (what.as_str(), name.escape_debug());
            format!("there is no {what} `{name}` (character {character})")
        })
    })
}

/// All of a value; or what is to be said of one that cannot be read.
fn whole(json: &[u8]) -> Result<Val, Verdict> {
    value::read(json, DEPTH_MAX).ok_or_else(|| {
        let too_deep = || Verdict::Failed(format!("it is nested deeper than {DEPTH_MAX}"));
        if is_json(json) { too_deep() } else { Verdict::NotJson }
    })
}

/// The part of `text` that is `name`, to point at.
fn name_in<'t>(text: &'t str, name: &str) -> &'t str {
    text.find(name).and_then(|at| text.get(at..)).unwrap_or(text)
}

/// What is wrong with a text that is no expression, and where.
fn syntax_error(errors: &load::Errors<&str, ()>, at: &dyn Fn(&str) -> usize) -> String {
    let found = |expected: &str, part: &str| {
        let character = at(part);
        match part.chars().next() {
            None => format!("{expected} is missing at the end"),
            Some(_) => format!("{expected} is due at character {character}"),
        }
    };
    match errors.first().map(|(_, error)| error) {
        Some(load::Error::Lex(errors)) => {
            errors.first().map_or_else(String::new, |(due, part)| found(due.as_str(), part))
        }
        Some(load::Error::Parse(errors)) => {
            errors.first().map_or_else(String::new, |(due, part)| found(due.as_str(), part))
        }
        Some(load::Error::Io(_)) => "it may not import or include anything".to_owned(),
        None => String::new(),
    }
}

/// What the variables are for a record, in their order.
fn variables(record: &RecordView<'_>) -> [Val; VARIABLES.len()] {
    let text = |bytes: &[u8]| Val::utf8_str(bytes.to_vec());
    let nullable = |bytes: Option<&[u8]>| bytes.map_or(Val::Null, text);
    let header = |(name, value)| [text(name), nullable(value)].into_iter().collect::<Val>();
    let number = |n: i64| Val::from(n as isize);
    [
        text(record.topic.as_bytes()),
        number(i64::from(record.partition)),
        number(record.offset),
        number(record.timestamp_ms),
        nullable(record.key),
        record.headers().map(header).collect(),
    ]
}
