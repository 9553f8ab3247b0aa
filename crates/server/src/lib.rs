#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
pub mod content;
pub mod data_folder;
pub mod doctor;
pub mod identity;
pub mod log_tools;
pub mod serve;
pub mod telemetry;
pub mod tui;
