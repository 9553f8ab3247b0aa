//! Changes of the store in their order, and what is told once they are durable.

use std::collections::VecDeque;

use stonechat_types::id::ConversationId;

use crate::core::change::Change;
use crate::core::command::{Reply, Ticket};
use crate::core::machine::Action;
use crate::core::rows::{StoreOp, Transaction};
use crate::error::Result;

/// Collects what one input leads to, as one transaction.
#[derive(Debug, Default)]
pub struct Journal {
    last: u64,
    committed: u64,
    ops: Vec<StoreOp>,
    told: Vec<Told>,
    waiting: VecDeque<(u64, Vec<Told>)>,
    stored: Vec<(ConversationId, u64)>,
}

/// What is told to the outside once the store holds what it stands for.
#[derive(Debug)]
enum Told {
    Change(Change),
    Reply(Ticket, Result<Reply>),
    /// What others wrote up to here, to the core itself.
    Stored(ConversationId, u64),
}

impl Journal {
    /// Adds a change of the store to the transaction of this input.
    pub fn write(&mut self, op: StoreOp) {
        self.ops.push(op);
    }

    /// Tells something once the transaction of this input is durable.
    pub fn tell(&mut self, change: Change) {
        self.told.push(Told::Change(change));
    }

    /// Answers once the transaction of this input is durable.
    pub fn reply(&mut self, ticket: Ticket, reply: Result<Reply>) {
        self.told.push(Told::Reply(ticket, reply));
    }

    /// Notes that the transaction of this input has what others wrote up to here.
    pub fn stored(&mut self, id: ConversationId, seq: u64) {
        self.told.push(Told::Stored(id, seq));
    }

    /// What others wrote that became durable since this was asked last.
    pub fn take_stored(&mut self) -> Vec<(ConversationId, u64)> {
        std::mem::take(&mut self.stored)
    }

    /// The number that the transaction of this input will have.
    #[must_use]
    pub fn open_number(&self) -> u64 {
        self.last + 1
    }

    /// Whether a transaction is durable.
    #[must_use]
    pub fn is_durable(&self, number: u64) -> bool {
        number <= self.committed
    }

    /// Ends the transaction of this input.
    pub fn close(&mut self, actions: &mut VecDeque<Action>) {
        if !self.ops.is_empty() {
            self.last += 1;
            let ops = std::mem::take(&mut self.ops);
            actions.push_back(Action::Commit(Transaction { number: self.last, ops }));
            self.waiting.push_back((self.last, std::mem::take(&mut self.told)));
        } else if let Some((_, told)) = self.waiting.back_mut() {
            // Nothing overtakes what was said before.
            told.append(&mut self.told);
        } else {
            let told = std::mem::take(&mut self.told);
            self.pass_on(told, actions);
        }
    }

    /// Takes that every transaction up to this one is durable.
    pub fn committed(&mut self, number: u64, actions: &mut VecDeque<Action>) {
        self.committed = self.committed.max(number);
        while self.waiting.front().is_some_and(|(waiting, _)| *waiting <= number)
            && let Some((_, told)) = self.waiting.pop_front()
        {
            self.pass_on(told, actions);
        }
    }

    fn pass_on(&mut self, told: Vec<Told>, actions: &mut VecDeque<Action>) {
        for told in told {
            match told {
                Told::Change(change) => actions.push_back(Action::Emit(change)),
                Told::Reply(ticket, reply) => actions.push_back(Action::Reply(ticket, reply)),
                Told::Stored(id, seq) => self.stored.push((id, seq)),
            }
        }
    }

    /// Answers everybody who waits: nothing becomes durable any more.
    pub fn give_up(&mut self, error: &crate::error::Error, actions: &mut VecDeque<Action>) {
        for (_, told) in self.waiting.drain(..) {
            for told in told {
                if let Told::Reply(ticket, _) = told {
                    actions.push_back(Action::Reply(ticket, Err(error.clone())));
                }
            }
        }
        self.ops.clear();
    }
}
