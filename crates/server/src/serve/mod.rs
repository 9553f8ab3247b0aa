//! `stonechat serve`: from the configuration to a server that drains when it is told to end.

// The composition root is an edge: it starts threads and reads clocks for all others.
#![allow(clippy::disallowed_methods)]

pub mod backend;
pub mod clock;
pub mod compose;
pub mod configured;
pub mod demo;
mod gauges;
pub mod web;

use crate::data_folder::ADDRESS_FILE;
use anyhow::Context as _;
use compose::{Server, Settings};
use std::io::Write;
use tokio::signal::unix::{SignalKind, signal};

/// What the demo suggests to type.
#[derive(Clone, Debug)]
pub struct Extras {
    /// How the program was called.
    pub program: String,
    /// How the data folder is written.
    pub data: String,
}

/// Runs a server until SIGINT or SIGTERM. Writes one line `ready URL` once what a hello and a durable send do has
/// succeeded.
///
/// # Errors
/// A sentence for the operator, with its cause behind it.
pub fn run(settings: Settings, extras: &Extras, out: &mut dyn Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start")?;
    runtime.block_on(serve(settings, extras, out))
}

async fn serve(settings: Settings, extras: &Extras, out: &mut dyn Write) -> anyhow::Result<()> {
    // The signals first: one that comes early ends the start in order.
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
    let (data, demo) = (settings.data.clone(), settings.demo);
    let server = Server::start(settings).await?;
    if demo {
        demo::seed(&server).await;
    }
    // It stays when the server ends: a device keeps what it knows and what waits by this address, so it must not take
    // another one for the same server.
    let address = data.join(ADDRESS_FILE);
    std::fs::write(&address, format!("{}\n", server.url()))
        .with_context(|| format!("could not write {}", address.display()))?;
    writeln!(out, "ready {}", server.url()).and_then(|()| out.flush()).context("could not say that it is ready")?;
    tracing::info!(url = server.url(), tcp = ?server.tcp, "Ready");
    if demo {
        demo::explain(&server, &extras.program, &extras.data, out).context("could not say what to do next")?;
        out.flush().context("could not say what to do next")?;
    }
    tokio::select! {
        biased;
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("Stopping: connections are drained, then the store is closed");
    tokio::select! {
        biased;
        () = server.stop() => tracing::info!("Stopped"),
        // A second signal does not wait: everything acknowledged is durable already.
        _ = terminate.recv() => tracing::warn!("Stopped at once"),
        _ = interrupt.recv() => tracing::warn!("Stopped at once"),
    }
    Ok(())
}
