//! Tests of batches and the records in them: golden vectors, round trips, noise, an oracle.

use super::*;
use crate::disk::record::{Wanted, decode, plain_range};
use crate::record::{HeaderSpan, Slice};
use proptest::prelude::*;

const ALL: Wanted = Wanted { partition: 0, from: 0, to: i64::MAX };

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

const BATCH_A: &str = "00000000000000000000005b0000000002a60b69440000000000020000018bcfe5680000\
    00018bcfe56805ffffffffffffffffffffffffffff000000031a000000046b310a68656c6c6f0024000a02010a77\
    6f726c64040268023102680110000504046b310100";

#[derive(Clone, Debug, PartialEq)]
struct Plain {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp: i64,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn buffer_of(records: &[Plain]) -> RecordBuffer {
    let mut buffer = RecordBuffer::default();
    for record in records {
        let key = buffer.store_nullable(record.key.as_deref());
        let value = buffer.store_nullable(record.value.as_deref());
        let mut span = Span::new(key, value, record.timestamp);
        span.headers_start = buffer.headers.len() as u32;
        span.headers_len = record.headers.len() as u32;
        for (name, value) in &record.headers {
            let name = buffer.store(name);
            let value = buffer.store_nullable(value.as_deref());
            buffer.headers.push(HeaderSpan { name, value });
        }
        buffer.spans.push(span);
    }
    buffer
}

fn plain_of(buffer: &RecordBuffer) -> Vec<Plain> {
    let owned = |slice: Slice| slice.of(&buffer.arena).map(<[u8]>::to_vec);
    let record = |span: &Span| Plain {
        key: owned(span.key),
        value: owned(span.value),
        timestamp: span.timestamp_ms,
        headers: buffer
            .headers_of(span)
            .iter()
            .map(|h| (owned(h.name).unwrap(), owned(h.value)))
            .collect(),
    };
    buffer.spans.iter().map(record).collect()
}

fn encode(records: &[Plain], codec: Compression) -> EncodedBatch {
    let buffer = buffer_of(records);
    let mut encoder = BatchEncoder::new(codec);
    for span in &buffer.spans {
        let before = encoder.size_bytes();
        encoder.push(span, &buffer);
        let grown = encoder.size_bytes() - before;
        assert!(grown <= BatchEncoder::record_bytes_max(span, &buffer), "{grown}");
    }
    encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap()
}

fn read_back(bytes: &[u8]) -> Result<(BatchHeader, RecordBuffer), String> {
    let header = BatchHeader::parse(bytes).map_err(|e| e.to_string())?;
    let mut buffer = RecordBuffer::default();
    let batch = bytes.get(..header.size_bytes).ok_or("cut")?;
    if !check_crc(&header, batch) {
        return Err("crc".into());
    }
    buffer.arena.extend_from_slice(batch);
    let (mut start, mut end) = plain_range(&header, 0);
    let codec = header.compression().ok_or("codec")?;
    if codec != Compression::None {
        start = buffer.arena.len();
        compression::decompress(codec, &batch[HEADER_BYTES..], 1 << 26, &mut buffer.arena)
            .map_err(|e| e.to_string())?;
        end = buffer.arena.len();
    }
    decode(&header, &mut buffer, start, end, ALL)?;
    Ok((header, buffer))
}

fn record(key: Option<&str>, value: Option<&str>, timestamp: i64) -> Plain {
    let owned = |text: &str| text.as_bytes().to_vec();
    Plain { key: key.map(owned), value: value.map(owned), timestamp, headers: Vec::new() }
}

fn batch_a() -> Vec<Plain> {
    let time = 1_700_000_000_000;
    let mut second = record(None, Some("world"), time + 5);
    second.headers = vec![(b"h".to_vec(), Some(b"1".to_vec())), (b"h".to_vec(), None)];
    vec![record(Some("k1"), Some("hello"), time), second, record(Some("k1"), None, time - 3)]
}

#[test]
fn the_golden_batch_is_written_and_read() {
    let golden = hex(BATCH_A);
    assert_eq!(encode(&batch_a(), Compression::None).bytes, golden);
    let (header, buffer) = read_back(&golden).unwrap();
    assert_eq!(plain_of(&buffer), batch_a());
    assert_eq!((header.last_offset(), header.max_timestamp), (2, 1_700_000_000_005));
    assert_eq!(buffer.spans.iter().map(|s| s.offset).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn the_golden_marker_is_a_control_batch() {
    let marker = hex(
        "000000000000000a000000420000000002edd683a70030000000000000018bcfe568000000018bcfe5680000\
         000000000000070000ffffffff000000012000000008000000010c00000000000000",
    );
    let (header, _) = read_back(&marker).unwrap();
    assert!(header.is_control() && header.is_transactional());
    assert_eq!((header.base_offset, header.producer.id), (10, 7));
}

#[test]
fn log_append_time_replaces_all_timestamps_and_keeps_the_checksum_right() {
    let mut batch = encode(&batch_a(), Compression::Lz4);
    batch.set_log_append_time(42);
    let (header, buffer) = read_back(&batch.bytes).unwrap();
    assert_eq!(header.timestamp_kind(), TimestampKind::LogAppend);
    assert!(buffer.spans.iter().all(|span| span.timestamp_ms == 42));
}

#[test]
fn every_flipped_bit_is_detected_or_outside_the_checksum() {
    let golden = hex(BATCH_A);
    for bit in 0..golden.len() * 8 {
        let mut bytes = golden.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok((_, buffer)) = read_back(&bytes) {
            // Base offset and leader epoch: the chain of offsets guards the first.
            assert!(bit / 8 < 8 || (12..16).contains(&(bit / 8)), "bit {bit}");
            assert_eq!(plain_of(&buffer), batch_a(), "bit {bit}");
        }
    }
}

#[test]
fn sequences_wrap_to_zero() {
    assert_eq!(next_sequence(0, 5), 5);
    assert_eq!(next_sequence(i32::MAX, 1), 0);
    assert_eq!(next_sequence(i32::MAX - 2, 5), 2);
}

#[test]
fn impossible_headers_are_refused_before_anything_is_sized_by_them() {
    let put = |at: usize, field: &[u8]| {
        let mut bytes = hex(BATCH_A);
        bytes[at..at + field.len()].copy_from_slice(field);
        BatchHeader::parse(&bytes)
    };
    for length in [-1i32, 0, 48, i32::MIN] {
        assert!(matches!(put(8, &length.to_be_bytes()), Err(BatchError::Invalid(_))), "{length}");
    }
    // Taken for an old message, whose lengths do not agree.
    for magic in [0u8, 1] {
        assert!(matches!(put(16, &[magic]), Err(BatchError::Invalid(_))), "{magic}");
    }
    for magic in [3u8, 127, 255] {
        assert!(put(16, &[magic]).unwrap_err().to_string().contains("not supported"));
    }
    for count in [-1, i32::MAX, 4] {
        assert!(matches!(put(57, &i32::to_be_bytes(count)), Err(BatchError::Invalid(_))));
    }
    assert!(put(0, &(i64::MAX - 1).to_be_bytes()).is_err());
    assert!(put(0, &(-1i64).to_be_bytes()).is_err());
    assert!(put(23, &(-1i32).to_be_bytes()).is_err());
    let cut = BatchHeader::parse(&hex(BATCH_A)[..60]);
    assert_eq!(cut, Err(BatchError::Cut { wanted: 61 }));
}

fn any_bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 0..40))
}

