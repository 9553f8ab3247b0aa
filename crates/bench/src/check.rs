//! What the server promised, checked while it is measured: each send is acknowledged once, each message reaches the
//! other side once, in order and unchanged. A server that loses a message quickly has no figures.

use crate::message::{Body, Which};
use crate::scan::{EventView, SentView};
use std::fmt;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer to a call that is not in flight: it was answered before, or never made.
    UnknownAnswer {
        /// Number of the call.
        call: u64,
    },
    /// An acknowledgement says that a message sent once was stored before.
    Deduplicated(Which),
    /// An acknowledgement names another place than the messages before it leave.
    Misplaced {
        /// The message.
        which: Which,
        /// The seq that it must have.
        expected: u64,
        /// The seq that it got.
        got: u64,
    },
    /// An event came that was there before, or comes after a later one.
    Again {
        /// Its conversation.
        conversation: String,
        /// The last that was in order.
        last: u64,
        /// The one that came.
        got: u64,
    },
    /// An event came before the one that it follows.
    Hole {
        /// Its conversation.
        conversation: String,
        /// The last that was in order.
        last: u64,
        /// The one that came.
        got: u64,
    },
    /// The seq is in order, and the message is not the one that was sent there.
    Other {
        /// The message that is due.
        expected: Which,
        /// What came.
        got: Option<Which>,
    },
    /// The message is the right one, and its body is not what was sent.
    Changed(Which),
    /// An event of a conversation that this load does not know.
    Stranger {
        /// Its conversation.
        conversation: String,
        /// The event's number.
        seq: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAnswer { call } => write!(f, "call {call} was answered and is not in flight"),
            Self::Deduplicated(which) => write!(f, "{which} was sent once and acknowledged as sent before"),
            Self::Misplaced { which, expected, got } => {
                write!(f, "{which} was acknowledged at seq {got}, not {expected}")
            }
            Self::Again { conversation, last, got } => {
                write!(f, "seq {got} of {conversation} was delivered after seq {last}: doubled or out of order")
            }
            Self::Hole { conversation, last, got } => {
                write!(f, "seq {got} of {conversation} was delivered after seq {last}: lost or out of order")
            }
            Self::Other { expected, got: Some(got) } => write!(f, "{got} was delivered in the place of {expected}"),
            Self::Other { expected, got: None } => write!(f, "something else was delivered in the place of {expected}"),
            Self::Changed(which) => write!(f, "the body of {which} was changed on its way"),
            Self::Stranger { conversation, seq } => {
                write!(f, "seq {seq} of {conversation} was delivered to somebody who does not know it")
            }
        }
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} of conversation {}", self.number, self.lane)
    }
}

/// A send that has no answer yet.
#[derive(Clone, Copy, Debug)]
pub struct Flight {
    /// Number of the call.
    pub call: u64,
    /// Its message.
    pub which: Which,
    /// The message's id.
    pub message_id: [u8; 16],
    /// When it had to begin.
    pub begun_ns: u64,
}

/// The sends of one connection that have no answer. At most as many as calls are allowed, so a scan finds each.
#[derive(Debug, Default)]
pub struct Flights(Vec<Flight>);

impl Flights {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all are answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A send begins.
    pub fn begin(&mut self, flight: Flight) {
        self.0.push(flight);
    }

    /// The last message to a conversation that has no answer.
    #[must_use]
    pub fn last_of(&self, lane: u32) -> Option<[u8; 16]> {
        self.0.iter().rev().find(|flight| flight.which.lane == lane).map(|flight| flight.message_id)
    }

    /// Whether the message of this number has no answer.
    #[must_use]
    pub fn holds(&self, number: u64) -> bool {
        self.0.iter().any(|flight| flight.which.number == number)
    }

    /// A call is answered.
    ///
    /// # Errors
    /// [`Fault::UnknownAnswer`] when it is not in flight.
    pub fn end(&mut self, call: u64) -> Result<Flight, Fault> {
        let at = self.0.iter().position(|flight| flight.call == call).ok_or(Fault::UnknownAnswer { call })?;
        // Not `swap_remove`: `last_of` needs the order.
        Ok(self.0.remove(at))
    }
}

/// Checks an acknowledgement: nobody else writes to a conversation of a load, so the first seq tells all others.
///
/// # Errors
/// The promise that it breaks.
pub fn acknowledged(which: Which, first_seq: u64, sent: SentView) -> Result<(), Fault> {
    let expected = first_seq + which.number;
    if sent.deduplicated {
        return Err(Fault::Deduplicated(which));
    }
    if sent.seq != expected {
        return Err(Fault::Misplaced { which, expected, got: sent.seq });
    }
    Ok(())
}

/// The kind of an event that is a message.
const MESSAGE: &[u8] = b"message";

/// What one side of a conversation has seen of it.
#[derive(Clone, Debug)]
pub struct Delivered {
    conversation: Vec<u8>,
    lane: u32,
    seq: u64,
    number: u64,
}

/// All conversations of one receiver.
#[derive(Clone, Debug, Default)]
pub struct Deliveries(Vec<Delivered>);

