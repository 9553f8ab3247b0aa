#![doc = include_str!("../README.md")]

pub mod decode;
pub mod encode;
pub mod gateway;
pub mod parse;
pub mod session;

#[cfg(test)]
mod tests;
