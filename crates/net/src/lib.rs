#![doc = include_str!("../README.md")]

pub mod connection;
pub mod drain;
pub mod events;
pub mod framing;
pub mod machine;
pub mod metrics;
pub mod outbound;
mod pool;
pub mod tcp;
pub mod time;
pub mod websocket;
pub mod wire;
