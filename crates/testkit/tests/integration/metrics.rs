//! What a server counts, as Prometheus reads it: names that hold, and numbers that move.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use stonechat_testkit::ids::client_msg_id;
use stonechat_testkit::local::Local;
use stonechat_testkit::people::PATIENCE;
use stonechat_testkit::raw::{Raw, message};
use stonechat_types::limits::BODY_BYTES_MAX;
use stonechat_wire::frame::encode_with_length;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{FetchEvents, Frame, Ping};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// What is added to the name of a family in the names of its samples.
const SUFFIXES: [&str; 5] = ["", "_total", "_bucket", "_sum", "_count"];

/// A page of metrics: a number for each name with its labels.
struct Page(BTreeMap<String, f64>);

impl Page {
    /// `GET /metrics`, by hand.
    async fn get(addr: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(addr).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.context("the page ends")??;
        let (head, body) = answer.split_once("\r\n\r\n").context("a head and a body")?;
        let head = head.to_ascii_lowercase();
        ensure!(head.starts_with("http/1.1 200 "), "{head}");
        ensure!(head.contains("content-type: application/openmetrics-text"), "{head}");
        ensure!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        Self::parse(body)
    }

    fn parse(body: &str) -> anyhow::Result<Self> {
        let body = body.strip_suffix("# EOF\n").context("the page is whole")?;
        let (mut families, mut described) = (BTreeSet::new(), BTreeSet::new());
        let mut samples = BTreeMap::new();
        for line in body.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').context("a name and a type")?;
                ensure!(["counter", "gauge", "histogram", "info"].contains(&kind), "{line}");
                ensure!(families.insert(name), "{name} is there twice");
                ensure!(name.matches("stonechat").count() == 1 && name.starts_with("stonechat_"), "{name}");
            } else if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').context("a name and a sentence")?;
                ensure!(described.insert(name) && !help.is_empty(), "{line}");
            } else if !line.starts_with("# UNIT ") {
                let (name, value) = line.rsplit_once(' ').with_context(|| format!("a name and a number: {line}"))?;
                let bare = name.split('{').next().unwrap_or_default();
                let of = |suffix: &&str| bare.strip_suffix(*suffix).is_some_and(|family| families.contains(family));
                ensure!(SUFFIXES.iter().any(of), "{bare} has no type");
                ensure!(bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{bare}");
                ensure!(samples.insert(name.to_owned(), value.parse()?).is_none(), "{name} is there twice");
            }
        }
        ensure!(described == families, "a name without a sentence or a type");
        Ok(Self(samples))
    }

    fn value(&self, name: &str) -> anyhow::Result<f64> {
        self.0.get(&format!("stonechat_{name}")).copied().with_context(|| format!("stonechat_{name} is not there"))
    }
}

/// A body that only just does not fit, and one call more than a session may have in flight.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bounds_of_a_session_move_their_metrics() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let http = local.server().http;
    let (mut alice, welcome) = Raw::hello(local.tcp(), &local.token("alice"), "phone", Bytes::new()).await?;
    let calls_max = welcome.limits.context("the welcome has limits")?.calls_max;
    let sent = alice.send(To::UserId("bob".into()), client_msg_id(), &"x".repeat(30_000)).await?;
    for _ in 0..10 {
        alice.send(To::UserId("bob".into()), client_msg_id(), &"x".repeat(30_000)).await?;
    }
    let before = Page::get(http).await?;

    let fetch =
        |_| Body::FetchEvents(FetchEvents { conversation_id: sent.conversation_id.clone(), after_seq: 0, limit: 0 });
    let frames = (0..calls_max * 2).map(fetch).zip(1_000..);
    let frames: Vec<u8> = frames.flat_map(|(body, id)| encode_with_length(&Frame { id, body: Some(body) })).collect();
    alice.write(&frames).await?;
    for id in 1_000..1_000 + u64::from(calls_max) * 2 {
        ensure!(matches!(alice.answer(id).await?, Ok(Body::Events(page)) if page.events.len() > 10), "a page");
    }
    let over = alice.call(message(To::UserId("bob".into()), client_msg_id(), &"x".repeat(BODY_BYTES_MAX))).await?;
    ensure!(over.is_err_and(|error| error.code == "too_large"), "the body and what is around it");

    let after = Page::get(http).await?;
    let moved = |name: &str| anyhow::Ok(after.value(name)? - before.value(name)?);
    ensure!(moved("net_read_pauses_total")? > 0.0, "its socket was not read for a while");
    ensure!(moved("app_page_waits_total")? > 0.0, "pages waited for those before them");
    ensure!(after.value("net_refusals_total{code=\"too_large\"}")? == 1.0, "what the session refused");
    for gauge in ["net_calls_in_flight", "net_connections_paused", "app_pages_in_preparation", "app_reads_waiting"] {
        ensure!(after.value(gauge)? == 0.0, "{gauge} is {} although nothing is on its way", after.value(gauge)?);
    }
    local.stop().await;
    Ok(())
}

