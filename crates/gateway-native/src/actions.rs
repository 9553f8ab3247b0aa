//! What a machine wants done, in order.

use bytes::Bytes;
use std::collections::VecDeque;
use stonechat_net::machine::{Action, MessageKind};

/// A queue of actions that needs no storage for the usual one frame, and keeps none when it is empty: most of what a
/// session does is to pass on an event that thousands of others pass on as well.
#[derive(Debug)]
pub(crate) struct Actions<C> {
    kind: MessageKind,
    frame: Option<Bytes>,
    rest: VecDeque<Action<C>>,
}

impl<C> Actions<C> {
    /// No actions yet, of a session that speaks in messages of this kind.
    pub(crate) fn new(kind: MessageKind) -> Self {
        Self { kind, frame: None, rest: VecDeque::new() }
    }

    /// Sends a frame.
    pub(crate) fn transmit(&mut self, frame: Bytes) {
        if self.frame.is_none() && self.rest.is_empty() {
            self.frame = Some(frame);
        } else {
            self.rest.push_back(Action::Transmit { kind: self.kind, bytes: frame });
        }
    }

    /// Does anything else.
    pub(crate) fn push(&mut self, action: Action<C>) {
        self.rest.push_back(action);
    }

    /// The next action.
    pub(crate) fn pop(&mut self) -> Option<Action<C>> {
        if let Some(bytes) = self.frame.take() {
            return Some(Action::Transmit { kind: self.kind, bytes });
        }
        let action = self.rest.pop_front()?;
        if self.rest.is_empty() {
            self.rest = VecDeque::new();
        }
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_net::machine::CloseCode;

    fn close() -> Action<u8> {
        Action::Close { code: CloseCode::Normal, reason: String::new() }
    }

    fn frame(text: &'static str) -> Action<u8> {
        Action::Transmit { kind: MessageKind::Text, bytes: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn actions_come_in_the_order_in_which_they_were_added() {
        let mut actions = Actions::new(MessageKind::Text);
        actions.transmit(Bytes::from_static(b"a"));
        actions.push(Action::Call(7));
        actions.transmit(Bytes::from_static(b"b"));
        assert_eq!((actions.pop(), actions.pop()), (Some(frame("a")), Some(Action::Call(7))));
        actions.transmit(Bytes::from_static(b"c"));
        actions.push(close());
        let rest: Vec<_> = std::iter::from_fn(|| actions.pop()).collect();
        assert_eq!(rest, [frame("b"), frame("c"), close()]);
    }

    #[test]
    fn one_frame_needs_no_storage_and_an_empty_queue_keeps_none() {
        let mut actions = Actions::<u8>::new(MessageKind::Text);
        actions.transmit(Bytes::from_static(b"a"));
        assert_eq!(actions.rest.capacity(), 0);
        actions.push(close());
        while actions.pop().is_some() {}
        assert_eq!(actions.rest.capacity(), 0);
    }
}
