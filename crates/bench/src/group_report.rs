//! The figures of `bench group`, and how they are printed.

use crate::figures::Milliseconds;
use crate::group_calls::PagedCall;
use crate::options::{GroupOptions, Output};
use crate::table::{Layout, Table};
use serde::Serialize;
use std::io::{self, Write};

/// As many messages as the members can take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Saturation {
    /// Deliveries a second, over all members.
    pub deliveries_per_second: f64,
    /// CPU of the server for a million deliveries.
    pub server_cpu_seconds_per_million: Option<f64>,
    /// Cores that the server used.
    pub server_cores: Option<f64>,
    /// Cores that this program used: to listen, and for the bare broadcast to write as well.
    pub bench_cores: f64,
}

/// All figures of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupFigures {
    /// How frames travelled.
    pub server: String,
    /// Members, all connected and looking at the group.
    pub members: usize,
    /// Messages sent one by one.
    pub messages: usize,
    /// Bytes of the text of a message.
    pub text_bytes: usize,
    /// Cores of the machine.
    pub cores: usize,
    /// Whether the program was built with optimisation.
    pub optimised: bool,
    /// From the send to the delivery to the last member.
    pub last_delivery_ms: Milliseconds,
    /// The same of the bare broadcast.
    pub bare_last_delivery_ms: Milliseconds,
    /// As many as they can take.
    pub saturation: Saturation,
    /// The same of the bare broadcast.
    pub bare_saturation: Saturation,
    /// Cores that everything else on the machine used while messages were sent one by one.
    pub other_cores: Option<f64>,
    /// Calls whose answers grow with the group.
    pub calls: Vec<PagedCall>,
    /// Memory of the server at the end.
    pub server_rss_mib: Option<f64>,
    /// How each figure came about.
    pub method: Vec<String>,
}

/// Prints the figures.
///
/// # Errors
/// When nobody reads.
pub fn write(figures: &GroupFigures, output: Output, out: &mut dyn Write) -> io::Result<()> {
    let layout = match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut *out, figures)?;
            return writeln!(out);
        }
        Output::Table => Layout::Plain,
        Output::Markdown => Layout::Markdown,
    };
    let build = if figures.optimised { "release" } else { "debug, so the figures say nothing" };
    writeln!(
        out,
        "{} members in focus, {} messages one by one, texts of {} bytes; {}; {} cores, load program on the same; \
         {build} build\n",
        figures.members, figures.messages, figures.text_bytes, figures.server, figures.cores
    )?;
    let mut table =
        Table::new(&["last delivery", "p50 ms", "p99", "max", "deliveries/s at saturation", "CPU s/million"]);
    let mut row = |name: &str, ms: &Milliseconds, saturation: &Saturation| {
        table.row([
            name.into(),
            format!("{:.1}", ms.p50),
            format!("{:.1}", ms.p99),
            format!("{:.1}", ms.max),
            format!("{:.0}", saturation.deliveries_per_second),
            saturation.server_cpu_seconds_per_million.map_or("–".into(), |seconds| format!("{seconds:.1}")),
        ]);
    };
    row("server", &figures.last_delivery_ms, &figures.saturation);
    row("bare broadcast", &figures.bare_last_delivery_ms, &figures.bare_saturation);
    table.write(layout, out)?;
    let (ms, bare) = (figures.last_delivery_ms, figures.bare_last_delivery_ms);
    writeln!(
        out,
        "\nserver / bare: {:.2} at p50, {:.2} at p99, {:.2} of its deliveries at saturation; server RSS {} MiB; others' \
         cores {}",
        ms.p50 / bare.p50,
        ms.p99 / bare.p99,
        figures.saturation.deliveries_per_second / figures.bare_saturation.deliveries_per_second,
        figures.server_rss_mib.map_or("–".into(), |mib| format!("{mib:.0}")),
        figures.other_cores.map_or("–".into(), |cores| format!("{cores:.2}"))
    )?;
    writeln!(out)?;
    let mut table = Table::new(&["all of it", "items", "pages", "largest page, bytes", "p50 ms", "p99", "max"]);
    for PagedCall { what, items, pages, page_bytes_max, all_ms } in &figures.calls {
        table.row([
            (*what).into(),
            items.to_string(),
            pages.to_string(),
            page_bytes_max.to_string(),
            format!("{:.1}", all_ms.p50),
            format!("{:.1}", all_ms.p99),
            format!("{:.1}", all_ms.max),
        ]);
    }
    table.write(layout, out)?;
    writeln!(out, "\nHow each figure came about:\n")?;
    figures.method.iter().try_for_each(|sentence| writeln!(out, "- {sentence}"))
}

/// Says how each figure comes about.
#[must_use]
pub fn method(options: &GroupOptions) -> Vec<String> {
    vec![
        "The group is made through the protocol; every member has a connection of his own and set his focus before the \
         first message. The owner sends from a second device."
            .into(),
        "Last delivery is from the send until the last of all members has read the message from his socket; each \
         message is sent when the one before reached everybody, in turn with one of the bare broadcast. Every member \
         checks that every message comes once, in order and unchanged."
            .into(),
        format!(
            "The bare broadcast is this process: one thread a core writes the same frames to as many sockets of its \
             own, stores nothing and asks nobody. Its listeners are the same code on {} thread(s).",
            options.threads
        ),
        format!(
            "Saturation always has {} messages on their way that somebody has not got, for {} s.",
            options.in_flight,
            options.saturation.as_secs_f64()
        ),
        "Calls are made after the load, when the members have left, on one connection of the owner: page after page, each \
         asked for when the one before is here, 20 times. The message that calls everybody is one record; its figure is \
         until the acknowledgement."
            .into(),
    ]
}
