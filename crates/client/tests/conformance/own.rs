//! What a device knows of its user, in the words of a script.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stonechat_client::core::change::Change;
use stonechat_client::group::{Asking, AskingState};
use stonechat_client::people::{Profile, Relation};
use stonechat_client::presence::PresenceSettings;
use stonechat_client::quiet::Quiet;
use stonechat_client::state::{Device, SignOutReason};
use stonechat_types::id::Username;
use stonechat_types::number::Timestamp;

use crate::compare::names;

/// All of it, as it was told.
#[derive(Debug, Default)]
pub struct Own {
    profile: Value,
    quiet: Value,
    status: Value,
    relations: BTreeMap<String, Value>,
    devices: BTreeMap<String, Value>,
    asking: BTreeMap<String, Value>,
}

impl Own {
    pub fn tell(&mut self, change: Change) {
        match change {
            Change::Profile(it) => self.profile = profile(&it),
            Change::Quiet(it) => self.quiet = quiet(&it),
            Change::PresenceSettings(it) => self.status = status(&it),
            Change::Relation(it) => drop(self.relations.insert(it.user.to_string(), relation(&it))),
            Change::Device(it) => drop(self.devices.insert(it.id.clone(), device(&it))),
            Change::Asking(it) => drop(self.asking.insert(it.conversation.to_string(), asking(&it))),
            Change::PeopleGone => *self = Self::default(),
            _ => {}
        }
    }

    pub fn check(&self, expected: &Value) {
        let actual = json!({
            "profile": self.profile,
            "quiet": self.quiet,
            "status": self.status,
            "relations": self.relations,
            "devices": self.devices,
            "asking": self.asking,
        });
        assert!(names(expected, &actual), "expected {expected:#}\nfound {actual:#}");
    }
}

fn ms(time: Option<Timestamp>) -> Value {
    time.map(Timestamp::as_millis).into()
}

fn profile(it: &Profile) -> Value {
    json!({
        "display_name": it.user.display_name,
        "username": it.user.username.as_ref().map(Username::as_str),
        "public_fields": it.user.public_fields,
        "private_fields": it.private_fields,
    })
}

fn quiet(it: &Quiet) -> Value {
    let windows = it.hours.windows().iter().map(|it| json!([it.days().bits(), it.from(), it.upto()]));
    json!({"paused_until": ms(it.paused_until), "windows": windows.collect::<Vec<_>>()})
}

fn status(it: &PresenceSettings) -> Value {
    let says = it.status.as_ref().map(|status| format!("{} {}", status.emoji, status.text).trim().to_owned());
    json!({"says": says, "invisible": it.invisible})
}

fn relation(it: &Relation) -> Value {
    json!({
        "contact": it.contacts_since.is_some(),
        "blocked": it.blocks_since.is_some(),
        "incoming": it.incoming.as_ref().map(|request| &request.message),
        "outgoing": it.outgoing.as_ref().map(|request| &request.message),
        "declined": it.declined.as_ref().map(|(reason, _)| reason),
        "alias": it.remarks.alias,
        "tags": it.remarks.tags,
    })
}

fn device(it: &Device) -> Value {
    let reason = it.signed_out.map(|(reason, _)| match reason {
        SignOutReason::User => "user",
        SignOutReason::Replaced => "replaced",
        SignOutReason::App | SignOutReason::Unspecified => "app",
    });
    json!({"name": it.name, "revoked": it.revoked, "signed_out_by": reason})
}

fn asking(it: &Asking) -> Value {
    let state = match it.state {
        AskingState::Applied => "applied",
        AskingState::Invited => "invited",
        AskingState::Nothing => "nothing",
    };
    json!({"state": state, "title": it.title})
}
