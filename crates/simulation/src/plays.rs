//! The oracle on voice messages that were played: each of whom it is told has said so, whoever said so is told of where
//! members are told, and nothing is known of what was taken back.

use crate::ledger::Ledger;
use crate::model::{Conversation, Model};
use crate::world::World;
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::collections::BTreeSet;
use stonechat_app::api::{Answer, Call, ListReaders, Receipt};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, Seq};

/// Members of a page: few, so that there is more than one.
const PAGE: u32 = 1;

/// What is known as played was played by whom it is said of, and is there to be played.
pub(crate) fn check_plays(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    for (user, no) in &model.users {
        for (id, plays) in model.own.plays(*no) {
            let log = model.conversations.get(&id).with_context(|| format!("{user} played something in {id}"))?;
            for seq in plays.mine() {
                let author = author(log, seq.0).with_context(|| format!("{id}.{seq} is no message, and was played"))?;
                ensure!(author != user, "{user} played {id}.{seq}, which is his own");
                let asked = ledger.played.contains_key(&(user.clone(), id, seq.0));
                ensure!(asked, "{id}.{seq} was played by {user}, who did not say so");
            }
            for played in plays.others() {
                let seq = played.seq.0;
                ensure!(author(log, seq) == Some(user), "{user} is told of {id}.{seq}, which is not his own");
                let is_recalled = log.messages.get(&seq).is_some_and(|now| now.recalled.is_some());
                ensure!(!is_recalled, "{id}.{seq} was taken back, and {user} is told that it was played");
                let asked = ledger.played.keys().filter(|(_, at, of)| (*at, *of) == (id, seq)).count();
                ensure!(played.by as usize <= asked, "{} played {id}.{seq}, and {asked} said so", played.by);
            }
        }
    }
    for ((user, id, seq), is_acknowledged) in &ledger.played {
        let Some(no) = model.users.get(user).filter(|_| *is_acknowledged) else { continue };
        let holds = model.own.plays(*no).any(|(at, plays)| at == *id && plays.holds(Seq(*seq)));
        ensure!(holds, "{user} has played {id}.{seq}, and it is not known");
    }
    Ok(())
}

fn author(log: &Conversation, seq: u64) -> Option<&UserId> {
    let entry = log.entries.get((seq as usize).checked_sub(1)?)?;
    entry.kind.countable().then_some(&entry.sender)
}

impl World {
    /// The server lists those who said that they have played a message, and the author is told how many they are.
    pub(crate) fn check_players(&self, model: &Model) -> anyhow::Result<()> {
        let all: BTreeSet<_> = self.ledger.played.keys().map(|(_, id, seq)| (*id, *seq)).collect();
        for (id, seq) in all {
            let Some(log) = model.conversations.get(&id) else { continue };
            let Some(author) = author(log, seq).filter(|author| log.is_member(author)) else { continue };
            self.check_players_of(model, (id, log), (seq, author)).with_context(|| format!("who played {id}.{seq}"))?;
        }
        Ok(())
    }

    fn check_players_of(
        &self,
        model: &Model,
        (id, log): (ConversationId, &Conversation),
        (seq, author): (u64, &UserId),
    ) -> anyhow::Result<()> {
        let Some(listed) = self.players(author, id, seq)? else { return Ok(()) };
        let key = |user: &UserId| (user.clone(), id, seq);
        let unasked = listed.iter().find(|user| !self.ledger.played.contains_key(&key(user)));
        ensure!(unasked.is_none(), "{unasked:?} did not say so");
        // Where nobody was ever kept from hearing of it, everybody is told of who is still a member.
        let is_told = match id.kind() {
            ConversationKind::Direct => {
                let other = log.visible.keys().find(|user| *user != author);
                other.is_none_or(|other| !self.ledger.ever_blocked(author, other))
            }
            _ => log.group.settings.is_none(),
        };
        let never_left = |user: &UserId| log.visible.get(user).is_some_and(|intervals| intervals.len() == 1);
        if !is_told || !never_left(author) {
            return Ok(());
        }
        let said =
            self.ledger.played.iter().filter(|((_, at, of), acknowledged)| (*at, *of) == (id, seq) && **acknowledged);
        for ((user, ..), _) in said.filter(|((user, ..), _)| log.is_member(user) && log.sees(user, seq)) {
            ensure!(listed.contains(user), "{user} has, and is not listed");
        }
        let plays = model.users.get(author).and_then(|no| model.own.plays(*no).find(|(at, _)| *at == id));
        let counted = plays.map_or(0, |(_, plays)| plays.by_others(Seq(seq))) as usize;
        ensure!(counted >= listed.len(), "{} are listed, and {author} is told of {counted}", listed.len());
        Ok(())
    }

    /// Who is listed; `None` where nobody is told, or there is nothing to play any more.
    fn players(&self, user: &UserId, id: ConversationId, seq: u64) -> anyhow::Result<Option<BTreeSet<UserId>>> {
        let node = self.node.as_ref().context("the server does not run")?;
        let (mut all, mut page) = (BTreeSet::new(), Bytes::new());
        loop {
            let (receipt, read, limit) = (Receipt::Played, true, PAGE);
            let call = Call::ListReaders(ListReaders { conversation: id, seq: Seq(seq), receipt, read, page, limit });
            let (app, user) = (node.app.clone(), user.clone());
            match node.block_on(async move { app.call_as(AppId::DEFAULT, user, call).await }) {
                Ok(Answer::Members(found)) => {
                    all.extend(found.members.into_iter().map(|member| member.user.id));
                    page = found.next;
                }
                Ok(other) => bail!("the list is {other:?}"),
                Err(failure) if matches!(failure.code, ErrorCode::Forbidden | ErrorCode::NotFound) => return Ok(None),
                Err(failure) => bail!("the server refuses: {failure:?}"),
            }
            if page.is_empty() {
                return Ok(Some(all));
            }
        }
    }
}