/// `docs/reliability/bounds.json`, as far as it is needed here.
#[derive(Deserialize)]
struct Bounds {
    bounds: Vec<OneBound>,
}

#[derive(Deserialize)]
struct OneBound {
    bound: String,
    depth: Vec<String>,
    reached: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_of_a_bound_is_on_the_page_of_a_server() -> anyhow::Result<()> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reliability/bounds.json");
    let Bounds { bounds } = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let local = Local::start().await?;
    // What gateways refuse has a line for each code that was refused.
    let mut stranger = Raw::connect(local.tcp()).await?;
    stranger.submit(Body::Ping(Ping {})).await?;
    while stranger.next().await?.is_some() {}
    let page = Page::get(local.server().http).await?;
    for OneBound { bound, depth, reached } in bounds {
        for name in depth.iter().chain(&reached) {
            let family = name.split('{').next().unwrap_or_default();
            let by_code = family == "stonechat_net_refusals_total";
            let of = |sample: &str| sample == name || (by_code && sample.starts_with(family));
            let histogram = format!("{name}_count");
            let found = page.0.keys().any(|sample| of(sample) || *sample == histogram);
            ensure!(found, "{name}, of the bound \"{bound}\", is not on the page");
        }
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_counts_has_one_name_and_moves() -> anyhow::Result<()> {
    let local = Local::start().await?;
    let http = local.server().http;
    let before = Page::get(http).await?;
    ensure!(before.value("app_sessions")? == 0.0 && before.value("app_events_total")? == 0.0, "nobody was here");

    let (mut alice, _) = Raw::hello(local.tcp(), &local.token("alice"), "phone", Bytes::new()).await?;
    let (mut bob, _) = Raw::hello(local.tcp(), &local.token("bob"), "phone", Bytes::new()).await?;
    let (deaf, _) = Raw::hello(local.tcp(), &local.token("bob"), "deaf", Bytes::new()).await?;
    let id = client_msg_id();
    let mut sent = alice.send(To::UserId("bob".into()), id, "hello").await?;
    bob.event(&sent.conversation_id, sent.seq).await?;
    ensure!(alice.send(To::UserId("bob".into()), id, "hello").await?.deduplicated, "the same again");
    let after = Page::get(http).await?;
    ensure!(after.value("app_sessions")? == 3.0, "{} sessions", after.value("app_sessions")?);
    ensure!(after.value("net_connections_open{transport=\"tcp\"}")? == 3.0, "three connections");
    ensure!(after.value("app_events_total")? == 2.0, "the conversation began, with a message");
    ensure!(after.value("app_deliveries_total")? >= 2.0, "{} deliveries", after.value("app_deliveries_total")?);
    ensure!(after.value("app_duplicates_total")? == 1.0, "one was stored before");
    for gauge in ["store_queue_records", "store_tail_bytes", "store_head"] {
        ensure!(after.value(gauge)? >= before.value(gauge)?, "{gauge} went back");
    }
    ensure!(after.value("store_head")? > before.value("store_head")?, "the store did not move");
    ensure!(after.value("http_requests_total{endpoint=\"/metrics\",status=\"2xx\"}")? >= 1.0, "it counts itself");

    // One device of bob does not read, until it is poked instead; the other one hears everything.
    let long = "x".repeat(60_000);
    let started = Instant::now();
    let poked = loop {
        for _ in 0..20 {
            sent = alice.send(To::UserId("bob".into()), client_msg_id(), &long).await?;
            bob.event(&sent.conversation_id, sent.seq).await?;
        }
        let page = Page::get(http).await?;
        if page.value("app_pokes_total")? > 0.0 {
            break page;
        }
        ensure!(started.elapsed() < PATIENCE, "a device that does not read is never poked");
    };
    ensure!(poked.value("net_event_overflows_total")? > 0.0, "its queue overflowed");
    ensure!(poked.value("app_events_total")? == sent.seq as f64, "every event was counted once");
    ensure!(poked.value("app_deliveries_total")? > after.value("app_deliveries_total")?, "deliveries went on");

    drop((alice, bob, deaf));
    let gone = async {
        while Page::get(http).await?.value("app_sessions")? > 0.0 {}
        Ok::<_, anyhow::Error>(())
    };
    timeout(PATIENCE, gone).await.context("sessions end with their connections")??;
    local.stop().await;
    Ok(())
}
