//! The one loop over a pipe in memory, with a toy protocol and virtual time.

mod toy;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use stonechat_net::connection::{Arrival, ConnectionContext, Ended, serve};
use stonechat_net::drain::DrainPlan;
use stonechat_net::events::{LIVE_EVENTS_MAX, Offer};
use stonechat_net::framing::MESSAGE_BYTES_MAX;
use stonechat_net::machine::{CloseCode, Transport};
use stonechat_net::tcp::LengthPrefixed;
use stonechat_net::websocket::decoder::WebSocket;
use stonechat_net::wire::{WRITE_DEADLINE, WRITE_STEP_BYTES};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_websockets::{ClientBuilder, Message};
use toy::{Event, SIGN_IN_BYTES_MAX, SIGN_IN_MS, Toy, ToyService, context, peer, prefixed, unprefixed};

type Context = Arc<ConnectionContext<ToyService>>;

const PIPE_BYTES: usize = 64 * 1024;

fn tcp_with(pipe_bytes: usize, early: &[u8], context: &Context) -> (DuplexStream, JoinHandle<Ended>) {
    let (ours, theirs) = tokio::io::duplex(pipe_bytes);
    let early = Bytes::copy_from_slice(early);
    let arrival = Arrival { early, ..Arrival::new(ours, peer(Transport::Tcp)) };
    let serving = serve::<_, _, Toy, _>(arrival, LengthPrefixed::default(), context.clone());
    (theirs, TaskTracker::new().spawn(serving))
}

fn tcp(context: &Context) -> (DuplexStream, JoinHandle<Ended>) {
    tcp_with(PIPE_BYTES, &[], context)
}

fn websocket(context: &Context) -> (tokio_websockets::WebSocketStream<DuplexStream>, JoinHandle<Ended>) {
    let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
    let arrival = Arrival::new(ours, peer(Transport::WebSocket));
    let serving = serve::<_, _, Toy, _>(arrival, WebSocket::default(), context.clone());
    (ClientBuilder::new().take_over(theirs), TaskTracker::new().spawn(serving))
}

