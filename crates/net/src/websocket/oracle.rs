//! Our framing against an independent one.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_websockets::{ClientBuilder, Message};

use crate::framing::{Decoded, Framing, Item, MESSAGE_BYTES_MAX};
use crate::machine::{CloseCode, MessageKind};
use crate::outbound::Outbound;
use crate::websocket::decoder::WebSocket;

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
