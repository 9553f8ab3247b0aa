//! Messages as they are now: with what their last edits say, and what people added to them.

use crate::api::{Content, EventView, Failure, MessageView, ReactionView, StateView};
use crate::directory::failure;
use crate::executor::record::unsaid;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::{key, message};
use stonechat_domain::attributes::Attributes;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::event::Change;
use stonechat_domain::member::Member;
use stonechat_domain::message::Message;
use stonechat_log::packed;
use stonechat_log::record::StoredEvent;
use stonechat_log::store::{LogError, PageLimit};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// One reader of one conversation.
pub(crate) struct Place<'a> {
    pub node: &'a Node,
    pub reader: &'a Reader,
    pub state: &'a Conversation,
    pub me: &'a Member,
}

impl Place<'_> {
    /// The last event whose effects the reader may see.
    fn upto(&self) -> Seq {
        if self.me.is_active() { Seq(u64::MAX) } else { self.me.visible_upto(self.state.head) }
    }

    /// What became of some messages, in the order of their seqs; `None` where nothing did.
    pub async fn changed(&self, seqs: impl Iterator<Item = Seq>) -> Result<Vec<Option<Message>>, Failure> {
        let keys = seqs.map(|seq| key::message(self.reader.app, self.state.no, seq)).collect();
        let rows = self.node.log.load(keys).await.map_err(failure)?;
        let decoded = rows.iter().map(|row| row.as_deref().map(message::decode).transpose());
        let messages = decoded.collect::<Result<Vec<_>, _>>().map_err(failure)?;
        Ok(messages.into_iter().map(|message| message.and_then(|message| clipped(message, self.upto()))).collect())
    }

    /// One event of the log.
    pub async fn event(&self, seq: Seq) -> Result<Option<EventView>, Failure> {
        let Some(before) = seq.0.checked_sub(1) else { return Ok(None) };
        let limit = PageLimit { items: 1, bytes: PAGE_BYTES };
        let (app, id) = (self.reader.app, self.state.id);
        let page = self.node.log.events(app, id, Seq(before), seq, limit).await.map_err(failure)?;
        page.events.first().map(|event| self.node.open(event)).transpose().map_err(failure)
    }

    /// The messages as they are now.
    pub async fn messages(&self, events: &[StoredEvent]) -> Result<Vec<MessageView>, Failure> {
        let changed = self.changed(events.iter().map(|event| event.header.seq)).await?;
        let mut views = Vec::with_capacity(events.len());
        for (event, changed) in events.iter().zip(changed) {
            let mut view = self.node.open(event).map_err(failure)?;
            let Some(changed) = changed else {
                views.push(MessageView { event: view, state: None });
                continue;
            };
            if changed.recalled.is_some() {
                view.content = Content::Recalled { silent: changed.silent };
            } else if let Some(edit) = changed.edits.last() {
                let attributes = match view.content {
                    Content::Message { attributes, .. } => attributes,
                    Content::Change(_) | Content::Lost | Content::Recalled { .. } => None,
                };
                view.content = said(self.event(edit.seq).await?, attributes);
            }
            let state = self.state(&changed).await?;
            views.push(MessageView { event: view, state: Some(Box::new(state)) });
        }
        Ok(views)
    }

    /// Takes out of events what they say of messages that were taken back since.
    pub async fn withhold_recalled(&self, events: &mut [EventView]) -> Result<(), Failure> {
        let place = (self.reader.app, self.state.no);
        let recalls = &self.node.recalls;
        if !recalls.may_be_above(&*self.node.log, place, Ordinal::ZERO).await.map_err(failure)? {
            return Ok(());
        }
        let of = |event: &EventView| match &event.content {
            Content::Message { .. } | Content::Recalled { .. } => Some(event.id.seq),
            Content::Change(Change::Edited { target, content: Some(_) }) => Some(*target),
            Content::Change(_) | Content::Lost => None,
        };
        let mut telling: Vec<_> = events.iter_mut().filter_map(|event| of(event).map(|seq| (seq, event))).collect();
        let messages = self.changed(telling.iter().map(|(seq, _)| *seq)).await?;
        for ((_, event), message) in telling.iter_mut().zip(messages) {
            let Some(message) = message.filter(|message| message.recalled.is_some()) else { continue };
            event.content = match std::mem::replace(&mut event.content, Content::Lost) {
                Content::Change(change) => Content::Change(unsaid(change)),
                Content::Message { .. } | Content::Lost | Content::Recalled { .. } => {
                    Content::Recalled { silent: message.silent }
                }
            };
        }
        Ok(())
    }

    async fn state(&self, message: &Message) -> Result<StateView, Failure> {
        let mut own = Vec::new();
        if !message.reactions.is_empty() {
            let row = self.node.row(key::reactions(self.reader.app, self.state.no, message.seq)).await?;
            let entry = packed::get(row.as_deref().unwrap_or_default(), &self.reader.user.no.0.to_be_bytes());
            let entry = entry.map_err(|error| failure(LogError::Corrupt(error.to_string())))?;
            own = entry.map(message::decode_own).transpose().map_err(failure)?.unwrap_or_default();
        }
        let reaction = |reaction: &stonechat_domain::message::Reaction| ReactionView {
            own: own.contains(&reaction.emoji),
            emoji: reaction.emoji.clone(),
            count: reaction.count,
        };
        Ok(StateView {
            changed: message.changed,
            edits: message.edits.len() as u32,
            edited_at: message.edits.last().map_or(Timestamp::default(), |edit| edit.at),
            reactions: message.reactions.iter().map(reaction).collect(),
            recalled: message.recalled.as_ref().map(|recall| (recall.by.id.clone(), recall.at)),
            pinned: message.pinned,
        })
    }
}

