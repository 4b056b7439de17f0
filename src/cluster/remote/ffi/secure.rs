//! Owns what librdkafka asks us while it logs in: for a token, and what a bad certificate is to be
//! told as. Leaves where tokens come from to `remote::token`.

use std::ffi::{c_char, c_int, c_long, c_void};
use std::fmt;
use std::ptr;

use rdkafka_sys::bindings as sys;

use super::handle::{Context, LogLine};
use super::{Trouble, c_text, take_error, text};
use crate::secret::Secret;

/// The facility of the lines of the log that tell why a certificate is not accepted.
pub(super) const CERTIFICATE: &str = "CERTIFICATE";

/// A token of OAUTHBEARER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What is sent.
    pub value: Secret,
    /// When it ends, in ms since 1970.
    pub ends_ms: i64,
    /// Whom it is for.
    pub principal: String,
}

/// Gives the next token, or the reason why there is none.
pub struct Tokens(pub Box<dyn Fn() -> Result<Token, String> + Send + Sync>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tokens")
    }
}

/// Has a client call back here for certificates, and for tokens where there are any.
///
/// # Safety
/// `conf` lives, and its opaque will be a [`Context`].
pub(super) unsafe fn prepare(conf: *mut sys::rd_kafka_conf_t, tokens: bool) {
    // SAFETY: by this function's contract.
    unsafe {
        sys::rd_kafka_conf_set_ssl_cert_verify_cb(conf, Some(verify));
        if tokens {
            sys::rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, Some(refresh));
            sys::rd_kafka_conf_enable_sasl_queue(conf, 1);
        }
    }
}

/// Has the client call for tokens from a thread of its own: most questions wait within librdkafka,
/// where nobody looks at its queues.
///
/// # Safety
/// `rk` lives, and was made from what [`prepare`] prepared.
pub(super) unsafe fn serve_tokens(rk: *mut sys::rd_kafka_t) -> Result<(), Trouble> {
    // SAFETY: by this function's contract; the error is ours to free.
    unsafe { take_error(sys::rd_kafka_sasl_background_callbacks_enable(rk)) }
}

/// Asks for a token and hands it over; librdkafka calls this when it needs one.
unsafe extern "C" fn refresh(rk: *mut sys::rd_kafka_t, _: *const c_char, opaque: *mut c_void) {
    // SAFETY: the client's opaque is the context that it keeps alive (see `Client::new`); the texts
    // outlive the calls, which copy them.
    unsafe {
        let context = opaque.cast::<Context>().as_ref();
        let Some(Tokens(next)) = context.and_then(|context| context.tokens.as_ref()) else {
            return;
        };
        let set = |token: Token| {
            let mut why = [0; 512];
            let value = c_text(token.value.reveal());
            let principal = c_text(&token.principal);
            let code = sys::rd_kafka_oauthbearer_set_token(
                rk,
                value.as_ptr(),
                token.ends_ms,
                principal.as_ptr(),
                ptr::null_mut(),
                0,
                why.as_mut_ptr(),
                why.len(),
            );
            // Its own words may show a piece of the token.
            let fine = code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
            if fine { Ok(()) } else { Err("it is no token as OAUTHBEARER has them".to_owned()) }
        };
        if let Err(why) = next().and_then(set) {
            let why = if why.is_empty() { "no reason given" } else { &why };
            sys::rd_kafka_oauthbearer_set_token_failure(rk, c_text(why).as_ptr());
        }
    }
}

/// Notes why a certificate is not accepted; accepts what OpenSSL has found to be good, and nothing
/// else.
unsafe extern "C" fn verify(
    _: *mut sys::rd_kafka_t,
    _: *const c_char,
    _: i32,
    x509_error: *mut c_int,
    _: c_int,
    _: *const c_char,
    _: usize,
    _: *mut c_char,
    _: usize,
    opaque: *mut c_void,
) -> c_int {
    unsafe extern "C" {
        fn X509_verify_cert_error_string(code: c_long) -> *const c_char;
    }
    // SAFETY: the number lives for this call; the opaque is as in `refresh`; OpenSSL, which is
    // linked with librdkafka, has a text that lives for ever for each number.
    unsafe {
        let code = x509_error.as_ref().copied().unwrap_or(1);
        if code == 0 {
            return 1;
        }
        let why = match code {
            9 => "it is not valid yet".to_owned(),
            10 => "it has expired".to_owned(),
            18 => "it is signed by itself, and not in `ssl.ca.location`".to_owned(),
            19 => "its authority is not trusted (self-signed, and not in `ssl.ca.location`)"
                .to_owned(),
            20 | 21 => "none of the authorities in `ssl.ca.location` has signed it".to_owned(),
            62 => "it is for another host name".to_owned(),
            64 => "it is for another address".to_owned(),
            _ => text(X509_verify_cert_error_string(c_long::from(code))),
        };
        if let Some(context) = opaque.cast::<Context>().as_ref() {
            context.log.push(LogLine { level: 3, facility: CERTIFICATE.to_owned(), text: why });
        }
        0
    }
}
