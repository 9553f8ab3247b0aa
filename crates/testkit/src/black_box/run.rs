//! One run: people write, read, come and go while a plan is carried out; then everything is let come to rest, and what
//! is there is noted.

use crate::black_box::checker::{self, Verdict};
use crate::black_box::history::{self, Device, Event, Recorder, What, brief};
use crate::black_box::nemesis::{Done, NetworkNemesis, ServerNemesis};
use crate::black_box::person::Person;
use crate::black_box::place::{Groups, Place, Progress};
use crate::black_box::plan::Plan;
use crate::black_box::proxy::Proxy;
use crate::black_box::room::Room;
use crate::black_box::sdk_device::{SdkDevice, Setup};
use crate::black_box::victim::Victim;
use crate::dice::Dice;
use crate::people::user;
use crate::store_log::{dump, verify};
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stonechat_types::id::ConversationId;
use stonechat_types::number::AppId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Who takes part with two devices of the SDK and bare frames; the first owns the groups.
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
/// Who fills disks, with bare frames only.
const FILLER: &str = "dave";
/// How long everything may take to come to rest. Longer than a client needs to find out that a connection is dead.
const REST: Duration = Duration::from_secs(120);
/// Between two looks whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What became of a run.
pub struct Outcome {
    /// What was done.
    pub done: Done,
    /// What was found.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// What made the disk full: `tmpfs` or `shim`.
    pub room: &'static str,
    /// The history.
    pub history: PathBuf,
    /// How often each code refused something.
    pub refusals: BTreeMap<String, u64>,
}

/// Everybody and everything of a run.
struct Run {
    recorder: Arc<Recorder>,
    progress: Progress,
    proxies: Arc<BTreeMap<String, Proxy>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    devices: Vec<SdkDevice>,
    homes: tempfile::TempDir,
}

/// Carries out a plan. The history and the log of the server are kept in a folder.
///
/// # Errors
/// When something cannot be done at all: the server does not start, or what it did with a full disk is wrong.
pub async fn run(plan: &Plan, folder: &Path, room: impl FnOnce(&Path) -> Room) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    let path = folder.join("history.jsonl");
    let recorder = Arc::new(Recorder::create(&path)?);
    let homes = tempfile::tempdir()?;
    let victim = Victim::start(homes.path(), &folder.join("server.log"), room)?;
    let room = victim.room.name();
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let proxies = Arc::new(proxies(&victim, &tasks).await?);
    let mut run = Run { recorder, progress: Progress::default(), proxies, tasks, stop, devices: Vec::new(), homes };
    let done = run.carry_out(plan, victim).await;
    // Also of a run that failed.
    run.recorder.finish()?;
    let done = done?;
    let history = history::read(&path)?;
    let mut refusals = BTreeMap::new();
    for entry in &history {
        if let What::Fail { code, .. } = &entry.what {
            *refusals.entry(code.clone()).or_default() += 1;
        }
    }
    let verdict = checker::check(&history);
    Ok(Outcome { done, verdict, took: begun.elapsed(), room, history: path, refusals })
}

/// A proxy for each device: phones use WebSockets, all others bare frames.
async fn proxies(victim: &Victim, tasks: &TaskTracker) -> anyhow::Result<BTreeMap<String, Proxy>> {
    let mut proxies = BTreeMap::new();
    for name in PEOPLE {
        for (device, server) in [("phone", victim.http), ("tablet", victim.tcp), ("raw", victim.tcp)] {
            proxies.insert(format!("{name}/{device}"), Proxy::start(server, tasks).await?);
        }
    }
    Ok(proxies)
}

fn direct(one: &str, other: &str) -> Place {
    let id = ConversationId::direct(AppId::DEFAULT, &user(one), &user(other)).to_string();
    Place { id, peer: Some(other.to_owned()) }
}

/// Where somebody writes.
fn places(name: &str, groups: &Groups) -> Vec<Place> {
    let mut places: Vec<_> = PEOPLE.iter().filter(|other| **other != name).map(|other| direct(name, other)).collect();
    for id in [&groups.steady, &groups.restless] {
        places.push(Place { id: id.clone(), peer: None });
    }
    places
}

/// Everything that somebody has: he is written to as well.
fn all_places(name: &str, groups: &Groups) -> Vec<Place> {
    let mut all = places(name, groups);
    if name == PEOPLE[0] {
        all.push(direct(name, FILLER));
    }
    all
}

