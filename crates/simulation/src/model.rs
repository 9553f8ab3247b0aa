//! What the log says, read from the feed and folded by rules of its own: the reference for servers and devices.

use crate::ledger::{Key, Ledger};
use crate::own::{Own, is_removed};
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_app::rows::attributes;
use stonechat_app::rows::change;
use stonechat_app::seal::{AuthorKeys, Opened, Place};
use stonechat_domain::attributes::Attributes;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::event::Change;
use stonechat_domain::group::{Asking, GroupChange, Info, JoinMode, LinkId, Settings, Who};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::Role;
use stonechat_log::record::{Event, FeedRecord};
use stonechat_log::vault::Vault;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{LanePosition, UserNo};

/// One event.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// Countable messages up to it.
    pub ordinal: u64,
    /// Its kind.
    pub kind: EventKind,
    /// Who did it.
    pub sender: UserId,
    /// His id of it.
    pub key: Key,
    /// The cursor that it carried.
    pub read_upto: u64,
    /// When.
    pub sent_at: i64,
    /// The body of a message; `None` when it is damaged.
    pub body: Option<Bytes>,
    /// What a message carries beside it.
    pub attributes: Option<Box<Attributes>>,
}

/// One interval of seqs that a user may see, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The first.
    pub from: u64,
    /// The last; `None` while he is a member.
    pub upto: Option<u64>,
    /// Messages before it.
    pub floor: u64,
}

/// One conversation.
#[derive(Clone, Debug, Default)]
pub struct Conversation {
    /// All events, by seq from 1.
    pub entries: Vec<Entry>,
    /// What each user may see.
    pub visible: BTreeMap<UserId, Vec<Visible>>,
    /// The roles of the members.
    pub roles: BTreeMap<UserId, Role>,
    /// The title.
    pub title: String,
    /// What a group is besides, but for what each member is of it.
    pub group: Besides,
    /// What each user is called, until when he may not write, and until when he is kept out.
    pub measures: BTreeMap<UserId, (String, i64, i64)>,
    /// Who asks to be let in, or is asked to come in.
    pub asking: BTreeMap<UserId, Asking>,
    /// What messages are now, by seq.
    pub messages: BTreeMap<u64, Now>,
    /// What each user removed for himself.
    pub removed: BTreeMap<UserId, Deletions>,
}

/// What a group is besides its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Besides {
    /// What it says of itself.
    pub info: Info,
    /// Its settings; `None` are those of its kind.
    pub settings: Option<Settings>,
    /// The event of the announcement, and its text.
    pub announcement: Option<(u64, String)>,
    /// Whether it has ended.
    pub dissolved: bool,
    /// The links by which one joins: until when, and how many may still.
    pub links: BTreeMap<LinkId, (i64, Option<u32>)>,
}

/// A message as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// What it says; `None` when that is damaged.
    pub body: Option<Bytes>,
    /// The last event that changed it.
    pub changed: u64,
    /// How often it was edited.
    pub edits: u32,
    /// Who added what.
    pub reactions: BTreeMap<String, BTreeSet<UserId>>,
    /// Who recalled it.
    pub recalled: Option<UserId>,
    /// Whether it is pinned.
    pub pinned: bool,
}

impl Now {
    /// What somebody is shown of the reactions: emoji, count, and whether he is one of them.
    #[must_use]
    pub fn shown(&self, user: &UserId) -> BTreeSet<(String, u32, bool)> {
        let some = self.reactions.iter().filter(|(_, users)| !users.is_empty());
        some.map(|(emoji, users)| (emoji.clone(), users.len() as u32, users.contains(user))).collect()
    }
}

impl Conversation {
    /// Whether a user is a member.
    #[must_use]
    pub fn is_member(&self, user: &UserId) -> bool {
        self.visible.get(user).and_then(|all| all.last()).is_some_and(|last| last.upto.is_none())
    }

    /// Whether a user may see an event.
    #[must_use]
    pub fn sees(&self, user: &UserId, seq: u64) -> bool {
        let all = self.visible.get(user).into_iter().flatten();
        all.into_iter().any(|it| it.from <= seq && it.upto.is_none_or(|upto| seq <= upto))
    }

