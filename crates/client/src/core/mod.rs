//! The rules of a client, pure: time and randomness come in, actions go out. [`machine::Core`] is the machine.
//!
//! Public so that `fixtures/conformance/` can be run against it; apps use [`crate::client`]. What each part may not do:
//!
//! - nothing is sent before it is durable, and nothing is told before the store holds it (`journal`);
//! - the pointer of a conversation moves by events only, one by one, and never past a hole (`sync`, `apply`, `fetch`);
//! - a position is stored in the transaction that completes what it stands for (`sync`);
//! - a payload never changes once it was written, nor its id, and nothing overtakes in a lane (`outbox`, `lane`);
//! - unread is the sentence of the protocol page; what this device cannot count, it asks for (`conversation`).

mod apply;
mod ask;
mod bounds;
mod calls;
pub mod change;
mod changes;
pub mod command;
mod content_types;
mod conversation;
mod deletions;
mod delivered;
mod dice;
mod fetch;
mod group;
mod intervals;
mod journal;
mod lane;
pub mod limits;
mod link;
pub mod machine;
mod marks;
pub mod mutant;
pub mod order;
mod outbox;
pub mod people;
mod played;
pub mod preferences;
mod presence;
pub mod quiet;
mod reads;
mod refusal;
pub mod rows;
mod sign_out;
#[cfg(test)]
pub(crate) mod simulation;
mod stars;
pub(crate) mod sync;
pub mod system_events;
#[cfg(test)]
mod tests;
pub mod timeline;
mod token;
pub mod translate;
mod typing;
mod wishes;
