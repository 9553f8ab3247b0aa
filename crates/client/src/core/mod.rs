//! The rules of a client, pure: time and randomness come in, actions go out. [`machine::Core`] is the machine.

mod apply;
mod ask;
mod calls;
pub mod change;
pub mod command;
mod conversation;
mod dice;
mod fetch;
mod intervals;
mod journal;
pub mod limits;
mod link;
pub mod machine;
pub mod mutant;
pub mod order;
mod outbox;
mod reads;
mod refusal;
pub mod rows;
#[cfg(test)]
pub(crate) mod simulation;
mod sync;
#[cfg(test)]
mod tests;
pub mod timeline;
mod token;
pub mod translate;
mod typing;