    /// What a user may see.
    pub fn seen<'a>(&'a self, user: &'a UserId) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| self.sees(user, entry.seq))
    }

    /// The messages that a user may see.
    pub fn messages<'a>(&'a self, user: &'a UserId) -> impl DoubleEndedIterator<Item = &'a Entry> {
        self.seen(user).filter(|entry| entry.kind.countable())
    }

    /// The last seq that a user may see, and its ordinal.
    #[must_use]
    pub fn head(&self, user: &UserId) -> (u64, u64) {
        self.seen(user).next_back().map_or((0, 0), |entry| (entry.seq, entry.ordinal))
    }

    /// The last message of a user up to a seq; 0 for none.
    #[must_use]
    pub fn last_message_of(&self, user: &UserId, upto: u64) -> u64 {
        let own = self.entries.iter().filter(|entry| entry.sender == *user && entry.kind.countable());
        own.take_while(|entry| entry.seq <= upto).last().map_or(0, |entry| entry.seq)
    }

    /// The number of messages up to a seq.
    #[must_use]
    pub fn ordinal_at(&self, seq: u64) -> u64 {
        let entry = (seq as usize).checked_sub(1).map(|n| n.min(self.entries.len().saturating_sub(1)));
        entry.and_then(|n| self.entries.get(n)).map_or(0, |entry| entry.ordinal)
    }

    /// The sentence of DESIGN.md 5.4, recounted: countable messages above max(read cursor, latest join), not sent by the
    /// user, not removed by him, not recalled.
    #[must_use]
    pub fn unread(&self, user: &UserId, read_ordinal: u64) -> u64 {
        let floor = self.visible.get(user).and_then(|all| all.last()).map_or(0, |last| last.floor);
        let above = read_ordinal.max(floor);
        self.unread_above(user, above).count() as u64
    }

    /// Those of them that call the user.
    #[must_use]
    pub fn unread_mentions(&self, user: &UserId, read_ordinal: u64) -> u64 {
        let floor = self.visible.get(user).and_then(|all| all.last()).map_or(0, |last| last.floor);
        let calls = |entry: &&Entry| entry.attributes.as_ref().is_some_and(|attributes| attributes.calls(user));
        self.unread_above(user, read_ordinal.max(floor)).filter(calls).count() as u64
    }

    fn unread_above<'a>(&'a self, user: &'a UserId, above: u64) -> impl Iterator<Item = &'a Entry> {
        let others = self.messages(user).filter(move |entry| entry.ordinal > above && entry.sender != *user);
        let others = others.filter(|entry| !is_removed(self, user, entry.ordinal));
        let others = others.filter(|entry| entry.attributes.as_ref().is_none_or(|attributes| !attributes.silent));
        others.filter(|entry| self.messages.get(&entry.seq).is_none_or(|now| now.recalled.is_none()))
    }

    /// How many messages of others above an ordinal were recalled, sent silently, or removed by the user.
    #[must_use]
    pub fn recalled_above(&self, user: &UserId, ordinal: u64) -> u64 {
        let others = self.entries.iter().filter(|entry| entry.ordinal > ordinal && entry.sender != *user);
        let is_silent = |entry: &Entry| entry.attributes.as_ref().is_some_and(|attributes| attributes.silent);
        let is_recalled = |entry: &Entry| self.messages.get(&entry.seq).is_some_and(|now| now.recalled.is_some());
        let is_gone = |entry: &Entry| entry.kind.countable() && is_removed(self, user, entry.ordinal);
        others.filter(|entry| is_silent(entry) || is_recalled(entry) || is_gone(entry)).count() as u64
    }

    /// The cursor that follows from the log alone: moved by own messages to what their composer had shown, and over own
    /// messages directly after it.
    #[must_use]
    pub fn cursor(&self, user: &UserId, start: u64) -> u64 {
        // It may have moved when another join was the latest.
        let floors = self.visible.get(user).into_iter().flatten().map(|visible| visible.floor);
        floors.chain([0]).map(|floor| self.cursor_above(user, start, floor)).max().unwrap_or(start)
    }

    fn cursor_above(&self, user: &UserId, start: u64, floor: u64) -> u64 {
        let mut cursor = start;
        let mut moved = true;
        while moved {
            moved = false;
            let read = self.ordinal_at(cursor).max(floor);
            let next = self.messages(user).find(|entry| entry.ordinal == read + 1 && entry.sender == *user);
            if let Some(entry) = next.filter(|entry| entry.seq > cursor) {
                (cursor, moved) = (entry.seq, true);
            }
        }
        cursor
    }

    fn join(&mut self, user: UserId, seq: u64, floor: u64, role: Role) {
        self.asking.remove(&user);
        let all = self.visible.entry(user.clone()).or_default();
        if all.last().is_none_or(|last| last.upto.is_some()) {
            let sees_all = all.is_empty() && self.group.settings.is_some_and(|settings| settings.history);
            all.push(Visible { from: if sees_all { 1 } else { seq }, upto: None, floor });
            self.roles.insert(user, role);
        }
    }

    fn leave(&mut self, user: &UserId, seq: u64) {
        self.roles.remove(user);
        if let Some(last) = self.visible.get_mut(user).and_then(|all| all.last_mut()) {
            last.upto.get_or_insert(seq);
        }
    }

    fn fold(&mut self, entry: &Entry, change: Option<Change>, kind: ConversationKind) {
        if entry.kind.countable() {
            let now = Now { body: entry.body.clone(), changed: entry.seq, ..Now::default() };
            self.messages.insert(entry.seq, now);
        }
        if let Some(now) = change.as_ref().and_then(Change::target).and_then(|seq| self.messages.get_mut(&seq.0)) {
            now.changed = entry.seq;
        }
        let (seq, before) = (entry.seq, entry.ordinal - u64::from(entry.kind.countable()));
        match change {
            Some(Change::Created { title, members }) => {
                self.title = title.map(|title| title.as_str().to_owned()).unwrap_or_default();
                for member in members {
                    let begins = kind == ConversationKind::Group && member.id == entry.sender;
                    self.join(member.id, seq, before, if begins { Role::Owner } else { Role::Member });
                }
            }
            Some(Change::MembersAdded(added)) => {
                added.into_iter().for_each(|user| self.join(user.id, seq, before, Role::Member));
            }
            Some(Change::MemberRemoved(user)) => self.leave(&user.id, seq),
            Some(Change::MemberLeft) => self.leave(&entry.sender, seq),
            Some(Change::Renamed(title)) => self.title = title.as_str().to_owned(),
            Some(Change::RoleChanged(user, role)) => drop(self.roles.insert(user.id, role)),
            Some(Change::Commanded(_)) => {}
            Some(Change::Edited { target, content }) => {
                if let Some(now) = self.messages.get_mut(&target.0) {
                    now.edits += 1;
                    now.body = content.map(|content| content.body);
                }
            }
            Some(Change::Reacted { target, emoji, added }) => {
                let reactions = self.messages.get_mut(&target.0).map(|now| &mut now.reactions);
                if let Some(users) = reactions.map(|all| all.entry(emoji.as_str().to_owned()).or_default()) {
                    let _known = if added { users.insert(entry.sender.clone()) } else { users.remove(&entry.sender) };
                }
            }
            Some(Change::Pinned { target, pinned, .. }) => {
                if let Some(now) = self.messages.get_mut(&target.0) {
                    now.pinned = pinned;
                }
            }
            Some(Change::Recalled { target, .. }) => {
                if let Some(now) = self.messages.get_mut(&target.0) {
                    let recalled = Some(entry.sender.clone());
                    *now = Now { changed: now.changed, recalled, ..Now::default() };
                }
            }
            Some(Change::Group(change)) => self.fold_group(entry, change, before),
            None => {}
        }
    }

    fn fold_group(&mut self, entry: &Entry, change: GroupChange, before: u64) {
        match change {
            GroupChange::InfoChanged(info) => self.group.info = info,
            GroupChange::SettingsChanged(settings) => self.group.settings = Some(settings),
            GroupChange::OwnerChanged(user) => {
                self.roles.insert(user.id, Role::Owner);
                self.roles.insert(entry.sender.clone(), Role::Admin);
            }
            GroupChange::OwnerLeft(user) => {
                self.roles.insert(user.id, Role::Owner);
                self.leave(&entry.sender, entry.seq);
            }
            GroupChange::Dissolved => self.group.dissolved = true,
            GroupChange::Muted(measure) => self.measures.entry(measure.user.id).or_default().1 = measure.until.0,
            GroupChange::Unmuted(user) => self.measures.entry(user.id).or_default().1 = 0,
            GroupChange::Banned { measure, removed } => {
                if removed {
                    self.leave(&measure.user.id, entry.seq);
                }
                self.asking.remove(&measure.user.id);
                self.measures.entry(measure.user.id).or_default().2 = measure.until.0;
            }
            GroupChange::BanLifted(user) => self.measures.entry(user.id).or_default().2 = 0,
            GroupChange::NicknameChanged(nickname) => {
                let name = nickname.map(|nickname| nickname.as_str().to_owned()).unwrap_or_default();
                self.measures.entry(entry.sender.clone()).or_default().0 = name;
            }
            GroupChange::Announced(text) => {
                self.group.announcement = text.map(|text| (entry.seq, text.as_str().to_owned()));
            }
            GroupChange::Joined(link) => {
                self.join(entry.sender.clone(), entry.seq, before, Role::Member);
                if let Some((_, Some(left))) = link.and_then(|id| self.group.links.get_mut(&id)) {
                    *left -= 1;
                }
            }
            GroupChange::Applied => drop(self.asking.insert(entry.sender.clone(), Asking::Applied)),
            GroupChange::Invited(user) => drop(self.asking.insert(user.id, Asking::Invited)),
            GroupChange::ApplicationDeclined(user) => drop(self.asking.remove(&user.id)),
            GroupChange::InvitationDeclined => drop(self.asking.remove(&entry.sender)),
            GroupChange::LinkMade(link) => drop(self.group.links.insert(link.id, (link.until.0, link.left))),
            GroupChange::LinkRevoked(id) => drop(self.group.links.remove(&id)),
        }
    }

    /// What the log refuses to hold: events of those who might not have made them.
    fn objection(&self, entry: &Entry, change: Option<&Change>) -> Option<&'static str> {
        let takes_back = matches!(change, Some(Change::Recalled { .. }));
        let leaves = matches!(change, Some(Change::MemberLeft | Change::Group(GroupChange::OwnerLeft(_))));
        let joins = matches!(change, Some(Change::Created { .. } | Change::Group(GroupChange::Joined(_))));
        let is_of_outsiders = matches!(
            change,
            Some(Change::Group(GroupChange::Joined(_) | GroupChange::Applied | GroupChange::InvitationDeclined))
        );
        if is_of_outsiders && self.is_member(&entry.sender) {
            return Some("is of a member, and only for those who are none");
        }
        if let Some(Change::Group(GroupChange::Joined(how))) = change {
            let is_open = self.group.settings.is_some_and(|settings| settings.join == JoinMode::Open);
            let is_invited = self.asking.get(&entry.sender) == Some(&Asking::Invited);
            let is_linked = how.and_then(|id| self.group.links.get(&id));
            let is_linked = is_linked.is_some_and(|(until, left)| *until > entry.sent_at && *left != Some(0));
            let may = if how.is_some() { is_linked } else { is_open || is_invited };
            if !may {
                return Some("lets in whom nothing lets in");
            }
        }
        let until = self.measures.get(&entry.sender).map_or((0, 0), |(_, muted, banned)| (*muted, *banned));
        if self.group.dissolved && !takes_back && !leaves {
            return Some("stands behind the end of the group");
        }
        if !is_of_outsiders && !joins && !self.entries.is_empty() && !self.is_member(&entry.sender) {
            return Some("is of somebody who is no member");
        }
        let kept_out = |user: &UserId| self.measures.get(user).is_some_and(|it| it.2 > entry.sent_at);
        if matches!(change, Some(Change::MembersAdded(users)) if users.iter().any(|user| kept_out(&user.id))) {
            return Some("lets in whom the group keeps out");
        }
        if joins && until.1 > entry.sent_at {
            return Some("lets in whom the group keeps out");
        }
        if entry.kind.countable() && until.0 > entry.sent_at {
            return Some("is of somebody who was muted");
        }
        let is_silent = self.group.settings.is_some_and(|settings| settings.speak == Who::Admins);
        if entry.kind.countable() && is_silent && self.roles.get(&entry.sender).is_none_or(|role| *role < Role::Admin) {
            return Some("was written when only admins might");
        }
        None
    }

    /// Whether the members have an owner, which they always have.
    fn is_owned(&self) -> bool {
        self.roles.is_empty() || self.group.dissolved || self.roles.values().any(|role| *role == Role::Owner)
    }
}

