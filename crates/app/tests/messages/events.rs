//! What happened to a conversation, told with the pages of its messages.

use super::*;
use stonechat_types::text::Title;

async fn told(
    device: &mut Device,
    conversation: ConversationId,
    range: MessageRange,
    limit: u32,
) -> (Vec<u64>, MessagesPage) {
    match device.call(Call::FetchMessages { conversation, range, limit, with_events: true }).await.unwrap() {
        Answer::Messages(page) => (page.events.iter().map(|event| event.id.seq.0).collect(), *page),
        other => panic!("{other:?}"),
    }
}

async fn rename(device: &mut Device, at: ConversationId, title: &str) -> Seq {
    match device.change(at, ChangeRequest::Rename(Title::new(title).unwrap())).await.unwrap() {
        Answer::CommandDone(done) => done.seq,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn pages_tell_what_happened_among_their_messages_and_nothing_is_missed_between_two() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let _ = world.device("bob", "phone").await;
    let at = alice.group("Ops", &["bob"]).await;
    let (events, page) = told(&mut alice, at, MessageRange::Newest, 0).await;
    assert_eq!((events, page.messages.len()), (vec![1], 0), "also where nothing was said yet");
    let mut expected = vec![1];
    for n in 0..9 {
        let sent = alice.send_in(at, &format!("message {n}")).await.unwrap();
        change(&mut alice, at, sent.id.seq, react("👍", true)).await.unwrap();
        expected.push(rename(&mut alice, at, &format!("Ops {n}")).await.0);
    }
    assert_eq!(told(&mut alice, at, MessageRange::Newest, 0).await.0, expected);
    let unasked = page_of(&mut alice, at).await;
    assert!(unasked.events.is_empty());
    let (mut before, mut all) = (MessageRange::Newest, Vec::new());
    loop {
        let (events, page) = told(&mut alice, at, before, 2).await;
        let inside = page.from.0.saturating_sub(1)..=page.upto.0 + 1;
        assert!(page.events.iter().all(|event| inside.contains(&event.ordinal.0)), "{events:?} of {inside:?}");
        all.extend(events);
        if !page.more_before {
            break;
        }
        before = MessageRange::Before(page.from);
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, expected);
}

async fn page_of(device: &mut Device, at: ConversationId) -> MessagesPage {
    page(device, at, MessageRange::Newest).await
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_is_told_what_happened_since_he_came() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut carol = world.device("carol", "phone").await;
    let at = alice.group("Ops", &[]).await;
    rename(&mut alice, at, "Secret").await;
    alice.send_in(at, "not for carol").await.unwrap();
    alice.change(at, ChangeRequest::AddMembers(vec![user("carol")])).await.unwrap();
    let later = rename(&mut alice, at, "Open").await;
    let (events, page) = told(&mut carol, at, MessageRange::Newest, 0).await;
    assert_eq!((events, page.messages.len()), (vec![later.0 - 1, later.0], 0));
    alice.send_in(at, "welcome").await.unwrap();
    assert_eq!(told(&mut carol, at, MessageRange::Newest, 0).await.0, [later.0 - 1, later.0]);
}
