//! What the network and the hosts of a run suffer, chosen by a seed.

use super::ledger::Ledger;
use super::person::{self, DEVICES, Person};
use super::run::Report;
use super::stage::{self, Dice, Stage};
use std::sync::Arc;
use std::time::Duration;
use turmoil::Sim;

/// For how long something is wrong with a link.
const SPELL_MS: (u64, u64) = (200, 25_000);
/// For how long it is at times.
const LONG_SPELL_MS: (u64, u64) = (60_000, 110_000);
/// Longest time for which the server stays down.
const DOWN_MS_MAX: u64 = 8_000;
const LATENCY_MS_MAX: u64 = 2_000;

/// What is wrong with the link of one device, until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spell {
    Partition,
    ToServerOnly,
    ToDeviceOnly,
    Hold,
    Loss,
    Slow,
}

/// What the server is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Up,
    Dying,
    Down { until: u64 },
    Draining,
}

pub struct Weather {
    dice: Dice,
    links: [Option<(Spell, u64)>; DEVICES.len()],
    devices_down: [Option<u64>; DEVICES.len()],
    server: Server,
    /// The server stays up, so that silence can last as long as it may.
    steady: bool,
    next: u64,
}

/// A run as the weather sees it.
pub struct Scene<'a, 'b> {
    pub sim: &'a mut Sim<'b>,
    pub stage: &'a Stage,
    pub people: &'a [Arc<Person>],
    pub report: &'a mut Report,
    pub ledger: &'a Ledger,
}

impl Weather {
    pub fn new(seed: u64) -> Self {
        let links = [None; DEVICES.len()];
        let (devices_down, steady) = ([None; DEVICES.len()], seed % 2 == 1);
        Self { dice: Dice::new(!seed), links, devices_down, server: Server::Up, steady, next: 5_000 }
    }

    /// Ends what is over, and begins something new now and then.
    pub fn pass(&mut self, scene: &mut Scene<'_, '_>, now: u64, storm: bool) {
        for index in 0..DEVICES.len() {
            if let Some((spell, until)) = self.links[index]
                && (until <= now || !storm)
            {
                clear(scene, index, spell);
                self.links[index] = None;
            }
            if self.devices_down[index].is_some_and(|until| until <= now || !storm) {
                scene.sim.bounce(person::host(index));
                self.devices_down[index] = None;
            }
        }
        match self.server {
            Server::Dying => {
                scene.sim.crash(stage::HOST);
                self.server = Server::Down { until: now + self.dice.between(100, DOWN_MS_MAX) };
            }
            Server::Down { until } if until <= now || !storm => self.start(scene),
            Server::Draining if !scene.sim.is_host_running(stage::HOST) => self.start(scene),
            Server::Up | Server::Down { .. } | Server::Draining => {}
        }
        if storm && now >= self.next {
            self.next = now + self.dice.between(300, 6_000);
            self.strike(scene, now);
        }
    }

    fn start(&mut self, scene: &mut Scene<'_, '_>) {
        scene.sim.bounce(stage::HOST);
        self.server = Server::Up;
    }

    fn strike(&mut self, scene: &mut Scene<'_, '_>, now: u64) {
        let index = self.dice.below(DEVICES.len() as u64) as usize;
        match self.dice.below(20) {
            0..=14 => {
                let spells =
                    [Spell::Partition, Spell::ToServerOnly, Spell::ToDeviceOnly, Spell::Hold, Spell::Loss, Spell::Slow];
                let spell = spells[self.dice.below(spells.len() as u64) as usize];
                if self.links[index].is_none() {
                    // Most are short; some outlast every patience of both sides.
                    let (low, high) = if self.dice.below(4) == 0 { LONG_SPELL_MS } else { SPELL_MS };
                    self.links[index] = Some((spell, now + self.dice.between(low, high)));
                    cast(scene, index, spell, &self.dice);
                }
            }
            15..=16 if self.server == Server::Up && !self.steady => {
                scene.report.server_crashes += 1;
                scene.ledger.note_at(now, "the server crashes");
                scene.stage.kill();
                self.server = Server::Dying;
            }
            17 if self.server == Server::Up && !self.steady => {
                scene.report.drains += 1;
                drain(scene, now);
                self.server = Server::Draining;
            }
            18 if self.devices_down[index].is_none() => {
                scene.report.device_crashes += 1;
                scene.ledger.note_at(now, format_args!("device {index} crashes"));
                scene.sim.crash(person::host(index));
                self.devices_down[index] = Some(now + self.dice.between(100, DOWN_MS_MAX));
            }
            _ => {}
        }
    }
}

/// Tells the server to end in order.
pub fn drain(scene: &Scene<'_, '_>, now: u64) {
    if let Some(life) = scene.stage.life() {
        scene.ledger.note_at(now, "the server is told to drain");
        scene.people.iter().for_each(|person| person.is_asked_to_leave(now));
        life.shutdown.cancel();
    }
}

fn cast(scene: &mut Scene<'_, '_>, index: usize, spell: Spell, dice: &Dice) {
    let (sim, report, device) = (&mut *scene.sim, &mut *scene.report, person::host(index));
    scene.ledger.note_at(sim.elapsed().as_millis() as u64, format_args!("{spell:?} of {device}"));
    match spell {
        Spell::Partition => {
            report.partitions += 1;
            sim.partition(device, stage::HOST);
        }
        Spell::ToServerOnly => {
            report.one_way += 1;
            sim.partition_oneway(stage::HOST, device);
        }
        Spell::ToDeviceOnly => {
            report.one_way += 1;
            sim.partition_oneway(device, stage::HOST);
        }
        Spell::Hold => {
            report.holds += 1;
            sim.hold(device, stage::HOST);
        }
        Spell::Loss => {
            report.lossy += 1;
            sim.set_link_fail_rate(device, stage::HOST, dice.between(5, 200) as f64 / 1_000.0);
        }
        Spell::Slow => {
            report.slow += 1;
            let latency = Duration::from_millis(dice.between(100, LATENCY_MS_MAX));
            sim.set_link_max_message_latency(device, stage::HOST, latency);
        }
    }
}

fn clear(scene: &mut Scene<'_, '_>, index: usize, spell: Spell) {
    let (sim, device) = (&mut *scene.sim, person::host(index));
    scene.ledger.note_at(sim.elapsed().as_millis() as u64, format_args!("{spell:?} of {device} is over"));
    match spell {
        Spell::Partition => sim.repair(device, stage::HOST),
        Spell::ToServerOnly => sim.repair_oneway(stage::HOST, device),
        Spell::ToDeviceOnly => sim.repair_oneway(device, stage::HOST),
        Spell::Hold => sim.release(device, stage::HOST),
        Spell::Loss => sim.set_link_fail_rate(device, stage::HOST, 0.0),
        Spell::Slow => sim.set_link_max_message_latency(device, stage::HOST, super::run::LATENCY_MAX),
    }
}
