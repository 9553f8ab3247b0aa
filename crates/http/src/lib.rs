#![doc = include_str!("../README.md")]

mod attributes;
pub mod backend;
pub mod error;
pub mod metrics;
pub mod peer;
pub mod router;
pub mod state;

mod endpoint;
mod extract;
mod guard;
mod text_body;

#[cfg(test)]
mod stub;
