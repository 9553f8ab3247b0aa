//! Does to the server and its network what a plan says.

use crate::black_box::history::{Phase, Recorder, What};
use crate::black_box::person::Person;
use crate::black_box::place::{Place, Progress};
use crate::black_box::plan::Fault;
use crate::black_box::proxy::{Proxy, Way, Weather};
use crate::black_box::victim::Victim;
use crate::dice::Dice;
use crate::store_log::verify;
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

/// After each of so many kills the segments are checked as they lie there.
const LOOK_EVERY: u64 = 10;
/// Milliseconds that a server lives before it is killed.
const LIFE_MS: (u64, u64) = (30, 600);
/// Milliseconds that a server stands still.
const STOP_MS: (u64, u64) = (100, 2_500);
/// Milliseconds that a disk stays full once that was seen.
const FULL_MS: (u64, u64) = (200, 2_000);
/// Milliseconds by which a clock jumps, and how far it may be wrong.
const JUMP_MS: (u64, u64) = (1_000, 10 * 3_600_000);
const WRONG_MS_MAX: i64 = 20 * 3_600_000;
/// Milliseconds between two faults that are no kills, and that one of the network lasts.
const PAUSE_MS: (u64, u64) = (200, 900);
const WEATHER_MS: (u64, u64) = (300, 3_000);
/// Milliseconds by which pieces are late.
const DELAY_MS: (u64, u64) = (10, 300);
/// Bytes before a cut.
const CUT_BYTES: (u64, u64) = (0, 4_096);

/// What was done, and seen of it.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// How often each fault was injected.
    pub faults: BTreeMap<&'static str, u64>,
    /// Kills of a server that had made progress since its start.
    pub moved: u64,
    /// Milliseconds from room on the disk to the first acknowledgement, each time.
    pub room_to_ack_ms: Vec<u64>,
}

impl Done {
    fn count(&mut self, name: &'static str) -> u64 {
        let count = self.faults.entry(name).or_default();
        *count += 1;
        *count
    }

    /// SIGKILLs of all kinds.
    #[must_use]
    pub fn kills(&self) -> u64 {
        self.of("kill") + self.of("early_kill")
    }

    /// How often.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.faults.get(name).copied().unwrap_or(0)
    }
}

/// What torments the server.
pub struct ServerNemesis {
    /// The server.
    pub victim: Victim,
    /// Who fills its disk, and the conversation with big messages.
    pub filler: Person,
    /// Where the filler writes.
    pub place: Place,
    /// Notes.
    pub recorder: Arc<Recorder>,
    /// What moves.
    pub progress: Progress,
    /// Luck.
    pub dice: Dice,
    /// What was done.
    pub done: Done,
    /// How far the clock is ahead.
    pub ahead_ms: i64,
}

impl ServerNemesis {
    /// Does all of it. The server runs afterwards, by the right time.
    ///
    /// # Errors
    /// When the server does not start, ends by itself, or does not do what it shall with a full disk.
    pub async fn run(&mut self, faults: &[Fault]) -> anyhow::Result<()> {
        for fault in faults {
            match fault {
                Fault::Kill | Fault::EarlyKill => self.kill(*fault).await?,
                Fault::Stop => self.stop().await?,
                Fault::FullDisk => self.fill_disk().await?,
                Fault::ClockForward | Fault::ClockBack => self.jump(*fault).await?,
                network => anyhow::bail!("{network:?} is not done to a server"),
            }
        }
        self.victim.shim.set_clock(0)
    }

    fn note(&self, fault: Fault, phase: Phase) {
        let what = What::Nemesis { fault: fault.name().to_owned(), phase, on: Vec::new() };
        self.recorder.note("nemesis", what);
    }

    async fn pause(&mut self, (least, end): (u64, u64)) {
        tokio::time::sleep(Duration::from_millis(self.dice.within(least, end))).await;
    }

    async fn kill(&mut self, fault: Fault) -> anyhow::Result<()> {
        let before = self.progress.count();
        self.pause(LIFE_MS).await;
        self.note(fault, Phase::Begins);
        self.victim.kill()?;
        let kills = self.done.count("kill");
        self.done.moved += u64::from(self.progress.count() > before);
        if fault == Fault::EarlyKill {
            // When it was ready before, that was another kill, and again.
            while !self.victim.kill_early(self.dice.within(0, 1_000)).await? {
                self.done.count("kill");
            }
            self.done.count("early_kill");
        }
        if kills % LOOK_EVERY == 1 {
            let found = block_in_place(|| verify(&self.victim.data)).with_context(|| format!("after kill {kills}"))?;
            ensure!(found.clean, "after kill {kills}: {:?}", found.described);
        }
        self.victim.serve()?;
        self.note(fault, Phase::Ends);
        Ok(())
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        self.pause(PAUSE_MS).await;
        self.note(Fault::Stop, Phase::Begins);
        self.victim.signal("STOP")?;
        self.pause(STOP_MS).await;
        self.victim.signal("CONT")?;
        self.note(Fault::Stop, Phase::Ends);
        self.done.count(Fault::Stop.name());
        self.pause(PAUSE_MS).await;
        Ok(())
    }

