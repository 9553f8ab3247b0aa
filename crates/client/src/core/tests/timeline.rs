//! The lines of a timeline.

use super::*;
use crate::state::{Content, Unsent};

pub(super) fn row(ordinal: u64, sender: &str, day: i64) -> MessageRow {
    MessageRow {
        pinned: false,
        attributes: None,
        conversation: direct(0),
        seq: ordinal + 1,
        ordinal,
        client_msg_id: Some(ClientMsgId([u8::try_from(ordinal).unwrap(); 16])),
        sender: UserId::new(sender).unwrap(),
        sent_at: Timestamp(day * 86_400_000 + 1),
        body_type: "text".into(),
        body: Bytes::new(),
        corrupt: false,
        changed: ordinal + 1,
        edits: 0,
        edited_at: Timestamp::default(),
        reactions: Vec::new(),
        recalled: None,
    }
}

pub(super) fn page(messages: Vec<MessageRow>) -> HistoryRows {
    HistoryRows { messages, events: Vec::new() }
}

/// An own message of one day that waits.
pub(super) fn unsent(client_msg_id: ClientMsgId) -> Unsent {
    Unsent {
        attributes: None,
        conversation: direct(0),
        client_msg_id,
        content: Content::Text("hi".into()),
        created_at: Timestamp(20_000 * 86_400_000),
        state: SendState::Queued,
    }
}

pub(super) fn kinds(model: &TimelineModel) -> Vec<String> {
    let name = |kind: &TimelineItemKind| match kind {
        TimelineItemKind::Message(item) => match &item.state {
            None => format!("theirs {}", item.message.ordinal.unwrap_or_default().get()),
            Some(SendState::Sent(mark)) => format!("own {} read by {}", mark.ordinal.get(), item.read_by),
            Some(state) => format!("own {state:?}"),
        },
        TimelineItemKind::Event(event) => format!("{} {}", event.kind.name(), event.seq.get()),
        TimelineItemKind::DateDivider(date) => format!("{}-{}-{}", date.year, date.month, date.day),
        TimelineItemKind::ReadMarker => "unread".into(),
        TimelineItemKind::Start => "start".into(),
        TimelineItemKind::Gap { after, missing } => format!("{missing} missing after {}", after.get()),
    };
    model.items().iter().map(|item| name(&item.kind)).collect()
}

#[test]
fn a_timeline_has_days_gaps_marks_and_the_line_above_the_unread() {
    let mut model = TimelineModel::new(alice(), direct(0), TimelineOptions::default());
    let bob = UserId::new("bob").unwrap();
    model.begin(Opened {
        cleared: Seq::ZERO,
        removed: Arc::default(),
        starred: Arc::default(),
        played: Arc::default(),
        intervals: vec![(1, 2), (7, 9)],
        read: (Seq(8), Ordinal(7)),
        floor: Ordinal(7),
        unread: 1,
        marks: vec![crate::state::ReadMark { user: bob, upto: Seq(3), delivered: Seq(8) }],
        head: Ordinal(9),
        unsent: Vec::new(),
        pending: Vec::new(),
    });
    let rows = vec![row(1, "bob", 20_000), row(2, "alice", 20_000), row(7, "bob", 20_059), row(8, "alice", 20_059)];
    model.merge(page(rows), 1);
    model.merge(page(vec![row(9, "bob", 20_060)]), 9);
    assert_eq!(
        kinds(&model),
        [
            "start",
            "2024-10-4",
            "theirs 1",
            "own 2 read by 1",
            "4 missing after 2",
            "2024-12-2",
            "theirs 7",
            "own 8 read by 0",
            "2024-12-3",
            "unread",
            "theirs 9"
        ]
    );
    model.hide_read_marker();
    assert!(!kinds(&model).contains(&"unread".into()));
}

#[test]
fn an_own_message_keeps_its_key_and_is_there_once_from_echo_to_log() {
    let mut model = TimelineModel::new(alice(), direct(0), TimelineOptions::default());
    model.begin(Opened::default());
    let id = ClientMsgId([4; 16]);
    let mark = SentMark {
        conversation: direct(0),
        seq: Seq(5),
        ordinal: Ordinal(4),
        sent_at: Timestamp(20_000 * 86_400_000 + 1),
        deduplicated: false,
        conflict: false,
    };
    let steps = [
        Change::Echo(1, Box::new(unsent(id))),
        Change::Messages(direct(0), vec![row(4, "alice", 20_000)]),
        Change::EchoGone(direct(0), id),
        Change::Send { conversation: direct(0), client_msg_id: id, state: SendState::Sent(mark) },
        Change::Messages(direct(0), vec![row(4, "alice", 20_000)]),
        Change::Intervals(direct(0), vec![(1, 4)]),
    ];
    for step in steps {
        model.apply(&step);
        let own = model.items().iter().filter(|item| item.key == ItemKey::Own(id)).count();
        assert_eq!(own, 1, "after {step:?}");
    }
}
