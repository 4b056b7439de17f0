//! Owns the four codecs behind one enum, each in the framing that Kafka's Java client writes.
//! Leaves the header that says which one to `batch`.

use std::io::{self, Read, Write};

use crate::record::Compression;

/// The most that one batch may grow to when decompressed, whatever it declares, for a topic whose
/// batches are at most `max_message_bytes` long: bombs are refused, honest text is not.
pub fn budget_bytes(max_message_bytes: usize) -> usize {
    max_message_bytes.saturating_mul(4).max(64 << 20)
}

/// The codec of attribute bits 0 to 2, or `None` for the unassigned numbers 5 to 7.
pub const fn from_id(id: u16) -> Option<Compression> {
    match id {
        0 => Some(Compression::None),
        1 => Some(Compression::Gzip),
        2 => Some(Compression::Snappy),
        3 => Some(Compression::Lz4),
        4 => Some(Compression::Zstd),
        _ => None,
    }
}

/// Attribute bits 0 to 2 of a codec.
pub const fn id(compression: Compression) -> u16 {
    match compression {
        Compression::None => 0,
        Compression::Gzip => 1,
        Compression::Snappy => 2,
        Compression::Lz4 => 3,
        Compression::Zstd => 4,
    }
}

/// Appends `input` to `out`, compressed. Levels are Kafka's defaults.
pub fn compress(codec: Compression, input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    match codec {
        Compression::None => out.extend_from_slice(input),
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::default());
            encoder.write_all(input)?;
            encoder.finish()?;
        }
        Compression::Snappy => xerial::compress(input, out)?,
        Compression::Lz4 => {
            let mut frame = lz4_flex::frame::FrameInfo::new();
            frame.block_size = lz4_flex::frame::BlockSize::Max64KB;
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(frame, out);
            encoder.write_all(input)?;
            encoder.finish().map_err(io::Error::other)?;
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
            encoder.write_all(input)?;
            encoder.finish()?;
        }
    }
    Ok(())
}

/// Kafka's default level for zstd.
const ZSTD_LEVEL: i32 = 3;
/// 2^27 bytes: the largest window a decoder accepts by default, so nothing allocates more up front.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Appends `input` to `out`, decompressed; fails before `out` has grown by more than `budget`.
pub fn decompress(
    codec: Compression,
    input: &[u8],
    budget: usize,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    check_packed(input.len(), budget)?;
    expand(codec, input, budget, out).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "it is cut"),
        _ => error,
    })
}

/// Appends what `input` begins with when decompressed: some `bytes` of it, less a block at
/// most, or all there is, or what is in front of damage.
pub fn decompress_front(codec: Compression, input: &[u8], bytes: usize, out: &mut Vec<u8>) {
    // What came in front of the bound, or of damage, stays in `out`.
    drop(expand(codec, input, bytes, out));
}

/// Refuses what is longer than any codec makes of what is within the budget.
pub fn check_packed(bytes: usize, budget: usize) -> io::Result<()> {
    if bytes > budget.saturating_mul(5) / 4 + 4096 { Err(over_budget(budget)) } else { Ok(()) }
}

/// As [`decompress`].
fn expand(codec: Compression, input: &[u8], budget: usize, out: &mut Vec<u8>) -> io::Result<()> {
    match codec {
        Compression::None => copy_bounded(input, budget, out),
        Compression::Gzip => copy_bounded(flate2::read::MultiGzDecoder::new(input), budget, out),
        Compression::Snappy => xerial::decompress(input, budget, out),
        Compression::Lz4 => {
            copy_bounded(lz4_flex::frame::FrameDecoder::new(input), budget, out).map_err(in_words)
        }
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            copy_bounded(decoder, budget, out)
        }
    }
}

/// The reason why a frame of LZ4 is none, as a sentence: its own is a name in the code.
fn in_words(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<lz4_flex::frame::Error>()) {
        Some(inner) => io::Error::new(error.kind(), format!("its frame is not valid ({inner})")),
        None => error,
    }
}

fn over_budget(budget: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("it decompresses to more than {budget} bytes"),
    )
}

fn copy_bounded(from: impl Read, budget: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let taken = from.take(budget as u64 + 1).read_to_end(out)?;
    if taken > budget { Err(over_budget(budget)) } else { Ok(()) }
}