impl Deliveries {
    /// Checks an event, which must be the next message of its conversation. Answers when its send began. The first
    /// message of a load, its number 0, makes its conversation known; what comes before is none of its business, and
    /// begins at 0.
    ///
    /// # Errors
    /// The promise that it breaks.
    pub fn check(&mut self, event: &EventView<'_>, body: &Body) -> Result<u64, Fault> {
        let got = Which::of_message_id(event.client_msg_id).filter(|_| event.kind == MESSAGE);
        let Some(known) = self.0.iter_mut().find(|known| known.conversation == event.conversation) else {
            if event.kind != MESSAGE {
                return Ok(0); // A conversation begins with the event that makes it.
            }
            let Some(first) = got.filter(|which| which.number == 0) else {
                return Err(Fault::Stranger { conversation: text(event.conversation), seq: event.seq });
            };
            let conversation = event.conversation.to_vec();
            self.0.push(Delivered { conversation, lane: first.lane, seq: event.seq, number: 0 });
            return begun(first, event, body);
        };
        if event.seq <= known.seq {
            return Err(Fault::Again { conversation: text(event.conversation), last: known.seq, got: event.seq });
        }
        if event.seq > known.seq + 1 {
            return Err(Fault::Hole { conversation: text(event.conversation), last: known.seq, got: event.seq });
        }
        let expected = Which { lane: known.lane, number: known.number + 1 };
        if got != Some(expected) {
            return Err(Fault::Other { expected, got });
        }
        known.seq = event.seq;
        known.number = expected.number;
        begun(expected, event, body)
    }

    /// The conversations that are known, each with the last seq in order.
    pub fn known(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|known| (std::str::from_utf8(&known.conversation).unwrap_or_default(), known.seq))
    }

    /// The last seq in order of one.
    #[must_use]
    pub fn last_seq(&self, conversation: &[u8]) -> Option<u64> {
        self.0.iter().find(|known| known.conversation == conversation).map(|known| known.seq)
    }

    /// Messages that came, the first of each conversation aside.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|known| known.number).sum()
    }
}

fn begun(which: Which, event: &EventView<'_>, body: &Body) -> Result<u64, Fault> {
    match body.read(event.body) {
        Some((number, begun_ns)) if number == which.number => Ok(begun_ns),
        _ => Err(Fault::Changed(which)),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample {
        ids: Vec<[u8; 16]>,
        bodies: Vec<Vec<u8>>,
        body: Body,
    }

    fn sample() -> Sample {
        let mut body = Body::new(64);
        Sample {
            ids: (0..5).map(|number| Which { lane: 3, number }.message_id(1, 1)).collect(),
            bodies: (0..5).map(|number| body.with(number, 10 * number).to_vec()).collect(),
            body,
        }
    }

    impl Sample {
        fn event(&self, at: usize) -> EventView<'_> {
            EventView {
                conversation: b"d_x",
                seq: 40 + at as u64,
                kind: b"message",
                client_msg_id: &self.ids[at],
                body: &self.bodies[at],
            }
        }

        fn deliver(&self, order: &[usize]) -> Result<u64, Fault> {
            let mut deliveries = Deliveries::default();
            order.iter().try_fold(0, |_, at| deliveries.check(&self.event(*at), &self.body))
        }
    }

    #[test]
    fn messages_in_order_are_fine_and_say_when_they_began() {
        assert_eq!(sample().deliver(&[0, 1, 2, 3]), Ok(30));
    }

    #[test]
    fn a_lost_a_doubled_and_a_reordered_message_are_caught() {
        assert!(matches!(sample().deliver(&[0, 1, 3]), Err(Fault::Hole { last: 41, got: 43, .. })));
        assert!(matches!(sample().deliver(&[0, 1, 1]), Err(Fault::Again { last: 41, got: 41, .. })));
        assert!(matches!(sample().deliver(&[0, 2, 1]), Err(Fault::Hole { .. })));
        assert!(matches!(sample().deliver(&[1]), Err(Fault::Stranger { .. })));
    }

    #[test]
    fn a_message_in_the_place_of_another_and_a_changed_body_are_caught() {
        let sample = sample();
        let mut deliveries = Deliveries::default();
        deliveries.check(&sample.event(0), &sample.body).unwrap();
        let swapped = EventView { client_msg_id: &sample.ids[2], ..sample.event(1) };
        assert!(matches!(deliveries.check(&swapped, &sample.body), Err(Fault::Other { .. })));
        let changed = EventView { body: &sample.bodies[2], ..sample.event(1) };
        assert!(matches!(deliveries.check(&changed, &sample.body), Err(Fault::Changed(_))));
    }

    #[test]
    fn a_second_answer_a_wrong_place_and_a_false_duplicate_are_caught() {
        let which = Which { lane: 0, number: 2 };
        let mut flights = Flights::default();
        flights.begin(Flight { call: 5, which, message_id: [1; 16], begun_ns: 0 });
        assert_eq!(flights.last_of(0), Some([1; 16]));
        assert_eq!(flights.end(5).map(|flight| flight.which), Ok(which));
        assert_eq!(flights.end(5).map(|flight| flight.which), Err(Fault::UnknownAnswer { call: 5 }));
        assert_eq!(acknowledged(which, 10, SentView { seq: 12, deduplicated: false }), Ok(()));
        assert!(acknowledged(which, 10, SentView { seq: 13, deduplicated: false }).is_err());
        assert!(acknowledged(which, 10, SentView { seq: 12, deduplicated: true }).is_err());
    }
}