impl Run {
    async fn carry_out(&mut self, plan: &Plan, victim: Victim) -> anyhow::Result<Done> {
        self.introduce(plan.seed);
        let mut people = self.people(plan.seed, &victim).await?;
        let mut filler = self.person(FILLER, victim.tcp, plan.seed, victim.mint(FILLER)?);
        // A full disk takes no new user.
        filler.write_until_taken(&direct(FILLER, PEOPLE[0])).await?;
        let others: Vec<_> = PEOPLE[1..].iter().map(ToString::to_string).collect();
        let groups = people[0].make_groups(&others).await?;

        let mut lives = Vec::new();
        for device in &self.devices {
            let name = device.process.split('/').next().unwrap_or_default();
            let dice = Dice::named(plan.seed, &device.process);
            lives.push(tokio::spawn(device.clone().live(places(name, &groups), dice, self.stop.clone())));
        }
        let mut persons = Vec::new();
        for person in people {
            let places = places(&person.name, &groups);
            let adds = if person.name == PEOPLE[0] { others.clone() } else { Vec::new() };
            persons.push(tokio::spawn(person.live(places, groups.clone(), adds, self.stop.clone())));
        }
        let mut server = ServerNemesis {
            victim,
            filler,
            place: direct(FILLER, PEOPLE[0]),
            recorder: self.recorder.clone(),
            progress: self.progress.clone(),
            dice: Dice::named(plan.seed, "server"),
            done: Done::default(),
            ahead_ms: 0,
        };
        let mut network = NetworkNemesis {
            proxies: self.proxies.clone(),
            recorder: self.recorder.clone(),
            dice: Dice::named(plan.seed, "network"),
            done: Done::default(),
        };
        let (to_server, ()) = tokio::join!(server.run(&plan.server), network.run(&plan.network));
        to_server?;
        self.stop.cancel();
        let mut people = Vec::new();
        for person in persons {
            people.push(person.await?);
        }
        for life in lives {
            life.await??;
        }
        self.rest(&mut people, &groups).await?;
        self.note_log(&server.victim.data)?;
        self.note_devices(&mut people, &mut server.filler, &groups).await?;
        server.done.faults.extend(network.done.faults);
        self.tasks.close();
        Ok(server.done)
    }

    fn introduce(&self, seed: u64) {
        let mut devices = Vec::new();
        for user in PEOPLE {
            for (device, whole) in [("phone", true), ("tablet", true), ("raw", false)] {
                devices.push(Device { process: format!("{user}/{device}"), user: user.to_owned(), whole });
            }
        }
        devices.push(Device { process: format!("{FILLER}/raw"), user: FILLER.to_owned(), whole: false });
        self.recorder.note("judge", What::Begin { seed, devices });
    }

    fn person(&self, name: &str, server: SocketAddr, seed: u64, token: String) -> Person {
        let dice = Dice::named(seed, &format!("{name}/raw"));
        Person::new(name, token, server, (self.recorder.clone(), self.progress.clone()), dice)
    }

    /// Starts the devices of the SDK, by which their users begin to exist.
    async fn people(&mut self, seed: u64, victim: &Victim) -> anyhow::Result<Vec<Person>> {
        let mut people = Vec::new();
        for name in PEOPLE {
            let token = victim.mint(name)?;
            for (device, scheme) in [("phone", "ws"), ("tablet", "tcp")] {
                let endpoint = format!("{scheme}://{}", self.proxies[&format!("{name}/{device}")].addr());
                let home = self.homes.path().join(format!("{name}-{device}"));
                let setup = Setup { user: name, device, endpoint: &endpoint, token: &token, home };
                self.devices.push(SdkDevice::start(setup, self.recorder.clone(), self.progress.clone()).await?);
            }
            let server = self.proxies[&format!("{name}/raw")].addr();
            people.push(self.person(name, server, seed, token));
        }
        Ok(people)
    }

    /// Waits until every device has come as far as the server, or too long; then the checker says what is behind.
    async fn rest(&self, people: &mut [Person], groups: &Groups) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let mut in_step = true;
            for person in people.iter_mut() {
                let views = person.views(&all_places(&person.name.clone(), groups)).await?;
                let with: BTreeMap<_, _> =
                    views.into_iter().map(|view| (view.conversation_id, (view.head_seq, view.unread))).collect();
                let of = format!("{}/", person.name);
                in_step &= self.devices.iter().filter(|it| it.process.starts_with(&of)).all(|it| it.is_in_step(&with));
            }
            if in_step || begun.elapsed() > REST {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn note_log(&self, data: &Path) -> anyhow::Result<()> {
        let verdict = verify(data)?;
        let verified = What::Verified { clean: verdict.clean, events: verdict.events, problems: verdict.described };
        self.recorder.note("judge", verified);
        for entry in dump(data)?.into_values().flatten() {
            let id = entry.client_msg_id.filter(|id| id.bytes().any(|byte| !matches!(byte, b'0' | b'-')));
            let event = Event {
                conversation: entry.conversation,
                seq: entry.seq,
                ordinal: entry.ordinal,
                kind: entry.kind,
                sender: entry.sender,
                id,
            };
            let text = entry.text.as_deref().map(brief);
            self.recorder.note("judge", What::Logged { event, text, sent_at: entry.sent_at });
        }
        Ok(())
    }

    async fn note_devices(&self, people: &mut [Person], filler: &mut Person, groups: &Groups) -> anyhow::Result<()> {
        for device in &self.devices {
            device.end().await.with_context(|| format!("{} ends", device.process))?;
        }
        for person in people {
            person.end(&all_places(&person.name.clone(), groups)).await?;
        }
        filler.end(&[direct(FILLER, PEOPLE[0])]).await?;
        self.recorder.note("judge", What::End);
        Ok(())
    }
}
