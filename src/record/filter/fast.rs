//! Owns the plain filters that need no interpreter: `.a.b`, compared with a literal, joined by
//! `and` and `or`. Leaves every value that it is not sure of to the interpreter.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Verdict;
use crate::record::pointer::{Found, Pointer};

/// An expression; how it is judged is jq's way.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// Whether a path leads to something that is neither null nor false.
    Truth(Pointer),
    /// How what a path leads to compares with a literal.
    Compare(Pointer, Operator, Literal),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
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
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Decimal(f64),
    Text(Cow<'a, str>),
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

impl Expression {
    /// Reads an expression that is known to be one of jq's; `None` where it takes more than this.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let parsed = rest.disjunction(0)?;
        rest.skip_space();
        rest.0.is_empty().then_some(parsed)
    }

    /// Whether a value matches; `None` where that is for the interpreter to say.
    pub(super) fn judge(&self, json: &[u8]) -> Option<Verdict> {
        // Escapes may hide what is no text at all.
        if memchr::memchr(b'\\', json).is_some() {
            return None;
        }
        self.is_true(json).map(Verdict::of)
    }

    fn is_true(&self, json: &[u8]) -> Option<bool> {
        match self {
            Self::Truth(path) => scalar_at(path, json).map(|scalar| scalar.is_true()),
            Self::Compare(path, operator, literal) => {
                let order = scalar_at(path, json)?.order(literal);
                Some(match operator {
                    Operator::Equal => order.is_eq(),
                    Operator::NotEqual => order.is_ne(),
                    Operator::Less => order.is_lt(),
                    Operator::AtMost => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    Operator::AtLeast => order.is_ge(),
                })
            }
            Self::And(one, other) => Some(one.is_true(json)? && other.is_true(json)?),
            Self::Or(one, other) => Some(one.is_true(json)? || other.is_true(json)?),
        }
    }
}

/// The scalar that a path leads to.
fn scalar_at<'j>(path: &Pointer, json: &'j [u8]) -> Option<Scalar<'j>> {
    match path.find_in_objects(json).ok()? {
        Found::Missing | Found::Null => Some(Scalar::Null),
        Found::Text(text) => Some(Scalar::Text(text)),
        Found::Raw("true") => Some(Scalar::Bool(true)),
        Found::Raw("false") => Some(Scalar::Bool(false)),
        Found::Raw(raw) if raw.starts_with(['{', '[']) => None,
        Found::Raw(digits) => number(digits),
    }
}

/// How deep parentheses may go here.
const DEPTH_MAX: usize = 16;

/// What is left of the text of an expression.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n']);
    }

    /// Takes `token` off, if it is next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Takes a word off, if it is next and whole.
    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = self.0.strip_prefix(word).filter(|rest| !rest.starts_with(is_in_name));
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn disjunction(&mut self, depth: usize) -> Option<Expression> {
        let mut one = self.conjunction(depth)?;
        while self.take_word("or") {
            one = Expression::Or(Box::new(one), Box::new(self.conjunction(depth)?));
        }
        Some(one)
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
        let operator = OPERATORS.into_iter().find(|(token, _)| self.take(token));
        let Some((_, operator)) = operator else { return Some(Expression::Truth(path)) };
        Some(Expression::Compare(path, operator, self.literal()?))
    }

    fn path(&mut self) -> Option<Pointer> {
        self.skip_space();
        let mut names = Vec::new();
        while let Some(rest) = self.0.strip_prefix('.') {
            let len = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
            let (name, rest) = rest.split_at_checked(len)?;
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            names.push(name.to_owned());
            self.0 = rest;
        }
        (!names.is_empty()).then(|| Pointer::of_names(names)).flatten()
    }

    fn literal(&mut self) -> Option<Literal> {
        for (word, scalar) in
            [("null", Scalar::Null), ("true", Scalar::Bool(true)), ("false", Scalar::Bool(false))]
        {
            if self.take_word(word) {
                return Some(scalar);
            }
        }
        if let Some(rest) = self.0.strip_prefix('"') {
            let (text, rest) = rest.split_once('"')?;
            self.0 = rest;
            return (!text.contains('\\')).then(|| Scalar::Text(Cow::Owned(text.to_owned())));
        }
        let len = self.0.find(|c: char| !c.is_ascii_digit() && !".-".contains(c));
        let (digits, rest) = self.0.split_at_checked(len.unwrap_or(self.0.len()))?;
        // `1e3` and `5-.a` are for the interpreter.
        if rest.starts_with(is_in_name) || digits.rfind('-').is_some_and(|at| at > 0) {
            return None;
        }
        self.0 = rest;
        number(digits)
    }
}

/// Whether a character may stand in a name.
fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
