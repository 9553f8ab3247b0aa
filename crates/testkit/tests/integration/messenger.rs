//! What a browser gets from a server: the messenger, sign-in as the demo people on this machine alone, and the API beside it.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use serde_json::Value;
use std::net::SocketAddr;
use stonechat_net::listener::Tls;
use stonechat_server::serve::compose::Settings;
use stonechat_server::serve::web::Web;
use stonechat_testkit::local::Local;
use stonechat_testkit::people::PATIENCE;
use stonechat_testkit::raw::Raw;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The head, in small letters, and the body of an answer.
async fn ask(addr: SocketAddr, request: &str) -> anyhow::Result<(String, String)> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.context("the answer ends")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("a head and a body")?;
    Ok((head.to_ascii_lowercase(), body.to_owned()))
}

async fn get(addr: SocketAddr, path: &str, headers: &str) -> anyhow::Result<(String, String)> {
    ask(addr, &format!("GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_finds_the_messenger_and_signs_in_as_somebody_of_the_demo() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("index.html"), "<p>the messenger")?;
    let web = Web::Folder(folder.path().to_owned());
    let local = Local::start_with(|settings: &mut Settings| (settings.web, settings.demo) = (web, true)).await?;
    let http = local.server().http;
    let host = format!("host: {http}\r\n");
    for path in ["/", "/c/g_aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let (head, body) = get(http, path, &host).await?;
        ensure!(head.starts_with("http/1.1 200 ") && body == "<p>the messenger", "{path}: {head}");
        ensure!(head.contains(&format!("connect-src 'self' ws://{http} wss://{http};")), "{head}");
    }
    let (head, _) = get(http, "/healthz", &host).await?;
    ensure!(head.starts_with("http/1.1 200 "), "the API is still there: {head}");

    let (_, people) = get(http, "/demo/people", &host).await?;
    let people: Value = serde_json::from_str(&people)?;
    ensure!(people["people"].as_array().is_some_and(|people| people.len() == 6), "{people}");
    let body = "{\"user\":\"mei\"}";
    let length = body.len();
    let (head, signed) = ask(
        http,
        &format!(
            "POST /demo/token HTTP/1.1\r\n{host}origin: http://{http}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ),
    )
    .await?;
    ensure!(head.starts_with("http/1.1 200 "), "{head}");
    let signed: Value = serde_json::from_str(&signed)?;
    let token = signed["token"].as_str().context("a token")?;
    let (_mei, welcome) = Raw::hello(local.tcp(), token, "browser", Bytes::new()).await?;
    ensure!(welcome.user_id == "mei", "the token is hers");

    // A page elsewhere whose name was made to lead to this machine.
    let (head, _) = get(http, "/demo/people", "host: rebound.example\r\n").await?;
    ensure!(head.starts_with("http/1.1 404 "), "{head}");
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_proxy_or_without_the_demo_nobody_is_signed_in() -> anyhow::Result<()> {
    for (demo, proxy) in [(false, false), (true, true)] {
        let local = Local::start_with(|settings: &mut Settings| {
            settings.demo = demo;
            if proxy {
                settings.http.tls = Tls::TerminatedByProxy(vec!["127.0.0.0/8".parse().expect("a range")]);
            }
        })
        .await?;
        let http = local.server().http;
        let (head, _) = get(http, "/demo/people", "host: localhost\r\n").await?;
        ensure!(head.starts_with("http/1.1 404 ") && !local.server().demo, "{head}");
        local.stop().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_messenger_can_be_switched_off() -> anyhow::Result<()> {
    let local = Local::start_with(|settings: &mut Settings| settings.web = Web::Off).await?;
    let http = local.server().http;
    let (head, page) = get(http, "/", "host: localhost\r\n").await?;
    ensure!(head.starts_with("http/1.1 200 ") && page.contains("stonechat chat --as alice"), "{head}");
    ensure!(!page.contains("make web"), "{page}");
    let (head, _) = get(http, "/sw.js", "host: localhost\r\n").await?;
    ensure!(head.starts_with("http/1.1 404 "), "{head}");
    local.stop().await;
    Ok(())
}
