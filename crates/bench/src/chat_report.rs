//! The figures of `bench chat` for people: a table at a terminal or in a document, and how they were measured.

use crate::chat::Watched;
use crate::figures::{ChatFigures, Distribution, IdleFigures, LoadFigures, Milliseconds};
use crate::options::{ChatOptions, Idle, Output, Prepared};
use crate::table::{Layout, Table};
use std::io::{self, Write};

/// Prints the figures.
///
/// # Errors
/// When nobody reads.
pub fn write(figures: &ChatFigures, output: Output, out: &mut dyn Write) -> io::Result<()> {
    let layout = match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, figures)?;
            return writeln!(out);
        }
        Output::Table => Layout::Plain,
        Output::Markdown => Layout::Markdown,
    };
    let machine = &figures.machine;
    let build = if machine.optimised { "release" } else { "debug, so the figures say nothing" };
    writeln!(out, "{}, {} cores, Linux {}; {build} build", machine.processor, machine.cores, machine.kernel)?;
    writeln!(
        out,
        "{}; texts of {} bytes ({} with their envelope); load program on the same cores, {} thread(s); {} silent \
         connections held beside\n",
        machine.server, machine.text_bytes, machine.body_bytes, machine.bench_threads, machine.held_connections
    )?;
    if !figures.loads.is_empty() {
        rates(&figures.loads).write(layout, out)?;
        writeln!(out)?;
        latencies(&figures.loads).write(layout, out)?;
        writeln!(out)?;
        bare(&figures.loads).write(layout, out)?;
        writeln!(out)?;
        distributions(&figures.loads, layout, out)?;
    }
    for load in &figures.loads {
        seconds(load, out)?;
    }
    if let Some(idle) = &figures.idle {
        memory(idle, out)?;
    }
    writeln!(out, "\nHow each figure came about:\n")?;
    figures.method.iter().try_for_each(|sentence| writeln!(out, "- {sentence}"))
}

fn rates(loads: &[LoadFigures]) -> Table {
    let mut table = Table::new(&[
        "load",
        "acked/s",
        "delivered/s",
        "server CPU s/million",
        "server cores",
        "bench cores",
        "others' cores",
        "server RSS MiB",
        "refused",
        "pulls",
    ]);
    for load in loads {
        table.row([
            load.load.clone(),
            format!("{:.0}", load.acked_per_second),
            format!("{:.0}", load.delivered_per_second),
            or_dash(load.server_cpu_seconds_per_million, 1),
            or_dash(load.server_cores, 2),
            format!("{:.2}", load.bench_cores),
            or_dash(load.other_cores, 2),
            or_dash(load.server_rss_mib, 0),
            load.refused.to_string(),
            load.pokes.to_string(),
        ]);
    }
    table
}

fn latencies(loads: &[LoadFigures]) -> Table {
    let mut table = Table::new(&["ms", "ack p50", "p99", "p99.9", "max", "delivery p50", "p99", "p99.9", "max"]);
    for load in loads {
        let four = |ms: &Milliseconds| [ms.p50, ms.p99, ms.p99_9, ms.max].map(|ms| format!("{ms:.2}"));
        let cells = [load.load.clone()].into_iter().chain(four(&load.ack_ms)).chain(four(&load.delivery_ms));
        table.row(cells);
    }
    table
}

fn bare(loads: &[LoadFigures]) -> Table {
    let mut table =
        Table::new(&["bare file", "batch", "messages/s", "server's share", "flush p50 ms", "p99", "p99.9", "max"]);
    for load in loads {
        let Some(bare) = &load.bare else { continue };
        let ms = bare.flush_ms;
        table.row([
            load.load.clone(),
            bare.batch.to_string(),
            format!("{:.0}", bare.per_second),
            format!("{:.2}", load.acked_per_second / bare.per_second),
            format!("{:.2}", ms.p50),
            format!("{:.2}", ms.p99),
            format!("{:.2}", ms.p99_9),
            format!("{:.2}", ms.max),
        ]);
    }
    table
}

fn distributions(loads: &[LoadFigures], layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new(&["load", "what", "mean", "share of each size, in percent"]);
    let sizes = |distribution: &Distribution| {
        let sizes = distribution.percent_upto.iter().map(|(bound, percent)| match bound {
            Some(bound) => format!("≤{bound}: {percent:.1}"),
            None => format!("more: {percent:.1}"),
        });
        sizes.collect::<Vec<_>>().join(" · ")
    };
    for load in loads {
        for (what, distribution) in
            [("records an offer", &load.batch_records), ("frames a write", &load.frames_per_write)]
        {
            let Some(distribution) = distribution else { continue };
            table.row([load.load.clone(), what.into(), format!("{:.1}", distribution.mean), sizes(distribution)]);
        }
    }
    table.write(layout, out)?;
    writeln!(out)
}