async fn read_message(client: &mut DuplexStream) -> Vec<u8> {
    let length = client.read_u8().await.unwrap();
    assert!(length < 0x80, "a short message");
    let mut message = vec![0; length.into()];
    client.read_exact(&mut message).await.unwrap();
    message
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn messages_are_answered_wherever_their_bytes_are_cut() {
    let messages = [&b"one"[..], &[2; 300], b"", &[4; 20_000]];
    let bytes: Vec<u8> = messages.iter().flat_map(|message| prefixed(message)).collect();
    for step in [1, 2, 3, 299, 1_000, bytes.len()] {
        let context = context(DrainPlan::default());
        let (mut client, serving) = tcp(&context);
        let mut answers = vec![0; bytes.len()];
        for piece in bytes.chunks(step) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.read_exact(&mut answers).await.unwrap();
        assert_eq!(unprefixed(&answers), messages, "in steps of {step}");
        drop(client);
        assert_eq!(serving.await.unwrap(), Ended::ByPeer);
        assert_eq!(context.service.calls().last().unwrap(), "left");
        assert_eq!(context.service.closed(), 1);
        assert_eq!(context.metrics.frames_in.get(), 4);
        assert_eq!(context.metrics.bytes_in.get(), bytes.len() as u64);
        assert_eq!(context.metrics.open_tcp.get(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_read_before_the_loop_come_first() {
    let context = context(DrainPlan::default());
    let early = [prefixed(b"early"), prefixed(b"half")[..3].to_vec()].concat();
    let (mut client, _serving) = tcp_with(PIPE_BYTES, &early, &context);
    client.write_all(b"lf").await.unwrap();
    assert_eq!(read_message(&mut client).await, b"early");
    assert_eq!(read_message(&mut client).await, b"half");
}

#[tokio::test(start_paused = true)]
async fn all_answers_of_a_round_leave_in_one_write() {
    let context = context(DrainPlan::default());
    let (mut client, _serving) = tcp(&context);
    let bytes: Vec<u8> = (0..20).flat_map(|n| prefixed(&[n])).collect();
    client.write_all(&bytes).await.unwrap();
    for n in 0..20 {
        assert_eq!(read_message(&mut client).await, [n]);
    }
    assert_eq!((context.metrics.frames_per_write.count(), context.metrics.frames_per_write.sum()), (1, 20));
}

#[tokio::test(start_paused = true)]
async fn a_machine_with_enough_calls_in_flight_gets_no_input() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = tcp(&context);
    let bytes: Vec<u8> = (0..5).flat_map(|n| prefixed(format!("hold {n}").as_bytes())).collect();
    client.write_all(&bytes).await.unwrap();
    until(|| context.service.calls().len() == 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(context.service.calls().len(), 2);
    let metrics = &context.metrics;
    let shown = || (metrics.calls_in_flight.get(), metrics.paused.get());
    assert_eq!((shown(), metrics.read_pauses.get()), ((2, 1), 1));
    for answered in 0..3 {
        let reply = Event::Reply(context.service.calls()[answered].clone());
        assert_eq!(context.service.sink().offer_control(reply), Offer::Queued);
        until(|| context.service.calls().len() == 3 + answered).await;
        assert_eq!(read_message(&mut client).await, format!("hold {answered}").as_bytes());
    }
    // Each answer made room for one call, which was read.
    assert_eq!((shown(), context.metrics.frames_in.get()), ((2, 1), 5));
    for held in ["hold 3", "hold 4"] {
        assert_eq!(context.service.sink().offer_control(Event::Reply(held.into())), Offer::Queued);
        assert_eq!(read_message(&mut client).await, held.as_bytes());
    }
    client.write_all(&prefixed(b"hold on")).await.unwrap();
    until(|| shown() == (1, 0)).await;
    // Who leaves with a call in flight is not counted for ever.
    drop(client);
    assert_eq!(serving.await.unwrap(), Ended::ByPeer);
    assert_eq!(shown(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_sign_in_is_closed_at_the_deadline() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = websocket(&context);
    let started = Instant::now();
    let goodbye = client.next().await.unwrap().unwrap();
    let (code, reason) = goodbye.as_close().unwrap();
    assert_eq!((u16::from(code), reason), (1008, "too late"));
    assert_eq!(started.elapsed(), Duration::from_millis(SIGN_IN_MS));
    drop(client);
    assert_eq!(serving.await.unwrap(), Ended::ByMachine(CloseCode::Policy));
    assert_eq!(context.metrics.refusals("too_late"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_is_cleared_does_not_tick() {
    let context = context(DrainPlan::default());
    let (mut client, _serving) = tcp(&context);
    client.write_all(&prefixed(b"hello")).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"hello");
    tokio::time::sleep(Duration::from_millis(10 * SIGN_IN_MS)).await;
    client.write_all(&prefixed(b"still here")).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"still here");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_closed_at_the_write_deadline() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = tcp_with(1024, &[], &context);
    client.write_all(&prefixed(b"hello")).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"hello");
    let sink = context.service.sink();
    let started = Instant::now();
    assert_eq!(sink.offer(Event::Live(vec![1; 2_000].into()), 2_000), Offer::Queued);
    // Meanwhile the queue is bounded, and says so.
    until(|| context.metrics.frames_out.get() == 2).await;
    for _ in 0..LIVE_EVENTS_MAX {
        assert_eq!(sink.offer(Event::Live(Bytes::from_static(b"x")), 1), Offer::Queued);
    }
    assert_eq!(sink.offer(Event::Live(Bytes::from_static(b"x")), 1), Offer::Overflow);
    assert_eq!(context.metrics.queued.events.get(), LIVE_EVENTS_MAX as i64);
    assert_eq!(serving.await.unwrap(), Ended::SlowReader);
    assert_eq!(started.elapsed(), WRITE_DEADLINE);
    assert_eq!(sink.offer(Event::Live(Bytes::new()), 0), Offer::Closed);
    assert_eq!((context.metrics.write_deadline_closes.get(), context.metrics.event_overflows.get()), (1, 1));
    assert_eq!((context.metrics.queued.events.get(), context.metrics.queued.bytes.get()), (0, 0));
    assert_eq!(context.service.closed(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_but_steadily_gets_all() {
    let context = context(DrainPlan::default());
    let (mut client, _serving) = tcp_with(1024, &[], &context);
    client.write_all(&prefixed(b"hello")).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"hello");
    let size = 4 * WRITE_STEP_BYTES;
    assert_eq!(context.service.sink().offer(Event::Live(vec![1; size].into()), size), Offer::Queued);
    let started = Instant::now();
    let mut received = vec![0; size + 3];
    for step in received.chunks_mut(WRITE_STEP_BYTES / 8) {
        client.read_exact(step).await.unwrap();
        tokio::time::sleep(WRITE_DEADLINE / 10).await;
    }
    assert!(started.elapsed() > 3 * WRITE_DEADLINE);
    assert_eq!(unprefixed(&received), [vec![1; size]]);
}

#[tokio::test(start_paused = true)]
async fn after_an_overflow_one_event_replaces_the_queue() {
    let context = context(DrainPlan::default());
    let (mut client, _serving) = tcp_with(1024, &[], &context);
    client.write_all(&prefixed(b"hello")).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"hello");
    let sink = context.service.sink();
    assert_eq!(sink.offer(Event::Live(vec![1; 2_000].into()), 2_000), Offer::Queued);
    until(|| context.metrics.frames_out.get() == 2).await;
    while sink.offer(Event::Live(Bytes::from_static(b"lost")), 4) != Offer::Overflow {}
    assert_eq!(sink.replace(Event::Live(Bytes::from_static(b"poke")), 4), Offer::Queued);
    let mut first = vec![0; 2_002];
    client.read_exact(&mut first).await.unwrap();
    assert_eq!(read_message(&mut client).await, b"poke");
}

#[tokio::test(start_paused = true)]
async fn an_oversized_message_is_refused_by_its_length() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = websocket(&context);
    client.send(Message::binary("hello")).await.unwrap();
    assert!(client.next().await.unwrap().unwrap().is_binary());
    client.send(Message::binary(vec![0; MESSAGE_BYTES_MAX + 1])).await.ok();
    let (code, _) = client.next().await.unwrap().unwrap().as_close().map(|(code, why)| (code, why.len())).unwrap();
    assert_eq!(u16::from(code), 1009);
    drop(client);
    assert_eq!(serving.await.unwrap(), Ended::Violation(CloseCode::TooBig));
    assert_eq!((context.metrics.protocol_errors.get(), context.metrics.oversized.get()), (1, 1));
    assert_eq!(context.service.calls(), ["hello", "left"]);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_gets_less_room_than_who_has_signed_in() {
    let size = SIGN_IN_BYTES_MAX + 1;
    let context = context(DrainPlan::default());
    let (mut signed_in, _serving) = tcp(&context);
    signed_in.write_all(&prefixed(b"hello")).await.unwrap();
    assert_eq!(read_message(&mut signed_in).await, b"hello");
    signed_in.write_all(&prefixed(&vec![1; size])).await.unwrap();
    signed_in.read_exact(&mut vec![0; size + 2]).await.unwrap();
    let (mut stranger, serving) = tcp(&context);
    stranger.write_all(&prefixed(&vec![1; size])[..2]).await.unwrap();
    assert_eq!(stranger.read(&mut [0]).await.unwrap(), 0);
    drop(stranger);
    assert_eq!(serving.await.unwrap(), Ended::Violation(CloseCode::TooBig));
}

#[tokio::test(start_paused = true)]
async fn a_drain_says_goaway_then_closes_who_stays() {
    let context = context(DrainPlan { after_ms: 100, spread_ms: 200, deadline_ms: 3_000 });
    let (mut stays, staying) = websocket(&context);
    let (mut leaves, leaving) = tcp(&context);
    stays.send(Message::binary("hello")).await.unwrap();
    assert_eq!(&stays.next().await.unwrap().unwrap().as_payload()[..], b"hello");
    let started = Instant::now();
    context.drain.begin();
    assert_eq!(read_message(&mut leaves).await, b"goaway 100 200");
    leaves.write_all(&prefixed(b"last words")).await.unwrap();
    assert_eq!(read_message(&mut leaves).await, b"last words");
    drop(leaves);
    assert_eq!(leaving.await.unwrap(), Ended::ByPeer);
    assert_eq!(&stays.next().await.unwrap().unwrap().as_payload()[..], b"goaway 100 200");
    let goodbye = stays.next().await.unwrap().unwrap();
    assert_eq!(goodbye.as_close().map(|(code, _)| u16::from(code)), Some(1001));
    assert_eq!(started.elapsed(), Duration::from_millis(3_000));
    drop(stays);
    assert_eq!(staying.await.unwrap(), Ended::Drained);
    assert_eq!(context.service.closed(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_a_peer_that_does_not_read() {
    let context = context(DrainPlan { deadline_ms: 1_000, ..DrainPlan::default() });
    let (_client, serving) = tcp_with(64, &[], &context);
    until(|| !context.service.opened.lock().unwrap().is_empty()).await;
    assert_eq!(context.service.sink().offer(Event::Live(vec![1; 2_000].into()), 2_000), Offer::Queued);
    until(|| context.metrics.frames_out.get() == 1).await;
    let started = Instant::now();
    context.drain.begin();
    assert_eq!(serving.await.unwrap(), Ended::Drained);
    assert_eq!(started.elapsed(), Duration::from_millis(1_000));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_either_side_is_answered() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = websocket(&context);
    client.send(Message::close(Some(tokio_websockets::CloseCode::NORMAL_CLOSURE), "done")).await.unwrap();
    assert!(client.next().await.unwrap().unwrap().is_close());
    assert_eq!(serving.await.unwrap(), Ended::ByPeer);

    let (mut client, serving) = websocket(&context);
    client.send(Message::text("bye")).await.unwrap();
    let goodbye = client.next().await.unwrap().unwrap();
    assert_eq!(goodbye.as_close().map(|(code, reason)| (u16::from(code), reason)), Some((1000, "bye")));
    assert!(client.next().await.is_none());
    assert_eq!(serving.await.unwrap(), Ended::ByMachine(CloseCode::Normal));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_panics_is_still_told_of_the_end() {
    let context = context(DrainPlan::default());
    let (mut client, serving) = tcp(&context);
    client.write_all(&prefixed(b"panic")).await.unwrap();
    assert!(serving.await.unwrap_err().is_panic());
    assert_eq!(context.service.closed(), 1);
    assert_eq!(context.metrics.open_tcp.get(), 0);
}

#[test]
fn the_task_of_a_connection_is_small() {
    let context = context(DrainPlan::default());
    let (ours, _theirs) = tokio::io::duplex(64);
    let arrival = Arrival::new(ours, peer(Transport::WebSocket));
    let serving = serve::<_, _, Toy, _>(arrival, WebSocket::default(), context);
    let toy = size_of::<Toy>();
    assert!(size_of_val(&serving) <= 1_024 + toy, "{} bytes, {toy} of them the machine", size_of_val(&serving));
}
