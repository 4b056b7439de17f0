//! Owns the plain filters that need no interpreter: `.a.b`, compared with a literal or asked for
//! what its text is like (`.a | startswith("x")`), joined by `and` and `or`, in `select(..)` or
//! not. Leaves every value that it is not sure of to the interpreter.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memmem;
use regex_bites::bytes::Regex;

use super::Verdict;
use super::value::unescaped;
use crate::record::json::Json;

/// The most paths of a filter, and the most names of a path.
const PATHS_MAX: usize = 8;
const NAMES_MAX: usize = 64;

/// A filter that needs no interpreter.
pub(super) struct Plain {
    expression: Expression,
    /// It is a `select`, which lets no null through.
    is_select: bool,
    /// What it looks at: the names of members, from the outermost on.
    paths: Vec<Vec<String>>,
}

/// An expression, with paths by their numbers; how it is judged is jq's way.
enum Expression {
    /// Whether a path leads to something that is neither null nor false.
    Truth(usize),
    /// How what a path leads to compares with a literal.
    Compare(usize, Operator, Literal),
    /// What the text is like that a path leads to.
    Ask(usize, Question),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// What may be asked of a text.
enum Question {
    StartsWith(Vec<u8>),
    EndsWith(Vec<u8>),
    Contains(Vec<u8>),
    Test(Regex),
    Length(Operator, Literal),
}

/// Where a path leads to.
#[derive(Clone, Copy, Debug)]
enum Found<'j> {
    Missing,
    /// Through something that has no members, which fails.
    Wrong,
    Value(&'j [u8]),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Operator {
    /// Whether it holds between two values of this order.
    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

impl Question {
    /// Whether the answer is yes.
    fn is_true(&self, text: &[u8]) -> Option<bool> {
        Some(match self {
            Self::StartsWith(part) => text.starts_with(part),
            Self::EndsWith(part) => text.ends_with(part),
            Self::Contains(part) => memmem::find(text, part).is_some(),
            Self::Test(regex) => regex.is_match(text),
            Self::Length(operator, literal) => {
                let length = std::str::from_utf8(text).ok()?.chars().count();
                operator.holds(Scalar::Integer(length as i64).order(literal))
            }
        })
    }
}

/// Every operator, a longer one before its own beginning.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// A scalar of JSON.
#[derive(Clone, Debug, PartialEq)]
enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Decimal(f64),
    Text(Cow<'a, [u8]>),
}

/// A scalar in an expression.
type Literal = Scalar<'static>;

impl Scalar<'_> {
    /// The place of its type in jq's order.
    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Integer(_) | Self::Decimal(_) => 2,
            Self::Text(_) => 3,
        }
    }

    /// Compares by jq's order.
    fn order(&self, other: &Scalar<'_>) -> Ordering {
        // Zero equals minus zero, which a total order tells apart; a JSON number is never NaN.
        let decimals = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        match (self, other) {
            (Self::Bool(a), Scalar::Bool(b)) => a.cmp(b),
            (Self::Integer(a), Scalar::Integer(b)) => a.cmp(b),
            (Self::Integer(a), Scalar::Decimal(b)) => decimals(*a as f64, *b),
            (Self::Decimal(a), Scalar::Integer(b)) => decimals(*a, *b as f64),
            (Self::Decimal(a), Scalar::Decimal(b)) => decimals(*a, *b),
            (Self::Text(a), Scalar::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// Whether it is neither null nor false.
    const fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }
}

/// The number of these digits; `None` for one that no machine number holds.
fn number(digits: &str) -> Option<Scalar<'static>> {
    if digits.contains(['.', 'e', 'E']) {
        return digits.parse().ok().map(Scalar::Decimal);
    }
    digits.parse().ok().map(Scalar::Integer)
}

