//! Owns the form that records are written in. Leaves the forms themselves to `record`, and where
//! they go to the run.

use super::{Args, Envelope};
use crate::commands::output::{BUFFER_BYTES, Load, Long};
use crate::out::units;
use crate::record::bytes::{Newlines, Sink, escape_terminal};
use crate::record::template::{Form as Bytes, Template};
use crate::record::{RecordBuffer, RecordView, Span, envelope};

/// The form of the output.
#[derive(Clone)]
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

/// Key, value and headers of a record that is written by pieces.
const LONG_BYTES: usize = 8 << 20;

/// A buffer that is shown to a function whenever it is full, and emptied.
struct Pieces<'a> {
    buffer: Vec<u8>,
    put: &'a mut dyn FnMut(&[u8]),
}

impl Sink for Pieces<'_> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }
    fn relieve(&mut self) {
        if self.buffer.len() >= BUFFER_BYTES {
            (self.put)(&self.buffer);
            self.buffer.clear();
        }
    }
}

impl Form {
    /// Writes a record by pieces.
    fn write_pieces(&self, record: &RecordView<'_>, put: &mut dyn FnMut(&[u8])) {
        let mut pieces = Pieces { buffer: Vec::new(), put };
        match self {
            Self::Template(template) => template.render(record, &mut pieces),
            Self::Envelope { parsed } => {
                envelope::write(record, *parsed, &mut pieces);
                pieces.buffer.push(b'\n');
            }
            Self::Lines(bytes) => {
                bytes.append(record.value, &mut pieces);
                pieces.buffer.push(b'\n');
            }
            Self::Raw => pieces.buffer.extend_from_slice(record.value.unwrap_or_default()),
        }
        (pieces.put)(&pieces.buffer);
    }
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

    /// Whether a record is not to be in memory as it is written: in JSON it may be six times as
    /// long as it is.
    pub(super) fn is_long(&self, span: &Span, buffer: &RecordBuffer) -> bool {
        // Nobody reads so much on a terminal.
        let grows = matches!(self.form, Form::Template(_) | Form::Envelope { .. });
        let may_be = grows && !self.guarded && buffer.arena.len() > LONG_BYTES;
        may_be && buffer.bytes_of(span) > LONG_BYTES
    }

    /// The same record, to be made by pieces.
    pub(super) fn long(&self, topic: &str, span: &Span, buffer: &RecordBuffer) -> Load {
        let form = self.form.clone();
        let mut bytes = 0;
        let mut count = |piece: &[u8]| bytes += piece.len();
        form.write_pieces(&buffer.view(topic, span), &mut count);
        if bytes <= LONG_BYTES {
            // Several of these may wait for stdout, and must not have their records with them.
            let mut whole = Vec::with_capacity(bytes);
            form.write_pieces(&buffer.view(topic, span), &mut |piece: &[u8]| {
                whole.extend_from_slice(piece);
            });
            return Load::Whole(whole);
        }
        let mut own =
            RecordBuffer { timestamp_kind: buffer.timestamp_kind, ..RecordBuffer::default() };
        own.arena.reserve_exact(buffer.bytes_of(span));
        own.push_copy(span, buffer);
        let topic = topic.to_owned();
        let make = move |put: &mut dyn FnMut(&[u8])| {
            for span in &own.spans {
                form.write_pieces(&own.view(&topic, span), put);
            }
        };
        Load::Long(Long { bytes, make: Box::new(make) })
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
