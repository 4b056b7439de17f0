//! Stub.
#![allow(missing_docs)]
#[derive(Debug)]
pub struct Users(u64);
impl Users {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub fn append_json(&self, id: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{{\"id\":{id},\"name\":\"{}\"}}", self.0).as_bytes());
    }
}
