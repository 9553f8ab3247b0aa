//! The oracle on what belongs to a user alone: what he removed and prefers is what his commands asked, and every device of
//! his has it as the server stored it last.

use crate::device::Device;
use crate::ledger::{Ledger, Removal};
use crate::model::Model;
use crate::world::World;
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use stonechat_app::api::PersonalItem;
use stonechat_app::rows::{key, personal, user};
use stonechat_client::store::memory::Tables;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::plays::Plays;
use stonechat_domain::stars::Stars;
use stonechat_log::record::FeedRecord;
use stonechat_log::store::Log as _;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, Ordinal, PersonalSeq, Seq, UserNo};
use stonechat_wire::v1::personal_change::Change;

/// The last word on each entry of the users' personal state.
#[derive(Debug, Default)]
pub struct Own(BTreeMap<(UserNo, Vec<u8>), (PersonalSeq, PersonalItem)>);

impl Own {
    /// Takes a record of the feed.
    ///
    /// # Errors
    /// When an entry is not in its form, or its number does not grow.
    pub fn add(&mut self, record: &FeedRecord) -> anyhow::Result<()> {
        for (write, seq) in &record.personal {
            let Some(value) = &write.value else { continue };
            let Some(item) = personal::decode(&write.key, value)? else { continue };
            let before = self.0.insert((write.user_no, write.key.to_vec()), (*seq, item));
            ensure!(before.is_none_or(|(before, _)| before < *seq), "a personal change has the number {seq} again");
        }
        Ok(())
    }

    fn deletions(&self, user: UserNo) -> impl Iterator<Item = (ConversationId, &Deletions)> {
        let of_him = self.0.iter().filter(move |((no, _), _)| *no == user);
        of_him.filter_map(|(_, (_, item))| match item {
            PersonalItem::Deletions(conversation, deletions) => Some((*conversation, &**deletions)),
            _ => None,
        })
    }

    fn stars(&self, user: UserNo) -> impl Iterator<Item = (ConversationId, &Stars)> {
        let of_him = self.0.iter().filter(move |((no, _), _)| *no == user);
        of_him.filter_map(|(_, (_, item))| match item {
            PersonalItem::Stars(conversation, stars) => Some((*conversation, &**stars)),
            _ => None,
        })
    }

    /// What a user knows of the voice messages of each conversation.
    pub(crate) fn plays(&self, user: UserNo) -> impl Iterator<Item = (ConversationId, &Plays)> {
        let of_him = self.0.iter().filter(move |((no, _), _)| *no == user);
        of_him.filter_map(|(_, (_, item))| match item {
            PersonalItem::Plays(conversation, plays) => Some((*conversation, &**plays)),
            _ => None,
        })
    }

    /// The entries that devices keep and that are compared here, by their keys in the store.
    fn kept(&self, user: UserNo) -> BTreeMap<String, (u64, &PersonalItem)> {
        let of_him = self.0.iter().filter(|((no, _), _)| *no == user);
        let named = of_him.filter_map(|(_, (seq, item))| {
            let name = match item {
                PersonalItem::Deletions(conversation, _) => format!("deletions.{conversation}"),
                PersonalItem::Preferences(conversation, _) => format!("preferences.{conversation}"),
                PersonalItem::Stars(conversation, _) => format!("stars.{conversation}"),
                PersonalItem::Plays(conversation, _) => format!("plays.{conversation}"),
                PersonalItem::Quiet(_) => "quiet".to_owned(),
                _ => return None,
            };
            Some((name, (seq.0, item)))
        });
        named.collect()
    }
}

impl World {
    /// Gives the conversations of the model what each user removed from them.
    pub(crate) fn know_own(&self, model: &mut Model) -> anyhow::Result<()> {
        let node = self.node.as_ref().context("the server does not run")?;
        for name in &self.users {
            let (log, row) = (node.log.clone(), vec![key::user(AppId::DEFAULT, name)]);
            let rows = node.block_on(async move { log.load(row).await })?;
            let Some(Some(row)) = rows.into_iter().next() else { continue };
            let no = user::decode(&row)?.user.no;
            model.users.insert(name.clone(), no);
            for (id, deletions) in model.own.deletions(no) {
                let conversation = model.conversations.get_mut(&id);
                let conversation = conversation.with_context(|| format!("{name} removed messages from {id}"))?;
                conversation.removed.insert(name.clone(), deletions.clone());
            }
        }
        Ok(())
    }
}

