#![doc = include_str!("../README.md")]

pub mod api;
pub mod live;
pub mod ports;
pub mod session;
