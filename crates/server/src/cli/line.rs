//! One event as one line: JSON with the keys of the contract, or a sentence for people.

use std::io::{self, Write};

use serde::Serialize;
use stonechat_client::content_types::ContentTypes;
use stonechat_client::core::translate;
use stonechat_client::events::RecordedEvent;
use stonechat_client::send::SendHandle;
use stonechat_client::state::{Content, Message, SentMark};
use stonechat_types::id::{ClientMsgId, ConversationId, MessageId, UserId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1::event::Change;

use crate::cli::civil::Civil;
use crate::cli::group::role_name;
use crate::cli::printer::{self, Looks};
use crate::tui::{sanitise, words};

/// The name of the kind of a message.
const MESSAGE: &str = "message";
/// Instead of the text of a message that was recalled.
const RECALLED: &str = "(recalled)";

/// An event as scripts see it. The names and their order are a contract; each line has all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventLine {
    /// The conversation.
    pub conversation: String,
    /// The event in it.
    pub seq: u64,
    /// How many messages there are up to and including it.
    pub ordinal: u64,
    /// `CONVERSATION.SEQ`.
    pub message_id: String,
    /// The sender's own id of it; `null` when it has none.
    pub client_msg_id: Option<String>,
    /// Who did it.
    pub sender: String,
    /// When the server took it, in milliseconds since 1970, UTC.
    pub sent_at: i64,
    /// By the table of `docs/protocol/events.md`.
    pub kind: String,
    /// The text of a text message, else `null`.
    pub text: Option<String>,
    /// Whether an earlier send had stored it already.
    pub deduplicated: bool,
    /// What an event that is not a message did, or what a message is that is not a text, in words for people: they may
    /// become others.
    pub happened: Option<String>,
    /// The message that the event changed.
    pub target: Option<u64>,
}

impl EventLine {
    /// Of what a device received.
    #[must_use]
    pub fn of_event(recorded: &RecordedEvent, me: &UserId, types: &ContentTypes) -> Self {
        let event = &recorded.event;
        let message = translate::message(event, me);
        Self {
            conversation: recorded.conversation.to_string(),
            seq: event.seq,
            ordinal: event.ordinal,
            message_id: MessageId { conversation: recorded.conversation, seq: Seq(event.seq) }.to_string(),
            client_msg_id: ClientMsgId::from_slice(&event.client_msg_id).ok().map(|id| id.to_string()),
            sender: event.sender_id.clone(),
            sent_at: event.sent_at,
            kind: event.kind.clone(),
            text: message.as_ref().and_then(|message| text_of(&message.content)),
            deduplicated: false,
            happened: match (&event.change, &message) {
                (Some(change), _) => Some(happened(change)),
                (None, _) if event.message_recalled => Some(RECALLED.to_owned()),
                (None, message) => message.as_ref().and_then(|message| instead_of_text(&message.content, types)),
            },
            target: event.change.as_ref().and_then(target),
        }
    }

    /// Of a page of history. A message of a page always stands in the log.
    #[must_use]
    pub fn of_message(message: &Message, conversation: ConversationId, types: &ContentTypes) -> Self {
        let seq = message.id.map_or(Seq::ZERO, |id| id.seq);
        Self {
            conversation: conversation.to_string(),
            seq: seq.get(),
            ordinal: message.ordinal.unwrap_or_default().get(),
            message_id: MessageId { conversation, seq }.to_string(),
            client_msg_id: message.client_msg_id.map(|id| id.to_string()),
            sender: message.sender.to_string(),
            sent_at: message.sent_at.as_millis(),
            kind: MESSAGE.into(),
            text: text_of(&message.content),
            deduplicated: false,
            happened: match &message.content {
                Content::Recalled { .. } => Some(RECALLED.to_owned()),
                content => instead_of_text(content, types),
            },
            target: None,
        }
    }

    /// Of an acknowledgement.
    #[must_use]
    pub fn of_sent(mark: &SentMark, handle: &SendHandle, sender: &UserId, text: Option<String>) -> Self {
        Self {
            conversation: mark.conversation.to_string(),
            seq: mark.seq.get(),
            ordinal: mark.ordinal.get(),
            message_id: MessageId { conversation: mark.conversation, seq: mark.seq }.to_string(),
            client_msg_id: Some(handle.client_msg_id().to_string()),
            sender: sender.to_string(),
            sent_at: mark.sent_at.as_millis(),
            kind: MESSAGE.into(),
            text,
            deduplicated: mark.deduplicated,
            happened: None,
            target: None,
        }
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        printer::json_line(out, self)
    }

