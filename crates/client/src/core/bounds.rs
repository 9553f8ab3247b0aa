//! Numbers of the server that this device can count on from: checked once, where a frame comes in.

use stonechat_wire::v1::{self, event, frame::Body, personal_change};

/// Largest seq, ordinal or count that a server may name; stores and other languages count with a sign.
pub const NUMBER_MAX: u64 = i64::MAX as u64;

/// Largest number of unread messages of one conversation, so that those of all can be added up.
pub const UNREAD_MAX: u64 = u32::MAX as u64;

/// Whether every number of a frame is one that a store can reach.
pub fn are_within(body: &Body) -> bool {
    match body {
        Body::Welcome(it) => {
            it.unread_total <= NUMBER_MAX
                && it.conversations.iter().all(conversation)
                && it.personal.as_ref().is_none_or(personal)
        }
        Body::Sent(it) => sent(it),
        Body::Conversations(it) => it.conversations.iter().all(conversation),
        Body::Conversation(it) => conversation(it),
        Body::Events(it) => {
            all([it.from_seq, it.upto_seq, it.head_seq, it.head_ordinal])
                && it.events.iter().all(event)
                && it.hidden.iter().all(|range| all([range.from_seq, range.upto_seq]))
        }
        Body::Messages(it) => {
            all([it.as_of_seq, it.from_ordinal, it.upto_ordinal])
                && it.messages.iter().all(|it| it.changed_seq <= NUMBER_MAX && it.event.as_ref().is_none_or(event))
                && it.events.iter().all(event)
        }
        Body::Changes(it) => {
            it.upto_seq <= NUMBER_MAX
                && it.messages.iter().all(|it| it.changed_seq <= NUMBER_MAX && it.event.as_ref().is_none_or(event))
        }
        Body::Edits(it) => it.versions.iter().all(|version| version.seq <= NUMBER_MAX),
        Body::Personal(it) => personal(it),
        Body::Error(it) => it.first.as_ref().is_none_or(sent),
        Body::Event(it) => event(it),
        Body::ReadMoved(it) => all([it.upto_seq, it.upto_ordinal]),
        Body::DeliveredMoved(it) => it.upto_seq <= NUMBER_MAX,
        Body::PersonalChange(it) | Body::Entry(it) => change(it),
        Body::Head(it) => all([it.head_seq, it.head_ordinal]),
        Body::CommandDone(it) => it.seq <= NUMBER_MAX,
        Body::Members(it) => it.as_of_seq <= NUMBER_MAX,
        // Of no number, or of a client.
        _ => true,
    }
}

fn all<const N: usize>(numbers: [u64; N]) -> bool {
    numbers.iter().all(|number| *number <= NUMBER_MAX)
}

fn event(it: &v1::Event) -> bool {
    let target = match &it.change {
        Some(event::Change::Edited(edited)) => edited.seq,
        Some(event::Change::Reacted(reacted)) => reacted.seq,
        Some(event::Change::Pinned(pinned)) => pinned.seq.max(pinned.ordinal),
        Some(event::Change::Recalled(recalled)) => recalled.seq.max(recalled.ordinal),
        Some(_) | None => 0,
    };
    let changed = it.state.as_ref().map_or(0, |state| state.changed_seq);
    all([it.seq, it.ordinal, target, changed])
}

fn sent(it: &v1::Sent) -> bool {
    all([it.seq, it.ordinal])
}

fn conversation(it: &v1::Conversation) -> bool {
    all([it.head_seq, it.head_ordinal, it.read_seq, it.read_ordinal, it.visible_from_seq, it.floor_ordinal])
        && it.deletions_seq <= NUMBER_MAX
        && it.unread <= UNREAD_MAX
        && it.last_message.as_ref().is_none_or(event)
        && it.read_marks.iter().all(|mark| all([mark.upto_seq, mark.delivered_seq]))
}

fn personal(it: &v1::Personal) -> bool {
    it.upto <= NUMBER_MAX && it.changes.iter().all(change)
}

fn change(it: &v1::PersonalChange) -> bool {
    it.personal_seq <= NUMBER_MAX
        && match &it.change {
            Some(personal_change::Change::Membership(it)) => it.visible_upto_seq <= NUMBER_MAX,
            Some(personal_change::Change::Read(it)) => all([it.upto_seq, it.upto_ordinal]),
            Some(personal_change::Change::Receipts(it)) => all([it.read_seq, it.delivered_seq]),
            Some(personal_change::Change::Preferences(it)) => all([it.cleared_upto_seq, it.hidden_upto_seq]),
            Some(personal_change::Change::Deletions(it)) => {
                it.runs.iter().all(|run| all([run.upto_seq, run.upto_ordinal]))
            }
            Some(personal_change::Change::Stars(it)) => it.stars.iter().all(|star| all([star.seq, star.ordinal])),
            Some(personal_change::Change::Plays(it)) => {
                all([it.floor_seq])
                    && it.played_seqs.iter().all(|seq| all([*seq]))
                    && it.by_others.iter().all(|it| all([it.seq]))
            }
            // Times are shown, and not counted on from.
            Some(
                personal_change::Change::Device(_)
                | personal_change::Change::Quiet(_)
                | personal_change::Change::Relation(_)
                | personal_change::Change::Profile(_)
                | personal_change::Change::Presence(_)
                | personal_change::Change::Asking(_),
            )
            | None => true,
        }
}