/// What a message says after an edit, which leaves its attributes.
pub(crate) fn said(edit: Option<EventView>, attributes: Option<Box<Attributes>>) -> Content {
    match edit.map(|edit| edit.content) {
        Some(Content::Change(Change::Edited { content: Some(content), .. })) => {
            Content::Message { body_type: content.body_type, body: content.body, attributes }
        }
        Some(Content::Message { .. } | Content::Change(_) | Content::Lost | Content::Recalled { .. }) | None => {
            Content::Lost
        }
    }
}

/// A message as it was after an event, as far as that is known: of reactions only those counts are that no later event
/// touched. Nothing when it was as it was sent. What was taken back is so for everybody.
fn clipped(mut message: Message, upto: Seq) -> Option<Message> {
    if message.recalled.is_some() {
        message.changed = message.changed.min(upto.max(message.seq));
    } else if message.changed > upto {
        message.edits.retain(|edit| edit.seq <= upto);
        message.reactions.clear();
        message.pinned = false;
        message.changed = message.edits.last()?.seq;
    }
    Some(message)
}

/// About how many bytes a message takes in an answer.
pub(crate) fn weight(view: &MessageView) -> usize {
    const FIXED: usize = 256;
    const REACTION: usize = 80;
    let body = match &view.event.content {
        Content::Message { body, attributes, .. } => {
            body.len() + attributes.as_ref().map_or(0, |attributes| attributes.weight())
        }
        Content::Change(_) | Content::Lost | Content::Recalled { .. } => 0,
    };
    FIXED + body + view.state.as_ref().map_or(0, |state| state.reactions.len() * REACTION)
}

/// How many of some messages one answer takes; at least one. Edits may say more than what was there at first.
pub(crate) fn fitting<'a>(views: impl Iterator<Item = &'a MessageView>) -> usize {
    let mut bytes = 0;
    let fits = views.take_while(|view| {
        let is_first = bytes == 0;
        bytes += weight(view);
        is_first || bytes <= PAGE_BYTES
    });
    fits.count()
}
