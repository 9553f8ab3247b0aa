//! The bytes of a record in a segment, version 1. Little-endian throughout.
//!
//! ```text
//!   0  u16  mark              24  u64  lane position
//!   2  u8   codec version     32  u64  batch number
//!   3  u8   flags             40  u64  last synced position
//!   4  u32  header length     48  u32  checksum of the header before
//!   8  u32  rows length       52  event header, when there is one (flag 2)
//!  12  u32  sealed length         u16 count, then u64 each: personal numbers
//!  16  u32  rows checksum         u32 checksum of the header up to here; the header ends
//!  20  u32  sealed checksum       u32 scrub word, outside all checksums
//!                                 rows, sealed body, zeros up to a multiple of 8
//! ```
//!
//! Who offers encodes everything; the committer patches flags, position, batch, last synced position, chain, personal
//! numbers and the header's checksum, which is why these lie in the header, and rows and body have checksums of their
//! own. An event's clear header is under the header's checksum, so it outlives damage to rows or body.

use crate::codec::field::Fields;
use crate::varint;
use bytes::{BufMut, Bytes};
use crc32c::crc32c;
use stonechat_domain::kind::EventKind;
use stonechat_log::record::{EventHeader, PersonalWrite, Record};
use stonechat_log::row::RowWrite;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, ConversationNo, LanePosition, Ordinal, PersonalSeq, Seq, Timestamp, UserNo};

mod field;

/// The version that is written.
pub const CODEC_VERSION: u8 = 1;
/// Bytes of a header before its event.
pub const FIXED_BYTES: usize = 52;
/// Every record begins at a multiple of this.
pub const ALIGN: usize = 8;
/// No record is larger, whatever its lengths say.
pub const RECORD_BYTES_MAX: usize = 64 * 1024 * 1024;

const MARK: u16 = 0x5CA7;
const FLAG_END: u8 = 1;
const FLAG_EVENT: u8 = 2;
/// What the scrub word of a record says whose body was scrubbed.
pub const SCRUBBED: u32 = 0x5C52_5542;

/// Lengths of one encoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins in its buffer.
    pub start: usize,
    /// Bytes of the header with its checksum.
    pub header: usize,
    /// Bytes of the whole record.
    pub length: usize,
}

/// Encodes a record after what is in the buffer, all but what [`stamp`] sets.
pub fn encode(record: &Record, out: &mut Vec<u8>) -> Span {
    let start = out.len();
    out.extend_from_slice(&[0; FIXED_BYTES]);
    if let Some(event) = &record.event {
        encode_event(&event.header, out);
    }
    out.extend_from_slice(&(record.personal.len() as u16).to_le_bytes());
    out.resize(out.len() + record.personal.len() * 8 + 4, 0);
    let header = out.len() - start;
    out.extend_from_slice(&[0; 4]);
    let rows_start = out.len();
    if !record.rows.is_empty() || !record.personal.is_empty() {
        encode_rows(&record.rows, &record.personal, out);
    }
    let sealed_start = out.len();
    if let Some(event) = &record.event {
        out.extend_from_slice(&event.sealed);
    }
    let sealed_end = out.len();
    out.resize(start + (sealed_end - start).next_multiple_of(ALIGN), 0);

    let rows_crc = crc32c(&out[rows_start..sealed_start]);
    let sealed_crc = crc32c(&out[sealed_start..sealed_end]);
    let fixed = &mut out[start..start + FIXED_BYTES];
    fixed[0..2].copy_from_slice(&MARK.to_le_bytes());
    fixed[2] = CODEC_VERSION;
    fixed[3] = if record.event.is_some() { FLAG_EVENT } else { 0 };
    fixed[4..8].copy_from_slice(&(header as u32).to_le_bytes());
    fixed[8..12].copy_from_slice(&((sealed_start - rows_start) as u32).to_le_bytes());
    fixed[12..16].copy_from_slice(&((sealed_end - sealed_start) as u32).to_le_bytes());
    fixed[16..20].copy_from_slice(&rows_crc.to_le_bytes());
    fixed[20..24].copy_from_slice(&sealed_crc.to_le_bytes());
    Span { start, header, length: out.len() - start }
}

/// What only the committer knows of a record.
pub struct Stamp<'a> {
    /// Position in the lane.
    pub position: LanePosition,
    /// Number of the batch.
    pub batch: u64,
    /// Whether it is the last of its batch.
    pub last: bool,
    /// Up to where everything was durable when the batch was formed.
    pub synced: LanePosition,
    /// Checksum of the header before this one in the lane.
    pub chain: u32,
    /// Numbers of its personal changes.
    pub personal: &'a [PersonalSeq],
}

