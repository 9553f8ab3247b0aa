//! Segments of the log: headers of records, their rows, whole files, and a store that was damaged.
//!
//! A header and rows that are read are written as the same bytes again. Whatever stands in the files, nothing panics,
//! and what is wrong has a name. What a damaged store still gives is what was written, at its place; one rotten bit
//! never loses more than the batch that might not have been durable, and a store that is refused is left as it was.

use super::segment_store as store;
use super::tape::Tape;
use bytes::Bytes;
use crc32c::crc32c;
use std::sync::Arc;
use stonechat_log::record::{Event, Record};
use stonechat_log::store::LogError;
use stonechat_log_segment::codec::{self, FIXED_BYTES, Fault, Stamp};
use stonechat_log_segment::disk::Disk as _;
use stonechat_log_segment::keys::{FileVault, MasterKey};
use stonechat_log_segment::segment::SegmentHeader;
use stonechat_log_segment::sim_disk::SimDisk;
use stonechat_types::number::LanePosition;

/// The first byte says what the rest is.
pub fn run(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    match tape.below(8) {
        0 => header(tape.all()),
        1 => rows(&mut tape),
        2 => segment(tape.all()),
        3 => whole_files(&mut tape),
        4 => format(tape.all()),
        5 => vault(&mut tape),
        _ => store::damaged(&mut tape),
    }
}

/// One record, whose header gets the checksum that it needs to be read.
fn header(bytes: &[u8]) {
    let mut record = bytes.to_vec();
    proved(&mut record);
    let read = match codec::read_header(&record) {
        Ok(read) => read,
        Err(Fault::Short(more)) => return assert!(more > record.len(), "{more} bytes are here already"),
        Err(Fault::NoHeader | Fault::Newer(_)) => return,
    };
    assert!(read.rows_start <= read.sealed_start && read.sealed_start <= read.sealed_end);
    assert!(read.length() <= codec::RECORD_BYTES_MAX + codec::ALIGN);
    if record.len() < read.length() {
        return;
    }
    record.truncate(read.length());
    let (rows_intact, sealed_intact) = (read.rows_intact(&record), read.sealed_intact(&record));
    let record = Bytes::from(record);
    let rows = codec::decode_rows(&record.slice(read.rows_start..read.sealed_start), read.personal.len());
    if !rows_intact || !sealed_intact || read.scrubbed {
        return;
    }
    let Some((rows, personal)) = rows else { return };
    let sealed = record.slice(read.sealed_start..read.sealed_end);
    let event = read.event.clone().map(|header| Event { header, sealed });
    if event.is_none() && read.sealed_end > read.sealed_start || rows.is_empty() && personal.is_empty() {
        return;
    }
    let mut written = Vec::new();
    let span = codec::encode(&Record { event, rows, personal, ..Record::default() }, &mut written);
    let stamp = Stamp {
        position: read.position,
        batch: read.batch,
        last: read.last,
        synced: read.synced,
        chain: read.chain,
        personal: &read.personal,
    };
    let checksum = codec::stamp(&mut written, span.header, &stamp);
    assert_eq!(checksum, read.checksum, "the header is written in another way");
    // The scrub word between the two is under no checksum, and any but one means nothing.
    assert_eq!(written[..span.header], record[..span.header], "the header is written in another way");
    let (rows, end) = (read.rows_start, read.sealed_end);
    assert_eq!(written[rows..end], record[rows..end], "the record is written in another way");
}

/// Gives a record the mark, the version and the checksums that its lengths ask for.
fn proved(record: &mut [u8]) {
    if record.len() < FIXED_BYTES + 10 {
        return;
    }
    record[..2].copy_from_slice(&0x5CA7_u16.to_le_bytes());
    let word =
        |record: &[u8], at: usize| u32::from_le_bytes(record[at..at + 4].try_into().unwrap_or_default()) as usize;
    let header = word(record, 4).clamp(FIXED_BYTES + 6, record.len() - 4);
    let rows = word(record, 8).min(record.len() - header - 4);
    let sealed = word(record, 12).min(record.len() - header - 4 - rows);
    for (at, length) in [(4, header), (8, rows), (12, sealed)] {
        record[at..at + 4].copy_from_slice(&(length as u32).to_le_bytes());
    }
    let rows_start = header + 4;
    let checksum = crc32c(&record[rows_start..rows_start + rows]);
    record[16..20].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32c(&record[rows_start + rows..rows_start + rows + sealed]);
    record[20..24].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32c(&record[..header - 4]);
    record[header - 4..header].copy_from_slice(&checksum.to_le_bytes());
}

