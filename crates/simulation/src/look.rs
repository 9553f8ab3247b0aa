//! The oracle: whether the log is what was promised, and every device that was left in peace is equal to it.

use crate::answers::is_same;
use crate::device::Device;
use crate::ledger::{Key, Ledger};
use crate::model::{Conversation, Entry, Model};
use crate::own::{check_entries, check_removed, check_stars, is_muted, is_removed};
use crate::plays::check_plays;
use crate::tally;
use crate::world::World;
use anyhow::{Context as _, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use stonechat_app::api::{Answer, Call, Content, ConversationView, EventView};
use stonechat_app::sealed_rows::SealedRows;
use stonechat_client::core::rows::{ConversationRow, OutboxRow};
use stonechat_client::state::{ConnectionState, SendState};
use stonechat_client::store::memory::Tables;
use stonechat_domain::event::Change;
use stonechat_domain::group::{Asking, GroupChange, Info, Settings};
use stonechat_domain::kind::EventKind;
use stonechat_log::store::Log as _;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::limits::OWN_ORDINALS_MAX;
use stonechat_types::number::{LanePosition, Seq};
use stonechat_types::text::{AvatarRef, Description};
use stonechat_wire::v1;

/// Records of a page of the feed.
const PAGE: usize = 256;
/// A cursor is written once a second; it may be undone by a crash in that time, and while it is on its way.
const CURSOR_MS: u64 = 1_000;

/// When a device takes a cursor as stored, after its confirmation, less what a clock may round.
const SETTLED_MS: u64 = 4_500;

/// What the server says of each conversation to each user.
pub(crate) type Told = BTreeMap<(UserId, ConversationId), ConversationView>;

impl World {
    /// What is wrong now; `None` when nothing is.
    pub(crate) fn look(&mut self) -> Option<String> {
        self.take_backend_answers();
        // A look takes no time, or the devices would stand still in it.
        let read_ms = self.set_read_ms(0);
        let found = self.look_closer();
        self.set_read_ms(read_ms);
        found.err().map(|error| format!("{error:#}"))
    }

    fn look_closer(&mut self) -> anyhow::Result<()> {
        let node = self.node.as_ref().context("the server does not run")?;
        let mut model = Model::default();
        let vault = node.vault.clone();
        // What is sealed in rows is compared as it was written.
        let log = Arc::new(SealedRows::new(node.log.clone(), vault.clone()));
        loop {
            let after = LanePosition(model.records);
            let of_task = log.clone();
            let page = node.block_on(async move { of_task.feed(after, PAGE).await })?;
            if page.is_empty() {
                break;
            }
            model.add(&page, &*vault, (&self.rotted, &self.ledger))?;
        }
        self.know_own(&mut model)?;
        ensure!(model.records == log.head().0, "the feed ends at {} and not at {}", model.records, log.head());
        for page in model.events.chunks(PAGE) {
            let (of_task, keys) = (log.clone(), page.iter().map(|position| tally::row_of(*position)).collect());
            let rows = node.block_on(async move { of_task.load(keys).await })?;
            for (position, row) in page.iter().zip(rows) {
                let times = tally::count_of(row.as_ref());
                ensure!(times == 1, "the follower took the event at {position} {times} times");
            }
        }
        let of_log = check_promises(&self.ledger, &model)
            .and_then(|()| check_order(&self.ledger, &model))
            .and_then(|()| check_real_time(&self.ledger, &model))
            .and_then(|()| check_shown(&self.ledger, &model))
            .and_then(|()| check_removed(&self.ledger, &model))
            .and_then(|()| check_stars(&self.ledger, &model))
            .and_then(|()| check_plays(&self.ledger, &model));
        if let Err(error) = of_log {
            // Nothing that comes later can make this right.
            self.ledger.violation.get_or_insert(format!("{error:#}"));
            return Ok(());
        }
        model.check_scrubbed(&self.rotted)?;
        self.visits.add("body scrubbed", model.scrubbed.len() as u64);
        let mut told = BTreeMap::new();
        for (id, conversation) in &model.conversations {
            for user in conversation.visible.keys() {
                told.insert((user.clone(), *id), self.ask_server(user, *id, conversation)?);
            }
        }
        for ((user, id), view) in &told {
            let log = &model.conversations[id];
            self.check_told(user, *id, view, log)
                .and_then(|()| self.check_view(user, view, log, &told))
                .with_context(|| format!("the server's {id} of {user}"))?;
        }
        self.check_answers(&model, &told)?;
        self.check_players(&model)?;
        for device in &self.devices {
            self.check_device(device, &model, &told)
                .with_context(|| format!("device {} of {}", device.index, device.user))?;
        }
        self.check_presence()
    }

    fn ask_server(&self, user: &UserId, id: ConversationId, log: &Conversation) -> anyhow::Result<ConversationView> {
        match self.ask_as(user, Call::GetConversation(id))? {
            Answer::Conversation(mut view) => {
                // What is announced is told of one conversation alone, and compared here; lists do not have it.
                let said = view.group.as_mut().and_then(|group| group.announced.take());
                let announced = said.as_ref().map(|event| (event.id.seq.0, announced(event)));
                let expected = log.group.announcement.clone().filter(|_| view.role.is_some());
                ensure!(announced == expected, "{announced:?} is announced and not {expected:?}");
                Ok(*view)
            }
            other => bail!("the server tells {user} of {id}: {other:?}"),
        }
    }

    fn check_told(
        &self,
        user: &UserId,
        id: ConversationId,
        told: &ConversationView,
        log: &Conversation,
    ) -> anyhow::Result<()> {
        let (head, ordinal) = log.head(user);
        let is_member = told.role.is_some();
        ensure!(is_member == log.is_member(user), "membership is {is_member}");
        ensure!((told.head.0, told.head_ordinal.0) == (head, ordinal), "the head is {} and not {head}", told.head);
        let (read, read_ordinal) = (told.read.0, told.read_ordinal.0);
        ensure!(read_ordinal == log.ordinal_at(read), "the cursor is at {read} with the ordinal {read_ordinal}");
        if is_member {
            let unread = log.unread(user, read_ordinal);
            ensure!(told.unread == unread, "{} are unread and not {unread}; the cursor is at {read}", told.unread);
            let mentions = log.unread_mentions(user, read_ordinal);
            let it = told.unread_mentions;
            ensure!(u64::from(it) == mentions, "{it} unread messages call and not {mentions}; the cursor is at {read}");
            self.check_cursor(user, id, read, log)?;
            if let Some(group) = &told.group {
                let has = besides(group.info.clone(), group.settings, group.announcement, group.dissolved);
                let nickname = group.nickname.as_ref().map(|name| name.as_str().to_owned()).unwrap_or_default();
                check_group(user, id, (has, nickname, group.muted_until.0), log)?;
            }
        }
        Ok(())
    }

    /// A cursor is where somebody moved it, and never behind what was confirmed, but for the last moment before a crash.
    fn check_cursor(&self, user: &UserId, id: ConversationId, read: u64, log: &Conversation) -> anyhow::Result<()> {
        let carried = log.messages(user).filter(|entry| entry.sender == *user).map(|entry| entry.read_upto).max();
        let joined = log.visible.get(user).and_then(|all| all.last()).map_or(0, |last| last.from);
        let asked = self.ledger.asked.get(&(user.clone(), id)).copied();
        let most = carried.unwrap_or_default().max(asked.unwrap_or_default()).max(joined);
        let upper = log.cursor(user, most);
        // A membership keeps only so many own messages above its cursor; one more moves it.
        let own = log.messages(user).filter(|entry| entry.sender == *user).count();
        ensure!(read <= upper || own > OWN_ORDINALS_MAX, "the cursor is at {read}, and nobody moved it past {upper}");
        let lower = carried.unwrap_or_default().min(log.head(user).0);
        ensure!(read >= lower, "the cursor is at {read}, and a message moved it to {lower}");
        for confirmed in self.ledger.confirmed.get(&(user.clone(), id)).into_iter().flatten() {
            let may_be_lost = self.crashes.iter().any(|death| {
                let stored_by = confirmed.at_ms + CURSOR_MS + 2 * death.on_way_ms + 100;
                // The device says it again, unless it lost it since it asked, or heard of the server for long while that
                // could not store.
                let says_again = self.devices[confirmed.device].lost_at_ms < confirmed.asked_ms
                    && death.at_ms < confirmed.at_ms + SETTLED_MS;
                confirmed.at_ms <= death.at_ms && stored_by >= death.since_ms && !says_again
            });
            let upto = confirmed.upto.min(log.head(user).0);
            ensure!(
                may_be_lost || read >= upto,
                "the cursor is at {read}; at {} it was confirmed at {upto}",
                confirmed.at_ms
            );
        }
        Ok(())
    }

    /// A device shows every tick that the server would give, in direct conversations: those of groups are told live only.
    /// What moved while one blocked the other is not told again, and what moves over the other's own messages is no news.
    fn check_marks(
        &self,
        user: &UserId,
        told: &ConversationView,
        log: &Conversation,
        row: &ConversationRow,
    ) -> anyhow::Result<()> {
        let is_told = |other: &UserId| told.peer.is_some() && !self.ledger.has_blocked(user, other);
        for mark in told.read_marks.iter().filter(|it| is_told(&it.user)) {
            let here = row.marks.iter().find(|it| it.user == mark.user);
            let here = here.map_or((0, 0), |it| (it.upto.0, it.delivered.0));
            let written = |upto| log.last_message_of(user, upto);
            let there = (written(mark.read.0), written(mark.delivered.0));
            ensure!(here.0 >= there.0 && here.1 >= there.1, "{} is at {here:?} and not {there:?}", mark.user);
        }
        Ok(())
    }

    fn check_device(&self, device: &Device, model: &Model, told: &Told) -> anyhow::Result<()> {
        ensure!(device.core.is_some(), "it does not run");
        ensure!(device.state == ConnectionState::Online, "it is {:?}", device.state);
        ensure!(device.pending.is_empty(), "it has not stored everything");
        let tables = device.store.tables().clone();
        // What is about a message that failed waits for its retry.
        let failed = |id| tables.outbox.values().any(|row| row.client_msg_id == id && row.failure.is_some());
        let is_left_behind = |row: &OutboxRow| {
            let about = row.command.as_ref().and_then(|command| command.about);
            row.failure.is_some() || about.is_some_and(failed)
        };
        if let Some(row) = tables.outbox.values().find(|row| !is_left_behind(row)) {
            bail!("{row:?} still waits in its outbox");
        }
        let user = &device.user;
        for (id, _) in model.conversations.iter().filter(|(_, log)| log.is_member(user)) {
            ensure!(tables.conversations.contains_key(id), "it does not know {id}");
        }
        let counts = tables.conversations.values().filter(|row| row.member && !is_muted(&tables, row.id));
        let total: u64 = counts.map(|row| row.unread).sum();
        ensure!(device.total_unread == total, "it tells {} unread over all, and has {total}", device.total_unread);
        for (id, row) in &tables.conversations {
            let log = model.conversations.get(id).with_context(|| format!("it has {id}, which is not in the log"))?;
            let place = || format!("its {id}");
            let (head, ordinal) = log.head(user);
            ensure!(row.member == log.is_member(user), "{}: member is {}", place(), row.member);
            ensure!((row.head_seq, row.head_ordinal) == (head, ordinal), "{}: the head is {}", place(), row.head_seq);
            ensure!(row.last_seq >= head, "{}: it is at {} of {head}", place(), row.last_seq);
            if row.member {
                let told = told.get(&(user.clone(), *id)).with_context(place)?;
                let read = row.read_seq;
                ensure!(read == told.read.0, "{}: the cursor is at {read} and not {}", place(), told.read);
                ensure!(row.read_unconfirmed == 0, "{}: its cursor is not confirmed", place());
                ensure!(row.delivered_unconfirmed == 0, "{}: what arrived is not confirmed", place());
                self.check_marks(user, told, log, row).with_context(place)?;
                ensure!(row.stale_from == 0, "{}: it may lack changes from {} on", place(), row.stale_from);
                let unread = log.unread(user, told.read_ordinal.0);
                ensure!(row.unread == unread, "{}: {} are unread and not {unread}", place(), row.unread);
                let mentions = log.unread_mentions(user, told.read_ordinal.0);
                let (it, stale) = (row.unread_mentions, row.unread_stale);
                ensure!(it == mentions, "{}: {it} call and not {mentions} ({stale})", place());
                ensure!(row.title == log.title, "{}: the title is {:?}", place(), row.title);
                ensure!(row.member_count == told.member_count, "{}: it has {} members", place(), row.member_count);
                let role = log.roles.get(user);
                ensure!(role.is_some_and(|role| is_same(*role, row.role)), "{}: the role is {:?}", place(), row.role);
                if id.kind() != ConversationKind::Direct {
                    let group = &row.group;
                    let info = Info {
                        description: Description::new(&group.description).ok(),
                        avatar: AvatarRef::new(&group.avatar).ok(),
                        extension: group.extension.clone(),
                    };
                    let has = besides(info, group.settings, group.announcement, group.dissolved);
                    let mine = (has, group.nickname.clone(), group.muted_until.0);
                    check_group(user, *id, mine, log).with_context(place)?;
                }
            }
            let kept = Kept::new(&tables, *id, (log, user), (device.index, &self.ledger), &self.rotted);
            kept.check_messages().and_then(|()| kept.check_events()).with_context(place)?;
        }
        check_entries(device, model)?;
        check_asking(user, model, &tables)?;
        self.check_own(device, model, &tables)
    }

    /// What was promised on the device is in the log, or is told as failed; and what is told as sent is acknowledged.
    fn check_own(&self, device: &Device, model: &Model, tables: &Tables) -> anyhow::Result<()> {
        let failed: BTreeSet<_> = tables.outbox.values().map(|row| row.client_msg_id.0).collect();
        let own = self.ledger.messages.iter().filter(|(_, message)| message.device == Some(device.index));
        for (key, message) in own {
            let is_there = model.places.contains_key(key);
            if message.promised && !message.lost {
                ensure!(is_there || failed.contains(&key.1), "{:?} was promised and is nowhere", message.body);
                let is_told_as_failed = message.acked.is_some() && failed.contains(&key.1);
                ensure!(!is_told_as_failed, "{:?} is acknowledged and told as failed", message.body);
            }
        }
        let commands = self.ledger.commands.iter().filter(|(_, it)| it.kept.is_some_and(|(n, _)| n == device.index));
        for (key, command) in commands.filter(|(_, command)| command.promised && !command.lost) {
            let is_there = model.places.contains_key(key) || command.acked.is_some();
            ensure!(is_there || failed.contains(&key.1), "a command was promised and is nowhere: {command:?}");
        }
        for (id, state) in &device.states {
            if let SendState::Sent(_) = state {
                let key = (device.user.clone(), id.0);
                ensure!(model.places.contains_key(&key), "{id} is told as sent and is not in the log");
            }
        }
        Ok(())
    }
}

/// The device knows what its user asks of groups, or is asked, and of nothing that was answered.
fn check_asking(user: &UserId, model: &Model, tables: &Tables) -> anyhow::Result<()> {
    let state = |asking: Option<&Asking>| match asking {
        None | Some(Asking::Nothing) => v1::AskingState::Unspecified,
        Some(Asking::Applied) => v1::AskingState::Applied,
        Some(Asking::Invited) => v1::AskingState::Invited,
    };
    for (id, log) in &model.conversations {
        let told = tables.entries.get(&format!("asking.{id}")).and_then(|entry| match &entry.change {
            Some(v1::personal_change::Change::Asking(asking)) => Some(asking.state),
            _ => None,
        });
        let expected = state(log.asking.get(user));
        ensure!(told.unwrap_or(0) == i32::from(expected), "its {id}: it asks {told:?} and not {expected:?}");
    }
    Ok(())
}

fn announced(event: &EventView) -> String {
    match &event.content {
        Content::Change(Change::Group(GroupChange::Announced(Some(text)))) => text.as_str().to_owned(),
        other => format!("{other:?}"),
    }
}

fn besides(info: Info, settings: Settings, announcement: Seq, dissolved: bool) -> (Info, Settings, u64, bool) {
    (info, settings, announcement.0, dissolved)
}

/// What is told of a group besides its members is what the log says.
fn check_group(
    user: &UserId,
    id: ConversationId,
    told: ((Info, Settings, u64, bool), String, i64),
    log: &Conversation,
) -> anyhow::Result<()> {
    let settings = log.group.settings.unwrap_or(Settings::of(id.kind()));
    let announcement = log.group.announcement.as_ref().map_or(0, |(seq, _)| *seq);
    let (nickname, muted, _) = log.measures.get(user).cloned().unwrap_or_default();
    let expected = ((log.group.info.clone(), settings, announcement, log.group.dissolved), nickname, muted);
    ensure!(told == expected, "the group is {told:?} and not {expected:?}");
    Ok(())
}

/// What a device keeps of a conversation, and what the log has of it for its user.
struct Kept<'a> {
    tables: &'a Tables,
    id: ConversationId,
    log: &'a Conversation,
    user: &'a UserId,
    rotted: &'a BTreeSet<Key>,
    /// Intervals of ordinals that it says it holds.
    held: &'a [(u64, u64)],
    /// What it left out, after an event and up to another.
    jumps: &'a [(u64, u64)],
}