/// Completes the header of an encoded record; answers its checksum, which is the next record's chain.
pub fn stamp(record: &mut [u8], header: usize, stamp: &Stamp<'_>) -> u32 {
    if stamp.last {
        record[3] |= FLAG_END;
    }
    record[24..32].copy_from_slice(&stamp.position.0.to_le_bytes());
    record[32..40].copy_from_slice(&stamp.batch.to_le_bytes());
    record[40..48].copy_from_slice(&stamp.synced.0.to_le_bytes());
    record[48..52].copy_from_slice(&stamp.chain.to_le_bytes());
    let numbers = header - 4 - stamp.personal.len() * 8;
    for (i, seq) in stamp.personal.iter().enumerate() {
        record[numbers + i * 8..numbers + i * 8 + 8].copy_from_slice(&seq.0.to_le_bytes());
    }
    let checksum = crc32c(&record[..header - 4]);
    record[header - 4..header].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More bytes are needed to tell: this many from its start.
    Short(usize),
    /// There is no whole header here.
    NoHeader,
    /// A record of a later version.
    Newer(u8),
}

/// A header as it was read, with its checksum proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Position in the lane.
    pub position: LanePosition,
    /// Number of the batch.
    pub batch: u64,
    /// Whether it is the last of its batch.
    pub last: bool,
    /// Up to where everything was durable when the batch was formed.
    pub synced: LanePosition,
    /// Checksum of the header before this one.
    pub chain: u32,
    /// Its own checksum.
    pub checksum: u32,
    /// Whether its body was scrubbed.
    pub scrubbed: bool,
    /// The clear part of its event.
    pub event: Option<EventHeader>,
    /// Numbers of its personal changes.
    pub personal: Vec<PersonalSeq>,
    /// Where its rows begin.
    pub rows_start: usize,
    /// Where its sealed body begins.
    pub sealed_start: usize,
    /// Where its sealed body ends.
    pub sealed_end: usize,
    rows_checksum: u32,
    sealed_checksum: u32,
}

impl Header {
    /// Bytes of the whole record.
    #[must_use]
    pub fn length(&self) -> usize {
        self.sealed_end.next_multiple_of(ALIGN)
    }

    /// Whether the rows are as they were written. `record` is the whole record.
    #[must_use]
    pub fn rows_intact(&self, record: &[u8]) -> bool {
        crc32c(&record[self.rows_start..self.sealed_start]) == self.rows_checksum
    }

    /// Whether the sealed body is as it was written, or was scrubbed. `record` is the whole record.
    #[must_use]
    pub fn sealed_intact(&self, record: &[u8]) -> bool {
        self.scrubbed || crc32c(&record[self.sealed_start..self.sealed_end]) == self.sealed_checksum
    }
}

/// Bytes that a record has by its fixed part, which is not proved yet.
fn lengths(bytes: &[u8]) -> Result<(usize, usize, usize), Fault> {
    if bytes.len() < FIXED_BYTES {
        return Err(Fault::Short(FIXED_BYTES));
    }
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let (header, rows, sealed) = (word(4), word(8), word(12));
    let plausible = bytes[..2] == MARK.to_le_bytes()
        && (FIXED_BYTES + 6..=RECORD_BYTES_MAX).contains(&header)
        && rows <= RECORD_BYTES_MAX
        && sealed <= RECORD_BYTES_MAX
        && header + rows + sealed <= RECORD_BYTES_MAX;
    if plausible { Ok((header, rows, sealed)) } else { Err(Fault::NoHeader) }
}

/// Reads the header at the start of these bytes, which need not hold the rest of the record.
///
/// # Errors
/// [`Fault`].
pub fn read_header(bytes: &[u8]) -> Result<Header, Fault> {
    let (header, rows, sealed) = lengths(bytes)?;
    if bytes.len() < header + 4 {
        return Err(Fault::Short(header + 4));
    }
    let mut end = Fields::new(&bytes[header - 4..header + 4]);
    let (stored, scrub) = (end.u32().unwrap_or_default(), end.u32().unwrap_or_default());
    let checksum = crc32c(&bytes[..header - 4]);
    if checksum != stored {
        return Err(Fault::NoHeader);
    }
    if bytes[2] > CODEC_VERSION {
        return Err(Fault::Newer(bytes[2]));
    }
    let fields = Fields::new(&bytes[16..header - 4]);
    let flags = bytes[3];
    if flags & !(FLAG_END | FLAG_EVENT) != 0 {
        return Err(Fault::NoHeader);
    }
    let read = || -> Option<Header> {
        let mut fields = fields;
        let (rows_checksum, sealed_checksum) = (fields.u32()?, fields.u32()?);
        let (position, batch) = (LanePosition(fields.u64()?), fields.u64()?);
        let (synced, chain) = (LanePosition(fields.u64()?), fields.u32()?);
        let event = if flags & FLAG_EVENT == 0 { None } else { Some(decode_event(&mut fields)?) };
        let count = fields.u16()?;
        let personal = (0..count).map(|_| fields.u64().map(PersonalSeq)).collect::<Option<Vec<_>>>()?;
        fields.end()?;
        Some(Header {
            position,
            batch,
            last: flags & FLAG_END != 0,
            synced,
            chain,
            checksum,
            scrubbed: scrub == SCRUBBED,
            event,
            personal,
            rows_start: header + 4,
            sealed_start: header + 4 + rows,
            sealed_end: header + 4 + rows + sealed,
            rows_checksum,
            sealed_checksum,
        })
    };
    read().ok_or(Fault::NoHeader)
}

