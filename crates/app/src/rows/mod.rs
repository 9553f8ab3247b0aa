//! The application's rows: their keys, their bytes, and how they follow from a message.

pub mod attributes;
pub mod change;
pub mod codec;
pub mod column;
pub mod conversation;
pub mod dedup;
pub mod deletions;
pub mod derive;
pub mod follower;
pub mod group;
pub mod key;
pub mod member;
pub mod message;
pub mod personal;
pub mod plays;
pub mod preferences;
pub mod presence;
pub mod profile;
pub mod quiet;
pub mod relation;
pub mod scrub;
pub mod stars;
pub mod user;
