//! A network that fails, for tests that are not in Rust: `fault-proxy SERVER`, such as `fault-proxy 127.0.0.1:8080`.
//!
//! It prints `listening ADDRESS`, then does what it is told, a line each on standard input, and answers each with `ok`:
//!
//! | Line | What |
//! |---|---|
//! | `cut` | ends every connection |
//! | `cut-after BYTES` | ends every connection after so many bytes more, wherever that is in a frame |
//! | `freeze` | leaves every connection open and dead on both sides; new ones are as the weather is |
//! | `delay MS` | every piece is late by this |
//! | `slow` | the client takes little at a time of what the server sends |
//! | `lose to-server`, `lose to-client` | swallows everything that goes this way, and tells nobody |
//! | `clear` | fair weather; connections that something was swallowed of end, dead ones stay dead |
//!
//! It ends with its standard input. The server need not be there yet, and may be another one later at the same address.

// A tool for tests is an edge.
#![allow(clippy::disallowed_methods)]

use anyhow::{Context as _, bail};
use std::net::SocketAddr;
use std::time::Duration;
use stonechat_testkit::black_box::proxy::{Proxy, Way, Weather};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio_util::task::TaskTracker;

/// What is wanted of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Cut,
    CutAfter(u64),
    Freeze,
    Weather(Weather),
    Clear,
}

fn read(line: &str) -> anyhow::Result<Wish> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["cut"] => Wish::Cut,
        ["cut-after", bytes] => Wish::CutAfter(bytes.parse().context("cut-after takes a number of bytes")?),
        ["freeze"] => Wish::Freeze,
        ["delay", ms] => {
            let delay = Duration::from_millis(ms.parse().context("delay takes milliseconds")?);
            Wish::Weather(Weather { delay, ..Weather::default() })
        }
        ["slow"] => Wish::Weather(Weather { slow: true, ..Weather::default() }),
        ["lose", "to-server"] => Wish::Weather(Weather { lost: Some(Way::ToServer), ..Weather::default() }),
        ["lose", "to-client"] => Wish::Weather(Weather { lost: Some(Way::ToClient), ..Weather::default() }),
        ["clear"] => Wish::Clear,
        _ => bail!("`{line}` is not known"),
    })
}

fn carry_out(proxy: &Proxy, wish: Wish) {
    match wish {
        Wish::Cut => proxy.cut(),
        Wish::CutAfter(bytes) => proxy.cut_after(bytes),
        Wish::Freeze => proxy.freeze(),
        Wish::Weather(weather) => proxy.set(weather),
        Wish::Clear => proxy.clear(),
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server] = words.as_slice() else { bail!("usage: fault-proxy SERVER") };
    let server: SocketAddr = server.parse().context("the server is an address and a port")?;
    let tasks = TaskTracker::new();
    let proxy = Proxy::start(server, &tasks).await?;
    println!("listening {}", proxy.addr());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        carry_out(&proxy, read(&line)?);
        println!("ok");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood_and_others_are_not() {
        let lost = Weather { lost: Some(Way::ToClient), ..Weather::default() };
        assert_eq!(read("lose to-client").unwrap(), Wish::Weather(lost));
        assert_eq!(read(" cut-after  17 ").unwrap(), Wish::CutAfter(17));
        for line in ["cut", "freeze", "delay 250", "slow", "lose to-server", "clear"] {
            read(line).unwrap();
        }
        for line in ["", "cut 1", "delay", "delay -1", "delay 1s", "lose", "cut-after", "stop"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