/// The longest acknowledgement of each second of an open loop, beside the bare flushes of that second.
fn seconds(load: &LoadFigures, out: &mut dyn Write) -> io::Result<()> {
    if load.offered_per_second.is_none() {
        return Ok(());
    }
    let cells = load.by_second.iter().map(|second| {
        let flush = second.bare_flush_ms_max.map_or("–".into(), |ms| format!("{ms:.1}"));
        format!("{:.1}/{flush}", second.ack_ms_max)
    });
    let cells = cells.collect::<Vec<_>>().join(" ");
    writeln!(out, "{}: longest ack / longest bare flush of each second, ms: {cells}", load.load)
}

fn memory(idle: &IdleFigures, out: &mut dyn Write) -> io::Result<()> {
    let process = if idle.fresh_process { "a process that had not served them" } else { "a process that had" };
    writeln!(
        out,
        "idle connections: {} with {} conversations each, {process}: RSS {:.1} MiB, without them {:.1} MiB: {:.1} KiB \
         each with its user; a second device of the same users {:.1} KiB",
        idle.connections,
        idle.conversations,
        idle.rss_with_mib,
        idle.rss_without_mib,
        idle.kib_each,
        idle.kib_second_device
    )
}

fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".into(), |value| format!("{value:.digits$}"))
}

/// Says how each figure comes about, with what was to be had in this run.
#[must_use]
pub fn method(options: &ChatOptions, watched: &Watched) -> Vec<String> {
    let mut said = vec![
        format!(
            "A pair is two users with a direct conversation and a connection each; one sends, one receives. {} s of \
             warm-up, then {} s counted, over the real sockets of {}.",
            options.warm_up.as_secs_f64(),
            options.duration.as_secs_f64(),
            options.target.server
        ),
        "Acked and delivered count what ends within the measured time. Every acknowledgement must bear the next seq, \
         every message must arrive once, in order and unchanged, the last ones after the measured time too; else there \
         are no figures."
            .into(),
        "A closed loop sends again when a send is acknowledged; its latency counts from the send. An open loop sends \
         by the clock; its latency counts from when the send had to begin (no coordinated omission). The load looks \
         for due sends each 0.2 ms, which is part of the latency."
            .into(),
    ];
    said.push(
        "Half of the most is half of what as many pairs reached in the closed loop of this run with the fewest in \
         flight. Others' cores are what the rest of the machine used meanwhile, its host's share included: with much \
         of it, the other figures say little."
            .into(),
    );
    said.push(match watched.process {
        Some(_) => "CPU is user and system time of the server's process from /proc, divided by what was acknowledged \
                    meanwhile; RSS is VmRSS."
            .into(),
        None => "CPU and memory of the server are missing: its process is not to be seen (--server-pid).".into(),
    });
    said.push(match &watched.metrics {
        Some(_) => {
            "Sizes of offers and frames a write are the server's own counters, the difference over the measured \
                    time."
                .into()
        }
        None => "Sizes of batches are missing: /metrics is not to be had (--metrics); the bare file flushes one \
                 message at a time."
            .into(),
    });
    said.push(match &options.target.data_dir {
        Some(_) => {
            "The bare file lies in the server's data folder, is filled with zeros before, and is written by one \
                    thread: bodies of the same size, as many a flush as the server's mean offer of the phase before, \
                    one fdatasync each; 2 s before each load and 2 s after it, connections open and silent. In an \
                    open loop one such flush each 40 ms runs beside it, for the comparison by second."
                .into()
        }
        None => "There is no bare file to compare with: the data folder is not given (--data).".into(),
    });
    if let Some(Idle { prepared, .. }) = options.idle {
        let store = match prepared {
            Prepared::No => {
                "The users signed in and wrote their messages before, in the same process, and left: what \
                             it freed then may be used again."
            }
            Prepared::Yes => "The users were made by an earlier run in the same store.",
        };
        said.push(format!(
            "An idle connection has signed in and was answered one ping; RSS is read once it stands still. The first \
             figure holds what the server loads for a user, the second one does not: a quarter of the users signs in \
             on another device. {store}"
        ));
    }
    said
}
