#![doc = include_str!("../README.md")]

mod actions;
pub mod decode;
pub mod encode;
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod parse;
mod people;
pub mod session;

#[cfg(test)]
mod tests;
