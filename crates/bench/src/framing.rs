//! Frames on a stream of bytes, the client's side of both carriers: a varint length on TCP, a binary message on
//! WebSocket.

use crate::options::Carrier;
use std::ops::Range;
use stonechat_types::limits::FRAME_BYTES_MAX;

/// How frames stand in the stream.
#[derive(Clone, Copy, Debug)]
pub enum Framing {
    /// Behind their length.
    Tcp,
    /// In WebSocket messages; ours are masked by a number that changes with each.
    WebSocket {
        /// The next mask.
        mask: u32,
    },
}

/// What stands at the front of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A frame.
    Frame(Range<usize>),
    /// A ping, to be answered with the same bytes.
    Ping(Range<usize>),
    /// Nothing of interest.
    Nothing,
    /// The end.
    Close,
}

/// The stream is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenFraming;

const OPCODE_BINARY: u8 = 2;
const OPCODE_CLOSE: u8 = 8;
const OPCODE_PING: u8 = 9;
const OPCODE_PONG: u8 = 10;
const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

impl Framing {
    /// That of a carrier.
    #[must_use]
    pub const fn of(carrier: Carrier, seed: u32) -> Self {
        match carrier {
            Carrier::Tcp => Self::Tcp,
            Carrier::WebSocket => Self::WebSocket { mask: seed | 1 },
        }
    }

    /// What stands at the front of `stream`, and how many bytes it takes; `None` while it has not arrived.
    ///
    /// # Errors
    /// When the stream breaks the rules of the carrier.
    pub fn next(&self, stream: &[u8]) -> Result<Option<(Piece, usize)>, BrokenFraming> {
        match self {
            Self::Tcp => next_tcp(stream),
            Self::WebSocket { .. } => next_websocket(stream),
        }
    }

    /// Adds one frame.
    pub fn put(&mut self, out: &mut Vec<u8>, frame: &[u8]) {
        match self {
            Self::Tcp => {
                prost::encoding::encode_varint(frame.len() as u64, out);
                out.extend_from_slice(frame);
            }
            Self::WebSocket { mask } => put_websocket(out, OPCODE_BINARY, next_mask(mask), frame),
        }
    }

    /// Adds one frame as a server writes it: a WebSocket's without a mask.
    pub fn put_as_server(carrier: Carrier, out: &mut Vec<u8>, frame: &[u8]) {
        match carrier {
            Carrier::Tcp => Self::Tcp.put(out, frame),
            Carrier::WebSocket => {
                out.push(FIN | OPCODE_BINARY);
                put_websocket_length(out, frame.len(), 0);
                out.extend_from_slice(frame);
            }
        }
    }

    /// Adds the answer to a ping of the carrier.
    pub fn put_pong(&mut self, out: &mut Vec<u8>, payload: &[u8]) {
        if let Self::WebSocket { mask } = self {
            put_websocket(out, OPCODE_PONG, next_mask(mask), payload);
        }
    }
}

/// Marsaglia's xorshift: a mask needs no more.
fn next_mask(mask: &mut u32) -> [u8; 4] {
    *mask ^= *mask << 13;
    *mask ^= *mask >> 17;
    *mask ^= *mask << 5;
    mask.to_be_bytes()
}

fn next_tcp(stream: &[u8]) -> Result<Option<(Piece, usize)>, BrokenFraming> {
    let mut length = 0usize;
    for (at, byte) in stream.iter().take(3).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let from = at + 1;
            let whole = length <= FRAME_BYTES_MAX;
            return match stream.len() >= from + length {
                _ if !whole => Err(BrokenFraming),
                true => Ok(Some((Piece::Frame(from..from + length), from + length))),
                false => Ok(None),
            };
        }
    }
    if stream.len() >= 3 { Err(BrokenFraming) } else { Ok(None) }
}

fn next_websocket(stream: &[u8]) -> Result<Option<(Piece, usize)>, BrokenFraming> {
    let [first, second, rest @ ..] = stream else { return Ok(None) };
    let (length, from) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (usize::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let length = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (usize::try_from(length).map_err(|_| BrokenFraming)?, 10)
        }
        (126 | 127, _) => return Ok(None),
        (length, _) => (usize::from(length), 2),
    };
    if second & MASKED != 0 || first & FIN == 0 || length > FRAME_BYTES_MAX {
        return Err(BrokenFraming);
    }
    if stream.len() < from + length {
        return Ok(None);
    }
    let range = from..from + length;
    let piece = match first & 0x0f {
        OPCODE_BINARY => Piece::Frame(range),
        OPCODE_PING => Piece::Ping(range),
        OPCODE_PONG => Piece::Nothing,
        OPCODE_CLOSE => Piece::Close,
        _ => return Err(BrokenFraming),
    };
    Ok(Some((piece, from + length)))
}

fn put_websocket(out: &mut Vec<u8>, opcode: u8, mask: [u8; 4], payload: &[u8]) {
    out.push(FIN | opcode);
    put_websocket_length(out, payload.len(), MASKED);
    out.extend_from_slice(&mask);
    let from = out.len();
    out.extend_from_slice(payload);
    for (byte, mask) in out[from..].iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

fn put_websocket_length(out: &mut Vec<u8>, length: usize, masked: u8) {
    match length {
        length @ 0..126 => out.push(masked | length as u8),
        length @ 126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(masked | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_on_tcp_survive_every_cut() {
        let mut framing = Framing::of(Carrier::Tcp, 0);
        let mut stream = Vec::new();
        framing.put(&mut stream, &[7; 300]);
        for cut in 0..stream.len() {
            assert_eq!(framing.next(&stream[..cut]), Ok(None));
        }
        assert_eq!(framing.next(&stream), Ok(Some((Piece::Frame(2..302), 302))));
        assert_eq!(framing.next(&[0xff; 4]), Err(BrokenFraming));
    }

    #[test]
    fn a_servers_messages_are_read_and_ours_are_masked() {
        let mut framing = Framing::of(Carrier::WebSocket, 9);
        for length in [0, 125, 126, 70_000] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            framing.put(&mut ours, &vec![7; length]);
            Framing::put_as_server(Carrier::WebSocket, &mut theirs, &vec![7; length]);
            let header = ours.len() - length - 4;
            let mask: [u8; 4] = ours[header..header + 4].try_into().unwrap();
            let unmasked = ours[header + 4..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            assert!(unmasked.eq(theirs[header..].iter().copied()));
            let (piece, taken) = framing.next(&theirs).unwrap().unwrap();
            assert_eq!((piece, taken), (Piece::Frame(header..header + length), theirs.len()));
            assert!(theirs[header..].iter().all(|byte| *byte == 7));
            assert_eq!(framing.next(&theirs[..theirs.len() - 1]), Ok(None));
            assert_eq!(framing.next(&ours), Err(BrokenFraming), "the server must not mask");
        }
    }
}
