//! The same over real sockets: WebSocket and length-prefixed, plain and encrypted.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use stonechat_types::id::{DeviceId, UserId};
use stonechat_wire::frame;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tokio_websockets::{Message, ServerBuilder};

use super::{House, Tokens};
use crate::client::{Client, DeviceInfo};
use crate::core::simulation::server::ME;
use crate::send::Text;

struct Tls {
    acceptor: TlsAcceptor,
    pem: String,
}

fn tls() -> Tls {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Tls { acceptor: TlsAcceptor::from(Arc::new(config)), pem: made.cert.pem() }
}

async fn serve_stream(house: &House, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (to_house, from) = mpsc::channel(8);
    let (to, mut from_house) = mpsc::channel(8);
    let read = async {
        let mut bytes = BytesMut::new();
        while reader.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
            while let Some(frame) = frame::take(&mut bytes).unwrap() {
                let _ = to_house.send(frame).await;
            }
        }
    };
    let write = async {
        while let Some(Ok(frame)) = from_house.recv().await {
            // Cut in two, as networks do.
            let bytes = frame::encode_with_length(&frame);
            let (head, tail) = bytes.split_at(bytes.len() / 2);
            writer.write_all(head).await.unwrap();
            writer.flush().await.unwrap();
            writer.write_all(tail).await.unwrap();
            writer.flush().await.unwrap();
        }
    };
    tokio::select! {
        biased;
        () = read => {}
        () = write => {}
        () = house.serve(from, to) => {}
    }
}

async fn serve_ws(house: &House, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let (_, socket) = ServerBuilder::new().accept(stream).await.unwrap();
    let (mut writer, mut reader) = socket.split();
    let (to_house, from) = mpsc::channel(8);
    let (to, mut from_house) = mpsc::channel(8);
    let read = async {
        while let Some(Ok(message)) = reader.next().await {
            if message.is_binary() {
                let _ = to_house.send(frame::decode(message.into_payload().into()).unwrap()).await;
            }
        }
    };
    let write = async {
        while let Some(Ok(frame)) = from_house.recv().await {
            writer.send(Message::binary(frame::encode(&frame))).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        () = read => {}
        () = write => {}
        () = house.serve(from, to) => {}
    }
}

async fn serve(house: House, scheme: &'static str, tcp: TcpStream, acceptor: TlsAcceptor) {
    match scheme {
        "ws" => serve_ws(&house, tcp).await,
        "tcp" => serve_stream(&house, tcp).await,
        "wss" => serve_ws(&house, acceptor.accept(tcp).await.unwrap()).await,
        _ => serve_stream(&house, acceptor.accept(tcp).await.unwrap()).await,
    }
}

async fn a_message_goes_over(scheme: &'static str) {
    let house = House::new();
    let tls = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tasks = TaskTracker::new();
    let accept = {
        let (house, tasks, acceptor) = (house.clone(), tasks.clone(), tls.acceptor.clone());
        async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tasks.spawn(serve(house.clone(), scheme, tcp, acceptor.clone()));
            }
        }
    };
    let accepting = tasks.spawn(accept);
    let client = Client::builder()
        .endpoint(&format!("{scheme}://localhost:{port}"))
        .root_certificates(tls.pem.clone())
        .device(DeviceInfo::new(DeviceId::new("d").unwrap()))
        .token_provider(Arc::new(Tokens::default()))
        .build()
        .unwrap();
    let account = client.login(&UserId::new(ME).unwrap()).await.unwrap();
    account.start().await.unwrap();
    account.online(Duration::from_secs(20)).await.unwrap();
    let bob = UserId::new("bob").unwrap();
    let large = "x".repeat(60_000);
    for text in ["hi", &large] {
        account.conversation_with(&bob).send(Text::new(text)).await.unwrap().sent().await.unwrap();
    }
    account.stop().await;
    accepting.abort();
}

#[tokio::test]
async fn over_a_websocket() {
    a_message_goes_over("ws").await;
}

#[tokio::test]
async fn over_an_encrypted_websocket() {
    a_message_goes_over("wss").await;
}

#[tokio::test]
async fn over_tcp() {
    a_message_goes_over("tcp").await;
}

#[tokio::test]
async fn over_tls() {
    a_message_goes_over("tls").await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (house, tls, other) = (House::new(), tls(), tls());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tasks = TaskTracker::new();
    let accepting = tasks.spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let _ = tls.acceptor.accept(tcp).await;
        }
    });
    let client = Client::builder()
        .endpoint(&format!("wss://localhost:{port}"))
        .root_certificates(other.pem)
        .device(DeviceInfo::new(DeviceId::new("d").unwrap()))
        .token_provider(Arc::new(Tokens::default()))
        .build()
        .unwrap();
    let account = client.login(&UserId::new(ME).unwrap()).await.unwrap();
    let mut connection = account.connection();
    account.start().await.unwrap();
    loop {
        match connection.next().await.unwrap() {
            crate::state::ConnectionState::Offline { reason, .. } => {
                assert!(reason.contains("certificate"), "{reason}");
                break;
            }
            crate::state::ConnectionState::Online => panic!("connected"),
            _ => {}
        }
    }
    assert!(house.script().tokens.is_empty());
    account.stop().await;
    accepting.abort();
}
