//! Reads frames by what a load needs of them, without a copy: acknowledgements and events are a thousand times as many
//! as all else, and the load program shares two cores with the server.

/// What a frame says, as far as a load cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// A message is durable.
    Sent {
        /// Number of the call.
        call: u64,
        /// What it says.
        sent: SentView,
    },
    /// An event of a conversation.
    Event(EventView<'a>),
    /// A position to store.
    Position,
    /// Anything else, to be decoded in full.
    Other,
}

/// An acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentView {
    /// The seq that the message got.
    pub seq: u64,
    /// Whether it was stored before.
    pub deduplicated: bool,
}

/// An event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventView<'a> {
    /// Its conversation, as text.
    pub conversation: &'a [u8],
    /// Its number there.
    pub seq: u64,
    /// What it is.
    pub kind: &'a [u8],
    /// Its maker's own id of it.
    pub client_msg_id: &'a [u8],
    /// What it says.
    pub body: &'a [u8],
}

/// The bytes are not protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotProtobuf;

const FRAME_ID: u64 = 1;
const FRAME_SENT: u64 = 62;
const FRAME_EVENT: u64 = 80;
const FRAME_POSITION: u64 = 84;

/// Looks at one frame.
///
/// # Errors
/// When the bytes are not protobuf.
pub fn frame(bytes: &[u8]) -> Result<Seen<'_>, NotProtobuf> {
    let (mut call, mut seen) = (0, Seen::Other);
    for field in Fields(bytes) {
        match field? {
            (FRAME_ID, Value::Number(id)) => call = id,
            (FRAME_SENT, Value::Bytes(bytes)) => seen = Seen::Sent { call: 0, sent: sent(bytes)? },
            (FRAME_EVENT, Value::Bytes(bytes)) => seen = Seen::Event(event(bytes)?),
            (FRAME_POSITION, Value::Bytes(_)) => seen = Seen::Position,
            _ => {}
        }
    }
    Ok(match seen {
        Seen::Sent { sent, .. } => Seen::Sent { call, sent },
        other => other,
    })
}

fn sent(bytes: &[u8]) -> Result<SentView, NotProtobuf> {
    let mut sent = SentView::default();
    for field in Fields(bytes) {
        match field? {
            (2, Value::Number(seq)) => sent.seq = seq,
            (5, Value::Number(deduplicated)) => sent.deduplicated = deduplicated != 0,
            _ => {}
        }
    }
    Ok(sent)
}

fn event(bytes: &[u8]) -> Result<EventView<'_>, NotProtobuf> {
    let mut event = EventView::default();
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(conversation)) => event.conversation = conversation,
            (2, Value::Number(seq)) => event.seq = seq,
            (4, Value::Bytes(kind)) => event.kind = kind,
            (7, Value::Bytes(id)) => event.client_msg_id = id,
            (9, Value::Bytes(body)) => event.body = body,
            _ => {}
        }
    }
    Ok(event)
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn varint(&mut self) -> Result<u64, NotProtobuf> {
        let mut value = 0;
        for at in 0..10 {
            let (byte, rest) = self.0.split_first().ok_or(NotProtobuf)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(NotProtobuf)
    }

    fn take(&mut self, bytes: u64) -> Result<&'a [u8], NotProtobuf> {
        let bytes = usize::try_from(bytes).map_err(|_| NotProtobuf)?;
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(NotProtobuf)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>), NotProtobuf> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let bytes = self.varint()?;
                Value::Bytes(self.take(bytes)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(NotProtobuf),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), NotProtobuf>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_wire::v1::{self, Frame, frame::Body};

    fn encoded(id: u64, body: Body) -> Vec<u8> {
        stonechat_wire::frame::encode(&Frame { id, body: Some(body) }).to_vec()
    }

    #[test]
    fn acknowledgements_and_events_read_as_the_schema_writes_them() {
        let sent = v1::Sent {
            conversation_id: "d_a".into(),
            seq: 300,
            ordinal: 299,
            sent_at: 1_790_000_000_000,
            deduplicated: true,
            message_id: "d_a.300".into(),
        };
        let view = SentView { seq: 300, deduplicated: true };
        assert_eq!(frame(&encoded(9, Body::Sent(sent))), Ok(Seen::Sent { call: 9, sent: view }));
        let event = v1::Event {
            conversation_id: "d_a".into(),
            seq: 301,
            kind: "message".into(),
            sender_id: "bob".into(),
            client_msg_id: vec![1; 16].into(),
            body: vec![2; 300].into(),
            ..v1::Event::default()
        };
        let view =
            EventView { conversation: b"d_a", seq: 301, kind: b"message", client_msg_id: &[1; 16], body: &[2; 300] };
        assert_eq!(frame(&encoded(0, Body::Event(event))), Ok(Seen::Event(view)));
        let position = v1::PositionSaved { token: vec![1].into() };
        assert_eq!(frame(&encoded(0, Body::Position(position))), Ok(Seen::Position));
        assert_eq!(frame(&encoded(3, Body::Done(v1::Done {}))), Ok(Seen::Other));
    }

    #[test]
    fn cut_frames_are_not_protobuf_or_something_else() {
        let event = v1::Event { conversation_id: "d_a".into(), seq: 1, ..v1::Event::default() };
        let whole = encoded(0, Body::Event(event));
        for cut in 1..whole.len() {
            assert!(!matches!(frame(&whole[..cut]), Ok(Seen::Event(_))), "{cut}");
        }
        assert_eq!(frame(&[0xff; 20]), Err(NotProtobuf));
    }
}
