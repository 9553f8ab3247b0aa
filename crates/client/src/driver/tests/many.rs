//! A start with many conversations. Not a measurement: only that nothing in it is quadratic.

use std::time::Duration;

use stonechat_types::id::{ConversationId, DeviceId, UserId};
use stonechat_types::number::AppId;
use tokio::time::Instant;

use crate::core::machine::{Action, Core, Settings};
use crate::core::mutant::Mutants;
use crate::core::rows::{StoreOp, Transaction};
use crate::core::sync::empty_row;
use crate::store::Store as _;
use crate::store::memory::MemoryStore;
use crate::views::Views;

const MANY: u32 = 20_000;

fn alice() -> UserId {
    UserId::new("alice").unwrap()
}

/// A conversation whose place in the list has nothing to do with its id.
fn conversation(n: u32) -> StoreOp {
    let peer = UserId::new(&format!("peer{n}")).unwrap();
    let mut row = empty_row(ConversationId::direct(AppId::DEFAULT, &alice(), &peer));
    (row.peer, row.member, row.unread) = (Some(peer), true, 1);
    row.active_at = i64::from(n.wrapping_mul(2_654_435_761));
    StoreOp::PutConversation(Box::new(row))
}

#[tokio::test]
async fn a_start_with_many_conversations_is_soon_done() {
    let mut store = MemoryStore::default();
    store.apply(&[Transaction { number: 1, ops: (0..MANY).map(conversation).collect() }]).unwrap();
    let settings = Settings {
        me: alice(),
        device: DeviceId::new("d").unwrap(),
        device_name: String::new(),
        client: String::new(),
        platform: Default::default(),
        window: 0,
        record_events: false,
        mutants: Mutants::default(),
    };
    let begun = Instant::now();
    let mut core = Core::new(settings, store.load().unwrap());
    let views = Views::default();
    while let Some(action) = core.poll_action() {
        if let Action::Emit(change) = action {
            views.apply(&change);
        }
    }
    let list = views.conversations().values();
    assert!(list.iter().zip(list.iter().skip(1)).all(|(a, b)| a.active_at >= b.active_at));
    assert_eq!((list.len(), views.total_unread().get()), (MANY as usize, u64::from(MANY)));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