/// Bytes of an event header at most, before the sender's name.
const EVENT_BYTES_MAX: usize = 16 + 2 + 8 + 16 + 16 + 7 * varint::BYTES_MAX + 1;

fn encode_event(header: &EventHeader, out: &mut Vec<u8>) {
    let mut buffer = [0; EVENT_BYTES_MAX];
    let mut rest = &mut buffer[..];
    rest.put_slice(header.conversation.as_bytes());
    rest.put_u16_le(header.kind.number());
    rest.put_i64_le(header.sent_at.0);
    rest.put_slice(&header.key);
    rest.put_slice(&header.body_hmac);
    let small = [header.app.0, header.conversation_no.0, header.sender_no.0];
    let large = [header.seq.0, header.ordinal.0, header.read_upto.0, header.read_upto_ordinal.0];
    for number in small.map(u64::from).into_iter().chain(large) {
        varint::put(&mut rest, number);
    }
    rest.put_u8(header.sender.as_str().len() as u8);
    let length = EVENT_BYTES_MAX - rest.len();
    out.extend_from_slice(&buffer[..length]);
    out.extend_from_slice(header.sender.as_str().as_bytes());
}

fn decode_event(fields: &mut Fields<'_>) -> Option<EventHeader> {
    let conversation = ConversationId::from_slice(fields.take(16)?).ok()?;
    let kind = EventKind::from_number(fields.u16()?)?;
    let sent_at = Timestamp(fields.u64()? as i64);
    let key = fields.take(16)?.try_into().ok()?;
    let body_hmac = fields.take(16)?.try_into().ok()?;
    let app = AppId(fields.varint_u32()?);
    let conversation_no = ConversationNo(fields.varint_u32()?);
    let sender_no = UserNo(fields.varint_u32()?);
    let seq = Seq(fields.varint()?);
    let ordinal = Ordinal(fields.varint()?);
    let read_upto = Seq(fields.varint()?);
    let read_upto_ordinal = Ordinal(fields.varint()?);
    let length = usize::from(fields.u8()?);
    let sender = UserId::new(std::str::from_utf8(fields.take(length)?).ok()?).ok()?;
    Some(EventHeader {
        app,
        conversation,
        conversation_no,
        seq,
        ordinal,
        kind,
        sender,
        sender_no,
        sent_at,
        key,
        body_hmac,
        read_upto,
        read_upto_ordinal,
    })
}

const ROW_PUT: u8 = 1;
const ROW_DELETE: u8 = 2;
const ROW_PATCH_SET: u8 = 3;
const ROW_PATCH_REMOVE: u8 = 4;

fn encode_rows(rows: &[RowWrite], personal: &[PersonalWrite], out: &mut Vec<u8>) {
    let short = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u16).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    let long = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    out.extend_from_slice(&(rows.len() as u32).to_le_bytes());
    for row in rows {
        out.push(match row {
            RowWrite::Put { .. } => ROW_PUT,
            RowWrite::Delete { .. } => ROW_DELETE,
            RowWrite::Patch { value: Some(_), .. } => ROW_PATCH_SET,
            RowWrite::Patch { value: None, .. } => ROW_PATCH_REMOVE,
        });
        short(out, row.key());
        match row {
            RowWrite::Put { value, .. } => long(out, value),
            RowWrite::Delete { .. } => {}
            RowWrite::Patch { entry, value, .. } => {
                short(out, entry);
                if let Some(value) = value {
                    long(out, value);
                }
            }
        }
    }
    for write in personal {
        out.extend_from_slice(&write.app.0.to_le_bytes());
        out.extend_from_slice(&write.user_no.0.to_le_bytes());
        short(out, &write.key);
        out.push(u8::from(write.value.is_some()));
        if let Some(value) = &write.value {
            long(out, value);
        }
    }
}