impl<'a> Kept<'a> {
    fn new(
        tables: &'a Tables,
        id: ConversationId,
        (log, user): (&'a Conversation, &'a UserId),
        (device, ledger): (usize, &'a Ledger),
        rotted: &'a BTreeSet<Key>,
    ) -> Self {
        let held = tables.intervals.get(&id).map_or(&[][..], Vec::as_slice);
        let jumps = ledger.jumped.get(&(device, id)).map_or(&[][..], Vec::as_slice);
        Self { tables, id, log, user, rotted, held, jumps }
    }

    fn holds(&self, ordinal: u64) -> bool {
        self.held.iter().any(|(from, upto)| (*from..=*upto).contains(&ordinal))
    }

    fn is_skipped(&self, seq: u64) -> bool {
        self.jumps.iter().any(|(after, head)| *after < seq && seq <= *head)
    }

    /// What the log has at the place of something that is kept.
    fn entry(&self, seq: u64) -> anyhow::Result<&'a Entry> {
        let entry = self.log.entries.get(seq as usize - 1).with_context(|| format!("{seq} is not in the log"))?;
        ensure!(self.log.sees(self.user, seq), "{seq} may not be seen");
        Ok(entry)
    }

    fn check_messages(&self) -> anyhow::Result<()> {
        let Self { tables, id, log, user, rotted, .. } = *self;
        let here: BTreeMap<_, _> =
            tables.messages.range((id, 0)..=(id, u64::MAX)).map(|((_, seq), row)| (*seq, row)).collect();
        for (seq, row) in &here {
            let entry = self.entry(*seq)?;
            ensure!(!is_removed(log, user, row.ordinal), "message {seq} was removed, and is here");
            ensure!(row.ordinal == entry.ordinal && row.sender == entry.sender, "message {seq} is another");
            if !log.is_member(user) {
                // He has what was when he went.
                continue;
            }
            let now = log.messages.get(seq).with_context(|| format!("{seq} is no message"))?;
            let recall = row.recalled.as_ref().map(|recall| recall.by.as_ref());
            let recalled = now.recalled.as_ref().map(Some);
            ensure!(recall == recalled, "message {seq} was recalled by {recall:?} and not {recalled:?}");
            match &now.body {
                _ if recall.is_some() => {
                    ensure!(row.body.is_empty(), "message {seq} was recalled and says {:?}", row.body)
                }
                Some(body) if !row.corrupt => {
                    ensure!(row.body == body, "message {seq} says {:?} and not {body:?}", row.body)
                }
                Some(_) | None => ensure!(rotted.contains(&entry.key), "message {seq} is damaged, and nothing rotted"),
            }
            let carried = match &entry.attributes {
                Some(attributes) if recall.is_some() => attributes.recalled(),
                carried => carried.clone(),
            };
            let is_same = row.attributes == carried || row.corrupt || rotted.contains(&entry.key);
            ensure!(is_same, "message {seq} carries {:?} and not {carried:?}", row.attributes);
            ensure!(row.pinned == now.pinned, "message {seq} is pinned: {}, and not {}", row.pinned, now.pinned);
            ensure!(row.edits == now.edits, "message {seq} was edited {} times and not {}", row.edits, now.edits);
            let shown: BTreeSet<_> = row.reactions.iter().map(|it| (it.emoji.clone(), it.count, it.own)).collect();
            let expected = now.shown(user);
            ensure!(shown == expected, "message {seq} shows {shown:?} and not {expected:?}");
            ensure!(row.changed == now.changed, "message {seq} was changed by {} and not {}", row.changed, now.changed);
        }
        let left = || log.messages(user).filter(|entry| !is_removed(log, user, entry.ordinal));
        for entry in left() {
            let (seq, is_held) = (entry.seq, self.holds(entry.ordinal));
            ensure!(here.contains_key(&seq) || !is_held, "message {seq} counts as held and is not here");
            ensure!(is_held || self.is_skipped(seq), "message {seq} is not held");
        }
        if let Some(newest) = left().next_back() {
            ensure!(self.holds(newest.ordinal), "the newest message, {}, is not held", newest.seq);
        }
        Ok(())
    }

