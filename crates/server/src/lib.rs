#![doc = include_str!("../README.md")]

pub mod data_folder;
pub mod identity;