/// The whole log.
#[derive(Debug, Default)]
pub struct Model {
    /// Conversations.
    pub conversations: BTreeMap<ConversationId, Conversation>,
    /// Records that were read.
    pub records: u64,
    /// The positions of events.
    pub events: Vec<LanePosition>,
    /// Where each message and command is, by its author's id.
    pub places: BTreeMap<Key, (ConversationId, u64, u64)>,
    /// What edits made messages say, by the author's id of the command.
    pub says: BTreeMap<Key, Bytes>,
    /// Events whose bodies were scrubbed.
    pub scrubbed: Vec<(ConversationId, u64, EventKind)>,
    /// Edits whose bodies are there, and the messages that they are of.
    pub edits: Vec<(ConversationId, u64, u64)>,
    /// The numbers of users who have done something.
    pub numbers: BTreeMap<UserId, UserNo>,
    /// The numbers of all who exist.
    pub users: BTreeMap<UserId, UserNo>,
    /// What belongs to each of them alone.
    pub own: Own,
}

impl Model {
    /// Adds a page of the feed. `rotted` are the messages whose bodies may be damaged; what they carried beside them, the
    /// ledger knows.
    ///
    /// # Errors
    /// The sentence of the invariant that does not hold.
    pub fn add(
        &mut self,
        records: &[FeedRecord],
        vault: &dyn Vault,
        known: (&BTreeSet<Key>, &Ledger),
    ) -> anyhow::Result<()> {
        for record in records {
            self.records += 1;
            ensure!(record.position.0 == self.records, "position {} follows {}", record.position, self.records - 1);
            self.own.add(record)?;
            if let Some(event) = &record.event {
                self.events.push(record.position);
                self.event(event, vault, known)?;
            }
        }
        Ok(())
    }

