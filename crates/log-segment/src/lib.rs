#![doc = include_str!("../README.md")]

pub mod batches;
#[doc(hidden)]
pub mod blocks;
pub mod codec;
pub mod committer;
pub mod config;
pub mod disk;
pub mod dump;
pub mod engine;
pub mod fjall_index;
pub mod index;
pub mod keys;
pub mod memory_index;
pub mod os_disk;
pub mod refusal;
pub mod scrub;
pub mod segment;
pub mod sim_disk;
pub mod step;
pub mod verify;

mod answers;
mod backoff;
mod checkpoint;
mod clock;
mod driver;
mod folder;
mod hash;
mod intake;
mod numbers;
mod read;
mod reader;
mod recover;
mod replay;
mod rows;
mod spare;
mod state;
mod tail;
mod varint;
mod walk;
mod writer;
