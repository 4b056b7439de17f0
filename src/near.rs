//! Owns the near match that usage errors offer ("did you mean `latest`?"). Leaves the wording, and
//! what may be typed, to each parser.

/// Words longer than this get no near match: the cost is the product of the two lengths.
const WORD_MAX_CHARS: usize = 64;

/// Returns the candidate that `word` was most likely meant to be, if one is close enough.
///
/// The same letters in another case are closest, then the fewest edits (at most a third of the
/// word, so `z` matches nothing), then a candidate that begins with `word`. The first of equals
/// wins, so candidates come in the order of preference.
pub fn near_match<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let chars = word.chars().count();
    if chars == 0 || chars > WORD_MAX_CHARS {
        return None;
    }
    let edits_max = ((chars + 1) / 3).min(chars - 1);
    let lower = word.to_lowercase();
    let rank = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let edits = strsim::damerau_levenshtein(&lower, &candidate);
        if edits == 0 {
            return Some(0);
        }
        if edits <= edits_max && edits < candidate.chars().count() {
            return Some(edits);
        }
        (chars >= 3 && candidate.starts_with(&lower)).then_some(edits_max + 1)
    };
    candidates
        .into_iter()
        .filter_map(|candidate| rank(candidate).map(|rank| (rank, candidate)))
        .min_by_key(|&(rank, _)| rank)
        .map(|(_, candidate)| candidate)
}

/// Returns `; did you mean `x`?` for the near match of `word`, or nothing: the end of a sentence.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    near_match(word, candidates)
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&str; 6] = ["start", "end", "latest", "newest", "copy", "v"];

    #[test]
    fn near_words_are_found() {
        for (word, near) in [
            ("latestt", Some("latest")),
            ("lastet", Some("latest")),
            ("LATEST", Some("latest")),
            ("strat", Some("start")),
            ("edn", Some("end")),
            ("lat", Some("latest")),
            ("V", Some("v")),
            ("ends", Some("end")),
            ("nope", None),
            ("z", None),
            ("", None),
            ("qqqqqqq", None),
        ] {
            assert_eq!(near_match(word, WORDS), near, "{word}");
        }
        assert_eq!(near_match(&"e".repeat(1 << 20), WORDS), None);
        assert_eq!(did_you_mean("enx", WORDS), "; did you mean `end`?");
        assert_eq!(did_you_mean("z", WORDS), "");
    }
}
