#![doc = include_str!("../README.md")]

pub mod emoji;
pub mod error_code;
pub mod fields;
pub mod id;
pub mod limits;
pub mod number;
pub mod text;