    /// What happened is here as the log has it: all that no jump left out, and of that what lies among messages that are
    /// held.
    fn check_events(&self) -> anyhow::Result<()> {
        let Self { tables, id, log, user, rotted, .. } = *self;
        let here: BTreeMap<_, _> =
            tables.system_events.range((id, 0)..=(id, u64::MAX)).map(|((_, seq), row)| (*seq, row)).collect();
        for (seq, row) in &here {
            let entry = self.entry(*seq)?;
            let is_same = row.event.kind == entry.kind.name() && row.event.sender_id == entry.sender.as_str();
            ensure!(is_same && row.ordinal == entry.ordinal.max(1), "event {seq} is another");
        }
        let (_, head) = log.head(user);
        let is_inside = |ordinal: u64| self.holds(ordinal) && (self.holds(ordinal + 1) || ordinal >= head);
        // Of these it depends on what they say whether they are shown.
        let is_always_shown = |kind: EventKind| match kind {
            EventKind::Pinned | EventKind::MemberBanned => false,
            EventKind::ConversationCreated => id.kind() != ConversationKind::Direct,
            kind => kind.in_timeline(),
        };
        for entry in log.seen(user).filter(|entry| is_always_shown(entry.kind) && !rotted.contains(&entry.key)) {
            let is_due = !self.is_skipped(entry.seq) || is_inside(entry.ordinal.max(1));
            ensure!(here.contains_key(&entry.seq) || !is_due, "event {} ({}) is not here", entry.seq, entry.kind);
        }
        Ok(())
    }
}

