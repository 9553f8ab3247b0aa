#![doc = include_str!("../README.md")]

pub mod account;
pub mod client;
pub mod content;
pub mod content_types;
pub mod conversation;
pub mod core;
pub mod deletions;
pub mod driver;
pub mod error;
pub mod events;
pub mod group;
pub mod messages;
pub mod people;
pub mod played;
pub mod preferences;
pub mod presence;
pub mod quiet;
pub mod search;
pub mod send;
pub mod stars;
pub mod state;
pub mod store;
pub mod system_event;
pub mod timeline;
mod views;
