//! The oracle on what the server answers beside the log: the window, members and roles, read marks, devices, and the
//! number of unread messages over all conversations.

use crate::device::Device;
use crate::look::Told;
use crate::model::{Conversation, Model};
use crate::world::World;
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::collections::BTreeMap;
use stonechat_app::api::{
    Answer, Call, ConversationView, ListMembers, ListRelations, MemberFilter, MemberView, RelationFilter, RelationView,
};
use stonechat_app::rows::{column, key};
use stonechat_client::state::Role as DeviceRole;
use stonechat_domain::member::Role;
use stonechat_domain::relation::Request;
use stonechat_log::store::Log as _;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, Timestamp, UserNo};
use stonechat_wire::v1::{self, personal_change};

/// Entries of a page: few, so that there is more than one.
const PAGE: u32 = 3;
/// Rows of columns that are read at once.
const CHUNKS: usize = 16;

impl World {
    /// Asks the server as a user.
    pub(crate) fn ask_as(&self, user: &UserId, call: Call) -> anyhow::Result<Answer> {
        let node = self.node.as_ref().context("the server does not run")?;
        let (app, user) = (node.app.clone(), user.clone());
        let answer = node.block_on(async move { app.call_as(AppId::DEFAULT, user, call).await });
        answer.map_err(|failure| anyhow::anyhow!("the server refuses: {failure:?}"))
    }

    /// All lists of all users say what the log says.
    pub(crate) fn check_answers(&self, model: &Model, told: &Told) -> anyhow::Result<()> {
        for user in &self.users {
            self.check_window(user, told).with_context(|| format!("the window of {user}"))?;
            self.check_devices(user).with_context(|| format!("the devices of {user}"))?;
            self.check_relations(user).with_context(|| format!("the relations of {user}"))?;
            if let Some(no) = model.numbers.get(user) {
                self.check_total(model, user, *no, told).with_context(|| format!("the total of {user}"))?;
            }
        }
        for (id, log) in &model.conversations {
            // One who may see them, whatever the settings are.
            if let Some((user, _)) = log.roles.iter().max_by_key(|(_, role)| **role) {
                self.check_members(user, *id, log).with_context(|| format!("the members of {id}"))?;
            }
        }
        Ok(())
    }

    /// The window has every conversation once, newest first, as it is told alone.
    fn check_window(&self, user: &UserId, told: &Told) -> anyhow::Result<()> {
        let mut window = Vec::new();
        let mut page = Bytes::new();
        loop {
            let Answer::Conversations(some) = self.ask_as(user, Call::ListConversations { page, limit: PAGE })? else {
                bail!("a list is no list");
            };
            window.extend(some.conversations);
            page = some.next;
            if page.is_empty() {
                break;
            }
        }
        let is_sorted = window.is_sorted_by(|a, b| a.active_at >= b.active_at);
        ensure!(is_sorted, "it is not in order: {:?}", window.iter().map(|it| it.active_at).collect::<Vec<_>>());
        let mut listed = BTreeMap::new();
        for view in &window {
            let alone = told.get(&(user.clone(), view.id)).with_context(|| format!("{} is not his", view.id))?;
            ensure!(format!("{view:?}") == format!("{alone:?}"), "it has {view:?}, which alone is {alone:?}");
            ensure!(listed.insert(view.id, ()).is_none(), "it has {} twice", view.id);
        }
        let missing =
            told.iter().find(|((of, id), view)| of == user && view.role.is_some() && !listed.contains_key(id));
        ensure!(missing.is_none(), "it lacks {missing:?}");
        Ok(())
    }

    /// What two are to each other is the same from both sides, and on every device of both.
    fn check_relations(&self, user: &UserId) -> anyhow::Result<()> {
        let relations = self.relations(user)?;
        for (peer, view) in &relations {
            let others = self.relations(peer)?;
            let other = others.get(user).cloned().unwrap_or_else(|| nothing(user));
            ensure!(view.contacts_since == other.contacts_since, "{peer} is a contact on one side only");
            ensure!(view.incoming == other.outgoing, "{peer} did not ask what {user} was asked");
            ensure!(view.outgoing == other.incoming, "{peer} was not asked what {user} asked");
            let (asks, contacts) = (view.incoming.is_some() || view.outgoing.is_some(), view.contacts_since.is_some());
            ensure!(
                !asks || (!contacts && view.blocks_since.is_none()),
                "{peer} is asked beside being a contact or blocked"
            );
        }
        for device in self.devices.iter().filter(|device| device.user == *user) {
            let stored = stored_relations(device);
            let expected: BTreeMap<_, _> =
                relations.iter().map(|(peer, view)| (peer.to_string(), short(view))).collect();
            ensure!(stored == expected, "device {} has {stored:?} and not {expected:?}", device.index);
        }
        Ok(())
    }