impl Plain {
    /// Reads an expression that is known to be one of jq's; `None` where it takes more than this.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest { text, paths: Vec::new() };
        let is_select = rest.take_word("select");
        if is_select && !rest.take("(") {
            return None;
        }
        let expression = rest.disjunction(0)?;
        if is_select && !rest.take(")") {
            return None;
        }
        rest.skip_space();
        rest.text.is_empty().then_some(Self { expression, is_select, paths: rest.paths })
    }

    /// Whether a value matches; `None` where that is for the interpreter to say.
    pub(super) fn judge(&self, bytes: &[u8]) -> Option<Verdict> {
        let mut json = Json::new(bytes);
        let mut found = [Found::Missing; PATHS_MAX];
        let start = json.start();
        let end = self.seek(&mut json, start, 0, u32::MAX, &mut found);
        if !end.is_some_and(|end| json.is_end(end)) {
            return Some(Verdict::NotJson);
        }
        if self.is_select && json.at(start) != b'{' {
            return None;
        }
        self.expression.is_true(&found).map(Verdict::of)
    }

    /// Finds what the `wanted` paths lead to, a bit each, of which the first `depth` names lead to
    /// the value at `start`. Answers where that ends. All of it is read, since the last one of
    /// members of the same name counts.
    fn seek<'j>(
        &self,
        json: &mut Json<'j>,
        start: usize,
        depth: usize,
        wanted: u32,
        found: &mut [Found<'j>; PATHS_MAX],
    ) -> Option<usize> {
        let first = json.at(start);
        let instead = if matches!(first, b'{' | b'n') { Found::Missing } else { Found::Wrong };
        set(found, wanted, instead);
        if first != b'{' {
            return json.skip(start);
        }
        json.members(start, |json, name, at| {
            let (here, deeper) = if name.is_escaped {
                self.named(&unescaped(name.raw)?, depth, wanted)
            } else {
                self.named(name.raw, depth, wanted)
            };
            let end = match deeper {
                0 => json.skip(at)?,
                _ => self.seek(json, at, depth + 1, deeper, found)?,
            };
            if here != 0 {
                set(found, here, Found::Value(json.between(at, end)?));
            }
            Some(end)
        })
    }

    /// Which of the `wanted` paths have this name at `depth`: those that end with it, and those
    /// that do not.
    #[inline]
    fn named(&self, name: &[u8], depth: usize, wanted: u32) -> (u32, u32) {
        let (mut here, mut deeper) = (0, 0);
        for (at, path) in self.paths.iter().enumerate() {
            let bit = 1 << at & wanted;
            if bit != 0 && path.get(depth).is_some_and(|step| step.as_bytes() == name) {
                if path.len() == depth + 1 {
                    here |= bit;
                } else {
                    deeper |= bit;
                }
            }
        }
        (here, deeper)
    }
}

/// Notes where paths lead to, a bit each.
#[inline]
fn set<'j>(found: &mut [Found<'j>; PATHS_MAX], paths: u32, to: Found<'j>) {
    for (at, found) in found.iter_mut().enumerate() {
        if 1 << at & paths != 0 {
            *found = to;
        }
    }
}

impl Expression {
    /// Whether it is true of what its paths lead to.
    fn is_true(&self, found: &[Found<'_>]) -> Option<bool> {
        match self {
            Self::Truth(path) => scalar(found, *path).map(|scalar| scalar.is_true()),
            Self::Compare(path, operator, literal) => {
                Some(operator.holds(scalar(found, *path)?.order(literal)))
            }
            Self::Ask(path, question) => match scalar(found, *path)? {
                Scalar::Text(text) => question.is_true(&text),
                _ => None,
            },
            Self::Not(one) => one.is_true(found).map(|is_true| !is_true),
            Self::And(one, other) => Some(one.is_true(found)? && other.is_true(found)?),
            Self::Or(one, other) => Some(one.is_true(found)? || other.is_true(found)?),
        }
    }
}

/// The scalar that a path leads to.
fn scalar<'j>(found: &[Found<'j>], path: usize) -> Option<Scalar<'j>> {
    let raw = match found.get(path)? {
        Found::Missing => return Some(Scalar::Null),
        Found::Wrong => return None,
        Found::Value(raw) => *raw,
    };
    match raw {
        b"null" => Some(Scalar::Null),
        b"true" => Some(Scalar::Bool(true)),
        b"false" => Some(Scalar::Bool(false)),
        [b'"', text @ .., b'"'] => Some(Scalar::Text(match memchr::memchr(b'\\', text) {
            None => Cow::Borrowed(text),
            Some(_) => Cow::Owned(unescaped(text)?),
        })),
        [b'{' | b'[', ..] => None,
        digits => number(std::str::from_utf8(digits).ok()?),
    }
}

/// How deep parentheses may go here.
const DEPTH_MAX: usize = 16;

/// What is left of the text of an expression, and the paths in what came before.
struct Rest<'t> {
    text: &'t str,
    paths: Vec<Vec<String>>,
}

