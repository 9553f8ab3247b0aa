//! What is done to a server and its network in one run, drawn from a seed.

use crate::dice::Dice;
use serde::{Deserialize, Serialize};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// SIGKILL of a server that serves.
    Kill,
    /// SIGKILL, and again before the next server says that it is ready.
    EarlyKill,
    /// SIGSTOP, and SIGCONT a while later.
    Stop,
    /// The disk is full, and later it is not.
    FullDisk,
    /// The server's clock is put forward, by up to hours.
    ClockForward,
    /// It is put back.
    ClockBack,
    /// Connections are cut at some byte.
    Cut,
    /// Every piece is late.
    Delay,
    /// Connections stay open and carry nothing.
    HalfOpen,
    /// What clients send is swallowed.
    LostToServer,
    /// What the server sends is swallowed.
    LostToClient,
    /// Clients take little at a time.
    SlowReader,
}

impl Fault {
    /// Those of the server but for kills.
    pub const OF_SERVER: [Self; 4] = [Self::Stop, Self::FullDisk, Self::ClockForward, Self::ClockBack];
    /// Those of the network.
    pub const OF_NETWORK: [Self; 6] =
        [Self::HalfOpen, Self::Cut, Self::Delay, Self::LostToServer, Self::LostToClient, Self::SlowReader];

    /// Its name in histories and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            // For whoever reads a history it is one gap in the server's life.
            Self::Kill | Self::EarlyKill => "kill",
            Self::Stop => "stop",
            Self::FullDisk => "full_disk",
            Self::ClockForward => "clock_forward",
            Self::ClockBack => "clock_back",
            Self::Cut => "cut",
            Self::Delay => "delay",
            Self::HalfOpen => "half_open",
            Self::LostToServer => "lost_to_server",
            Self::LostToClient => "lost_to_client",
            Self::SlowReader => "slow_reader",
        }
    }
}

/// Each kill of so many hits a server that has not said yet that it is ready.
const EARLY_EVERY: usize = 5;

/// What is done in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What everything is drawn from.
    pub seed: u64,
    /// To the server, one after the other.
    pub server: Vec<Fault>,
    /// To the network, one after the other, beside those of the server.
    pub network: Vec<Fault>,
}

impl Plan {
    /// So many kills, and every other fault so often.
    #[must_use]
    pub fn drawn(seed: u64, kills: usize, others: usize) -> Self {
        let mut dice = Dice::named(seed, "plan");
        // An early kill is two: that of the server which runs, and the one before the next is ready.
        let early = kills / EARLY_EVERY;
        let mut server = vec![Fault::EarlyKill; early];
        server.resize(kills - early, Fault::Kill);
        let mut network = Vec::new();
        for _ in 0..others {
            server.extend(Fault::OF_SERVER);
            network.extend(Fault::OF_NETWORK);
        }
        dice.shuffle(&mut server);
        dice.shuffle(&mut network);
        // Clients need long to find out that a connection is dead; the rest goes on meanwhile.
        network.sort_by_key(|fault| *fault != Fault::HalfOpen);
        Self { seed, server, network }
    }

    /// Only kills.
    #[must_use]
    pub fn of_kills(seed: u64, kills: usize) -> Self {
        Self { network: Vec::new(), ..Self::drawn(seed, kills, 0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_one_plan_and_every_fault_is_in_it() {
        let plan = Plan::drawn(7, 30, 1);
        assert_eq!(plan, Plan::drawn(7, 30, 1));
        assert_ne!(plan, Plan::drawn(8, 30, 1));
        let kills = |fault: Fault| plan.server.iter().filter(|it| **it == fault).count();
        assert_eq!(kills(Fault::Kill) + 2 * kills(Fault::EarlyKill), 30);
        assert!(kills(Fault::EarlyKill) > 0);
        for fault in Fault::OF_SERVER {
            assert!(plan.server.contains(&fault), "{fault:?}");
        }
        for fault in Fault::OF_NETWORK {
            assert!(plan.network.contains(&fault), "{fault:?}");
        }
    }
}
