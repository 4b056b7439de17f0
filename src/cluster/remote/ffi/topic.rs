//! Owns a topic as librdkafka's record calls want it: found once, and not by name for each record.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka_sys::bindings as sys;

use super::handle::Client;
use super::{Code, Trouble, c_text, text};

/// A topic of a client.
#[derive(Debug)]
pub struct Topic {
    raw: NonNull<sys::rd_kafka_topic_t>,
    /// Ends after its topics.
    client: Arc<Client>,
}

// SAFETY: librdkafka's topics may be used from any thread.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

impl Topic {
    /// The topic `name`, with properties that hold for it alone. Asks nobody yet.
    pub fn new(
        client: &Arc<Client>,
        name: &str,
        properties: &[(&str, String)],
    ) -> Result<Self, Trouble> {
        let mut why = [0; 256];
        let name = c_text(name);
        // SAFETY: the client lives, the texts outlive the calls. The configuration is a copy of the
        // client's, taken over by `rd_kafka_topic_new`, and freed here where that is not reached.
        unsafe {
            let mut conf = ptr::null_mut();
            if !properties.is_empty() {
                conf = sys::rd_kafka_default_topic_conf_dup(client.raw());
            }
            for (property, value) in properties {
                let (property, value) = (c_text(property), c_text(value));
                let done = sys::rd_kafka_topic_conf_set(
                    conf,
                    property.as_ptr(),
                    value.as_ptr(),
                    why.as_mut_ptr(),
                    why.len(),
                );
                if done != sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                    sys::rd_kafka_topic_conf_destroy(conf);
                    let code = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__INVALID_ARG;
                    return Err(Trouble { code: Code::of(code), text: text(why.as_ptr()) });
                }
            }
            let raw = sys::rd_kafka_topic_new(client.raw(), name.as_ptr(), conf);
            let raw = NonNull::new(raw).ok_or_else(|| Trouble::of(last_error()))?;
            Ok(Self { raw, client: Arc::clone(client) })
        }
    }

    /// The topic, for a call.
    pub(super) const fn raw(&self) -> *mut sys::rd_kafka_topic_t {
        self.raw.as_ptr()
    }

    /// The client that the topic is of.
    pub const fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: held here only; the client and its messages hold counts of their own.
        unsafe { sys::rd_kafka_topic_destroy(self.raw()) }
    }
}

/// The code of the last call on this thread that only said that it failed.
pub(super) fn last_error() -> Code {
    // SAFETY: reads a number of this thread.
    Code::of(unsafe { sys::rd_kafka_last_error() })
}