    /// What was taken back has no body, and nothing else has none. Of an edit nobody can tell any more what it was about.
    ///
    /// # Errors
    /// The sentence of what is there and should not be, or the other way round.
    pub fn check_scrubbed(&self, rotted: &BTreeSet<Key>) -> anyhow::Result<()> {
        for (id, seq, kind) in &self.scrubbed {
            let messages = &self.conversations[id].messages;
            let was_recalled = match kind {
                EventKind::Message => messages.get(seq).is_some_and(|now| now.recalled.is_some()),
                EventKind::Edited => messages.values().any(|now| now.recalled.is_some()),
                _ => false,
            };
            ensure!(was_recalled, "{id}.{seq} has no body, and nobody took it back");
        }
        for (id, conversation) in &self.conversations {
            for entry in conversation.entries.iter().filter(|entry| entry.body.is_some()) {
                let recalled = conversation.messages.get(&entry.seq).is_some_and(|now| now.recalled.is_some());
                ensure!(
                    !recalled || rotted.contains(&entry.key),
                    "{id}.{} was taken back and is not scrubbed",
                    entry.seq
                );
            }
        }
        for (id, seq, target) in &self.edits {
            let recalled = self.conversations[id].messages.get(target).is_some_and(|now| now.recalled.is_some());
            ensure!(!recalled, "{id}.{seq} edits {target}, which was taken back, and is not scrubbed");
        }
        Ok(())
    }