    /// Fills the disk until that is told, looks whether reads go on, makes room, and waits until sends go on as well.
    async fn fill_disk(&mut self) -> anyhow::Result<()> {
        self.pause(PAUSE_MS).await;
        let process = self.victim.id()?;
        self.note(Fault::FullDisk, Phase::Begins);
        block_in_place(|| self.victim.room.fill(&self.victim.shim))?;
        self.filler.write_until_full(&self.place).await?;
        self.filler.read_all(&self.place).await.context("reads go on when the disk is full")?;
        self.pause(FULL_MS).await;
        self.filler.read_all(&self.place).await.context("reads go on while the disk is full")?;
        block_in_place(|| self.victim.room.free(&self.victim.shim))?;
        let room = Instant::now();
        self.filler.write_until_taken(&self.place).await?;
        self.done.room_to_ack_ms.push(u64::try_from(room.elapsed().as_millis())?);
        self.note(Fault::FullDisk, Phase::Ends);
        ensure!(self.victim.id()? == process && self.victim.is_running()?, "the server ended while its disk was full");
        self.done.count(Fault::FullDisk.name());
        Ok(())
    }

    async fn jump(&mut self, fault: Fault) -> anyhow::Result<()> {
        self.pause(PAUSE_MS).await;
        let by = i64::try_from(self.dice.within(JUMP_MS.0, JUMP_MS.1))?;
        let by = if fault == Fault::ClockBack { -by } else { by };
        self.ahead_ms = (self.ahead_ms + by).clamp(-WRONG_MS_MAX, WRONG_MS_MAX);
        self.note(fault, Phase::Begins);
        self.victim.shim.set_clock(self.ahead_ms)?;
        self.done.count(fault.name());
        self.pause(PAUSE_MS).await;
        self.note(fault, Phase::Ends);
        Ok(())
    }
}

/// What torments the network.
pub struct NetworkNemesis {
    /// The proxy of each device.
    pub proxies: Arc<BTreeMap<String, Proxy>>,
    /// Notes.
    pub recorder: Arc<Recorder>,
    /// Luck.
    pub dice: Dice,
    /// What was done.
    pub done: Done,
}

impl NetworkNemesis {
    /// Does all of it. The weather is fair afterwards; connections that are dead stay dead.
    pub async fn run(&mut self, faults: &[Fault]) {
        for fault in faults {
            self.pause(PAUSE_MS).await;
            let mut on: Vec<String> = self.proxies.keys().cloned().collect();
            self.dice.shuffle(&mut on);
            on.truncate(self.dice.within(1, on.len() as u64 + 1) as usize);
            self.note(*fault, Phase::Begins, &on);
            for name in &on {
                self.begin(*fault, name);
            }
            self.pause(WEATHER_MS).await;
            for name in &on {
                self.proxies[name].clear();
                if *fault == Fault::Cut {
                    // Those that carried too little to be cut on their way.
                    self.proxies[name].cut();
                }
            }
            self.note(*fault, Phase::Ends, &on);
            self.done.count(fault.name());
        }
    }

    fn begin(&mut self, fault: Fault, name: &str) {
        let proxy = &self.proxies[name];
        let weather = match fault {
            Fault::HalfOpen => return proxy.freeze(),
            Fault::Cut => return proxy.cut_after(self.dice.within(CUT_BYTES.0, CUT_BYTES.1)),
            Fault::Delay => {
                let delay = Duration::from_millis(self.dice.within(DELAY_MS.0, DELAY_MS.1));
                Weather { delay, ..Weather::default() }
            }
            Fault::LostToServer => Weather { lost: Some(Way::ToServer), ..Weather::default() },
            Fault::LostToClient => Weather { lost: Some(Way::ToClient), ..Weather::default() },
            Fault::SlowReader => Weather { slow: true, ..Weather::default() },
            Fault::Kill | Fault::EarlyKill | Fault::Stop | Fault::FullDisk | Fault::ClockForward | Fault::ClockBack => {
                return;
            }
        };
        proxy.set(weather);
    }

    async fn pause(&mut self, (least, end): (u64, u64)) {
        tokio::time::sleep(Duration::from_millis(self.dice.within(least, end))).await;
    }

    fn note(&self, fault: Fault, phase: Phase, on: &[String]) {
        let what = What::Nemesis { fault: fault.name().to_owned(), phase, on: on.to_vec() };
        self.recorder.note("nemesis", what);
    }
}
