//! Messages that a user removes for himself: gone for him wherever he looks, and for nobody else.

use super::{changes, edit, newest, page, react};
use crate::harness::{Device, World, body_of, direct, next_id, user};
use proptest::prelude::*;
use std::sync::Arc;
use stonechat_app::api::{
    Answer, Call, ChangeRequest, Content, DeleteMessages, Failure, FetchChanges, ListMentions, MessageRange, Outbound,
    PersonalItem, SetPreferences,
};
use stonechat_app::node::Options;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::event::{Change, MessageCommand};
use stonechat_domain::preferences::PreferencesPatch;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};

async fn delete_as(
    device: &mut Device,
    conversation: ConversationId,
    command_id: CommandId,
    seqs: &[Seq],
) -> Result<(PersonalSeq, Arc<Deletions>), Failure> {
    let delete = DeleteMessages { command_id, conversation, seqs: seqs.to_vec() };
    match device.call(Call::DeleteMessages(delete)).await? {
        Answer::Own(version, item) => match *item {
            PersonalItem::Deletions(at, deletions) if at == conversation => Ok((version, deletions)),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn delete(device: &mut Device, at: ConversationId, seqs: &[Seq]) -> Result<Arc<Deletions>, Failure> {
    delete_as(device, at, CommandId(next_id().0), seqs).await.map(|(_, deletions)| deletions)
}

async fn clear(device: &mut Device, conversation: ConversationId, upto: Seq) {
    let patch = PreferencesPatch { cleared_upto: Some(upto), ..PreferencesPatch::default() };
    let set = SetPreferences { command_id: CommandId(next_id().0), conversation, patch };
    device.call(Call::SetPreferences(Box::new(set))).await.unwrap();
}

async fn read_upto(device: &mut Device, conversation: ConversationId, upto: Seq) {
    device.call(Call::MarkRead { conversation, upto }).await.unwrap();
}

async fn texts(device: &mut Device, at: ConversationId) -> Vec<String> {
    newest(device, at).await.iter().map(|view| body_of(&view.event)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_user_removes_is_gone_for_him_wherever_he_looks_and_others_see_it() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let mut bob = world.device("bob", "phone").await;
    let tablet = world.device("bob", "tablet").await;
    let at = direct("alice", "bob");
    let one = alice.send("bob", "one").await.id.seq;
    let two = alice.send("bob", "two").await.id.seq;
    super::change(&mut alice, at, two, MessageCommand::Pin(true)).await.unwrap();
    let head = bob.view(at).await.head;
    let removed = delete(&mut bob, at, &[two]).await.unwrap();
    assert!(removed.holds(two) && !removed.holds(one));
    let told = |outbound: &Outbound| match outbound {
        Outbound::Personal(_, PersonalItem::Deletions(conversation, it)) if *conversation == at => Some(it.clone()),
        _ => None,
    };
    assert_eq!(tablet.sink.wait(told).await, removed);
    super::change(&mut alice, at, two, edit("two, once more")).await.unwrap();
    super::change(&mut alice, at, two, react("👍", true)).await.unwrap();
    world.log.kill(0);
    let next = world.next(Options::default());
    let mut bob = next.device("bob", "laptop").await;
    let listed = bob.begun.welcome.conversations.conversations[0].clone();
    let view = bob.view(at).await;
    for it in [&listed, &view] {
        assert_eq!((it.unread, it.head_ordinal), (1, Ordinal(2)));
        assert_eq!(it.last_message.as_ref().map(|it| body_of(&it.event)).as_deref(), Some("one"));
    }
    assert_eq!(bob.begun.welcome.unread_total, 1);
    let told = bob.begun.welcome.personal.changes.iter().find_map(|(seq, item)| match item {
        PersonalItem::Deletions(_, it) => Some((*seq, it.clone())),
        _ => None,
    });
    assert_eq!(told, Some((view.removals_version, removed)));
    assert_eq!(texts(&mut bob, at).await, ["one"]);
    let last = page(&mut bob, at, MessageRange::Newest).await;
    assert_eq!((last.upto, last.more_before, last.more_after), (Ordinal(2), false, false));
    let after = page(&mut bob, at, MessageRange::After(Ordinal(1))).await;
    assert!(after.messages.is_empty() && !after.more_after && after.upto == Ordinal(2), "{after:?}");
    assert!(changes(&mut bob, at, head, 0).await.messages.is_empty());
    let list = Call::ListPinned { conversation: at, after: Seq::ZERO, limit: 0 };
    let Answer::Messages(pinned) = bob.call(list.clone()).await.unwrap() else { panic!() };
    assert!(pinned.messages.is_empty());
    let Answer::Events(events) =
        bob.call(Call::FetchEvents { conversation: at, after: Seq::ZERO, limit: 0 }).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(events.hidden, [(two, two)]);
    let edited = events.events.iter().find_map(|event| match &event.content {
        Content::Change(Change::Edited { content, .. }) => Some(content.is_none()),
        _ => None,
    });
    assert_eq!(edited, Some(true), "it does not say what");
    // For the other nothing is different.
    let mut alice = next.device("alice", "laptop").await;
    assert_eq!(texts(&mut alice, at).await, ["one", "two, once more"]);
    let Answer::Messages(pinned) = alice.call(list).await.unwrap() else { panic!() };
    assert_eq!(pinned.messages.len(), 1);
    assert!(alice.begun.welcome.personal.changes.iter().all(|(_, it)| !matches!(it, PersonalItem::Deletions(..))));
}

#[tokio::test(start_paused = true)]
async fn a_command_is_carried_out_once_and_only_messages_can_be_removed() {
    let world = World::new();
    let mut bob = world.device("bob", "phone").await;
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let one = alice.send("bob", "one").await.id.seq;
    let two = alice.send("bob", "two").await.id.seq;
    let id = CommandId(next_id().0);
    let first = delete_as(&mut bob, at, id, &[one]).await.unwrap();
    assert_eq!(delete_as(&mut bob, at, id, &[one]).await.unwrap(), first);
    assert_eq!(delete_as(&mut bob, at, id, &[two]).await.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(delete(&mut bob, at, &[one]).await.unwrap(), first.1, "it is removed already");
    for seq in [Seq::ZERO, Seq(1), Seq(99), Seq(u64::MAX)] {
        let refused = delete(&mut bob, at, &[two, seq]).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotFound, "{seq:?}");
    }
    assert_eq!(texts(&mut bob, at).await, ["two"], "all of a command or nothing");
    let mut eve = world.device("eve", "phone").await;
    assert_eq!(delete(&mut eve, at, &[two]).await.unwrap_err().code, ErrorCode::NotFound);
    world.log.refuse(1);
    assert_eq!(delete(&mut bob, at, &[two]).await.unwrap_err().code, ErrorCode::StorageFull);
    assert_eq!(texts(&mut bob, at).await, ["two"]);
}

#[tokio::test(start_paused = true)]
async fn mentions_are_without_what_is_removed() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    let mut seqs = Vec::new();
    for _ in 0..2 {
        seqs.push(super::attributes::call_all(&mut alice, group).await);
    }
    assert_eq!(bob.view(group).await.unread_mentions, 2);
    delete(&mut bob, group, &[seqs[0]]).await.unwrap();
    let view = bob.view(group).await;
    assert_eq!((view.unread, view.unread_mentions), (1, 1));
    let wanted = ListMentions { conversation: group, after: Ordinal::ZERO, limit: 0 };
    let Answer::Mentions(found) = bob.call(Call::ListMentions(wanted)).await.unwrap() else { panic!() };
    assert_eq!(found.mentions.iter().map(|it| it.seq).collect::<Vec<_>>(), [seqs[1]]);
}

#[tokio::test(start_paused = true)]
async fn pages_go_on_over_long_stretches_that_are_cleared_and_stay_whole() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let at = direct("alice", "bob");
    let mut seqs = Vec::new();
    for i in 0..12 {
        seqs.push(alice.send("bob", &i.to_string()).await.id.seq);
    }
    let mut bob = world.device("bob", "phone").await;
    delete(&mut bob, at, &seqs[5..11]).await.unwrap();
    let range = |range| Call::FetchMessages { conversation: at, range, limit: 2, with_events: false };
    let mut seen = Vec::new();
    let mut before = MessageRange::Newest;
    loop {
        let Answer::Messages(page) = bob.call(range(before)).await.unwrap() else { panic!() };
        seen.splice(0..0, page.messages.iter().map(|it| body_of(&it.event)));
        if !page.more_before {
            break;
        }
        assert!(!page.messages.is_empty(), "no page is empty while more follows");
        before = MessageRange::Before(page.from);
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "11"]);
    clear(&mut bob, at, seqs[2]).await;
    assert_eq!(texts(&mut bob, at).await, ["3", "4", "11"]);
    let mut after = Ordinal::ZERO;
    let mut seen = Vec::new();
    loop {
        let Answer::Messages(page) = bob.call(range(MessageRange::After(after))).await.unwrap() else { panic!() };
        seen.extend(page.messages.iter().map(|it| body_of(&it.event)));
        after = page.upto;
        if !page.more_after {
            break;
        }
    }
    assert_eq!((seen, after), (vec!["3".into(), "4".into(), "11".into()], Ordinal(12)));
    clear(&mut bob, at, Seq(99)).await;
    let all = page(&mut bob, at, MessageRange::Newest).await;
    assert!(all.messages.is_empty() && !all.more_before && all.upto == Ordinal(12), "{all:?}");
    let view = bob.view(at).await;
    assert!(view.last_message.is_none() && view.unread == 0);
    let wanted =
        FetchChanges { conversation: at, after: Seq::ZERO, from: Ordinal::ZERO, upto: Ordinal::ZERO, limit: 0 };
    let Answer::Changes(none) = bob.call(Call::FetchChanges(wanted)).await.unwrap() else { panic!() };
    assert!(none.messages.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    Recall(usize),
    Delete(usize, usize),
    Clear(usize, usize),
    Read(usize, usize),
    Rejoin,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let two = || (0..3usize, 0..40usize);
    prop_oneof![
        8 => (0..3usize).prop_map(Step::Send),
        3 => (0..40usize).prop_map(Step::Recall),
        6 => two().prop_map(|(who, what)| Step::Delete(who, what)),
        1 => two().prop_map(|(who, what)| Step::Clear(who, what)),
        2 => two().prop_map(|(who, what)| Step::Read(who, what)),
        1 => Just(Step::Rejoin),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// The sentence of DESIGN.md 5.4, counted message by message, against what the server says.
    #[test]
    fn unread_is_what_the_sentence_says(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(count(steps));
    }
}

async fn count(steps: Vec<Step>) {
    let names = ["alice", "bob", "carol"];
    let mut world = World::new();
    let mut devices = Vec::new();
    for name in names {
        devices.push(world.device(name, "phone").await);
    }
    let group = devices[0].group("all", &["bob", "carol"]).await;
    // Seq, author, whether it was taken back, for whom it is removed.
    let mut messages: Vec<(Seq, usize, bool, [bool; 3])> = Vec::new();
    for step in steps {
        let pick = |which: usize| std::num::NonZeroUsize::new(messages.len()).map(|count| which % count);
        match step {
            Step::Send(who) => {
                let sent = devices[who].send_in(group, "x").await.unwrap();
                messages.push((sent.id.seq, who, false, [false; 3]));
            }
            Step::Recall(which) => {
                let Some(at) = pick(which) else { continue };
                let (seq, author, gone, _) = &mut messages[at];
                super::change(&mut devices[*author], group, *seq, MessageCommand::Recall).await.unwrap();
                *gone = true;
            }
            Step::Delete(who, which) => {
                let Some(at) = pick(which) else { continue };
                match delete(&mut devices[who], group, &[messages[at].0]).await {
                    Ok(_) => messages[at].3[who] = true,
                    Err(refused) => assert_eq!(refused.code, ErrorCode::NotFound, "carol was away then"),
                }
            }
            Step::Clear(who, which) => {
                let Some(at) = pick(which) else { continue };
                let upto = messages[at].0;
                clear(&mut devices[who], group, upto).await;
                messages.iter_mut().filter(|it| it.0 <= upto).for_each(|it| it.3[who] = true);
            }
            Step::Read(who, which) => {
                let Some(at) = pick(which) else { continue };
                read_upto(&mut devices[who], group, messages[at].0).await;
            }
            Step::Rejoin => {
                devices[0].change(group, ChangeRequest::RemoveMember(user("carol"))).await.unwrap();
                let sent = devices[0].send_in(group, "meanwhile").await.unwrap();
                messages.push((sent.id.seq, 0, false, [false; 3]));
                devices[0].change(group, ChangeRequest::AddMembers(vec![user("carol")])).await.unwrap();
            }
            Step::Restart => {
                world.log.kill(0);
                world = world.next(Options::default());
                devices.clear();
                for name in names {
                    devices.push(world.device(name, "phone").await);
                }
            }
        }
        for (who, device) in devices.iter_mut().enumerate() {
            let view = device.view(group).await;
            let floor = view.read.max(Seq(view.visible_from.0.saturating_sub(1)));
            let is_unread = |it: &&(Seq, usize, bool, [bool; 3])| it.0 > floor && it.1 != who && !it.2 && !it.3[who];
            let unread = messages.iter().filter(is_unread).count() as u64;
            assert_eq!(view.unread, unread, "{} after {messages:?}", names[who]);
            let shown = newest(device, group).await;
            assert!(shown.iter().all(|it| !messages.iter().any(|m| m.0 == it.event.id.seq && m.3[who])));
        }
    }
    for name in names {
        let mut device = world.device(name, "tablet").await;
        let total = device.begun.welcome.unread_total;
        assert_eq!(total, device.view(group).await.unread);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_mentions_goes_on_over_more_than_are_looked_at_once() {
    let world = World::new();
    let mut alice = world.device("alice", "phone").await;
    let group = alice.group("all", &["bob"]).await;
    let mut bob = world.device("bob", "phone").await;
    let mut last = Seq::ZERO;
    for _ in 0..4_100 {
        last = super::attributes::call_all(&mut alice, group).await;
    }
    clear(&mut bob, group, last).await;
    let wanted = super::attributes::call_all(&mut alice, group).await;
    let (mut found, mut after) = (Vec::new(), Ordinal::ZERO);
    loop {
        let call = Call::ListMentions(ListMentions { conversation: group, after, limit: 0 });
        let Answer::Mentions(page) = bob.call(call).await.unwrap() else { panic!("a list is no list") };
        found.extend(page.mentions.iter().map(|it| it.seq));
        if !page.more {
            break;
        }
        assert!(page.upto > after, "it would go on for ever");
        after = page.upto;
    }
    assert_eq!(found, [wanted]);
}
