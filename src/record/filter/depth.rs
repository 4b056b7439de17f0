//! Owns how deep definitions of an expression may call themselves: each begins with a look at the
//! stack, which an interpreter without bounds would overflow. Leaves how long an expression takes
//! to whoever runs it.

use std::cell::Cell;
use std::fmt::Write as _;
use std::hint::black_box;

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::{Exn, Native, ValX, box_iter, load, native};
use jaq_json::Val;

use super::Data;
use crate::sys;

/// What a definition begins with.
const NAME: &str = "kaw_enter";
/// What an expression that is too deep halts with: no `try` of it can catch that.
pub(super) const TOO_DEEP: i32 = i32::MIN;

thread_local! {
    /// How low the stack may grow.
    static LOWEST: Cell<usize> = const { Cell::new(0) };
}

/// The bytes of the stack that expressions may take: half of what there is, since it takes more to
/// come back.
pub(super) fn stack_bytes() -> usize {
    sys::stack_bytes() / 2
}

/// Notes that an expression begins, which may take so many bytes of the stack.
pub(super) fn begin(bytes: usize) {
    LOWEST.set(here().saturating_sub(bytes));
}

/// About where the stack is.
#[inline(never)]
fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(black_box(&local)).addr()
}

/// The function.
pub(super) fn function() -> native::Fun<Data> {
    let run = Native::new(|cv| box_iter::box_once(enter(cv.1)));
    let run = run.with_paths(|cv| box_iter::box_once(enter(cv.1)));
    let run = run.with_update(|cv, update| match enter(cv.1) {
        Ok(value) => update(value),
        Err(halt) => box_iter::box_once(Err(halt)),
    });
    (NAME, native::v(0), run)
}

/// Lets the input through, unless the stack is too deep.
fn enter<T>(input: T) -> ValX<'static, T, Val> {
    if here() < LOWEST.get() { Err(Exn::halt(TOO_DEEP)) } else { Ok(input) }
}

/// The same expression with definitions that look at the stack; none if it has no definitions, or
/// is not one.
pub(super) fn guarded(text: &str) -> Option<String> {
    let tokens = Lexer::new(text).lex().ok().filter(|_| text.contains("def"))?;
    let mut bodies = Vec::new();
    find_bodies(text, &tokens, &mut bodies);
    bodies.sort_unstable();
    let mut guarded = String::new();
    let mut done = 0;
    for body in bodies {
        guarded.push_str(text.get(done..body)?);
        write!(guarded, " {NAME} | ").ok()?;
        done = body;
    }
    guarded.push_str(text.get(done..)?);
    (done > 0).then_some(guarded)
}

/// Where the bodies of all definitions begin.
fn find_bodies(text: &str, tokens: &[Token<&str>], bodies: &mut Vec<usize>) {
    for (i, Token(word, token)) in tokens.iter().enumerate() {
        match token {
            Tok::Word if *word == "def" => {
                let mut rest = tokens.iter().skip(i + 1);
                let is_named = rest.next().is_some_and(|name| !matches!(name.1, Tok::Sym));
                let colon = rest.find(|next| !matches!(next.1, Tok::Block(_)));
                if let Some(colon) = colon.filter(|colon| is_named && colon.0 == ":") {
                    bodies.push(load::span(text, colon.0).end);
                }
            }
            Tok::Block(inner) => find_bodies(text, inner, bodies),
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(inner) = part {
                        find_bodies(text, std::slice::from_ref(inner), bodies);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_looks_at_the_stack() {
        for (text, wanted) in [
            (".a", None),
            ("{def: 1}", None),
            ("\"def f: 1; f\"", None),
            ("def f: 1; f", Some("def f: kaw_enter |  1; f")),
            (
                "[def f($a; g): def h:g; \"x\\(def i: h; i)\"; f(1; .)]",
                Some(
                    "[def f($a; g): kaw_enter |  def h: kaw_enter | g; \
                     \"x\\(def i: kaw_enter |  h; i)\"; f(1; .)]",
                ),
            ),
        ] {
            assert_eq!(guarded(text).as_deref(), wanted, "{text}");
        }
    }
}