/// Snappy in the framing of xerial's snappy-java, and bare on reading.
mod xerial {
    use super::{io, over_budget};

    const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
    /// What snappy-java cuts its input into.
    const BLOCK_BYTES: usize = 32 * 1024;

    pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&1i32.to_be_bytes());
        out.extend_from_slice(&1i32.to_be_bytes());
        let mut encoder = snap::raw::Encoder::new();
        for block in input.chunks(BLOCK_BYTES) {
            let compressed = encoder.compress_vec(block)?;
            out.extend_from_slice(&(compressed.len() as u32).to_be_bytes());
            out.extend_from_slice(&compressed);
        }
        Ok(())
    }

    pub(super) fn decompress(input: &[u8], budget: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let limit = out.len().saturating_add(budget);
        let Some(mut blocks) = input.strip_prefix(&MAGIC).and_then(|rest| rest.get(8..)) else {
            return block(input, limit, budget, out);
        };
        while !blocks.is_empty() {
            let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "a snappy block is cut");
            let (len, rest) = blocks.split_first_chunk::<4>().ok_or_else(cut)?;
            let (one, rest) =
                rest.split_at_checked(u32::from_be_bytes(*len) as usize).ok_or_else(cut)?;
            block(one, limit, budget, out)?;
            blocks = rest;
        }
        Ok(())
    }

    fn block(input: &[u8], limit: usize, budget: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        let end = start + snap::raw::decompress_len(input)?;
        if end > limit {
            return Err(over_budget(budget));
        }
        out.resize(end, 0);
        let room = out.get_mut(start..).unwrap_or_default();
        snap::raw::Decoder::new().decompress(input, room)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODECS: [Compression; 5] = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];

    proptest! {
        #[test]
        fn every_codec_gives_back_what_it_got(
            input in prop::collection::vec(0u8..4, 0..100_000),
            codec in prop::sample::select(&CODECS[..]),
        ) {
            let (mut packed, mut plain) = (Vec::new(), vec![7]);
            compress(codec, &input, &mut packed).unwrap();
            decompress(codec, &packed, input.len(), &mut plain).unwrap();
            prop_assert_eq!(&plain[1..], &input[..]);
            if !input.is_empty() {
                let mut small = Vec::new();
                prop_assert!(decompress(codec, &packed, input.len() - 1, &mut small).is_err());
                prop_assert!(small.len() <= input.len());
            }
        }

        #[test]
        fn no_codec_panics_on_noise(
            input: Vec<u8>,
            codec in prop::sample::select(&CODECS[1..]),
        ) {
            let mut out = Vec::new();
            let answer = decompress(codec, &input, 1 << 20, &mut out);
            prop_assert!(answer.is_err() || out.len() <= 1 << 20);
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_budget() {
        let zeros = vec![0u8; 8 << 20];
        for codec in &CODECS[1..] {
            let (mut packed, mut out) = (Vec::new(), Vec::new());
            compress(*codec, &zeros, &mut packed).unwrap();
            let error = decompress(*codec, &packed, 1 << 20, &mut out).unwrap_err();
            assert!(error.to_string().contains("1048576"), "{codec:?}: {error}");
            assert!(out.len() <= (1 << 20) + 1, "{codec:?}");
        }
    }

    #[test]
    fn the_front_is_there_without_the_rest() {
        let plain: Vec<u8> = (0..1 << 20).map(|n: u32| (n >> 7) as u8).collect();
        for codec in CODECS {
            let (mut packed, mut out) = (Vec::new(), Vec::new());
            compress(codec, &plain, &mut packed).unwrap();
            decompress_front(codec, &packed, 100_000, &mut out);
            assert!((60_000..=100_001).contains(&out.len()), "{codec:?}: {}", out.len());
            assert_eq!(out, plain[..out.len()], "{codec:?}");
            out.clear();
            decompress_front(codec, &packed, plain.len(), &mut out);
            assert_eq!(out, plain, "{codec:?}");
        }
    }

    #[test]
    fn bare_snappy_is_read() {
        let bare = snap::raw::Encoder::new().compress_vec(b"hello hello hello").unwrap();
        let mut out = Vec::new();
        decompress(Compression::Snappy, &bare, 100, &mut out).unwrap();
        assert_eq!(out, b"hello hello hello");
    }
}