impl Rest<'_> {
    fn skip_space(&mut self) {
        self.text = self.text.trim_start_matches([' ', '\t', '\n']);
    }

    /// Takes `token` off, if it is next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let rest = self.text.strip_prefix(token);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// Takes a word off, if it is next and whole.
    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = self.text.strip_prefix(word).filter(|rest| !rest.starts_with(is_in_name));
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    fn disjunction(&mut self, depth: usize) -> Option<Expression> {
        let (text, paths) = (self.text, self.paths.len());
        if let Some(piped) = self.piped() {
            return Some(piped);
        }
        self.text = text;
        self.paths.truncate(paths);
        let mut one = self.conjunction(depth)?;
        while self.take_word("or") {
            one = Expression::Or(Box::new(one), Box::new(self.conjunction(depth)?));
        }
        Some(one)
    }

    /// A path, a question about the text there, and maybe `not`. What follows would be part of the
    /// question, so nothing may.
    fn piped(&mut self) -> Option<Expression> {
        let path = self.path()?;
        let question = self.take("|").then(|| self.question()).flatten()?;
        let mut piped = Expression::Ask(path, question);
        if self.take("|") {
            if !self.take_word("not") {
                return None;
            }
            piped = Expression::Not(Box::new(piped));
        }
        self.skip_space();
        (self.text.is_empty() || self.text.starts_with(')')).then_some(piped)
    }

    fn question(&mut self) -> Option<Question> {
        if self.take_word("length") {
            return Some(Question::Length(self.operator()?, self.literal()?));
        }
        let words = ["startswith", "endswith", "contains", "test"];
        let word = words.into_iter().find(|word| self.take_word(word))?;
        let text = self.take("(").then(|| self.string()).flatten()?;
        if !self.take(")") {
            return None;
        }
        Some(match word {
            "startswith" => Question::StartsWith(text),
            "endswith" => Question::EndsWith(text),
            "contains" => Question::Contains(text),
            _ => Question::Test(Regex::new(std::str::from_utf8(&text).ok()?).ok()?),
        })
    }

    fn conjunction(&mut self, depth: usize) -> Option<Expression> {
        let mut one = self.comparison(depth)?;
        while self.take_word("and") {
            one = Expression::And(Box::new(one), Box::new(self.comparison(depth)?));
        }
        Some(one)
    }

    fn comparison(&mut self, depth: usize) -> Option<Expression> {
        if depth < DEPTH_MAX && self.take("(") {
            let inner = self.disjunction(depth + 1)?;
            return self.take(")").then_some(inner);
        }
        let path = self.path()?;
        let Some(operator) = self.operator() else { return Some(Expression::Truth(path)) };
        Some(Expression::Compare(path, operator, self.literal()?))
    }

    fn operator(&mut self) -> Option<Operator> {
        let operator = OPERATORS.into_iter().find(|(token, _)| self.take(token));
        operator.map(|(_, operator)| operator)
    }

    /// What a string stands for that has no expressions in it.
    fn string(&mut self) -> Option<Vec<u8>> {
        self.skip_space();
        let text = self.text.strip_prefix('"')?;
        let mut is_escaped = false;
        let end = text.bytes().position(|byte| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends
        })?;
        let raw = text.get(..end).filter(|raw| !raw.contains("\\("))?;
        self.text = text.get(end + 1..)?;
        unescaped(raw.as_bytes())
    }

    /// The number of the path that is next.
    fn path(&mut self) -> Option<usize> {
        self.skip_space();
        let mut names = Vec::new();
        while let Some(rest) = self.text.strip_prefix('.') {
            let len = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
            let (name, rest) = rest.split_at_checked(len)?;
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            names.push(name.to_owned());
            self.text = rest;
        }
        if names.is_empty() || names.len() > NAMES_MAX {
            return None;
        }
        let known = self.paths.iter().position(|path| *path == names);
        known.or_else(|| {
            self.paths.push(names);
            (self.paths.len() <= PATHS_MAX).then_some(self.paths.len() - 1)
        })
    }

    fn literal(&mut self) -> Option<Literal> {
        for (word, scalar) in
            [("null", Scalar::Null), ("true", Scalar::Bool(true)), ("false", Scalar::Bool(false))]
        {
            if self.take_word(word) {
                return Some(scalar);
            }
        }
        if self.text.starts_with('"') {
            return self.string().map(|text| Scalar::Text(Cow::Owned(text)));
        }
        let len = self.text.find(|c: char| !c.is_ascii_digit() && !".-".contains(c));
        let (digits, rest) = self.text.split_at_checked(len.unwrap_or(self.text.len()))?;
        // `1e3` and `5-.a` are for the interpreter.
        if rest.starts_with(is_in_name) || digits.rfind('-').is_some_and(|at| at > 0) {
            return None;
        }
        self.text = rest;
        number(digits)
    }
}

/// Whether a character may stand in a name.
fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
