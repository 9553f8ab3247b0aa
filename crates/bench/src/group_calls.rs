//! Calls whose answers grow with a group: in pages, and one after the other.

use crate::clock::Clock;
use crate::figures::Milliseconds;
use crate::link::Link;
use crate::message::Which;
use crate::record::Latencies;
use anyhow::{bail, ensure};
use prost::Message as _;
use serde::Serialize;
use stonechat_wire::v1::{self, frame::Body};

/// How often each is asked.
const ROUNDS: u64 = 20;

/// Keeps its messages apart from those of the load.
const OWN_RUN: u16 = 1;

/// One kind of call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PagedCall {
    /// What is asked.
    pub what: &'static str,
    /// Items of all pages.
    pub items: usize,
    /// Pages.
    pub pages: usize,
    /// Bytes of the largest page.
    pub page_bytes_max: usize,
    /// From the first question to the last answer.
    pub all_ms: Milliseconds,
}

/// Asks a group of so many members on a connection of its owner.
///
/// # Errors
/// When the server answers with something else, or leaves somebody out.
pub async fn measure(link: &mut Link, group: &str, members: usize, clock: Clock) -> anyhow::Result<Vec<PagedCall>> {
    let id = || group.to_owned();
    let everybody = |page| Body::ListMembers(v1::ListMembers { conversation_id: id(), page, limit: 500, only: 0 });
    let mut calls = vec![paged(link, "all members", everybody, clock).await?];
    ensure!(calls[0].items == members, "{} of {members} members are listed", calls[0].items);

    // It calls everybody, so that its mentions and its readers are those of all.
    let mut took = Latencies::default();
    let mut seq = 0;
    for number in 0..ROUNDS {
        let client_msg_id = Which { lane: 0, number }.message_id(clock.unix_ms(clock.now_ns()), OWN_RUN).to_vec();
        let text = v1::TextBody { text: "@all".into(), entities: Vec::new() };
        let attributes = v1::Attributes { mention_all: true, ..v1::Attributes::default() };
        let send = Body::Send(v1::SendMessage {
            to: Some(v1::send_message::To::ConversationId(id())),
            client_msg_id: client_msg_id.into(),
            body_type: "text".into(),
            body: text.encode_to_vec().into(),
            attributes: Some(attributes),
            ..v1::SendMessage::default()
        });
        let begun = clock.now_ns();
        let Body::Sent(sent) = link.call(send).await? else { bail!("a mention of all is not acknowledged") };
        took.record(clock.now_ns() - begun);
        seq = sent.seq;
    }
    let (what, all_ms) = ("one message that calls everybody", Milliseconds::from(&took));
    calls.push(PagedCall { what, items: members, pages: 1, page_bytes_max: 0, all_ms });

    let readers = |unread| {
        move |page| {
            Body::ListReaders(v1::ListReaders { conversation_id: id(), seq, unread, page, limit: 500, played: false })
        }
    };
    let read = paged(link, "who has read it", readers(false), clock).await?;
    let unread = paged(link, "who has not read it", readers(true), clock).await?;
    // Its author is on neither list.
    ensure!(
        read.items + unread.items + 1 == members,
        "{} and {} of {members} have read or not",
        read.items,
        unread.items
    );
    calls.extend([read, unread]);
    Ok(calls)
}

async fn paged(
    link: &mut Link,
    what: &'static str,
    ask: impl Fn(bytes::Bytes) -> Body,
    clock: Clock,
) -> anyhow::Result<PagedCall> {
    let mut took = Latencies::default();
    let (mut items, mut pages, mut page_bytes_max) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let begun = clock.now_ns();
        let mut page = bytes::Bytes::new();
        (items, pages) = (0, 0);
        loop {
            let Body::Members(answer) = link.call(ask(page)).await? else { bail!("{what}: another answer") };
            items += answer.members.len();
            pages += 1;
            page_bytes_max = page_bytes_max.max(answer.encoded_len());
            page = answer.next_page;
            if page.is_empty() {
                break;
            }
        }
        took.record(clock.now_ns() - begun);
    }
    Ok(PagedCall { what, items, pages, page_bytes_max, all_ms: Milliseconds::from(&took) })
}
