//! Who is writing: told at most every 3 s, and forgotten after 6 s.

use std::collections::BTreeMap;

use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::{self, frame::Body};

use crate::core::change::Change;
use crate::core::command::{Reply, Ticket};
use crate::core::limits::{TYPING_EVERY_MS, TYPING_FOR_MS};
use crate::core::machine::Core;

/// Who is writing where, others and the user himself.
#[derive(Debug, Default)]
pub struct Typists {
    others: BTreeMap<ConversationId, BTreeMap<UserId, u64>>,
    own: BTreeMap<ConversationId, Own>,
}

#[derive(Debug)]
struct Own {
    told_at: Option<u64>,
    until: u64,
}

impl Typists {
    /// When somebody is next taken to have stopped.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let others = self.others.values().flat_map(BTreeMap::values).copied();
        others.chain(self.own.values().map(|own| own.until)).min()
    }
}

impl Core {
    pub(super) fn on_typing(&mut self, ticket: Ticket, conversation: ConversationId, active: bool) {
        self.journal.reply(ticket, Ok(Reply::Done));
        let (now, up) = (self.now_ms(), self.link.is_up());
        if !active {
            if let Some(own) = self.typists.own.remove(&conversation)
                && own.told_at.is_some()
                && up
            {
                self.signal(typing(&conversation, false));
            }
            return;
        }
        let own = self.typists.own.entry(conversation).or_insert(Own { told_at: None, until: 0 });
        own.until = now + TYPING_FOR_MS;
        if up && own.told_at.is_none_or(|told| told + TYPING_EVERY_MS <= now) {
            own.told_at = Some(now);
            self.signal(typing(&conversation, true));
        }
    }

    pub(super) fn on_typing_now(&mut self, typing: &v1::TypingNow) {
        let (Ok(conversation), Ok(user)) = (typing.conversation_id.parse(), UserId::new(&typing.user_id)) else {
            return;
        };
        if user == *self.me() || !self.conversations.contains_key(&conversation) {
            return;
        }
        let until = self.now_ms() + TYPING_FOR_MS;
        let users = self.typists.others.entry(conversation).or_default();
        let changed = if typing.active { users.insert(user, until).is_none() } else { users.remove(&user).is_some() };
        if changed {
            self.tell_typing(conversation);
        }
    }

    /// A message of somebody says that he stopped.
    pub(super) fn stopped_typing(&mut self, conversation: ConversationId, user: &UserId) {
        if let Some(users) = self.typists.others.get_mut(&conversation)
            && users.remove(user).is_some()
        {
            self.tell_typing(conversation);
        }
    }

    /// Without a connection nobody is known to be writing.
    pub(super) fn forget_typing(&mut self) {
        self.typists.own.clear();
        for conversation in self.typists.others.keys().copied().collect::<Vec<_>>() {
            self.typists.others.insert(conversation, BTreeMap::new());
            self.tell_typing(conversation);
        }
    }

    pub(super) fn on_typing_time(&mut self) {
        let now = self.now_ms();
        let silent = |until: &u64| *until <= now;
        let stopped: Vec<_> =
            self.typists.others.iter().filter(|(_, users)| users.values().any(silent)).map(|(id, _)| *id).collect();
        for conversation in stopped {
            if let Some(users) = self.typists.others.get_mut(&conversation) {
                users.retain(|_, until| *until > now);
            }
            self.tell_typing(conversation);
        }
        let own: Vec<_> = self.typists.own.iter().filter(|(_, own)| own.until <= now).map(|(id, _)| *id).collect();
        for conversation in own {
            self.typists.own.remove(&conversation);
            if self.link.is_up() {
                self.signal(typing(&conversation, false));
            }
        }
    }

    fn tell_typing(&mut self, conversation: ConversationId) {
        let Some(users) = self.typists.others.get(&conversation) else { return };
        let names = users.keys().cloned().collect();
        if users.is_empty() {
            self.typists.others.remove(&conversation);
        }
        self.journal.tell(Change::Typing(conversation, names));
    }
}

fn typing(conversation: &ConversationId, active: bool) -> Body {
    Body::Typing(v1::Typing { conversation_id: conversation.to_string(), active })
}
