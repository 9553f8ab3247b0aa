#![doc = include_str!("../README.md")]

pub mod cli;
pub mod data_folder;
pub mod identity;
pub mod tui;
