//! `stonechat chat`: the terminal client.
//!
//! ```text
//!  SDK streams ─┐                            ┌─► terminal      (view: state → screen, pure)
//!  keys, ticks ─┴─► Msg ─► update: state ────┤
//!                          (pure)            └─► Effect ─► SDK calls, bell
//! ```
//!
//! `state`, `update` and `view` know no terminal, no network and no clock, so tests press keys and look at the screen.
//! `run` joins them with the world.

// An edge: the terminal and its clock.
#![allow(clippy::disallowed_methods)]

pub mod answers;
pub mod areas;
pub mod cells;
pub mod composer;
pub mod dialog;
pub mod doing;
pub mod found;
pub mod happened;
pub mod help;
pub mod keys;
pub mod menu;
pub mod menu_chat;
mod menu_group;
pub mod menu_message;
pub mod menu_people;
pub mod message;
pub mod notice;
pub mod palette;
pub mod rows;
pub mod run;
pub mod sanitise;
pub mod screen;
pub mod scroll;
pub mod state;
pub mod steady;
pub mod update;
pub mod view;
pub mod wish;
pub mod words;

#[cfg(test)]
mod tests;