    fn event(&mut self, event: &Event, vault: &dyn Vault, known: (&BTreeSet<Key>, &Ledger)) -> anyhow::Result<()> {
        let (rotted, ledger) = known;
        let header = &event.header;
        self.numbers.insert(header.sender.clone(), header.sender_no);
        let conversation = self.conversations.entry(header.conversation).or_default();
        let (last, ordinal) = conversation.entries.last().map_or((0, 0), |entry| (entry.seq, entry.ordinal));
        let place = format!("{}.{}", header.conversation, header.seq);
        ensure!(header.seq.0 == last + 1, "{place} follows {last}: the log is not dense");
        let counted = ordinal + u64::from(header.kind.countable());
        ensure!(header.ordinal.0 == counted, "{place} has the ordinal {} and not {counted}", header.ordinal);
        let key = (header.sender.clone(), header.key);
        let here = (header.conversation, header.seq.0, header.ordinal.0);
        // A direct conversation begins by itself.
        let is_direct = header.conversation.kind() == ConversationKind::Direct;
        let has_id = !(is_direct && header.kind == EventKind::ConversationCreated);
        if let Some(before) = if has_id { self.places.insert(key.clone(), here) } else { None } {
            bail!("{place} is a double of seq {} of {}: the id is {:?}", before.1, before.0, key);
        }
        let opened = open(event, vault).with_context(|| format!("{place}: its body cannot be opened"))?;
        let is_message = header.kind == EventKind::Message;
        if event.sealed.is_empty() && !rotted.contains(&key) {
            self.scrubbed.push((header.conversation, header.seq.0, header.kind));
        } else {
            ensure!(opened.is_some() || rotted.contains(&key), "{place}: its body is damaged, and nothing rotted");
        }
        let change = match &opened {
            Some(opened) if !is_message => {
                Some(change::decode(header.kind, &opened.body).context("a change is not in its form")?)
            }
            Some(_) | None => None,
        };
        if let Some(target) = change.as_ref().and_then(Change::target) {
            let now = conversation.messages.get(&target.0);
            let now = now.with_context(|| format!("{place} changes {target}, which is no message"))?;
            ensure!(now.recalled.is_none(), "{place} changes {target}, which was recalled");
        }
        if let Some(Change::Edited { target, content: Some(content) }) = &change {
            self.edits.push((header.conversation, header.seq.0, target.0));
            self.says.insert(key.clone(), content.body.clone());
        }
        let carried = opened.as_ref().map(|opened| &opened.attributes).filter(|it| is_message && !it.is_empty());
        let attributes = match &opened {
            Some(_) => carried.map(|it| attributes::decode(it).map(Box::new)).transpose()?,
            None => ledger.messages.get(&key).and_then(|message| message.attributes.clone()),
        };
        if let Some(reply) = attributes.as_ref().filter(|_| opened.is_some()).and_then(|it| it.reply_to) {
            let first = conversation.entries.get((reply.seq.0 as usize).wrapping_sub(1));
            let is_it = first.is_some_and(|it| it.kind == EventKind::Message && it.ordinal == reply.ordinal.0);
            ensure!(is_it, "{place} answers {reply:?}, which is no message");
            ensure!(conversation.sees(&header.sender, reply.seq.0), "{place} answers what its author may not see");
        }
        let entry = Entry {
            seq: header.seq.0,
            ordinal: header.ordinal.0,
            kind: header.kind,
            sender: header.sender.clone(),
            key,
            read_upto: header.read_upto.0,
            sent_at: header.sent_at.0,
            body: opened.as_ref().filter(|_| is_message).map(|opened| opened.body.clone()),
            attributes,
        };
        if let Some(objection) = conversation.objection(&entry, change.as_ref()) {
            bail!("{place} {objection}");
        }
        conversation.fold(&entry, change, header.conversation.kind());
        let is_group = header.conversation.kind() == ConversationKind::Group;
        ensure!(!is_group || conversation.is_owned(), "{place} leaves a group without an owner");
        conversation.entries.push(entry);
        Ok(())
    }
}

fn open(event: &Event, vault: &dyn Vault) -> anyhow::Result<Option<Opened>> {
    let header = &event.header;
    let salt = vault.salt(header.app, header.sender_no)?.context("its author has no salt")?;
    let keys = AuthorKeys::derive(&vault.app_key(header.app)?, &salt, header.conversation)?;
    Ok(keys.open(&Place::of(header), &event.sealed))
}
