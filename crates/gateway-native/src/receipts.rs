//! How far users are: frames to the application's words, and back.

use stonechat_app::api::{Call, Failure, ReadMark};
use stonechat_domain::plays::{Played, Plays};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::DELIVERED_PER_CALL_MAX;
use stonechat_types::number::Seq;
use stonechat_wire::v1::{self, frame::Body};

use crate::parse::{conversation, invalid, seq};

/// Reads what a device has stored.
pub(crate) fn mark_delivered(mark: &v1::MarkDelivered) -> Result<Call, Failure> {
    if mark.marks.len() > DELIVERED_PER_CALL_MAX {
        return Err(invalid("marks", format_args!("has more than {DELIVERED_PER_CALL_MAX} entries")));
    }
    let one = |mark: &v1::Delivered| Ok((conversation(&mark.conversation_id)?, seq("upto_seq", mark.upto_seq)?));
    mark.marks.iter().map(one).collect::<Result<_, Failure>>().map(Call::MarkDelivered)
}

/// Writes how far another member is.
pub(crate) fn read_mark(mark: &ReadMark) -> v1::ReadMark {
    let (user_id, delivered_seq) = (mark.user.as_str().to_owned(), mark.delivered.0);
    v1::ReadMark { user_id, upto_seq: mark.read.0, delivered_seq }
}

/// Writes how far the other user of a direct conversation is.
pub(crate) fn receipts(conversation: ConversationId, (read, delivered): (Seq, Seq)) -> v1::ReceiptState {
    let conversation_id = conversation.to_string();
    v1::ReceiptState { conversation_id, read_seq: read.0, delivered_seq: delivered.0 }
}

/// Writes what a user knows of the voice messages of a conversation.
pub(crate) fn plays(conversation: ConversationId, plays: &Plays) -> v1::Plays {
    let by_others = |played: &Played| v1::PlayedByOthers { seq: played.seq.0, players: played.by };
    v1::Plays {
        conversation_id: conversation.to_string(),
        floor_seq: plays.floor().0,
        played_seqs: plays.mine().iter().map(|seq| seq.0).collect(),
        by_others: plays.others().iter().map(by_others).collect(),
    }
}

/// A device of the other user of a direct conversation has stored it.
pub(crate) fn delivered_moved(conversation: ConversationId, user: &UserId, upto: Seq) -> Body {
    let (conversation_id, user_id) = (conversation.to_string(), user.as_str().to_owned());
    Body::DeliveredMoved(v1::DeliveredMoved { conversation_id, user_id, upto_seq: upto.0 })
}
