#![doc = include_str!("../README.md")]

pub mod events;
pub mod framing;
pub mod machine;
pub mod outbound;
mod pool;
pub mod tcp;
pub mod websocket;

pub use pool::READ_BYTES_MAX;
