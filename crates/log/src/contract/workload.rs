//! Records for tests: conversations whose seqs and ordinals are dense, rows, personal changes, and derived rows that
//! depend on what was before.

use crate::record::{Event, EventHeader, PersonalWrite, Record};
use crate::row::{RowKey, RowWrite};
use crate::store::{Derive, LogError, RowReader};
use bytes::Bytes;
use std::collections::BTreeMap;
use stonechat_domain::kind::EventKind;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, Timestamp, UserNo};

/// The same numbers for the same seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any() % end
    }
}

/// A conversation by a small number.
#[must_use]
pub fn conversation(n: u32) -> ConversationId {
    let mut bytes = [0x5A; 16];
    bytes[0] = 1 + (n % 5) as u8;
    bytes[12..].copy_from_slice(&n.wrapping_mul(0x9E37_79B9).to_be_bytes());
    ConversationId::from_slice(&bytes).expect("the first byte is a kind")
}

/// A user by a small number.
#[must_use]
pub fn user(n: u32) -> UserId {
    UserId::new(&format!("user{n}")).expect("a good id")
}

/// A row key of a family.
#[must_use]
pub fn row_key(family: u8, name: &str) -> RowKey {
    let mut key = vec![family];
    key.extend_from_slice(name.as_bytes());
    key.into()
}

/// Family of the rows that [`CountingDerive`] patches.
pub const FAMILY_SENDERS: u8 = 0x41;
/// Family of the rows in which it counts.
pub const FAMILY_COUNTS: u8 = 0x42;

/// Families of all rows that the suite writes.
pub const FAMILIES: [u8; 6] = [0x10, 0x11, 0x20, 0x21, FAMILY_SENDERS, FAMILY_COUNTS];

/// Derives two rows from each message: an entry of a packed row, and a count that is one more than before. A count
/// that was derived twice, or not in order, is seen.
pub struct CountingDerive;

impl Derive for CountingDerive {
    fn derive(&self, header: &EventHeader, rows: &dyn RowReader) -> Result<Vec<RowWrite>, LogError> {
        match header.kind {
            EventKind::Message => {}
            _ => return Ok(Vec::new()),
        }
        let name = format!("{}/{}", header.app, header.conversation);
        let count_key = row_key(FAMILY_COUNTS, &name);
        let count = rows.get(&count_key)?.and_then(|row| row[..].try_into().ok()).map_or(0, u64::from_be_bytes);
        Ok(vec![
            RowWrite::Patch {
                key: row_key(FAMILY_SENDERS, &name),
                entry: Bytes::copy_from_slice(header.sender.as_str().as_bytes()),
                value: Some(Bytes::copy_from_slice(&header.ordinal.0.to_be_bytes())),
            },
            RowWrite::Put { key: count_key, value: Bytes::copy_from_slice(&(count + 1).to_be_bytes()) },
        ])
    }
}

/// Makes records whose numbers are right.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    heads: BTreeMap<(AppId, u32), (Seq, Ordinal)>,
    made: u64,
}

impl Builder {
    /// The next event of a conversation.
    pub fn event(&mut self, app: AppId, n: u32, kind: EventKind, sealed: impl Into<Bytes>) -> Record {
        let (seq, ordinal) = self.heads.entry((app, n)).or_default();
        *seq = seq.next();
        if kind.countable() {
            *ordinal = ordinal.next();
        }
        self.made += 1;
        let sender = (self.made % 7) as u32;
        let mut key = [0; 16];
        key[..8].copy_from_slice(&self.made.to_be_bytes());
        let header = EventHeader {
            app,
            conversation: conversation(n),
            conversation_no: ConversationNo(n),
            seq: *seq,
            ordinal: *ordinal,
            kind,
            sender: user(sender),
            sender_no: UserNo(sender),
            sent_at: Timestamp(1_700_000_000_000 + self.made as i64),
            key,
            body_hmac: [self.made as u8; 16],
            read_upto: Seq(seq.0 - 1),
            read_upto_ordinal: Ordinal(ordinal.0.saturating_sub(1)),
        };
        Record { event: Some(Event { header, sealed: sealed.into() }), ..Record::default() }
    }

    /// The next message of a conversation of the first app.
    pub fn message(&mut self, n: u32) -> Record {
        let body = format!("sealed body {}", self.made + 1);
        self.event(AppId::DEFAULT, n, EventKind::Message, body)
    }

    /// Any record: an event of one of few conversations, rows, personal changes, or some of these.
    pub fn any(&mut self, random: &mut Random) -> Record {
        let mut record = Record::default();
        if random.below(4) > 0 {
            let app = AppId(1 + random.below(2) as u32);
            let n = random.below(5) as u32 * 700;
            let kind = if random.below(4) > 0 { EventKind::Message } else { EventKind::ALL[random.below(7) as usize] };
            let sealed: Vec<u8> = (0..random.below(300)).map(|_| random.any() as u8).collect();
            record = self.event(app, n, kind, sealed);
        }
        for _ in 0..random.below(3) {
            record.rows.push(any_row(random));
        }
        for _ in 0..random.below(3) {
            record.personal.push(any_personal(random));
        }
        record
    }
}

fn any_row(random: &mut Random) -> RowWrite {
    let name = format!("row{}", random.below(20));
    let value = Bytes::from(vec![random.any() as u8; random.below(40) as usize]);
    match random.below(5) {
        0 | 1 => RowWrite::Put { key: row_key(0x10, &name), value },
        2 => RowWrite::Delete { key: row_key(0x10, &name) },
        // Packed rows have a family of their own: a patch of a row that is not packed is an error.
        3 => {
            RowWrite::Patch { key: row_key(0x11, &name), entry: vec![random.below(4) as u8].into(), value: Some(value) }
        }
        _ => match random.below(4) {
            0 => RowWrite::Delete { key: row_key(0x11, &name) },
            _ => RowWrite::Patch { key: row_key(0x11, &name), entry: vec![random.below(4) as u8].into(), value: None },
        },
    }
}

fn any_personal(random: &mut Random) -> PersonalWrite {
    let value = match random.below(4) {
        0 => None,
        _ => Some(Bytes::from(vec![random.any() as u8; random.below(20) as usize])),
    };
    PersonalWrite {
        app: AppId(1 + random.below(2) as u32),
        user_no: UserNo(random.below(4) as u32),
        key: format!("key{}", random.below(6)).into(),
        value,
    }
}
