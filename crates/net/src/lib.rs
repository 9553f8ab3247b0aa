#![doc = include_str!("../README.md")]

pub mod admission;
pub mod connection;
pub mod drain;
pub mod events;
pub mod framing;
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod listener;
pub mod machine;
pub mod metrics;
pub mod outbound;
mod patience;
mod pool;
mod rate;
pub mod server;
pub mod tcp;
pub mod time;
pub mod tls;
pub mod websocket;
pub mod wire;
