//! Owns `to_entries` of the filter's language: as jq's, but not itself written in that language,
//! where it takes longer than all else. Leaves all other functions to the libraries.

use jaq_core::load::parse::Def;
use jaq_core::{Cv, ValT as _, ValXs, native};
use jaq_json::{Map, Val};

use super::Data;

/// The function's name.
const NAME: &str = "to_entries";

/// Whether a definition of the libraries is that of this function.
pub(super) fn is_ours(def: &Def<&'static str>) -> bool {
    def.name == NAME && def.args.is_empty()
}

/// The function.
pub(super) fn function() -> native::Fun<Data> {
    native::run((NAME, native::v(0), |cv| to_entries(cv)))
}

/// A list of the members of a value: objects of a key and a value.
fn to_entries(cv: Cv<'_, Data>) -> ValXs<'_, Val> {
    let names = ["key", "value"].map(|name| Val::utf8_str(name.as_bytes()));
    let entries = cv.1.key_values().map(|member| {
        let (key, value) = member?;
        Ok(Val::obj(names.iter().cloned().zip([key, value]).collect::<Map>()))
    });
    native::bome(entries.collect())
}
