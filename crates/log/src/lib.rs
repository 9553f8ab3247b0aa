#![doc = include_str!("../README.md")]

pub mod activity;
pub mod contract;
pub mod memory;
pub mod packed;
pub mod personal;
pub mod record;
pub mod row;
pub mod store;
pub mod vault;
