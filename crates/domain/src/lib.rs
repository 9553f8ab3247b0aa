#![doc = include_str!("../README.md")]

pub mod attributes;
pub mod conversation;
pub mod decide;
pub mod decide_group;
pub mod event;
pub mod fold;
pub mod fold_group;
pub mod group;
pub mod kind;
pub mod member;
pub mod message;
pub mod permission;
pub mod preferences;
pub mod preview;
pub mod relation;
pub mod unread;
