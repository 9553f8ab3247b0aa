//! What a message looks like once a command that waits is carried out.

use stonechat_types::id::UserId;

use crate::state::{Content, Message, Pending, Reaction, SendState, Wish};

/// Shows a message as a command wants it. What is granted already looks the same; what failed changes nothing, and
/// neither does anything of a message that was taken back.
pub fn lay_over(message: &mut Message, pending: &Pending, me: &UserId) {
    let is_gone = matches!(message.content, Content::Recalled { .. });
    if is_gone || matches!(pending.state, SendState::Failed(_) | SendState::Cancelled) {
        return;
    }
    match &pending.wish {
        Wish::Edit(_, content) => {
            message.content = content.clone();
            message.edited_at = Some(pending.created_at);
        }
        Wish::React(_, emoji) => react(&mut message.reactions, emoji),
        Wish::TakeBack(_, emoji) => take_back(&mut message.reactions, emoji),
        Wish::Pin(_, pinned) => message.pinned = *pinned,
        Wish::Recall(_) => {
            message.content = Content::Recalled { by: Some(me.clone()), at: pending.created_at };
            message.edited_at = None;
            message.reactions.clear();
        }
        Wish::Other => {}
    }
}

fn react(reactions: &mut Vec<Reaction>, emoji: &str) {
    match reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
        Some(reaction) if reaction.own => {}
        Some(reaction) => {
            reaction.own = true;
            reaction.count = reaction.count.saturating_add(1);
        }
        None => reactions.push(Reaction { emoji: emoji.to_owned(), count: 1, own: true }),
    }
}

fn take_back(reactions: &mut Vec<Reaction>, emoji: &str) {
    for reaction in reactions.iter_mut().filter(|reaction| reaction.own && reaction.emoji == emoji) {
        reaction.own = false;
        reaction.count = reaction.count.saturating_sub(1);
    }
    reactions.retain(|reaction| reaction.count > 0);
}

#[cfg(test)]
mod tests {
    use stonechat_types::id::{ClientMsgId, ConversationId};
    use stonechat_types::number::{AppId, Seq, Timestamp};

    use super::*;
    use crate::state::{SendFailure, Target};

    fn alice() -> UserId {
        UserId::new("alice").unwrap()
    }

    fn message(own: bool, count: u32) -> Message {
        Message {
            pinned: false,
            attributes: None,
            id: None,
            ordinal: None,
            sender: alice(),
            own: true,
            sent_at: Timestamp(1),
            client_msg_id: None,
            content: Content::Text("first".into()),
            edited_at: None,
            reactions: vec![Reaction { emoji: "👍".into(), count, own }],
        }
    }

    fn wish(wish: Wish, state: SendState) -> Pending {
        Pending {
            conversation: ConversationId::direct(AppId::DEFAULT, &alice(), &UserId::new("bob").unwrap()),
            command_id: ClientMsgId([1; 16]),
            wish,
            created_at: Timestamp(9),
            state,
        }
    }

    const IT: Target = Target::Log(Seq(2));

    #[test]
    fn a_wish_laid_over_what_granted_it_looks_the_same() {
        let wishes = [
            Wish::Edit(IT, Content::Text("second".into())),
            Wish::React(IT, "👍".into()),
            Wish::React(IT, "🎉".into()),
            Wish::TakeBack(IT, "👍".into()),
            Wish::Recall(IT),
        ];
        for asked in wishes {
            for before in [message(false, 2), message(true, 1)] {
                let pending = wish(asked.clone(), SendState::Queued);
                let mut once = before.clone();
                lay_over(&mut once, &pending, &alice());
                let mut twice = once.clone();
                lay_over(&mut twice, &pending, &alice());
                assert_eq!(once, twice, "{asked:?}");
            }
        }
    }

    #[test]
    fn counts_move_by_one_and_only_for_what_is_new() {
        let shown = |own, count, asked: fn(Target, String) -> Wish| {
            let mut message = message(own, count);
            lay_over(&mut message, &wish(asked(IT, "👍".into()), SendState::Sending), &alice());
            message.reactions.first().map(|it| (it.count, it.own))
        };
        assert_eq!(shown(false, 2, Wish::React), Some((3, true)));
        assert_eq!(shown(true, 2, Wish::React), Some((2, true)));
        assert_eq!(shown(true, 2, Wish::TakeBack), Some((1, false)));
        assert_eq!(shown(true, 1, Wish::TakeBack), None);
        assert_eq!(shown(false, 2, Wish::TakeBack), Some((2, false)));
    }

    #[test]
    fn what_failed_and_what_is_about_a_recalled_message_changes_nothing() {
        let failure = SendFailure { code: "too_late".into(), text: String::new(), recoverable: false };
        let mut shown = message(false, 1);
        lay_over(&mut shown, &wish(Wish::Recall(IT), SendState::Failed(failure)), &alice());
        assert_eq!(shown, message(false, 1));
        let recalled = Message { content: Content::Recalled { by: None, at: Timestamp(3) }, ..message(false, 1) };
        let mut shown = recalled.clone();
        lay_over(&mut shown, &wish(Wish::React(IT, "🎉".into()), SendState::Queued), &alice());
        assert_eq!(shown, recalled);
    }
}
