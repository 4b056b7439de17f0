//! Owns what an expression looks at: the names of members, where it looks at nothing else of the
//! value, so that the rest of it has to be JSON and no more. Leaves running it to its parent.

use jaq_core::load;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;
use jaq_json::{Map, Val};

use super::DEPTH_MAX;
use super::value::{self, unescaped};
use crate::record::json::Json;

/// The members of `.` that an expression looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Members(pub(super) Vec<String>);

impl Members {
    /// The members that `text` looks at; `None` where it may look at all of the value.
    pub(super) fn of(text: &str) -> Option<Self> {
        let term = load::parse(text, |parser| parser.term())?;
        // What it lets through is an object, and true as such.
        let condition = match &term {
            Term::Call("select", args) => args.first()?,
            other => other,
        };
        let mut names = Vec::new();
        looks_at(condition, &mut names).then_some(Self(names))
    }

    /// An object with these members of `json`, which is read whole; `None` where it is no object,
    /// or no JSON.
    pub(super) fn read(&self, json: &[u8]) -> Option<Val> {
        let mut json = Json::new(json);
        let start = json.start();
        if json.at(start) != b'{' {
            return None;
        }
        let mut kept = Map::default();
        let end = json.members(start, |json, name, at| {
            let end = json.skip(at)?;
            let known = if name.is_escaped {
                self.known(&unescaped(name.raw)?)
            } else {
                self.known(name.raw)
            };
            if let Some(name) = known {
                let value = value::read(json.between(at, end)?, DEPTH_MAX - 1)?;
                kept.insert(Val::utf8_str(name.as_bytes().to_vec()), value);
            }
            Some(end)
        })?;
        json.is_end(end).then(|| Val::obj(kept))
    }

    /// Which of the names this is.
    fn known(&self, name: &[u8]) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|known| known.as_bytes() == name)
    }
}

/// Adds the members of its input that a term looks at to `names`; false where it may look at
/// others. What a term makes of members is no longer the input.
fn looks_at<'t>(term: &Term<&'t str>, names: &mut Vec<String>) -> bool {
    let mut all = |terms: &[&Term<&'t str>]| terms.iter().all(|term| looks_at(term, names));
    match term {
        Term::Num(_) | Term::Var(_) | Term::Break(_) | Term::Arr(None) => true,
        Term::Str(_, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => all(&[term]),
            StrPart::Str(_) | StrPart::Char(_) => true,
        }),
        // What is caught is an error, and not the input.
        Term::Arr(Some(term))
        | Term::Neg(term)
        | Term::Label(_, term)
        | Term::TryCatch(term, _)
        | Term::BinOp(term, BinaryOp::Pipe(None), _) => all(&[term]),
        Term::BinOp(
            left,
            BinaryOp::Pipe(Some(Pattern::Var(_)))
            | BinaryOp::Comma
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_),
            right,
        ) => all(&[left, right]),
        Term::IfThenElse(cases, Some(other)) => {
            cases.iter().all(|(condition, then)| all(&[condition, then])) && all(&[other])
        }
        Term::Path(base, path) => {
            let mut parts = path.0.iter().map(|(part, _)| part);
            if let Term::Id = **base {
                let Some(Part::Index(name)) = parts.next() else { return false };
                let Some(name) = plain(name) else { return false };
                names.push(name.to_owned());
            } else if !looks_at(base, names) {
                return false;
            }
            parts.all(|part| match part {
                Part::Index(term) => looks_at(term, names),
                Part::Range(from, to) => from.iter().chain(to).all(|bound| looks_at(bound, names)),
            })
        }
        Term::Obj(members) => members.iter().all(|(name, value)| match (name, value) {
            (Term::Var(_), None) => true,
            // `{a}` is `{a: .a}`.
            (name, None) => plain(name).is_some_and(|name| {
                names.push(name.to_owned());
                true
            }),
            (name, Some(value)) => looks_at(name, names) && looks_at(value, names),
        }),
        Term::Call("true" | "false" | "null", args) => args.is_empty(),
        Term::Call("has", args) => {
            let Some(name) = args.first().and_then(plain) else { return false };
            names.push(name.to_owned());
            true
        }
        _ => false,
    }
}

/// The text of a string that is nothing but text.
fn plain<'t>(term: &Term<&'t str>) -> Option<&'t str> {
    match term {
        Term::Str(None, parts) => match parts.as_slice() {
            [StrPart::Str(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}
