//! Stub.
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    Start,
    End,
    At(i64),
    FromEnd(i64),
    FromStart(i64),
    Time(i64),
    Stored,
}
impl Position {
    pub fn parse(text: &str, _now_ms: i64) -> Result<Self, String> {
        match text {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            "stored" => Ok(Self::Stored),
            _ => {
                let number = |t: &str| t.parse::<i64>().map_err(|e| e.to_string());
                match text.chars().next() {
                    Some('-') => Ok(Self::FromEnd(-number(text)?)),
                    Some('+') => Ok(Self::FromStart(number(text)?)),
                    _ => Ok(Self::At(number(text)?)),
                }
            }
        }
    }
}
