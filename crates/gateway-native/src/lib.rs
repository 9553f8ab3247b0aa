#![doc = include_str!("../README.md")]

mod actions;
pub mod content;
pub mod decode;
pub mod encode;
mod encode_group;
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod parse;
pub mod parse_group;
mod people;
mod preferences;
mod presence;
mod quiet;
mod receipts;
pub mod session;

#[cfg(test)]
mod tests;
