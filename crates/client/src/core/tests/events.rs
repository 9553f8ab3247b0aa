//! What happened to a conversation, in its timeline.

use super::timeline::{kinds, page, row};
use super::*;
use crate::core::rows::EventRow;

fn happened(seq: u64, ordinal: u64, day: i64) -> EventRow {
    let event = v1::Event {
        conversation_id: direct(0).to_string(),
        seq,
        ordinal,
        sender_id: "bob".into(),
        sent_at: day * 86_400_000,
        change: Some(v1::event::Change::Renamed(v1::Renamed { title: "Ops".into() })),
        ..v1::Event::default()
    };
    EventRow { conversation: direct(0), seq, ordinal: ordinal.max(1), event }
}

#[test]
fn what_happened_stands_between_messages_days_and_gaps_and_goes_with_what_is_cleared() {
    let mut model = TimelineModel::new(alice(), direct(0), TimelineOptions::default());
    model.begin(Opened { intervals: vec![(1, 2), (7, 8)], head: Ordinal(8), ..Opened::default() });
    let messages = vec![row(7, "bob", 20_001), row(8, "bob", 20_001)];
    let events = vec![happened(1, 0, 20_000), happened(4, 2, 20_000), happened(20, 8, 20_002)];
    model.merge(HistoryRows { messages, events: events.clone() }, 7);
    assert_eq!(kinds(&model), ["2024-10-5", "theirs 7", "theirs 8", "2024-10-6", "renamed 20"], "of the window only");
    model.merge(page(vec![row(1, "bob", 20_000), row(2, "bob", 20_000)]), 1);
    model.apply(&Change::Events(direct(0), events));
    assert_eq!(
        kinds(&model),
        [
            "start",
            "2024-10-4",
            "renamed 1",
            "theirs 1",
            "theirs 2",
            "renamed 4",
            "4 missing after 2",
            "2024-10-5",
            "theirs 7",
            "theirs 8",
            "2024-10-6",
            "renamed 20"
        ]
    );
    model.apply(&Change::Intervals(direct(0), vec![(7, 8)]));
    model.apply(&Change::Unheld(direct(0), 7));
    assert_eq!(kinds(&model), ["2024-10-5", "theirs 7", "theirs 8", "2024-10-6", "renamed 20"]);
    model.begin(Opened { intervals: vec![(7, 8)], head: Ordinal(8), cleared: Seq(9), ..Opened::default() });
    assert_eq!(kinds(&model), ["2024-10-6", "renamed 20"], "what was cleared is gone");
}
