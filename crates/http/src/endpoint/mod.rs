//! One file an endpoint: what it takes, what it refuses, its tests.

pub(crate) mod admission;
pub(crate) mod change_conversation;
pub(crate) mod change_message;
pub(crate) mod content_types;
pub(crate) mod conversations;
pub(crate) mod create_conversation;
pub(crate) mod create_token;
pub(crate) mod devices;
pub(crate) mod health;
pub(crate) mod home;
pub(crate) mod list_members;
pub(crate) mod list_messages;
pub(crate) mod list_readers;
pub(crate) mod message_history;
pub(crate) mod metrics_page;
pub(crate) mod openapi;
pub(crate) mod preferences;
pub(crate) mod presence;
pub(crate) mod put_user;
pub(crate) mod quiet;
pub(crate) mod reading;
pub(crate) mod relations;
pub(crate) mod send_message;
pub(crate) mod stars;
