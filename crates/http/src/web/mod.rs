//! The messenger and the pages beside it: files that were built elsewhere, handed out with their types, their encodings
//! and what a browser may do with them.

pub mod demo;
pub mod files;

mod answer;
mod encoding;
mod policy;

pub(crate) use answer::{fallback, index};
