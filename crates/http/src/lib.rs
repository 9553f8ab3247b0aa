#![doc = include_str!("../README.md")]

mod attributes;
pub mod backend;
mod conversation_body;
mod entities;
pub mod error;
mod message_body;
pub mod metrics;
mod paging;
pub mod peer;
pub mod router;
pub mod state;
pub mod web;

mod endpoint;
mod extract;
mod guard;
mod text_body;
mod user_body;

#[cfg(test)]
mod stub;
