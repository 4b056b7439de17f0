//! Tests of the old message formats: what is not one is refused, in words. What Kafka wrote is read
//! in the integration tests.

use super::*;
use crate::disk::batch;
use proptest::prelude::*;

const ALL: Wanted = Wanted { partition: 3, from: 0, to: i64::MAX };

/// A message, with its checksum.
fn message(
    format: u8,
    offset: i64,
    attributes: u8,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> Vec<u8> {
    let mut body = vec![format, attributes];
    if format == 1 {
        body.extend_from_slice(&(1000 + offset).to_be_bytes());
    }
    for field in [key, value] {
        body.extend_from_slice(&field.map_or(-1, |bytes| bytes.len() as i32).to_be_bytes());
        body.extend_from_slice(field.unwrap_or_default());
    }
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    let mut out = offset.to_be_bytes().to_vec();
    out.extend_from_slice(&(body.len() as i32 + 4).to_be_bytes());
    out.extend_from_slice(&crc.sum().to_be_bytes());
    out.extend_from_slice(&body);
    out
}

/// A set of messages, in a message.
fn set(format: u8, offset: i64, codec: Compression, inner: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    compression::compress(codec, inner, &mut packed).unwrap();
    message(format, offset, compression::id(codec) as u8, None, Some(&packed))
}

/// `offset:key=value@time` of every record that is wanted, or why there is none.
fn read(bytes: &[u8], wanted: Wanted) -> Result<String, String> {
    let header = BatchHeader::parse(bytes).map_err(|e| e.to_string())?;
    let message = bytes.get(..header.size_bytes).ok_or("it is cut")?;
    if !batch::check_crc(&header, message) {
        return Err("checksum".to_owned());
    }
    let mut buffer = RecordBuffer { arena: message.to_vec(), ..RecordBuffer::default() };
    decode(&header, &mut buffer, 0, wanted, 1 << 20, usize::MAX)?;
    let text = |slice: Slice| {
        slice
            .of(&buffer.arena)
            .map_or("null".to_owned(), |b| String::from_utf8_lossy(b).into_owned())
    };
    let one =
        |s: &Span| format!("{}:{}={}@{}", s.offset, text(s.key), text(s.value), s.timestamp_ms);
    assert!(buffer.spans.iter().all(|span| span.partition == 3 && span.leader_epoch == -1));
    Ok(buffer.spans.iter().map(one).collect::<Vec<_>>().join(" "))
}

/// Two messages with these offsets.
fn two(format: u8, first: i64, second: i64) -> Vec<u8> {
    let mut inner = message(format, first, 0, Some(b"a"), Some(b"1"));
    inner.extend(message(format, second, 0, None, None));
    inner
}

#[test]
fn offsets_of_a_set_are_its_own_in_format_0_and_counted_from_the_first_in_format_1() {
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4] {
        let old = set(0, 9, codec, &two(0, 7, 9));
        assert_eq!(read(&old, ALL).unwrap(), "7:a=1@-1 9:null=null@-1");
        let new = set(1, 9, codec, &two(1, 0, 2));
        assert_eq!(read(&new, ALL).unwrap(), "7:a=1@1000 9:null=null@1002");
        let part = Wanted { from: 8, ..ALL };
        assert_eq!(read(&new, part).unwrap(), "9:null=null@1002");
        let part = Wanted { to: 8, ..ALL };
        assert_eq!(read(&new, part).unwrap(), "7:a=1@1000");
        let zero = set(1, 0, codec, &two(1, 0, 1));
        assert_eq!(read(&zero, ALL).unwrap(), "0:a=1@1000 1:null=null@1001");
    }
    let plain = message(1, 4, 0, Some(b""), Some(b"v"));
    assert_eq!(read(&plain, ALL).unwrap(), "4:=v@1004");
}

#[test]
fn what_is_wrong_with_a_set_is_said() {
    let gzip = Compression::Gzip;
    let wrong = |bytes: &[u8], words: &str| {
        let error = read(bytes, ALL).unwrap_err();
        assert!(error.contains(words), "`{words}` is not in `{error}`");
    };
    wrong(&set(1, 9, gzip, &set(1, 1, gzip, &two(1, 0, 1))), "it is a set of messages again");
    wrong(&set(1, 9, gzip, &two(0, 0, 1)), "it is of another format");
    wrong(&set(1, 9, gzip, &two(1, 1, 1)), "offset 1 where 2 is due");
    wrong(&set(1, 1, gzip, &two(1, 0, 2)), "offset 2 is in a set that ends at 1");
    wrong(&set(0, 8, gzip, &two(0, 7, 9)), "offset 9 is in a set that ends at 8");
    wrong(&set(1, 9, gzip, &[]), "a set of messages is empty");
    let inner = two(1, 0, 1);
    wrong(&set(1, 9, gzip, &inner[..inner.len() - 1]), "is cut");
    let mut inner = inner;
    inner[33] ^= 1;
    wrong(&set(1, 9, gzip, &inner), "key and value of a message do not fit");
    wrong(&message(1, 9, 1, None, None), "a set of messages is null");
    wrong(&message(1, 9, 4, None, Some(b"x")), "codec 4 is not one of message format 1");
    wrong(&message(1, 9, 1, None, Some(b"x")), "a set of messages does not decompress");
    let bomb = vec![0; 2 << 20];
    wrong(&set(1, 9, gzip, &bomb), "it decompresses to more than 1048576 bytes");
    wrong(&message(0, -1, 0, None, None), "offset -1 is impossible");
    wrong(&[0; 100], "a message of format 0 does not fit into 0 bytes");
}

#[test]
fn an_lz4_frame_of_format_0_has_a_checksum_of_its_own() {
    let bytes = set(0, 1, Compression::Lz4, &two(0, 0, 1));
    let header = BatchHeader::parse(&bytes).unwrap();
    // Behind the header and two lengths: magic, two bytes, checksum.
    let at = BYTES_MIN[0] + 6;
    let mut body = bytes[MAGIC_AT..header.size_bytes].to_vec();
    body[at - MAGIC_AT] ^= 0x55;
    let value = body[10..].to_vec();
    assert_eq!(
        read(&message(0, 1, 3, None, Some(&value)), ALL).unwrap(),
        "0:a=1@-1 1:null=null@-1"
    );
    let newer = read(&message(1, 1, 3, None, Some(&value)), ALL).unwrap_err();
    assert!(newer.contains("does not decompress"), "{newer}");
}

#[test]
fn every_cut_and_every_flipped_bit_is_found_or_harmless() {
    for bytes in
        [set(1, 9, Compression::Gzip, &two(1, 0, 2)), set(0, 9, Compression::Lz4, &two(0, 7, 9))]
    {
        let whole = read(&bytes, ALL).unwrap();
        for len in 0..bytes.len() {
            read(&bytes[..len], ALL).unwrap_err();
        }
        // Offset and size are not covered; the chain of offsets, and what lies behind, tell.
        for at in CRC_AT..bytes.len() {
            for bit in 0..8 {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                if let Ok(read) = read(&bad, ALL) {
                    assert_eq!(read, whole, "bit {bit} of byte {at}");
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn noise_is_no_message_and_nothing_panics(mut bytes: Vec<u8>, format in 0u8..2, wraps: bool) {
        if let Some(place) = bytes.get_mut(MAGIC_AT) {
            *place = format;
        }
        prop_assert!(read(&bytes, ALL).is_err());
        if wraps {
            let wrapped = set(format, 1 << 40, Compression::Snappy, &bytes);
            prop_assert!(read(&wrapped, ALL).is_err());
        }
    }
}