    /// What a view says beside head, cursor and unread.
    pub(crate) fn check_view(
        &self,
        user: &UserId,
        view: &ConversationView,
        log: &Conversation,
        told: &Told,
    ) -> anyhow::Result<()> {
        ensure!(view.role == log.roles.get(user).copied(), "the role is {:?}", view.role);
        if view.role.is_none() {
            return Ok(());
        }
        let title = view.title.as_ref().map(|title| title.as_str()).unwrap_or_default();
        ensure!(title == log.title, "the title is {title:?} and not {:?}", log.title);
        ensure!(view.member_count as usize == log.roles.len(), "it has {} members", view.member_count);
        let marks: BTreeMap<_, _> = view.read_marks.iter().map(|mark| (mark.user.clone(), mark.read)).collect();
        if let Some(peer) = &view.peer
            && self.blocks(user, &peer.id)?
        {
            ensure!(marks.is_empty(), "{marks:?} is told beside a block");
            return Ok(());
        }
        if view.group.as_ref().is_some_and(|group| !group.settings.tells_receipts()) {
            ensure!(marks.is_empty(), "{marks:?} is told where receipts or members are hidden");
            return Ok(());
        }
        let others = log.roles.keys().filter(|other| *other != user);
        let cursors = others.filter_map(|other| Some((other.clone(), told.get(&(other.clone(), view.id))?.read)));
        let cursors: BTreeMap<_, _> = cursors.filter(|(user, read)| read.0 > 0 || marks.contains_key(user)).collect();
        ensure!(marks == cursors, "the others have read up to {marks:?} and not {cursors:?}");
        self.check_delivered(user, view, log)
    }

    /// What is told as delivered is on a device, or was read; and whatever is on a device is told as delivered.
    fn check_delivered(&self, user: &UserId, view: &ConversationView, log: &Conversation) -> anyhow::Result<()> {
        let Some(peer) = &view.peer else { return Ok(()) };
        let mark = view.read_marks.iter().find(|mark| mark.user == peer.id);
        let (read, delivered) = mark.map_or((0, 0), |mark| (mark.read.0, mark.delivered.0));
        ensure!(read <= delivered, "{} has read up to {read}, and it was delivered up to {delivered}", peer.id);
        let theirs = self.devices.iter().filter(|device| device.user == peer.id);
        let held =
            theirs.filter_map(|device| device.store.tables().conversations.get(&view.id).map(|row| row.last_seq));
        let held = held.max().unwrap_or(0);
        // A device that lost its store had it.
        let is_lost = self.devices.iter().any(|device| device.user == peer.id && device.lost_its_store);
        ensure!(is_lost || delivered <= read.max(held), "up to {delivered} was delivered, and devices hold {held}");
        let written = log.last_message_of(user, held);
        ensure!(delivered >= written, "up to {delivered} was delivered, and {written} is on a device of {}", peer.id);
        Ok(())
    }

    /// Whether one of two blocks the other.
    fn blocks(&self, one: &UserId, other: &UserId) -> anyhow::Result<bool> {
        let by = |view: Option<&RelationView>| view.is_some_and(|view| view.blocks_since.is_some());
        Ok(by(self.relations(one)?.get(other)) || by(self.relations(other)?.get(one)))
    }

    fn relations(&self, user: &UserId) -> anyhow::Result<BTreeMap<UserId, RelationView>> {
        let (mut relations, mut page) = (BTreeMap::new(), Bytes::new());
        loop {
            let call = Call::ListRelations(ListRelations { filter: RelationFilter::All, page, limit: PAGE });
            let Answer::Relations(some) = self.ask_as(user, call)? else { bail!("a list is no list") };
            for view in some.relations {
                let peer = view.peer.clone();
                ensure!(relations.insert(peer.clone(), view).is_none(), "{peer} is there twice");
            }
            page = some.next;
            if page.is_empty() {
                return Ok(relations);
            }
        }
    }

