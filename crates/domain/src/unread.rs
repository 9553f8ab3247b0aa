//! Unread: countable messages above max(read cursor, latest join, clear floor), not sent by the user, not recalled or
//! expired (DESIGN.md, section 5.4).

use crate::member::Member;
use stonechat_types::number::Ordinal;

/// The number of unread messages of a member, when the conversation has `head` countable messages that he may see.
#[must_use]
pub fn unread(member: &Member, head: Ordinal) -> u64 {
    let floor = member.floor();
    let own = member.own.iter().filter(|own| own.ordinal > floor && own.ordinal <= head).count() as u64;
    head.0.saturating_sub(floor.0).saturating_sub(own)
}