/// What is removed is what was asked: all of what was acknowledged, and nothing else.
pub(crate) fn check_removed(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    let nothing = Deletions::default();
    for ((user, _), removal) in &ledger.removals_for_oneself {
        let Removal { conversation, seqs, cleared_upto, acknowledged } = removal;
        let Some(log) = model.conversations.get(conversation).filter(|_| *acknowledged) else { continue };
        let removed = log.removed.get(user).unwrap_or(&nothing);
        for seq in seqs {
            ensure!(removed.holds(Seq(*seq)), "{user} removed {conversation}.{seq}, and it is there");
        }
        let head = log.head(user).0;
        let mut cleared = log.messages(user).filter(|entry| entry.seq <= (*cleared_upto).min(head));
        let left = cleared.find(|entry| !removed.holds_ordinal(Ordinal(entry.ordinal)) && log.is_member(user));
        ensure!(left.is_none(), "{user} cleared {conversation} up to {cleared_upto}, and {left:?} is there");
    }
    for (id, log) in &model.conversations {
        for (user, removed) in &log.removed {
            let of_him =
                || ledger.removals_for_oneself.iter().filter(|((of, _), it)| of == user && it.conversation == *id);
            for entry in log.messages(user).filter(|entry| removed.holds_ordinal(Ordinal(entry.ordinal))) {
                ensure!(removed.holds(Seq(entry.seq)), "{id}.{} is removed by half", entry.seq);
                let asked = of_him().any(|(_, it)| it.seqs.contains(&entry.seq) || entry.seq <= it.cleared_upto);
                ensure!(asked, "{id}.{} is removed for {user}, who did not ask for it", entry.seq);
            }
        }
    }
    Ok(())
}

/// What is starred was asked for, and is there to be seen by whoever starred it.
pub(crate) fn check_stars(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    for (user, no) in &model.users {
        for (id, stars) in model.own.stars(*no) {
            let log = model.conversations.get(&id).with_context(|| format!("{user} starred something in {id}"))?;
            for star in stars.all() {
                let (seq, ordinal) = (star.place.seq.0, star.place.ordinal.0);
                let entry = log.entries.get((seq as usize).wrapping_sub(1));
                let is_message = entry.is_some_and(|entry| entry.kind.countable() && entry.ordinal == ordinal);
                ensure!(is_message, "{user} starred {id}.{seq}, which is no message of the ordinal {ordinal}");
                ensure!(log.sees(user, seq), "{user} starred {id}.{seq}, which he may not see");
                ensure!(!is_removed(log, user, ordinal), "{user} removed {id}.{seq}, and it is starred");
                let asked = ledger.starred.contains(&(user.clone(), id, seq));
                ensure!(asked, "{id}.{seq} is starred by {user}, who did not ask for it");
            }
        }
    }
    Ok(())
}

/// A device has every entry as it was stored last.
pub(crate) fn check_entries(device: &Device, model: &Model) -> anyhow::Result<()> {
    let Some(no) = model.users.get(&device.user) else { return Ok(()) };
    let tables = device.store.tables();
    let expected = model.own.kept(*no);
    for (name, (seq, item)) in &expected {
        let entry = tables.entries.get(name).with_context(|| format!("it does not have {name}"))?;
        ensure!(entry.personal_seq == *seq, "its {name} is that of {} and not {seq}", entry.personal_seq);
        if let (PersonalItem::Deletions(_, deletions), Some(Change::Deletions(wire))) = (item, &entry.change) {
            let runs = wire.runs.iter().map(|run| (run.from_ordinal, run.upto_ordinal));
            let expected = deletions.runs().iter().map(|run| (run.first.ordinal.0, run.last.ordinal.0));
            ensure!(runs.eq(expected), "its {name} is {wire:?} and not {deletions:?}");
        }
        if let (PersonalItem::Plays(_, plays), Some(Change::Plays(wire))) = (item, &entry.change) {
            let others = wire.by_others.iter().map(|it| (it.seq, it.players));
            let is_same = wire.floor_seq == plays.floor().0
                && wire.played_seqs.iter().copied().eq(plays.mine().iter().map(|seq| seq.0))
                && others.eq(plays.others().iter().map(|played| (played.seq.0, played.by)));
            ensure!(is_same, "its {name} is {wire:?} and not {plays:?}");
        }
    }
    let waiting = tables.conversations.values().find(|row| !row.plays_unconfirmed.is_empty());
    ensure!(waiting.is_none(), "what was played is not confirmed: {waiting:?}");
    let kinds = ["deletions.", "preferences.", "stars.", "plays.", "quiet"];
    let is_ours = |name: &&String| kinds.iter().any(|kind| name.starts_with(kind));
    let more = tables.entries.keys().filter(is_ours).find(|name| !expected.contains_key(*name));
    ensure!(more.is_none(), "it has {more:?}, which nobody stored");
    Ok(())
}

/// Whether a user removed a message for himself.
pub(crate) fn is_removed(log: &crate::model::Conversation, user: &UserId, ordinal: u64) -> bool {
    log.removed.get(user).is_some_and(|removed| removed.holds_ordinal(Ordinal(ordinal)))
}

/// Whether a device knows that its user muted a conversation. In a run that is for good.
pub(crate) fn is_muted(tables: &Tables, conversation: ConversationId) -> bool {
    let entry = tables.entries.get(&format!("preferences.{conversation}"));
    matches!(entry.and_then(|entry| entry.change.as_ref()), Some(Change::Preferences(it)) if it.muted_until != 0)
}
