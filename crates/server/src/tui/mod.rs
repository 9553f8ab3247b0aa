//! `stonechat chat`: the terminal client.

pub mod sanitise;
