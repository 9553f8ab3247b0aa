//! One message to many.

use crate::fake_server::{FakeServer, Fault};
use std::sync::Arc;
use std::time::Duration;
use stonechat_bench::group;
use stonechat_bench::options::{GroupOptions, Output, Target};

fn options(fault: Fault, members: usize) -> GroupOptions {
    GroupOptions {
        target: Target {
            server: FakeServer::start(fault).url.parse().unwrap(),
            tokens: Arc::new(|user| Ok(user.into())),
            metrics: None,
            data_dir: None,
            server_pid: Some(std::process::id()),
        },
        members,
        messages: 10,
        saturation: Duration::from_millis(200),
        in_flight: 4,
        patience: Duration::from_secs(2),
        body_bytes: 100,
        threads: 2,
        user_prefix: "u-".into(),
        output: Output::Table,
    }
}

#[test]
fn everybody_gets_every_message_also_when_the_group_is_made_in_pieces() {
    let figures = group::measure(&options(Fault::None, 300)).unwrap();
    assert!(figures.last_delivery_ms.p50 > 0.0 && figures.bare_last_delivery_ms.p50 > 0.0);
    assert!(figures.saturation.deliveries_per_second > 100.0, "{figures:?}");
    assert!(figures.bare_saturation.deliveries_per_second > 100.0, "{figures:?}");
    let pages: Vec<_> = figures.calls.iter().map(|call| (call.items, call.pages)).collect();
    assert_eq!(pages, [(300, 3), (300, 1), (0, 1), (299, 3)], "{:?}", figures.calls);
    for (output, expected) in
        [(Output::Table, "bare broadcast"), (Output::Json, "\"saturation\""), (Output::Markdown, "|---|")]
    {
        let mut out = Vec::new();
        stonechat_bench::group_report::write(&figures, output, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains(expected));
    }
}

#[test]
fn a_message_that_somebody_does_not_get_or_gets_twice_is_noticed() {
    let complaint = |fault| format!("{:#}", group::measure(&options(fault, 5)).expect_err("the fault was not noticed"));
    assert!(complaint(Fault::Lose(6)).contains("have it"));
    assert!(complaint(Fault::Double(6)).contains("doubled or out of order"));
    assert!(complaint(Fault::LoseAck(6)).contains("acknowledged: false"));
}