fn any_record() -> impl Strategy<Value = Plain> {
    let name = prop::collection::vec(any::<u8>(), 0..4);
    let headers = prop::collection::vec((name, any_bytes()), 0..4);
    let times = prop_oneof![-5i64..5, any::<i64>()];
    (any_bytes(), any_bytes(), times, headers).prop_map(|(key, value, timestamp, headers)| Plain {
        key,
        value,
        timestamp,
        headers,
    })
}

const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(
        records in prop::collection::vec(any_record(), 1..20),
        codec in prop::sample::select(&CODECS[..]),
    ) {
        let batch = encode(&records, codec);
        let (header, buffer) = read_back(&batch.bytes).unwrap();
        prop_assert_eq!(plain_of(&buffer), records);
        prop_assert_eq!(header.size_bytes, batch.bytes.len());
        prop_assert_eq!(header.max_timestamp, batch.max_timestamp);
    }

    #[test]
    fn a_window_of_offsets_is_cut_out(
        records in prop::collection::vec(any_record(), 1..20),
        from in 0i64..25,
        len in 0i64..25,
    ) {
        let batch = encode(&records, Compression::None);
        let header = BatchHeader::parse(&batch.bytes).unwrap();
        let mut buffer = RecordBuffer { arena: batch.bytes, ..Default::default() };
        let (start, end) = plain_range(&header, 0);
        let wanted = Wanted { partition: 3, from, to: from + len };
        decode(&header, &mut buffer, start, end, wanted).unwrap();
        let expected: Vec<Plain> =
            records.into_iter().skip(from as usize).take(len as usize).collect();
        prop_assert_eq!(plain_of(&buffer), expected);
    }

    #[test]
    fn noise_with_a_right_checksum_never_panics(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        records in 0i32..20,
        codec in 0u16..8,
    ) {
        bytes.splice(0..0, [0; HEADER_BYTES]);
        let stamp = HeaderStamp {
            attributes: codec,
            last_offset_delta: records.max(1) - 1,
            base_timestamp: 0,
            max_timestamp: 0,
            producer: ProducerStamp::NONE,
            records,
        };
        stamp.write(&mut bytes);
        let answer = read_back(&bytes);
        prop_assert!(answer.is_err() || answer.is_ok_and(|(_, b)| b.len() == records as usize));
    }

    #[test]
    fn kafka_protocol_reads_what_we_write(
        values in prop::collection::vec((any_bytes(), any_bytes(), 0i64..1 << 40), 1..20),
        codec in prop::sample::select(&[Compression::None][..]),
    ) {
        let records: Vec<Plain> = values
            .into_iter()
            .map(|(key, value, timestamp)| Plain { key, value, timestamp, headers: vec![] })
            .collect();
        let mut batch = encode(&records, codec);
        batch.set_base_offset(100);
        let mut bytes = bytes::Bytes::from(batch.bytes);
        let set = kafka_protocol::records::RecordBatchDecoder::decode(&mut bytes).unwrap();
        prop_assert_eq!(set.records.len(), records.len());
        for (i, (theirs, ours)) in set.records.iter().zip(&records).enumerate() {
            prop_assert_eq!(theirs.offset, 100 + i as i64);
            prop_assert_eq!(theirs.timestamp, ours.timestamp);
            prop_assert_eq!(theirs.key.as_deref(), ours.key.as_deref());
            prop_assert_eq!(theirs.value.as_deref(), ours.value.as_deref());
        }
    }
}

#[test]
fn a_batch_is_no_larger_than_its_records() {
    let mut buffer = RecordBuffer::default();
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(200_000)
    .collect();
    let value = buffer.store(&noise);
    let span = Span::new(Slice::NULL, value, 1);
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let mut encoder = BatchEncoder::new(codec);
        encoder.push(&span, &buffer);
        let most = encoder.size_bytes();
        let batch = encoder.finish(ProducerStamp::NONE, EncodedBatch::default()).unwrap();
        assert!(batch.bytes.len() <= most, "{codec:?}: {} of {most}", batch.bytes.len());
        let header = BatchHeader::parse(&batch.bytes).unwrap();
        assert!(check_crc(&header, &batch.bytes), "{codec:?}");
    }
}