    /// Who is online is not signed out.
    fn check_devices(&self, user: &UserId) -> anyhow::Result<()> {
        let Answer::Devices(listed) = self.ask_as(user, Call::ListDevices)? else { bail!("a list is no list") };
        for device in self.devices.iter().filter(|device| device.user == *user) {
            let view = listed.iter().find(|view| view.id == device.id);
            ensure!(view.is_some_and(|view| !view.revoked), "{} is told as {view:?}", device.id);
        }
        Ok(())
    }

    /// The total, which a welcome tells, is that of the conversations. It is counted from rows of its own.
    fn check_total(&self, model: &Model, user: &UserId, no: UserNo, told: &Told) -> anyhow::Result<()> {
        let node = self.node.as_ref().context("the server does not run")?;
        let log = node.log.clone();
        let rows = node.block_on(async move { log.scan(key::columns(AppId::DEFAULT, no), None, CHUNKS).await })?;
        let mut columns = Vec::new();
        for (key, row) in &rows {
            column::decode_chunk(key, row, &mut columns)?;
        }
        let activity = node.log.activity().reader(AppId::DEFAULT);
        let unread = |column: &column::Column| {
            let recalled =
                model.conversations.get(&column.id).map_or(0, |log| log.recalled_above(user, column.floor.0));
            column.unread(activity.get(column.no).ordinal).saturating_sub(recalled)
        };
        let total: u64 = columns.iter().map(unread).sum();
        let unread: u64 = told.iter().filter(|((of, _), _)| of == user).map(|(_, view)| view.unread).sum();
        ensure!(total == unread, "it is {total}, and {unread} over all conversations");
        Ok(())
    }

    fn check_members(&self, user: &UserId, id: ConversationId, log: &Conversation) -> anyhow::Result<()> {
        let mut members = BTreeMap::new();
        let mut page = Bytes::new();
        loop {
            let call = Call::ListMembers(ListMembers { conversation: id, only: MemberFilter::All, page, limit: PAGE });
            let Answer::Members(some) = self.ask_as(user, call)? else { bail!("a list is no list") };
            for MemberView { user: view, role, .. } in some.members {
                ensure!(members.insert(view.id.clone(), role).is_none(), "{} is there twice", view.id);
            }
            page = some.next;
            if page.is_empty() {
                break;
            }
        }
        ensure!(members == log.roles, "they are {members:?} and not {:?}", log.roles);
        Ok(())
    }
}

/// Contacts since, blocks since, asked, asks, alias.
type Short = (i64, i64, i64, i64, String);

fn short(view: &RelationView) -> Short {
    let at = |time: Option<Timestamp>| time.map_or(0, Timestamp::as_millis);
    let asked = |request: &Option<Request>| at(request.as_ref().map(|request| request.at));
    let alias = view.remarks.alias.as_ref().map(|alias| alias.as_str().to_owned()).unwrap_or_default();
    (at(view.contacts_since), at(view.blocks_since), asked(&view.incoming), asked(&view.outgoing), alias)
}

fn stored_relations(device: &Device) -> BTreeMap<String, Short> {
    let tables = device.store.tables();
    let relations = tables.entries.values().filter_map(|entry| match &entry.change {
        Some(personal_change::Change::Relation(relation)) => Some(relation),
        Some(_) | None => None,
    });
    let short = |it: &v1::Relation| {
        let at = |request: &Option<v1::ContactRequest>| request.as_ref().map_or(0, |request| request.at);
        let alias = it.remarks.as_ref().map(|remarks| remarks.alias.clone()).unwrap_or_default();
        (it.contacts_since, it.blocks_since, at(&it.incoming), at(&it.outgoing), alias)
    };
    relations.map(|relation| (relation.user_id.clone(), short(relation))).collect()
}

fn nothing(peer: &UserId) -> RelationView {
    RelationView {
        peer: peer.clone(),
        contacts_since: None,
        blocks_since: None,
        incoming: None,
        outgoing: None,
        declined: None,
        remarks: Default::default(),
    }
}

/// Whether a device says the role that the server says.
pub(crate) fn is_same(role: Role, on_device: DeviceRole) -> bool {
    matches!(
        (role, on_device),
        (Role::Member, DeviceRole::Member) | (Role::Admin, DeviceRole::Admin) | (Role::Owner, DeviceRole::Owner)
    )
}
