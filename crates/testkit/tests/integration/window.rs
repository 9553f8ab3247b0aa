//! The window of a user with very many conversations, from a cold process, against a brute-force sort.

use anyhow::ensure;
use bytes::Bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stonechat_app::rows::derive::{self, MessageRows};
use stonechat_app::rows::{key, user};
use stonechat_app::seal::{Place, Said, Sealer};
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::Facts;
use stonechat_domain::event::Change;
use stonechat_domain::fold::{fold_change, fold_message, next_stamp};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::UserRef;
use stonechat_log::record::{Event, Record};
use stonechat_log::row::RowWrite;
use stonechat_log::store::Log as _;
use stonechat_log::vault::Vault as _;
use stonechat_log_segment::config::Config;
use stonechat_log_segment::engine::{Options, SegmentLog};
use stonechat_log_segment::keys::{FileVault, MASTER_KEY_FILE, MasterKey};
use stonechat_log_segment::os_disk::OsDisk;
use stonechat_testkit::local::Local;
use stonechat_testkit::raw::{Raw, text_of};
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, ConversationNo, Timestamp, UserNo};
use stonechat_types::text::Title;
use stonechat_wire::v1::ListConversations;
use stonechat_wire::v1::frame::Body;

const CONVERSATIONS: u32 = 100_000;
const PAGES: usize = 10;
const PAGE: u32 = 100;
const APP: AppId = AppId::DEFAULT;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_conversations_begin_with_one_page() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let mut expected = fill(&data)?;
    expected.sort_unstable();
    expected.reverse();

    let started = Instant::now();
    let local = Local::start_on(&data).await?;
    let ready = started.elapsed();
    let token = local.token("alice");
    let started = Instant::now();
    let (mut raw, welcome) = Raw::hello(local.tcp(), &token, "phone", Bytes::new()).await?;
    let first = started.elapsed();
    let mut found = welcome.conversations;
    let mut next = welcome.next_page;
    let mut pages = Duration::ZERO;
    for _ in 0..PAGES {
        let started = Instant::now();
        match raw.call(Body::ListConversations(ListConversations { page: next, limit: PAGE })).await? {
            Ok(Body::Conversations(page)) => {
                found.extend(page.conversations);
                next = page.next_page;
            }
            other => anyhow::bail!("a page was answered {other:?}"),
        }
        pages += started.elapsed();
    }
    for (view, (recency, no, id)) in found.iter().zip(&expected) {
        ensure!(view.conversation_id == *id && view.active_at == *recency, "{} is not {id}", view.conversation_id);
        ensure!(view.last_message.as_ref().map(text_of) == Some(format!("message {no}")), "a wrong last message");
        ensure!((view.unread, view.head_ordinal) == (0, 1), "own messages are not unread");
    }
    ensure!(found.len() == 20 + PAGES * PAGE as usize, "{} conversations", found.len());
    println!(
        "{CONVERSATIONS} conversations: ready {ready:?}, first window {first:?}, a page of {PAGE} {:?}",
        pages / PAGES as u32
    );
    local.stop().await;
    Ok(())
}

/// Writes the conversations straight into a store; what a window should be, unsorted.
fn fill(data: &std::path::Path) -> anyhow::Result<Vec<(i64, u32, String)>> {
    let random = |buffer: &mut [u8]| buffer.fill(7);
    let master = MasterKey::from_file(&data.join("keys").join(MASTER_KEY_FILE), &random)?;
    let vault = Arc::new(FileVault::open(&OsDisk::new(data)?, &master, Arc::new(random))?);
    vault.put_salts(APP, &[(UserNo(1), [3; 16])])?;
    let sealer = Sealer::new(vault);
    let config = Config { checkpoint_bytes: 16 * 1024 * 1024, tail_bytes_max: u64::MAX, ..Config::default() };
    let store = SegmentLog::open(data, Options { config, derive: Arc::new(MessageRows), entropy: &random })?;
    let alice = UserRef { no: UserNo(1), id: UserId::new("alice")? };
    let row = user::encode(&user::User::new(alice.clone(), Timestamp(1)));
    let rows = vec![
        RowWrite::Put { key: key::user(APP, &alice.id), value: row.clone() },
        RowWrite::Put { key: key::user_by_no(APP, alice.no), value: row },
        RowWrite::Put { key: key::next_user(APP), value: Bytes::copy_from_slice(&2u32.to_be_bytes()) },
    ];
    let mut batch = vec![Record { rows, ..Record::default() }];
    let mut expected = Vec::new();
    for no in 1..=CONVERSATIONS {
        let mut command = [1; 16];
        command[..4].copy_from_slice(&no.to_be_bytes());
        let id = ConversationId::created(ConversationKind::Group, APP, &alice.id, CommandId(command));
        // Any order but that of the numbers, with some times that are equal.
        let at = Timestamp(1_000_000 + i64::from(no.wrapping_mul(2_654_435_761) >> 8));
        batch.extend(conversation(&sealer, &alice, no, id, at)?);
        expected.push((at.0, no, id.to_string()));
        if batch.len() >= 512 || no == CONVERSATIONS {
            let (done, answer) = std::sync::mpsc::sync_channel(1);
            store.offer(std::mem::take(&mut batch), Box::new(move |result| _ = done.send(result.map(drop))));
            answer.recv()??;
        }
    }
    Ok(expected)
}

/// A group of one, with one message.
fn conversation(
    sealer: &Sealer,
    alice: &UserRef,
    no: u32,
    id: ConversationId,
    at: Timestamp,
) -> anyhow::Result<[Record; 2]> {
    let mut state = Conversation::empty(APP, id, ConversationNo(no), alice.clone());
    let mut members = Facts::new();
    let created = Change::Created { title: Some(Title::new(&format!("Group {no}"))?), members: vec![alice.clone()] };
    let stamp = next_stamp(&state, created.kind(), at, [1; 16]);
    fold_change(&mut state, &mut members, alice, &created, &stamp);
    let first = Event { header: derive::header(&state, alice, created.kind(), &stamp, [0; 16]), sealed: Bytes::new() };
    let begun = members[&alice.no].clone();
    let rows = vec![derive::conversation_row(&state), derive::member_row(&state, &begun)];
    let stamp = next_stamp(&state, EventKind::Message, at, [2; 16]);
    let sender = members.get_mut(&alice.no).expect("alice is a member");
    fold_message(&mut state, sender, &stamp);
    let header = derive::header(&state, alice, EventKind::Message, &stamp, [0; 16]);
    let text = format!("message {no}");
    let mut body = vec![0x0a, text.len() as u8];
    body.extend_from_slice(text.as_bytes());
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&no.to_be_bytes());
    let keys = sealer.keys(APP, alice.no, id)?.expect("alice has a salt");
    let sealed = keys.seal(&Place::of(&header), nonce, &Said { body_type: b"text", attributes: b"", body: &body });
    let derived = vec![
        derive::conversation_row(&state),
        derive::member_row(&state, sender),
        derive::column_row(&state, sender),
        derive::roster_row(&state, sender),
    ];
    let first = Record { event: Some(first), rows, ..Record::default() };
    Ok([first, Record { event: Some(Event { header, sealed }), derived, ..Record::default() }])
}
