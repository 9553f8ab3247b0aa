//! The window against a brute-force sort.

use proptest::prelude::*;
use stonechat_app::list_conversations::pass;
use stonechat_app::position::WindowPage;
use stonechat_app::rows::column::Column;
use stonechat_log::activity::{Activity, ActivityTable};
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, ConversationNo, LanePosition, Ordinal, Timestamp};

fn conversation(no: u32) -> ConversationId {
    let mut key = [1; 16];
    key[..4].copy_from_slice(&no.to_be_bytes());
    ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &UserId::new("a").unwrap(), CommandId(key))
}

proptest! {
    #[test]
    fn pages_are_a_brute_force_sort_cut_in_pieces(
        rows in proptest::collection::btree_map(0u32..3_000, (0i64..20, 0u64..50, 0u64..30, 0u64..40, 0u16..4), 0..120),
        since in 0u64..50,
        limit in 1usize..40,
    ) {
        let table = ActivityTable::default();
        let mut columns = Vec::new();
        for (no, (recency, position, ordinal, floor, own)) in &rows {
            let activity = Activity { recency: Timestamp(*recency), position: LanePosition(*position), ordinal: Ordinal(*ordinal) };
            table.set(AppId::DEFAULT, ConversationNo(*no), activity);
            columns.push(Column { no: ConversationNo(*no), id: conversation(*no), floor: Ordinal(*floor), own: *own });
        }
        let mut expected: Vec<_> = rows.iter().filter(|(_, row)| row.1 > since).map(|(no, row)| (row.0, *no)).collect();
        expected.sort_unstable();
        expected.reverse();
        let unread: u64 = rows.values().map(|(_, _, ordinal, floor, own)| ordinal.saturating_sub(*floor).saturating_sub(u64::from(*own))).sum();
        let activity = table.reader(AppId::DEFAULT);
        let mut from = Some(WindowPage::first(LanePosition(since)));
        let mut found = Vec::new();
        while let Some(page) = from {
            let window = pass(&columns, &activity, &page, limit);
            prop_assert_eq!(window.unread_total, unread);
            prop_assert!(window.page.len() <= limit);
            prop_assert!(window.next.is_none() || window.page.len() == limit);
            found.extend(window.page.iter().map(|column| (activity.get(column.no).recency.0, column.no.0)));
            from = window.next.map(|next| WindowPage::decode(&next.encode()).unwrap());
        }
        prop_assert_eq!(found, expected);
    }
}
