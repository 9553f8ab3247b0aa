//! What people do to groups besides their members, and what two of them do at once.

use super::World;
use bytes::Bytes;
use stonechat_client::core::command::Command;
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_wire::v1::{self, change_conversation::Change, frame::Body};

impl World {
    /// A group that some device knows, also one that this device was never told of: people pass ids on.
    fn any_group(&self, choice: u64) -> Option<ConversationId> {
        let mut groups: Vec<ConversationId> = Vec::new();
        for device in &self.devices {
            let tables = device.store.tables();
            groups.extend(tables.conversations.keys().filter(|id| id.kind() == ConversationKind::Group));
        }
        groups.sort_unstable();
        groups.dedup();
        groups.get(choice.checked_rem(groups.len() as u64)? as usize).copied()
    }

    pub(super) fn manage(&mut self, device: usize, (conversation, user): (u64, u64), what: u64) {
        let change = self.chosen_change(user, what);
        let is_of_outsiders =
            matches!(change, Change::Join(_) | Change::Apply(_) | Change::DeclineInvitation(_) | Change::JoinByLink(_));
        let group = if is_of_outsiders { self.any_group(conversation) } else { self.group(device, conversation) };
        if let Some(group) = group {
            self.change_group(device, group, change);
        }
    }

    /// Two devices change one group at the same moment, each in its own way.
    pub(super) fn race(&mut self, conversation: u64, user: u64, what: u64) {
        let Some(group) = self.any_group(conversation) else { return };
        let user_id = self.user(user).to_string();
        let title = format!("raced at {}", self.now_ms);
        let add = || Change::AddMembers(v1::AddMembers { user_ids: vec![user_id.clone()] });
        let remove = || Change::RemoveMember(v1::RemoveMember { user_id: user_id.clone() });
        let (first, second) = match what % 5 {
            0 => (add(), remove()),
            1 => (remove(), add()),
            2 => (Change::Rename(v1::Rename { title }), Change::Dissolve(v1::Dissolve {})),
            3 => (Change::Leave(v1::Leave {}), Change::LeaveTo(v1::LeaveTo { user_id })),
            _ => (Change::TransferOwner(v1::TransferOwner { user_id }), Change::Leave(v1::Leave {})),
        };
        let knows = |it: &&crate::device::Device| it.store.tables().conversations.contains_key(&group);
        let mut devices: Vec<usize> =
            self.devices.iter().filter(|it| it.core.is_some()).filter(knows).map(|it| it.index).collect();
        if !devices.is_empty() {
            let at = (what / 5) as usize % devices.len();
            devices.rotate_left(at);
        }
        self.visits.count("race in a group");
        for (device, change) in devices.into_iter().zip([first, second]) {
            self.change_group(device, group, change);
        }
    }

    fn change_group(&mut self, device: usize, group: ConversationId, change: Change) {
        let command_id = self.command_id(device);
        let change = v1::ChangeConversation { command_id, conversation_id: group.to_string(), change: Some(change) };
        self.ask(device, Command::Call(Box::new(Body::ChangeConversation(change))));
    }

    fn chosen_change(&self, user: u64, what: u64) -> Change {
        let (user_id, now, how) = (self.user(user).to_string(), self.now_ms, what / 28);
        let reason = if how.is_multiple_of(2) { String::new() } else { format!("reason at {now}") };
        // Some end within the run, and some never.
        let lasts_ms = [0, 500, 20_000][how as usize % 3];
        // Few links, so that some are used up, revoked, and made again.
        let token = Bytes::from(vec![how as u8 % 3; 16]);
        let link = Bytes::copy_from_slice(&stonechat_app::link::id_of(&token).0);
        match what % 28 {
            0..=4 => Change::ChangeSettings(v1::ChangeSettings { settings: Some(settings(how)) }),
            5 => Change::SetInfo(v1::SetInfo {
                description: Some(format!("about\nus at {now}")),
                avatar: how.is_multiple_of(2).then(|| format!("pictures/{now}")),
                extension: how.is_multiple_of(3).then(|| Bytes::from(vec![7; how as usize % 40])),
            }),
            6 => Change::TransferOwner(v1::TransferOwner { user_id }),
            7 => Change::LeaveTo(v1::LeaveTo { user_id }),
            8 if how.is_multiple_of(3) => Change::Dissolve(v1::Dissolve {}),
            8 | 9 => Change::MuteMember(v1::MuteMember { user_id, lasts_ms, reason }),
            10 => Change::UnmuteMember(v1::UnmuteMember { user_id }),
            11 | 12 => Change::BanMember(v1::BanMember { user_id, lasts_ms, reason }),
            13 => Change::LiftBan(v1::LiftBan { user_id }),
            14 => Change::SetNickname(v1::SetNickname {
                nickname: if how.is_multiple_of(4) { String::new() } else { format!("called at {now}") },
            }),
            15 => Change::Announce(v1::Announce {
                text: if how.is_multiple_of(3) { String::new() } else { format!("know\nthis at {now}") },
            }),
            16 | 17 => Change::Join(v1::Join {}),
            18 => Change::Apply(v1::Apply { message: reason }),
            19 => Change::AcceptApplication(v1::AcceptApplication { user_id }),
            20 => Change::DeclineApplication(v1::DeclineApplication { user_id }),
            21 => Change::Invite(v1::Invite { user_id }),
            22 => Change::DeclineInvitation(v1::DeclineInvitation {}),
            23 | 24 => {
                Change::MakeLink(v1::MakeLink { link, lasts_ms: lasts_ms.max(500 * (how % 2)), uses: how as u32 % 3 })
            }
            25 if how.is_multiple_of(3) => Change::RevokeLink(v1::RevokeLink { link }),
            _ => Change::JoinByLink(v1::JoinByLink { token }),
        }
    }
}

/// One setting or two; most groups are opened, and their history shown, so that people join and see it.
fn settings(how: u64) -> v1::GroupSettings {
    let (on, off) = (v1::Switch::On.into(), v1::Switch::Off.into());
    let switch = if how.is_multiple_of(3) { off } else { on };
    let who = if how.is_multiple_of(2) { v1::Who::Everybody } else { v1::Who::Admins }.into();
    let modes = [v1::JoinMode::Invitation, v1::JoinMode::Approval, v1::JoinMode::Open, v1::JoinMode::Open];
    let join = modes[how as usize % 4].into();
    let unsaid = v1::GroupSettings::default;
    match how % 7 {
        0 | 1 => v1::GroupSettings { join, ..unsaid() },
        2 => v1::GroupSettings { history: switch, join, ..unsaid() },
        3 => v1::GroupSettings { history: switch, ..unsaid() },
        4 => v1::GroupSettings { speak: who, invite: v1::Who::Everybody.into(), ..unsaid() },
        5 => v1::GroupSettings { invite: who, edit_info: who, ..unsaid() },
        _ => v1::GroupSettings { members_hidden: switch, mention_all: who, pin: who, ..unsaid() },
    }
}