    /// Writes it for people: `2026-11-27 12:04:31  alice  see you at noon`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_sentence(&self, out: &mut dyn Write, looks: Looks) -> io::Result<()> {
        let time = Civil::at(Timestamp(self.sent_at), looks.offset).date_and_clock();
        let (time, who) = (looks.paint.dim(&time), looks.paint.person(&sanitise::one_line(&self.sender)));
        let what = match (&self.text, &self.happened, self.kind.as_str()) {
            (Some(text), _, _) => sanitise::one_line(text),
            (None, Some(happened), _) => looks.paint.dim(&sanitise::one_line(happened)),
            (None, None, MESSAGE) => looks.paint.dim("(a message that is not a text)"),
            // Of a later version.
            (None, None, kind) => looks.paint.dim(&format!("({})", sanitise::one_line(&kind.replace('_', " ")))),
        };
        writeln!(out, "{time}  {who}  {what}")
    }

    /// The same with the conversation before it, for lines of several.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_sentence_of_many(&self, out: &mut dyn Write, looks: Looks) -> io::Result<()> {
        write!(out, "{}  ", looks.paint.dim(&self.conversation))?;
        self.write_sentence(out, looks)
    }
}

/// What an event that is not a message did, as a sentence about its sender.
fn happened(change: &Change) -> String {
    match change {
        Change::Created(created) if created.title.is_empty() => "began the conversation".into(),
        Change::Created(created) => format!("made the group \"{}\" with {}", created.title, created.members.join(", ")),
        Change::MembersAdded(added) => format!("added {}", added.user_ids.join(", ")),
        Change::MemberRemoved(removed) => format!("removed {}", removed.user_id),
        Change::MemberLeft(_) => "left".into(),
        Change::Renamed(renamed) => format!("renamed the group to \"{}\"", renamed.title),
        Change::RoleChanged(changed) => {
            let role = role_name(translate::role(changed.role)).unwrap_or("nothing");
            format!("made {} {role}", changed.user_id)
        }
        Change::Edited(edited) => {
            let says = text_of(&translate::content(&edited.body_type, &edited.body, false));
            match says.filter(|_| !edited.body_type.is_empty()) {
                Some(text) => format!("edited message {}: {text}", edited.seq),
                None => format!("edited message {}", edited.seq),
            }
        }
        Change::Reacted(reacted) if reacted.removed => {
            format!("took {} back from message {}", reacted.emoji, reacted.seq)
        }
        Change::Reacted(reacted) => format!("added {} to message {}", reacted.emoji, reacted.seq),
        Change::Pinned(pinned) if pinned.removed => format!("unpinned message {}", pinned.seq),
        Change::Pinned(pinned) => format!("pinned message {}", pinned.seq),
        Change::Recalled(recalled) => format!("recalled message {}", recalled.seq),
        Change::InfoChanged(_) => "changed what the group says of itself".into(),
        Change::SettingsChanged(_) => "changed the settings of the group".into(),
        Change::OwnerChanged(changed) => format!("gave the group to {}", changed.user_id),
        Change::OwnerLeft(left) => format!("left the group to {}", left.user_id),
        Change::Dissolved(_) => "dissolved the group".into(),
        Change::MemberMuted(muted) => format!("muted {}{}", muted.user_id, because(&muted.reason)),
        Change::MemberUnmuted(unmuted) => format!("unmuted {}", unmuted.user_id),
        Change::MemberBanned(banned) => format!("banned {}{}", banned.user_id, because(&banned.reason)),
        Change::BanLifted(lifted) => format!("lifted the ban of {}", lifted.user_id),
        Change::NicknameChanged(changed) if changed.nickname.is_empty() => {
            "has no name of his own here any more".into()
        }
        Change::NicknameChanged(changed) => format!("is called \"{}\" here", changed.nickname),
        Change::Announced(announced) if announced.text.is_empty() => "took the announcement away".into(),
        Change::Announced(announced) => format!("announced: {}", announced.text),
        Change::Joined(joined) if joined.link.is_empty() => "joined".into(),
        Change::Joined(_) => "joined by a link".into(),
        Change::Applied(_) => "asks to be let in".into(),
        Change::ApplicationDeclined(declined) => format!("did not let {} in", declined.user_id),
        Change::Invited(invited) => format!("asked {} to come in", invited.user_id),
        Change::InvitationDeclined(_) => "does not come in".into(),
        Change::LinkMade(_) => "made a link by which one joins".into(),
        Change::LinkRevoked(_) => "revoked a link by which one joins".into(),
    }
}

