//! The header of a frame: RFC 6455 section 5.2.

use crate::framing::Violation;

/// Bytes of the longest header: two, eight of length, four of mask.
pub const HEADER_BYTES_MAX: usize = 14;

/// The largest payload of a control frame.
pub const CONTROL_BYTES_MAX: usize = 125;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// A further part of a message.
    Continuation,
    /// Text, or its first part.
    Text,
    /// Binary, or its first part.
    Binary,
    /// Goodbye.
    Close,
    /// Asks for a pong.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    /// The number on the wire.
    pub fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Whether it may come between the parts of a message.
    pub fn is_control(self) -> bool {
        match self {
            Self::Close | Self::Ping | Self::Pong => true,
            Self::Continuation | Self::Text | Self::Binary => false,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        [Self::Continuation, Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong]
            .into_iter()
            .find(|opcode| opcode.number() == number)
    }
}

/// The header of a client's frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The last frame of its message.
    pub fin: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// What the payload is xored with.
    pub mask: [u8; 4],
    /// Bytes of payload.
    pub length: u64,
}

impl Header {
    /// Reads a header from the front of `bytes`: it and its size, or `None` when it is not whole. Every rule is checked
    /// on the first byte that breaks it, so the verdict does not depend on how the bytes were cut.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(Violation::protocol("reserved bits are set"));
        }
        let fin = first & 0x80 != 0;
        let Some(opcode) = Opcode::from_number(first & 0x0f) else {
            return Err(Violation::protocol("unknown opcode"));
        };
        if opcode.is_control() && !fin {
            return Err(Violation::protocol("control frame in parts"));
        }
        let Some(&second) = bytes.get(1) else { return Ok(None) };
        if second & 0x80 == 0 {
            return Err(Violation::protocol("frame without mask"));
        }
        let short = second & 0x7f;
        if opcode.is_control() && usize::from(short) > CONTROL_BYTES_MAX {
            return Err(Violation::protocol("control frame too long"));
        }
        let Some((length, length_bytes)) = parse_length(short, &bytes[2..])? else { return Ok(None) };
        let size = 2 + length_bytes + 4;
        let Some(mask) = bytes.get(2 + length_bytes..size).and_then(|mask| mask.first_chunk()) else { return Ok(None) };
        Ok(Some((Self { fin, opcode, mask: *mask, length }, size)))
    }
}

/// The length behind the first two bytes, and in how many bytes it is written.
fn parse_length(short: u8, bytes: &[u8]) -> Result<Option<(u64, usize)>, Violation> {
    let (length, size, least) = match short {
        126 => match bytes.first_chunk() {
            Some(bytes) => (u64::from(u16::from_be_bytes(*bytes)), 2, 126),
            None => return Ok(None),
        },
        127 => match bytes.first_chunk() {
            Some(bytes) => (u64::from_be_bytes(*bytes), 8, 1 << 16),
            None => return Ok(None),
        },
        short => (u64::from(short), 0, 0),
    };
    if length < least {
        return Err(Violation::protocol("length is not in its shortest form"));
    }
    if length >> 63 != 0 {
        return Err(Violation::protocol("length with its highest bit set"));
    }
    Ok(Some((length, size)))
}

/// Writes the header of a whole, unmasked frame into `out`; answers its size.
pub fn write(opcode: Opcode, length: usize, out: &mut [u8; HEADER_BYTES_MAX]) -> usize {
    out[0] = 0x80 | opcode.number();
    match length {
        0..126 => {
            out[1] = length as u8;
            2
        }
        126..0x1_0000 => {
            out[1] = 126;
            out[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            out[1] = 127;
            out[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    }
}

/// Xors `bytes` with the mask, where `offset` bytes of the payload went before them.
pub fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: usize) {
    let mut turned = mask;
    turned.rotate_left(offset % 4);
    let word = u64::from(u32::from_ne_bytes(turned));
    let word = word << 32 | word;
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for eight in words {
        *eight = (u64::from_ne_bytes(*eight) ^ word).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(turned.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unmasking_in_pieces_equals_unmasking_byte_by_byte() {
        let mask = [1, 2, 3, 250];
        let plain: Vec<u8> = (0..100).collect();
        let expected: Vec<u8> = plain.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]).collect();
        for cut in 0..plain.len() {
            let mut bytes = plain.clone();
            let (left, right) = bytes.split_at_mut(cut);
            unmask(left, mask, 0);
            unmask(right, mask, cut);
            assert_eq!(bytes, expected, "cut at {cut}");
        }
    }

    #[test]
    fn each_length_is_written_in_its_shortest_form() {
        for (length, size) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = [0; HEADER_BYTES_MAX];
            assert_eq!(write(Opcode::Binary, length, &mut out), size, "length {length}");
        }
    }

    #[test]
    fn a_length_in_a_longer_form_is_refused() {
        for header in [&[0x82, 0xfe, 0, 125][..], &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]] {
            assert!(Header::parse(header).is_err(), "{header:?}");
        }
    }

    #[test]
    fn a_header_is_not_read_before_it_is_whole() {
        let bytes = [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
        for end in 0..bytes.len() {
            assert_eq!(Header::parse(&bytes[..end]), Ok(None), "of {end} bytes");
        }
        let header = Header { fin: true, opcode: Opcode::Binary, mask: [1, 2, 3, 4], length: 65_536 };
        assert_eq!(Header::parse(&bytes), Ok(Some((header, bytes.len()))));
    }
}
