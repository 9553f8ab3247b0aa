//! Our framing against an independent one.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_websockets::{ClientBuilder, Message, ServerBuilder};

use crate::framing::{Decoded, Framing, Item, MESSAGE_BYTES_MAX};
use crate::machine::{CloseCode, MessageKind};
use crate::outbound::Outbound;
use crate::websocket::decoder::WebSocket;
use crate::websocket::header::{self, HEADER_BYTES_MAX, Opcode};

/// Sends every message back, reading at most `piece` bytes at a time, until the peer closes.
async fn echo(mut socket: DuplexStream, piece: usize) {
    let mut framing = WebSocket::default();
    let mut buffer = vec![0; piece];
    loop {
        let n = socket.read(&mut buffer).await.unwrap();
        assert_ne!(n, 0, "closed without goodbye");
        let mut outbound = Outbound::default();
        let mut rest = &mut buffer[..n];
        let mut closed = false;
        while !rest.is_empty() {
            let Decoded { consumed, item } = framing.decode(rest, MESSAGE_BYTES_MAX, &mut outbound).unwrap();
            match item {
                Some(Item::Message { kind, bytes }) => framing.encode(kind, bytes.into_owned().into(), &mut outbound),
                Some(Item::Closed) => closed = true,
                None => {}
            }
            rest = &mut rest[consumed..];
        }
        write_all(&mut socket, outbound).await;
        if closed {
            return;
        }
    }
}

async fn write_all(socket: &mut DuplexStream, mut outbound: Outbound) {
    while !outbound.is_empty() {
        let mut slices = [std::io::IoSlice::new(&[]); crate::outbound::SLICES_MAX];
        let count = outbound.slices(&mut slices);
        let n = socket.write_vectored(&slices[..count]).await.unwrap();
        outbound.advance(n);
    }
}

#[tokio::test]
async fn another_client_gets_back_what_it_sent() {
    for piece in [1, 7, 1000, 16 * 1024] {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let server = tokio_util::task::TaskTracker::new().spawn(echo(ours, piece));
        // Frames of 1,000 bytes, so that larger messages come in parts.
        let config = tokio_websockets::Config::default().frame_size(1000);
        let mut client = ClientBuilder::new().config(config).take_over(theirs);
        let sizes = [0, 1, 125, 126, 999, 1000, 1001, 5000, 65_535, 65_536, 200_000];
        for size in sizes.into_iter().filter(|size| size / piece < 20_000) {
            client.send(Message::binary(Bytes::from(vec![size as u8; size]))).await.unwrap();
            let message = client.next().await.unwrap().unwrap();
            assert!(message.is_binary());
            assert_eq!(message.as_payload().len(), size);
            assert!(message.as_payload().iter().all(|byte| *byte == size as u8));
        }
        client.send(Message::ping("are you there")).await.unwrap();
        let pong = client.next().await.unwrap().unwrap();
        assert!(pong.is_pong());
        assert_eq!(&pong.as_payload()[..], b"are you there");
        client.send(Message::text("Grüße, 世界")).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some("Grüße, 世界"));
        client.close().await.unwrap();
        server.await.unwrap();
    }
}

#[tokio::test]
async fn another_client_reads_our_goodbye() {
    let (mut ours, theirs) = tokio::io::duplex(1024);
    let mut client = ClientBuilder::new().take_over(theirs);
    let mut outbound = Outbound::default();
    let framing = WebSocket::default();
    framing.encode(MessageKind::Text, Bytes::from_static(b"last words"), &mut outbound);
    framing.encode_close(CloseCode::GoingAway, "server restarts", &mut outbound);
    write_all(&mut ours, outbound).await;
    assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some("last words"));
    let goodbye = client.next().await.unwrap().unwrap();
    let (code, reason) = goodbye.as_close().unwrap();
    assert_eq!((u16::from(code), reason), (1001, "server restarts"));
}

/// What a server makes of the bytes of a client: its messages, and the code with which it closes.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<(bool, Vec<u8>)>,
    violation: Option<u16>,
}

fn ours(bytes: &[u8]) -> Outcome {
    let mut framing = WebSocket::default();
    let mut outcome = Outcome::default();
    let mut bytes = bytes.to_vec();
    let mut rest = &mut bytes[..];
    while !rest.is_empty() {
        match framing.decode(rest, MESSAGE_BYTES_MAX, &mut Outbound::default()) {
            Ok(Decoded { consumed, item }) => {
                if let Some(Item::Message { kind, bytes }) = item {
                    outcome.messages.push((kind == MessageKind::Text, bytes.into_owned()));
                }
                rest = &mut rest[consumed..];
            }
            Err(violation) => {
                outcome.violation = Some(violation.code.number());
                break;
            }
        }
    }
    outcome
}

/// The close code is what the other server says to its client.
async fn theirs(bytes: &[u8]) -> Outcome {
    let (theirs, mut client) = tokio::io::duplex(1024 * 1024);
    let mut server = ServerBuilder::new().serve(theirs);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let mut outcome = Outcome::default();
    let mut failed = false;
    while let Some(message) = server.next().await {
        match message {
            Ok(message) if message.is_text() || message.is_binary() => {
                outcome.messages.push((message.is_text(), message.as_payload().to_vec()));
            }
            Ok(_) => {}
            Err(tokio_websockets::Error::Io(_)) => break, // The client's bytes are at their end.
            Err(_) => failed = true,
        }
    }
    drop(server);
    let mut said = Vec::new();
    client.read_to_end(&mut said).await.unwrap();
    if failed {
        let close = said.windows(2).rposition(|header| header[0] == 0x88 && header[1] >= 2).expect("a close frame");
        outcome.violation = Some(u16::from_be_bytes([said[close + 2], said[close + 3]]));
    }
    outcome
}

/// A frame of a client, mostly right. Text is ASCII: the other server refuses bad UTF-8 already in a part of a message,
/// which the protocol leaves open; we refuse it when the message is whole.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x89, 0x8a]),
        1 => any::<u8>().prop_filter("a close has a payload of its own", |first| first & 0x0f != 8),
    ];
    let message = (first, prop_oneof![6 => "[ -~]{0,130}", 1 => "[ -~]{126,300}"]);
    let close = (900_u16..1100, "[ -~]{0,10}");
    let frame = prop_oneof![
        9 => message.prop_map(|(first, payload)| (first, payload.into_bytes())),
        1 => close.prop_map(|(code, reason)| (0x88, [&code.to_be_bytes(), reason.as_bytes()].concat())),
        1 => Just((0x88, Vec::new())),
    ];
    let masked = prop_oneof![15 => Just(true), 1 => Just(false)];
    (frame, masked).prop_map(|((first, payload), masked)| {
        let mut header = [0; HEADER_BYTES_MAX];
        let size = header::write(Opcode::Binary, payload.len(), &mut header);
        header[0] = first;
        header[1] |= u8::from(masked) << 7;
        let mask: &[u8] = if masked { &[0; 4] } else { &[] };
        [&header[..size], mask, &payload].concat()
    })
}

proptest! {
    #[test]
    fn another_server_makes_the_same_of_any_frames(frames in prop::collection::vec(frame(), 0..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = frames.concat();
        prop_assert_eq!(ours(&bytes), runtime.block_on(theirs(&bytes)));
    }
}
