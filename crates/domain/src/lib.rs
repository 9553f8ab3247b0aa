#![doc = include_str!("../README.md")]

pub mod conversation;
pub mod decide;
pub mod event;
pub mod fold;
pub mod kind;
pub mod member;
pub mod message;
pub mod preview;
pub mod relation;
pub mod unread;
