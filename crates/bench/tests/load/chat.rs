//! Pairs of people.

use crate::fake_server::{FakeServer, Fault};
use std::sync::Arc;
use std::time::Duration;
use stonechat_bench::chat;
use stonechat_bench::figures::ChatFigures;
use stonechat_bench::options::{ChatOptions, Idle, Load, Output, Prepared, Rate, Target};

fn options(server: &FakeServer, loads: &[Load]) -> ChatOptions {
    ChatOptions {
        target: Target {
            server: server.url.parse().unwrap(),
            tokens: Arc::new(|user| Ok(user.into())),
            metrics: None,
            data_dir: None,
            server_pid: None,
        },
        loads: loads.to_vec(),
        duration: Duration::from_millis(400),
        warm_up: Duration::from_millis(1),
        patience: Duration::from_secs(2),
        body_bytes: 64,
        conversations: 0,
        connections: 0,
        threads: 1,
        idle: None,
        user_prefix: "u-".into(),
        output: Output::Table,
    }
}

const ONE: Load = Load::Closed { pairs: 2, in_flight: 1 };
const MANY: Load = Load::Closed { pairs: 2, in_flight: 8 };

fn measured(fault: Fault, load: Load) -> anyhow::Result<ChatFigures> {
    chat::measure(&options(&FakeServer::start(fault), &[load]))
}

fn complaint(fault: Fault, load: Load) -> String {
    format!("{:#}", measured(fault, load).expect_err("the fault was not noticed"))
}

#[test]
fn everything_that_is_acknowledged_is_delivered() {
    for load in [ONE, MANY] {
        let figures = measured(Fault::None, load).unwrap();
        let load = &figures.loads[0];
        assert!(load.acked_per_second > 100.0, "{load:?}");
        assert!((load.acked_per_second - load.delivered_per_second).abs() < 0.2 * load.acked_per_second, "{load:?}");
        assert!(load.ack_ms.p50 > 0.0 && load.ack_ms.max >= load.ack_ms.p99 && load.delivery_ms.p50 > 0.0);
        assert_eq!((load.refused, load.pokes), (0, 0));
    }
}

#[test]
fn conversations_are_spread_over_pairs_and_threads() {
    let server = FakeServer::start(Fault::None);
    let mut options = options(&server, &[Load::Closed { pairs: 6, in_flight: 4 }]);
    options.conversations = 18;
    options.threads = 2;
    options.connections = 5;
    assert!(chat::measure(&options).unwrap().loads[0].acked_per_second > 100.0);
}

#[test]
fn a_lost_a_doubled_and_a_reordered_delivery_are_caught() {
    assert!(complaint(Fault::Lose(20), ONE).contains("lost or out of order"));
    assert!(complaint(Fault::Double(20), ONE).contains("doubled or out of order"));
    assert!(complaint(Fault::Swap(20), ONE).contains("lost or out of order"));
}

#[test]
fn a_lost_and_a_second_acknowledgement_are_caught() {
    assert!(complaint(Fault::LoseAck(20), MANY).contains("something is lost"));
    assert!(complaint(Fault::DoubleAck(20), MANY).contains("is not in flight"));
}

/// Long after the warm-up, whose faults are not told.
const LATE: u64 = 150;

#[test]
fn a_refused_send_is_sent_again_in_order() {
    let load = measured(Fault::Refuse(LATE), Load::Closed { pairs: 1, in_flight: 8 }).unwrap().loads.remove(0);
    assert!(load.refused > 0 && load.acked_per_second > 100.0, "{load:?}");
}

#[test]
fn a_receiver_that_is_told_to_pull_catches_up() {
    let load = measured(Fault::Poke(LATE), Load::Closed { pairs: 1, in_flight: 8 }).unwrap().loads.remove(0);
    assert!(load.pokes > 0 && load.delivered_per_second > 100.0, "{load:?}");
}

#[test]
fn a_standstill_is_charged_to_the_sends_that_had_to_begin_in_it() {
    let stall = Duration::from_millis(300);
    let load = Load::Open { pairs: 1, rate: Rate::PerSecond(500.0) };
    // The ramp has 150 after one or two: this one is early in the measured time.
    let figures = measured(Fault::Stall(200, stall), load).unwrap();
    let load = &figures.loads[0];
    // 200 are measured, and the sends that had to begin in the 300 ms are most of them. A closed loop would see one.
    assert!(load.ack_ms.max >= 295.0, "{load:?}");
    assert!(load.ack_ms.p50 >= 20.0, "{load:?}");
    assert!((load.offered_per_second.unwrap() - 500.0).abs() < 20.0, "{load:?}");
}

#[test]
fn every_output_holds_the_figures() {
    let server = FakeServer::start(Fault::None);
    let folder = tempfile::tempdir().unwrap();
    // A process whose memory stands still.
    let mut still = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    for (output, expected) in
        [(Output::Table, "acked/s"), (Output::Json, "\"acked_per_second\""), (Output::Markdown, "| load |")]
    {
        let mut options = options(&server, &[ONE]);
        options.output = output;
        if output == Output::Json {
            options.target.data_dir = Some(folder.path().into());
            options.target.server_pid = Some(still.id());
            options.idle = Some(Idle { connections: 10, conversations: 4, prepared: Prepared::No });
        }
        options.user_prefix = format!("{output:?}-");
        let mut out = Vec::new();
        chat::run(options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains(expected), "{text}");
        if output == Output::Json {
            let figures: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(figures["idle"]["kib_each"].is_number() && figures["loads"][0]["bare"]["per_second"].is_number());
        }
    }
    still.kill().and_then(|()| still.wait()).unwrap();
}
