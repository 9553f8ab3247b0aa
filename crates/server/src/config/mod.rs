//! The configuration: one TOML file and variables `STONECHAT_SECTION__KEY`, and which of them a value came from.
//!
//! [`table`] lists every setting once: its kind, bounds, default and help. Sources are layered by the `config` crate
//! (default, file, variables, flags), `reading` makes [`settings::Settings`] of the result and collects everything
//! that is wrong, so that an operator mends it in one go.

pub mod example;
pub mod loading;
pub mod problem;
mod reading;
pub mod settings;
pub mod show;
mod sources;
pub mod table;

#[cfg(test)]
mod loading_tests;