fn rows(tape: &mut Tape<'_>) {
    let personal = tape.below(5);
    let section = Bytes::copy_from_slice(tape.all());
    let Some((rows, writes)) = codec::decode_rows(&section, personal) else { return };
    assert_eq!(writes.len(), personal);
    assert!(rows.len() + writes.len() <= section.len(), "more writes than bytes");
    if rows.is_empty() && writes.is_empty() {
        return;
    }
    let mut written = Vec::new();
    let span = codec::encode(&Record { rows, personal: writes, ..Record::default() }, &mut written);
    let start = span.start + span.header + 4;
    assert_eq!(written[start..start + section.len()], section[..], "the rows are written in another way");
}

/// The header of a segment, raw and with the checksum that it needs.
fn segment(bytes: &[u8]) {
    let mut header = [0; stonechat_log_segment::segment::HEADER_BYTES];
    let length = bytes.len().min(header.len());
    header[..length].copy_from_slice(&bytes[..length]);
    let whole = SegmentHeader::decode(&header);
    if let Some(whole) = whole {
        assert_eq!(SegmentHeader::decode(&whole.encode()), Some(whole));
    }
    let made = SegmentHeader {
        number: u32::from_le_bytes(header[8..12].try_into().unwrap_or_default()),
        first: LanePosition(u64::from_le_bytes(header[12..20].try_into().unwrap_or_default())),
        history_id: header[20..36].try_into().unwrap_or_default(),
    };
    assert_eq!(SegmentHeader::decode(&made.encode()), Some(made));
}

/// A store whose segments hold anything: pieces, each a record that may have the checksums it needs.
fn whole_files(tape: &mut Tape<'_>) {
    let disk = SimDisk::new();
    store::make_format(&disk);
    for number in 1..=1 + tape.below(2) as u32 {
        let first = LanePosition(u64::from(tape.u8()));
        let mut content = SegmentHeader { number, first, history_id: store::HISTORY }.encode().to_vec();
        for _ in 0..tape.below(6) {
            let proves = tape.below(4) > 0;
            let mut record = tape.piece().to_vec();
            if proves {
                proved(&mut record);
            }
            content.extend_from_slice(&record);
            content.resize(content.len().next_multiple_of(codec::ALIGN), 0);
        }
        content.resize(content.len() + 256, 0);
        store::put(&disk, &stonechat_log_segment::segment::path(number), &content);
    }
    store::look_at(&disk);
}

/// The file that says what the folder is.
fn format(bytes: &[u8]) {
    let disk = SimDisk::new();
    store::put(&disk, "format", bytes);
    if let Ok(found) = stonechat_log_segment::dump::Dump::open_on(Arc::new(disk.clone())) {
        assert_eq!(found.end().upto, LanePosition(0));
        assert!(bytes.starts_with(b"stonechat-store"));
    }
    store::look_at(&disk);
}

/// The files of the vault: raw, or appends with the checksums that they need.
fn vault(tape: &mut Tape<'_>) {
    let disk = SimDisk::new();
    for path in ["keys/app-keys", "keys/salts"] {
        let mut content = b"STNCKEY1".to_vec();
        for _ in 0..tape.below(4) {
            let (proves, length) = (tape.below(4) > 0, tape.below(80));
            let piece = tape.take(length);
            if proves {
                content.extend_from_slice(&(piece.len() as u32).to_le_bytes());
                content.extend_from_slice(&crc32c(piece).to_le_bytes());
            }
            content.extend_from_slice(piece);
        }
        if tape.below(8) == 7 {
            content = tape.piece().to_vec();
        }
        store::put(&disk, path, &content);
    }
    let before = ["keys/app-keys", "keys/salts"].map(|path| disk.content(path));
    let entropy: Arc<stonechat_log_segment::keys::Entropy> = Arc::new(|buffer: &mut [u8]| buffer.fill(7));
    match FileVault::open(&disk, &MasterKey::new([9; 32]), entropy) {
        Ok(_) => {}
        Err(LogError::Corrupt(text)) => {
            assert!(!text.is_empty());
            let after = ["keys/app-keys", "keys/salts"].map(|path| disk.content(path));
            assert!(before.iter().zip(&after).all(|(before, after)| after == before || before.iter().all(|b| *b == 0)));
        }
        Err(error) => panic!("a damaged vault is damaged, not {error:?}"),
    }
    assert!(disk.list("keys").is_ok());
}