/// The message that a change is about.
fn target(change: &Change) -> Option<u64> {
    match change {
        Change::Edited(edited) => Some(edited.seq),
        Change::Reacted(reacted) => Some(reacted.seq),
        Change::Pinned(pinned) => Some(pinned.seq),
        Change::Recalled(recalled) => Some(recalled.seq),
        _ => None,
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// What people read of a message that is not a text.
fn instead_of_text(content: &Content, types: &ContentTypes) -> Option<String> {
    match content {
        Content::Media(media) => Some(words::media(media).join("  ")),
        Content::Location(location) => Some(words::location(location).join("  ")),
        Content::ContactCard { user, display_name } => Some(words::contact_card(user, display_name).join("  ")),
        Content::Merged(merged) => Some(words::merged(merged).join("  ")),
        Content::Opaque { .. } => Some(types.words(content)).filter(|words| !words.is_empty()),
        Content::Text(_) | Content::Corrupt | Content::Recalled { .. } => None,
    }
}

fn text_of(content: &Content) -> Option<String> {
    match content {
        Content::Text(text) => Some(text.as_str().to_owned()),
        Content::Media(_)
        | Content::Location(_)
        | Content::ContactCard { .. }
        | Content::Merged(_)
        | Content::Opaque { .. }
        | Content::Corrupt
        | Content::Recalled { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::civil::UtcOffset;
    use crate::cli::printer::Paint;

    fn line() -> EventLine {
        let conversation: ConversationId = "d_aeaqcaibaeaqcaibaeaqcaibae".parse().unwrap();
        let message = Message {
            pinned: false,
            attributes: None,
            id: Some(MessageId { conversation, seq: Seq(2) }),
            ordinal: Some(stonechat_types::number::Ordinal(1)),
            sender: UserId::new("alice").unwrap(),
            own: true,
            sent_at: Timestamp(1_795_759_200_000),
            client_msg_id: None,
            content: Content::Text("one\ntwo \u{202e}\u{1b}[2Jthree".into()),
            edited_at: None,
            reactions: Vec::new(),
        };
        EventLine::of_message(&message, conversation, &ContentTypes::default())
    }

    #[test]
    fn json_has_the_keys_of_the_contract_in_their_order() {
        let mut out = Vec::new();
        line().write_json(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"conversation\":\"d_aeaqcaibaeaqcaibaeaqcaibae\",\"seq\":2,\"ordinal\":1,\
             \"message_id\":\"d_aeaqcaibaeaqcaibaeaqcaibae.2\",\"client_msg_id\":null,\"sender\":\"alice\",\
             \"sent_at\":1795759200000,\"kind\":\"message\",\"text\":\"one\\ntwo \u{202e}\\u001b[2Jthree\",\
             \"deduplicated\":false,\"happened\":null,\"target\":null}\n"
        );
    }

    #[test]
    fn titles_and_names_are_told_as_people_see_them() {
        let family = "👨\u{200d}👩\u{200d}👧 \"us\"".to_owned();
        let renamed = Change::Renamed(stonechat_wire::v1::Renamed { title: family.clone() });
        assert_eq!(happened(&renamed), format!("renamed the group to \"{family}\""));
        let mut line = line();
        (line.text, line.happened) = (None, Some(happened(&renamed)));
        let mut out = Vec::new();
        line.write_sentence(&mut out, Looks { paint: Paint::Plain, offset: UtcOffset::default() }).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.ends_with(&format!("  renamed the group to \"{family}\"\n")), "{shown}");
    }

    #[test]
    fn what_is_not_a_message_is_told_as_a_sentence() {
        let renamed = Change::Renamed(stonechat_wire::v1::Renamed { title: "\u{202e}x\n".into() });
        let mut line = line();
        (line.kind, line.text, line.happened) = ("renamed".into(), None, Some(happened(&renamed)));
        let mut out = Vec::new();
        line.write_sentence(&mut out, Looks { paint: Paint::Plain, offset: UtcOffset::default() }).unwrap();
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.starts_with("2026-11-27 06:00:00  alice  renamed the group to "), "{shown}");
        assert!(!shown.contains('\u{202e}') && shown.lines().count() == 1, "{shown}");
        let mut json = Vec::new();
        line.write_json(&mut json).unwrap();
        assert!(String::from_utf8(json).unwrap().contains("\"happened\":\"renamed the group to "));
    }

    #[test]
    fn a_sentence_stays_on_its_line_and_cannot_steer_the_terminal() {
        let mut out = Vec::new();
        let looks = Looks { paint: Paint::Plain, offset: UtcOffset::default() };
        line().write_sentence(&mut out, looks).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "2026-11-27 06:00:00  alice  one ⏎ two ␛[2Jthree\n");
    }
}
