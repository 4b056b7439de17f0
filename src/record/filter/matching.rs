//! Owns `test(RE)` of the filter's language: as jq's, but that the regular expression is compiled
//! once, and not for each record. Leaves all other functions to the libraries.

use std::cell::RefCell;
use std::rc::Rc;

use jaq_core::load::parse::Def;
use jaq_core::{Cv, Error, ValXs, native};
use jaq_json::Val;
use jaq_std::ValT as _;
use regex_bites::bytes::Regex;

use super::Data;

/// The function's name.
const NAME: &str = "test";
/// The most expressions that are kept: one that is made anew for each record is not.
const KEPT: usize = 8;

thread_local! {
    /// Expressions that were compiled, by their text.
    static COMPILED: RefCell<Vec<(String, Rc<Regex>)>> = const { RefCell::new(Vec::new()) };
}

/// Whether a definition of the libraries is that of this function.
pub(super) fn is_ours(def: &Def<&'static str>) -> bool {
    def.name == NAME && def.args.len() == 1
}

/// The function.
pub(super) fn function() -> native::Fun<Data> {
    native::run((NAME, native::v(1), |cv| test(cv)))
}

/// Whether a text matches an expression.
fn test(mut cv: Cv<'_, Data>) -> ValXs<'_, Val> {
    let expression = cv.0.pop_var();
    let matches = || {
        let expression =
            std::str::from_utf8(expression.try_as_utf8_bytes()?).map_err(Error::str)?;
        let expression = compiled(expression)?;
        Ok(Val::Bool(expression.is_match(cv.1.try_as_utf8_bytes()?)))
    };
    native::bome(matches())
}

/// An expression, compiled now or before.
fn compiled(text: &str) -> Result<Rc<Regex>, Error<Val>> {
    COMPILED.with_borrow_mut(|all| {
        if let Some((_, regex)) = all.iter().find(|(known, _)| known == text) {
            return Ok(Rc::clone(regex));
        }
        let regex =
            Regex::new(text).map_err(|error| Error::str(format_args!("invalid regex: {error}")))?;
        if all.len() == KEPT {
            all.remove(0);
        }
        let regex = Rc::new(regex);
        all.push((text.to_owned(), Rc::clone(&regex)));
        Ok(regex)
    })
}
