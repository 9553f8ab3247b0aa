//! The network between a device and the server: packets are late, lost and sent again, doubled and reordered; what comes
//! out is a stream that is late or broken, as TCP makes it.

use crate::dice::Dice;
use crate::plan::Shape;
use crate::stream::Socket;
use crate::visits::Visits;
use bytes::BytesMut;

/// The first pause before a packet is sent again.
const RESEND_MS: u64 = 200;
/// How often one packet may be lost.
const RESENDS_MAX: u32 = 5;

/// The way of one device.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// Nothing passes towards the server before this time.
    pub up_blocked_until: u64,
    /// Nothing passes from the server before this time.
    pub down_blocked_until: u64,
    /// The device reads slowly until this time.
    pub slow_until: u64,
}

impl Link {
    /// Whether nothing passes either way.
    #[must_use]
    pub fn is_cut(&self, now_ms: u64) -> bool {
        self.up_blocked_until > now_ms && self.down_blocked_until > now_ms
    }
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direction {
    last_arrival: u64,
    /// How much later the next packet arrives.
    pub slowness_ms: u64,
}

impl Direction {
    /// When a packet that leaves now arrives, behind all before it.
    pub fn arrival(
        &mut self,
        now_ms: u64,
        blocked_until: u64,
        shape: &Shape,
        (dice, visits): (&mut Dice, &mut Visits),
    ) -> u64 {
        let mut at = now_ms + dice.between(1, shape.delay_ms.max(1));
        let mut pause = RESEND_MS;
        for _ in 0..RESENDS_MAX {
            if !dice.percent(shape.loss) {
                break;
            }
            visits.count("packet lost");
            at += pause;
            pause *= 2;
        }
        if dice.percent(shape.duplication) {
            // The stream drops the double, but both take their time.
            visits.count("packet duplicated");
            at += dice.between(0, shape.delay_ms);
        }
        if blocked_until > now_ms {
            at = at.max(blocked_until + dice.between(1, RESEND_MS));
        }
        at += std::mem::take(&mut self.slowness_ms);
        if at < self.last_arrival {
            visits.count("packets reordered");
            at = self.last_arrival;
        }
        self.last_arrival = at;
        at
    }
}

/// A connection, with both of its ends.
pub struct Connection {
    /// The device.
    pub device: usize,
    /// The start of the device that it belongs to.
    pub device_epoch: u64,
    /// The start of the server that it belongs to.
    pub node_epoch: u64,
    /// The server's end.
    pub socket: Socket,
    /// Towards the server.
    pub up: Direction,
    /// From the server.
    pub down: Direction,
    /// Bytes that the device has got and not cut into frames.
    pub arrived: BytesMut,
    /// Bytes that the server has written and the ledger has not cut into frames.
    pub tapped: BytesMut,
    /// Whether the device still has it.
    pub is_open_here: bool,
    /// Whether the device is gone without a word to the server.
    pub is_half_open: bool,
    /// Whether the server's end was told to the device.
    pub end_told: bool,
}