/// Each acknowledged event is in the log once, at its place; nothing is there that was refused or that nobody wrote.
fn check_promises(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    for (key, message) in &ledger.messages {
        let place = model.places.get(key);
        if let Some((seq, ordinal)) = message.acked {
            let (id, at, count) = place.with_context(|| format!("{:?} was acknowledged and is lost", message.body))?;
            ensure!((*at, *count) == (seq, ordinal), "{:?} was acknowledged as {seq} and is {at}", message.body);
            ensure!(message.conversation.is_none_or(|wanted| wanted == *id), "{:?} is in {id}", message.body);
        } else if message.open == 0 {
            ensure!(place.is_none(), "{:?} was refused each time, or never sent, and is stored", message.body);
        }
    }
    for (key, command) in &ledger.commands {
        let place = model.places.get(key).map(|(id, seq, _)| (*id, *seq));
        match command.acked {
            Some((_, 0)) => {}
            Some(acked) => ensure!(place == Some(acked), "a command was acknowledged as {acked:?} and is {place:?}"),
            None if command.open == 0 => ensure!(place.is_none(), "a refused command is stored at {place:?}"),
            None => {}
        }
    }
    for (key, says) in &model.says {
        let asked = ledger.commands.get(key).and_then(|command| command.says.as_ref());
        ensure!(asked == Some(says), "an edit says {says:?}, and {asked:?} was asked for");
    }
    for (key, (id, seq, _)) in &model.places {
        let known = ledger.messages.contains_key(key) || ledger.commands.contains_key(key);
        ensure!(known, "{id}.{seq} was written by nobody");
        if let Some(message) = ledger.messages.get(key) {
            let entry = model.conversations[id].entries.get(*seq as usize - 1);
            let body = entry.and_then(|entry| entry.body.as_ref());
            ensure!(
                body.is_none_or(|body| *body == message.body),
                "{id}.{seq} says {body:?} and not {:?}",
                message.body
            );
        }
    }
    Ok(())
}

