//! Owns the form that records are written in. Leaves the forms themselves to `record`, and where
//! they go to the run.

use super::{Args, Envelope};
use crate::out::units;
use crate::record::bytes::{Newlines, escape_terminal};
use crate::record::template::{Form as Bytes, Template};
use crate::record::{RecordBuffer, Span, envelope};

/// The form of the output.
enum Form {
    /// Values, each with a newline.
    Lines(Bytes),
    /// Values and nothing else.
    Raw,
    Template(Template),
    Envelope {
        parsed: bool,
    },
}

/// How records are written.
pub(super) struct Writing {
    form: Form,
    /// What is written must not drive the terminal.
    guarded: bool,
    scratch: Vec<u8>,
}

impl Writing {
    /// The form that was asked for.
    pub(super) fn new(args: &Args, terminal: bool) -> Self {
        let bytes = match (args.hex, args.base64) {
            (true, _) => Bytes::Hex,
            (_, true) => Bytes::Base64,
            _ => Bytes::Raw,
        };
        let form = match (&args.format, args.json, args.envelope) {
            (Some(template), ..) => Form::Template(template.clone().by_default(bytes)),
            (_, Some(how), _) => Form::Envelope { parsed: how == Envelope::Parsed },
            (_, _, true) => Form::Envelope { parsed: false },
            _ if args.raw => Form::Raw,
            _ => Form::Lines(bytes),
        };
        Self { guarded: terminal && !args.raw, form, scratch: Vec::new() }
    }

    /// Appends one record to `out`.
    pub(super) fn append(
        &mut self,
        topic: &str,
        span: &Span,
        buffer: &RecordBuffer,
        out: &mut Vec<u8>,
    ) {
        if self.guarded {
            return self.append_guarded(topic, span, buffer, out);
        }
        match &self.form {
            Form::Lines(bytes) => {
                bytes.append(span.value.of(&buffer.arena), out);
                out.push(b'\n');
            }
            Form::Raw => out.extend_from_slice(span.value.of(&buffer.arena).unwrap_or_default()),
            Form::Template(template) => template.render(&buffer.view(topic, span), out),
            Form::Envelope { parsed } => {
                envelope::write(&buffer.view(topic, span), *parsed, out);
                out.push(b'\n');
            }
        }
    }

    /// Appends one record as a terminal may have it.
    fn append_guarded(
        &mut self,
        topic: &str,
        span: &Span,
        buffer: &RecordBuffer,
        out: &mut Vec<u8>,
    ) {
        self.scratch.clear();
        match &self.form {
            Form::Lines(Bytes::Raw) | Form::Raw => {
                let value = span.value.of(&buffer.arena).unwrap_or_default();
                // One record stays one line.
                escape_terminal(value, Newlines::Escape, out);
                out.push(b'\n');
            }
            Form::Lines(bytes) => {
                bytes.append(span.value.of(&buffer.arena), out);
                out.push(b'\n');
            }
            Form::Template(template) => {
                template.render(&buffer.view(topic, span), &mut self.scratch);
                escape_terminal(&self.scratch, Newlines::Keep, out);
            }
            Form::Envelope { parsed } => {
                envelope::write(&buffer.view(topic, span), *parsed, &mut self.scratch);
                let json = String::from_utf8_lossy(&self.scratch);
                out.extend_from_slice(units::safe_json(&json).as_bytes());
                out.push(b'\n');
            }
        }
    }
}
