//! `stonechat bench group`: one message to many, beside a bare broadcast of the same frames.

use crate::audience::ON_THEIR_WAY_MAX;
use crate::broadcast::Broadcaster;
use crate::chat::Watched;
use crate::clock::Clock;
use crate::figures::Milliseconds;
use crate::group_calls;
use crate::group_report::{self, GroupFigures};
use crate::link::{Credentials, Link};
use crate::machine;
use crate::message::Which;
use crate::options::GroupOptions;
use crate::process::{Process, machine_cpu_seconds, open_files_max};
use crate::record::Latencies;
use crate::seats::Seats;
use crate::speaker::{Source, Speaker};
use anyhow::{Context as _, bail, ensure};
use std::io::Write;
use stonechat_types::limits::{GROUP_MEMBERS_MAX, MEMBERS_PER_EVENT_MAX};
use stonechat_wire::v1::{self, frame};

/// Messages before the first that counts.
const WARM_UP: u64 = 5;
/// Files that are open besides connections.
const FILES_BESIDES: u64 = 64;

/// Measures, and prints the figures.
///
/// # Errors
/// What kept it from measuring, or what the server did wrong meanwhile.
pub fn run(options: GroupOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let figures = measure(&options)?;
    group_report::write(&figures, options.output, out).context("could not print the figures")
}

/// Measures.
///
/// # Errors
/// What kept it from measuring, or what the server did wrong meanwhile.
pub fn measure(options: &GroupOptions) -> anyhow::Result<GroupFigures> {
    ensure!(options.members <= GROUP_MEMBERS_MAX as usize, "a group has at most {GROUP_MEMBERS_MAX} members");
    ensure!(options.in_flight < ON_THEIR_WAY_MAX / 2, "fewer than {} on their way", ON_THEIR_WAY_MAX / 2);
    // The server's members, those of the bare broadcast, and its own side of them.
    let (sockets, files) = (3 * options.members as u64 + FILES_BESIDES, open_files_max());
    ensure!(sockets <= files, "{} members need {sockets} open files, and {files} are allowed", options.members);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure_on_this_thread(options))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("bench-group".into()).spawn_scoped(scope, work);
        thread.context("no thread is left")?.join().map_err(|_| anyhow::anyhow!("the measurement broke off"))?
    })
}

async fn measure_on_this_thread(options: &GroupOptions) -> anyhow::Result<GroupFigures> {
    let watched = Watched::find(&options.target);
    let clock = Clock::start();
    let names: Vec<String> = (0..options.members).map(|member| format!("{}g{member}", options.user_prefix)).collect();

    // Users exist once they signed in, so the group is made when all are there.
    let (server, tokens) = (options.target.server.clone(), options.target.tokens.clone());
    let credentials = |device: &str| anyhow::Ok(Credentials { token: tokens(&names[0])?, device: device.into() });
    let owner = credentials("bench-owner")?;
    let (mut owner, _) = Link::sign_in(&server, &owner, 1).await.context("the owner could not sign in")?;
    let everybody = Seats::take_members(options, &names, clock)?;
    let group = make_group(&mut owner, &names, clock).await.context("could not make the group")?;
    everybody.focus(&group).context("could not look at the group")?;
    let mut theirs = Speaker::new(options, Source::server(owner, &group), clock);
    // The first message finds everybody in focus, or the rest does not begin.
    theirs.one(&everybody.audience).await.context("the first message")?;

    let (listeners, streams) = Seats::take_bare(options, clock)?;
    let sample = everybody.audience.sample().context("the first message was not kept")?;
    let threads = (machine::cores(), options.in_flight);
    let bare = Broadcaster::start(server.carrier, sample, streams, threads)?;
    let mut bare = Speaker::new(options, Source::Bare(Box::new(bare)), clock);
    bare.one(&listeners.audience).await.context("the first bare message")?;

    let used = |process: Option<Process>| {
        let server = process.map(Process::cpu_seconds).transpose()?.unwrap_or(0.0);
        anyhow::Ok(machine_cpu_seconds().map(|all| (all, server + Process::own().cpu_seconds().unwrap_or(0.0))))
    };
    let (before, started_ns) = (used(watched.process)?, clock.now_ns());
    let (mut last_theirs, mut last_bare) = (Latencies::default(), Latencies::default());
    for round in 0..WARM_UP + options.messages as u64 {
        let took_theirs = theirs.one(&everybody.audience).await?;
        let took_bare = bare.one(&listeners.audience).await.context("the bare broadcast")?;
        if round >= WARM_UP {
            last_theirs.record(took_theirs);
            last_bare.record(took_bare);
        }
    }
    let seconds = (clock.now_ns() - started_ns) as f64 / 1e9;
    let other_cores = before
        .zip(used(watched.process)?)
        .map(|((all, ours), (all_after, ours_after))| ((all_after - all - (ours_after - ours)) / seconds).max(0.0));
    let saturated = theirs.saturate(&everybody.audience, options, watched.process).await?;
    let bare_saturated = bare.saturate(&listeners.audience, options, None).await.context("the bare broadcast")?;
    let rss = watched.process.map(Process::resident_bytes).transpose()?;
    // The members listen no more: what comes now is none of their load.
    drop((everybody, theirs, listeners, bare));
    let (mut asks, _) = Link::sign_in(&server, &credentials("bench-asks")?, 1).await.context("the owner is refused")?;
    let calls = group_calls::measure(&mut asks, &group, options.members, clock).await.context("calls of the group")?;
    Ok(GroupFigures {
        server: server.to_string(),
        members: options.members,
        messages: options.messages,
        text_bytes: options.body_bytes,
        cores: machine::cores(),
        optimised: !cfg!(debug_assertions),
        last_delivery_ms: Milliseconds::from(&last_theirs),
        bare_last_delivery_ms: Milliseconds::from(&last_bare),
        saturation: saturated,
        bare_saturation: bare_saturated,
        other_cores: other_cores.filter(|_| watched.process.is_some()),
        calls,
        server_rss_mib: rss.map(|bytes| bytes as f64 / (1024.0 * 1024.0)),
        method: group_report::method(options),
    })
}

async fn make_group(owner: &mut Link, names: &[String], clock: Clock) -> anyhow::Result<String> {
    let mut command = 0;
    let mut command_id = || {
        command += 1;
        Which { lane: 0, number: command }.message_id(clock.unix_ms(clock.now_ns()), 0).to_vec().into()
    };
    // Room for the owner, whom the first event names as well.
    let (first, others) = names[1..].split_at((MEMBERS_PER_EVENT_MAX - 1).min(names.len() - 1));
    let members = first.to_vec();
    let create = v1::CreateGroup { command_id: command_id(), title: "bench".into(), members, kind: 0 };
    let frame::Body::CommandDone(done) = owner.call(frame::Body::CreateGroup(create)).await? else {
        bail!("the server does not say that the group is made");
    };
    for chunk in others.chunks(MEMBERS_PER_EVENT_MAX) {
        let change = v1::ChangeConversation {
            command_id: command_id(),
            conversation_id: done.conversation_id.clone(),
            change: Some(v1::change_conversation::Change::AddMembers(v1::AddMembers { user_ids: chunk.to_vec() })),
        };
        owner.call(frame::Body::ChangeConversation(change)).await.context("could not add members")?;
    }
    Ok(done.conversation_id)
}