/// What one device wrote to one conversation is there in the order of its writing, but for what it sent again.
fn check_order(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    let mut last: BTreeMap<(usize, ConversationId), (u64, u64)> = BTreeMap::new();
    let messages = ledger.messages.iter().filter(|(_, message)| !message.was_retried);
    let messages = messages.filter_map(|(key, message)| Some((message.device?, message.order, key)));
    let commands = ledger.commands.iter().filter(|(_, command)| !command.was_retried);
    let commands = commands.filter_map(|(key, command)| command.kept.map(|(device, order)| (device, order, key)));
    let own: BTreeSet<_> = messages.chain(commands).collect();
    for (device, order, key) in own {
        let Some((id, seq, _)) = model.places.get(key) else { continue };
        if let Some((earlier, before)) = last.insert((device, *id), (order, *seq)) {
            ensure!(
                before < *seq,
                "{id}: what device {device} wrote as {order} is {seq}, behind {earlier} at {before}"
            );
        }
    }
    Ok(())
}

/// What was acknowledged before a message was first sent stands before it.
fn check_real_time(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    for (id, conversation) in &model.conversations {
        let mut first_acked = (u64::MAX, 0);
        for entry in conversation.entries.iter().rev() {
            let Some(message) = ledger.messages.get(&entry.key).filter(|_| entry.kind.countable()) else { continue };
            ensure!(
                message.first_said < first_acked.0,
                "{id}.{} stands before {}, which was acknowledged before it was sent",
                entry.seq,
                first_acked.1
            );
            if message.acked.is_some() {
                first_acked = first_acked.min((message.first_acked, entry.seq));
            }
        }
    }
    Ok(())
}

/// Nobody was shown what he may not see.
fn check_shown(ledger: &Ledger, model: &Model) -> anyhow::Result<()> {
    for ((user, id), seqs) in &ledger.shown {
        let log = model.conversations.get(id).with_context(|| format!("{id} was shown and is not in the log"))?;
        for seq in seqs {
            ensure!(log.sees(user, *seq), "{user} was shown {id}.{seq}, which he may not see");
        }
    }
    Ok(())
}
