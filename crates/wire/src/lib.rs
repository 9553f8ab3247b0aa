#![doc = include_str!("../README.md")]

pub mod body;
pub mod fallback;
pub mod frame;
pub mod json;

/// The messages of version 1, made from `proto/stonechat/v1/native.proto`, which documents them.
#[allow(missing_docs, clippy::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/stonechat.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/stonechat.v1.serde.rs"));
}