/// The rows and the personal changes of a record, from its rows section; `None` when they are not in their form.
/// `personal` is how many personal changes the header names.
#[must_use]
pub fn decode_rows(section: &Bytes, personal: usize) -> Option<(Vec<RowWrite>, Vec<PersonalWrite>)> {
    if section.is_empty() {
        return (personal == 0).then(Default::default);
    }
    let mut fields = Fields::new(section);
    let short = |fields: &mut Fields<'_>| -> Option<Bytes> {
        let length = usize::from(fields.u16()?);
        Some(section.slice_ref(fields.take(length)?))
    };
    let long = |fields: &mut Fields<'_>| -> Option<Bytes> {
        let length = fields.u32()? as usize;
        Some(section.slice_ref(fields.take(length)?))
    };
    let mut rows = Vec::new();
    for _ in 0..fields.u32()? {
        let tag = fields.u8()?;
        let key = short(&mut fields)?;
        rows.push(match tag {
            ROW_PUT => RowWrite::Put { key, value: long(&mut fields)? },
            ROW_DELETE => RowWrite::Delete { key },
            ROW_PATCH_SET => RowWrite::Patch { key, entry: short(&mut fields)?, value: Some(long(&mut fields)?) },
            ROW_PATCH_REMOVE => RowWrite::Patch { key, entry: short(&mut fields)?, value: None },
            _ => return None,
        });
    }
    let mut writes = Vec::with_capacity(personal.min(1024));
    for _ in 0..personal {
        let (app, user_no) = (AppId(fields.u32()?), UserNo(fields.u32()?));
        let key = short(&mut fields)?;
        let value = match fields.u8()? {
            0 => None,
            1 => Some(long(&mut fields)?),
            _ => return None,
        };
        writes.push(PersonalWrite { app, user_no, key, value });
    }
    fields.end()?;
    Some((rows, writes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use stonechat_log::contract::workload::{Builder, Random};

    proptest! {
        #[test]
        fn records_round_trip(seed: u64, position: u64, batch: u64, synced: u64, chain: u32, numbers: [u64; 4]) {
            let (mut builder, mut random) = (Builder::default(), Random(seed));
            let mut record = builder.any(&mut random);
            if let Some(event) = &mut record.event {
                let header = &mut event.header;
                (header.seq, header.ordinal) = (Seq(numbers[0]), Ordinal(numbers[1]));
                (header.read_upto, header.read_upto_ordinal) = (Seq(numbers[2]), Ordinal(numbers[3]));
                header.sent_at = Timestamp(numbers[0] as i64);
            }
            let mut bytes = vec![0xAA; 3];
            let span = encode(&record, &mut bytes);
            let personal: Vec<_> = record.personal.iter().map(|_| PersonalSeq(position ^ 1)).collect();
            let (position, synced) = (LanePosition(position), LanePosition(synced));
            let given = Stamp { position, batch, last: true, synced, chain, personal: &personal };
            let checksum = stamp(&mut bytes[span.start..], span.header, &given);
            let bytes = Bytes::from(bytes.split_off(span.start));
            let header = read_header(&bytes).unwrap();
            prop_assert_eq!((header.position, header.batch, header.synced), (position, batch, synced));
            prop_assert_eq!((header.chain, header.checksum, header.last, header.scrubbed), (chain, checksum, true, false));
            prop_assert_eq!(&header.personal, &personal);
            prop_assert_eq!(header.length(), bytes.len());
            prop_assert!(header.rows_intact(&bytes) && header.sealed_intact(&bytes));
            let sealed = bytes.slice(header.sealed_start..header.sealed_end);
            let event = header.event.clone().map(|header| stonechat_log::record::Event { header, sealed });
            prop_assert_eq!(event, record.event);
            let rows = decode_rows(&bytes.slice(header.rows_start..header.sealed_start), personal.len());
            prop_assert_eq!(rows, Some((record.rows, record.personal)));
        }

        #[test]
        fn any_bytes_end_without_a_panic(bytes in vec(any::<u8>(), 0..200), personal in 0usize..5) {
            let _ = read_header(&bytes);
            let _ = decode_rows(&bytes.into(), personal);
        }

        #[test]
        fn a_changed_bit_of_a_header_is_found(seed: u64, at: prop::sample::Index, bit in 0u8..8) {
            let mut bytes = Vec::new();
            let span = encode(&Builder::default().any(&mut Random(seed)), &mut bytes);
            let given = Stamp { position: LanePosition(1), batch: 1, last: true, synced: LanePosition(0), chain: 0, personal: &[] };
            stamp(&mut bytes, span.header, &given);
            bytes[at.index(span.header)] ^= 1 << bit;
            prop_assert!(read_header(&bytes).is_err());
        }
    }
}
