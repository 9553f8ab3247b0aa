//! The rules of a client, pure: time and randomness come in, actions go out.

pub mod change;
pub mod command;
pub mod order;
pub mod rows;
pub mod timeline;
pub mod translate;
