//! The oracle on presence: what users say of themselves is a register that was written in some order which agrees with what
//! was acknowledged, their devices have it, and whoever watches others sees them as the server would show them now.

use crate::device::Device;
use crate::ledger::Key;
use crate::world::World;
use anyhow::{Context as _, bail, ensure};
use std::collections::BTreeMap;
use stonechat_app::api::{Answer, Call, PresenceView};
use stonechat_client::presence::Presence;
use stonechat_domain::presence::{Availability, PresenceSettings, WhoMaySee};
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::{self, personal_change};

/// What users were to say of themselves, by the commands.
#[derive(Clone, Debug, Default)]
pub struct Register(BTreeMap<Key, Written>);

#[derive(Clone, Debug, Default)]
struct Written {
    text: String,
    /// The moment of the first attempt.
    first_said: u64,
    /// The moment of the first acknowledgement; 0 before it.
    first_acked: u64,
}

impl Register {
    /// A command is sent, perhaps not for the first time.
    pub fn said(&mut self, key: Key, set: &v1::SetPresence, now: u64) {
        let text = set.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
        self.0.entry(key).or_insert(Written { text, first_said: now, first_acked: 0 });
    }

    /// A command is acknowledged, perhaps not for the first time.
    pub fn acked(&mut self, key: &Key, now: u64) {
        if let Some(written) = self.0.get_mut(key).filter(|written| written.first_acked == 0) {
            written.first_acked = now;
        }
    }

    /// What a user says is what he wrote last, in some order that what was acknowledged allows.
    fn check(&self, user: &UserId, text: Option<&str>) -> anyhow::Result<()> {
        let his = || self.0.iter().filter(|((of, _), _)| of == user).map(|(_, written)| written);
        let acked = || his().filter(|written| written.first_acked > 0);
        let Some(text) = text else {
            ensure!(acked().next().is_none(), "his status was acknowledged and is gone");
            return Ok(());
        };
        let written = his().find(|written| written.text == text).with_context(|| format!("nobody wrote {text:?}"))?;
        let later = acked().find(|later| written.first_acked > 0 && later.first_said > written.first_acked);
        ensure!(later.is_none(), "his status is {text:?}, and {later:?} was written after it");
        Ok(())
    }
}

impl World {
    /// What users say of themselves, and what is seen of them.
    pub(crate) fn check_presence(&self) -> anyhow::Result<()> {
        for user in &self.users {
            let Answer::PresenceSettings(settings) = self.ask_as(user, Call::GetPresenceSettings)? else {
                bail!("settings are no settings");
            };
            let text = settings.status.as_ref().and_then(|status| status.text.as_ref()).map(|text| text.as_str());
            self.ledger.presence.check(user, text).with_context(|| format!("the presence of {user}"))?;
            for device in self.devices.iter().filter(|device| device.user == *user) {
                let (stored, expected) = (stored(device), plain(&settings));
                ensure!(stored == expected, "device {} has {stored:?} and not {expected:?}", device.index);
            }
        }
        for device in self.devices.iter().filter(|device| !device.watched.is_empty()) {
            let Answer::Presences(views) = self.ask_as(&device.user, Call::GetPresence(device.watched.clone()))? else {
                bail!("presence is no presence");
            };
            // Who did not exist when the device began to watch is not watched.
            let known = views.iter().filter(|view| device.presences.contains_key(&view.user));
            let expected: BTreeMap<_, _> = known.map(|view| (view.user.clone(), shown(view))).collect();
            let seen: BTreeMap<_, _> = device.presences.iter().map(|(user, it)| (user.clone(), seen(it))).collect();
            let place = || format!("device {} of {}", device.index, device.user);
            ensure!(seen == expected, "{} sees {seen:?} and not {expected:?}", place());
        }
        Ok(())
    }
}

/// The text, who may see, who may see when last, and invisible.
type Plain = (String, i32, i32, bool);

fn plain(settings: &PresenceSettings) -> Plain {
    let who = |who| match who {
        WhoMaySee::Everybody => v1::WhoMaySee::Everybody.into(),
        WhoMaySee::Contacts => v1::WhoMaySee::Contacts.into(),
        WhoMaySee::Nobody => v1::WhoMaySee::Nobody.into(),
    };
    let text = settings.status.as_ref().and_then(|status| status.text.as_ref());
    let text = text.map(|text| text.as_str().to_owned()).unwrap_or_default();
    (text, who(settings.who_may_see), who(settings.who_may_see_last_seen), settings.invisible)
}

fn stored(device: &Device) -> Plain {
    let tables = device.store.tables();
    match tables.entries.get("presence").map(|entry| &entry.change) {
        Some(Some(personal_change::Change::Presence(it))) => {
            let text = it.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
            (text, it.who_may_see, it.who_may_see_last_seen, it.invisible)
        }
        _ => plain(&PresenceSettings::default()),
    }
}

/// Whether he is there, from how many classes of devices, since when not, and what he says.
type Seen = (Availability, usize, Option<Timestamp>, String);

fn shown(view: &PresenceView) -> Seen {
    let shown = &view.shown;
    let text = shown.status.as_ref().and_then(|status| status.text.as_ref());
    let text = text.map(|text| text.as_str().to_owned()).unwrap_or_default();
    (shown.availability, shown.platforms.iter().count(), shown.last_seen, text)
}

fn seen(presence: &Presence) -> Seen {
    let text = presence.status.as_ref().map(|status| status.text.clone()).unwrap_or_default();
    (presence.availability, presence.platforms.len(), presence.last_seen, text)
}
