//! Owns the tokens of OAUTHBEARER: fetching the next one, and how long it is good for. Leaves
//! checking them to the broker.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::ffi::secure::{Token, Tokens};
use crate::secret::{Secret, SecretSource};

/// How long a token is taken to be good for that does not say so.
const UNSAID: Duration = Duration::from_secs(300);
/// Whom a token is for that does not say so; no broker is told.
const SOMEBODY: &str = "kaw";

/// Tokens from `source`. One that still holds is used again when the next cannot be had: it is then
/// asked for again before the end of this one.
pub(super) fn tokens(source: SecretSource) -> Tokens {
    let last: Mutex<Option<Token>> = Mutex::default();
    Tokens(Box::new(move || {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = crate::now_ms();
        match fetch(&source, now) {
            Ok(token) => {
                *last = Some(token.clone());
                Ok(token)
            }
            Err(why) => last.clone().filter(|token| token.ends_ms > now).ok_or(why),
        }
    }))
}

/// The next token.
fn fetch(source: &SecretSource, now_ms: i64) -> Result<Token, String> {
    let secret =
        source.fetch().map_err(|error| format!("{source}: {}", crate::sys::reason(&error)))?;
    let token = read(secret, now_ms);
    if token.ends_ms <= now_ms {
        let late = (now_ms - token.ends_ms) / 1000;
        return Err(format!("{source}: the token has expired {late} s ago"));
    }
    Ok(token)
}

/// What a token says of itself. One that is no JWT is the broker's to understand.
fn read(value: Secret, now_ms: i64) -> Token {
    let claims = claims(value.reveal());
    let claim = |name: &str| claims.as_ref().and_then(|claims| claims.get(name));
    let unsaid = now_ms.saturating_add(UNSAID.as_millis() as i64);
    // A fraction of a second is allowed there. A cast keeps to the bounds of the number.
    let ends_ms = claim("exp").and_then(Value::as_f64).map(|seconds| (seconds * 1000.0) as i64);
    let principal = claim("sub").and_then(Value::as_str).filter(|name| !name.is_empty());
    let principal = principal.unwrap_or(SOMEBODY).replace('\0', "");
    // librdkafka counts in microseconds.
    Token { value, ends_ms: ends_ms.unwrap_or(unsaid).min(i64::MAX / 1000), principal }
}

/// The claims of a JWT.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.", URL_SAFE_NO_PAD.encode(claims))
    }

    fn of(text: &str) -> (i64, String) {
        let token = read(Secret::new(text), 1_000_000);
        (token.ends_ms, token.principal)
    }

    #[test]
    fn a_token_says_how_long_it_is_good_and_for_whom() {
        assert_eq!(of(&jwt(r#"{"exp":2000,"sub":"me"}"#)), (2_000_000, "me".to_owned()));
        assert_eq!(of(&jwt(r#"{"exp":2000.5}"#)), (2_000_500, "kaw".to_owned()));
        let unsaid = (1_300_000, "kaw".to_owned());
        for odd in ["opaque", "a.b.c", "..", &jwt("[]"), &jwt(r#"{"exp":"x","sub":7}"#)] {
            assert_eq!(of(odd), unsaid, "{odd}");
        }
        assert!(of(&jwt(r#"{"exp":1e300}"#)).0 > 1_000_000, "no overflow");
        assert!(of(&jwt(r#"{"exp":-1e300}"#)).0 < 0);
    }

    #[test]
    fn a_token_that_holds_bridges_a_failure_and_an_expired_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let Tokens(next) = tokens(SecretSource::File(path.clone()));
        assert!(next().unwrap_err().contains("token"), "there is none yet");
        let good = jwt(&format!(r#"{{"exp":{}}}"#, crate::now_ms() / 1000 + 600));
        std::fs::write(&path, &good).unwrap();
        assert_eq!(next().unwrap().value.reveal(), good);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(next().unwrap().value.reveal(), good);
        let old = jwt(&format!(r#"{{"exp":{}}}"#, crate::now_ms() / 1000 - 60));
        std::fs::write(&path, old).unwrap();
        assert_eq!(next().unwrap().value.reveal(), good);
        let Tokens(fresh) = tokens(SecretSource::File(path));
        let why = fresh().unwrap_err();
        assert!(why.contains("has expired"), "{why}");
        assert!(!format!("{:?}", next().unwrap()).contains(&good));
    }
}
