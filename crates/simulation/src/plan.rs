//! What will happen in a run: drawn from the seed before it begins, so that steps can be left out one by one.

use crate::dice::Dice;
use stonechat_log_segment::sim_disk::Crash;

/// Milliseconds in which steps happen.
pub const TROUBLE_MS: u64 = 60_000;

/// Something that a person, a machine or the network does. Numbers choose among what there is at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they choose: device, user, conversation, a time or a size")]
pub enum Step {
    /// Messages are written on a device, to one of its conversations or to a user.
    Send { device: u64, to: u64, count: u64, bytes: u64, reads: bool },
    /// The backend writes in the name of a user, to conversations of his, so many messages.
    Backend { user: u64, to: u64, count: u64 },
    /// The cursor moves, up to so many events before the head.
    Read { device: u64, conversation: u64, back: u64 },
    /// A group begins; the bits choose its members.
    CreateGroup { device: u64, members: u64 },
    /// A user is added.
    Add { device: u64, conversation: u64, user: u64 },
    /// A user is removed while he writes, or not.
    Remove { device: u64, conversation: u64, user: u64, writes: bool },
    /// The user leaves.
    Leave { device: u64, conversation: u64 },
    /// The title changes.
    Rename { device: u64, conversation: u64 },
    /// A role changes.
    SetRole { device: u64, conversation: u64, user: u64, role: u64 },
    /// Something else of a group is changed; the number chooses what, and how far.
    Manage { device: u64, conversation: u64, user: u64, what: u64 },
    /// Two who may change a group do so at once: what each does is chosen by a number.
    Race { conversation: u64, user: u64, what: u64 },
    /// The user is writing, and looks at a conversation.
    Look { device: u64, conversation: u64 },
    /// Older messages are loaded.
    LoadBefore { device: u64, conversation: u64, before: u64 },
    /// One of the newest or oldest messages here says something else, if it is one's own.
    Edit { device: u64, conversation: u64, message: u64, bytes: u64 },
    /// An emoji is added to one of the newest or oldest messages here, or taken back.
    React { device: u64, conversation: u64, message: u64, emoji: u64, add: bool },
    /// One of the newest or oldest messages here is recalled, if it is one's own or one may recall all.
    Recall { device: u64, conversation: u64, message: u64 },
    /// One of the newest or oldest messages here is pinned, or no longer.
    Pin { device: u64, conversation: u64, message: u64, pin: bool },
    /// Some of the newest messages here are removed, for the user alone.
    Delete { device: u64, conversation: u64, message: u64 },
    /// Some of the newest messages here are starred, or no longer.
    Star { device: u64, conversation: u64, message: u64, star: bool },
    /// One of the voice messages of others here is played.
    Play { device: u64, message: u64 },
    /// The user is not to be disturbed, or is again.
    Quiet { device: u64, what: u64 },
    /// The user prefers something in a conversation, or clears it; the number chooses what.
    Prefer { device: u64, conversation: u64, what: u64 },
    /// The user blocks another, asks to be his contact, or does whatever else people are to each other.
    Relate { device: u64, user: u64, what: u64 },
    /// Two users ask each other at once, or one answers what the other takes back.
    Cross { device: u64, user: u64, what: u64 },
    /// The user says something of himself, and chooses who sees what; bits choose.
    SetPresence { device: u64, what: u64 },
    /// A device watches whether users are there; bits choose them, and whether its own user is away.
    Watch { device: u64, users: u64 },
    /// A failed message is sent again.
    Retry { device: u64 },
    /// A device of the same user is signed out.
    Revoke { device: u64, other: u64 },
    /// A device dies and comes back later, perhaps without what it had stored. Its host may say nothing.
    KillDevice { device: u64, for_ms: u64, silent: bool, loses_store: bool },
    /// The clock of a device jumps.
    DeviceClock { device: u64, by_ms: i64 },
    /// Nothing passes for a while.
    Partition { device: u64, for_ms: u64 },
    /// Nothing passes in one direction for a while.
    OneWay { device: u64, up: bool, for_ms: u64 },
    /// The connection breaks, with what is on its way.
    Break { device: u64 },
    /// A device reads slowly for a while.
    SlowReader { device: u64, for_ms: u64 },
    /// The server dies, at once or after so many operations of its disk or index.
    KillServer { way: Crash, operations: u64, index_writes: Option<u64>, down_ms: u64, in_recovery: bool },
    /// The server is stopped in order, and started again.
    Restart { down_ms: u64 },
    /// The disk has so much room, for a while.
    DiskFull { room: u64, for_ms: u64 },
    /// The sync after so many fails.
    FailSync { after: u64 },
    /// Flushes and reads are slow for a while.
    Slow { flush_ms: u64, read_ms: u64, for_ms: u64 },
    /// The index fails, or has no room, for a while.
    FailIndex { refuses_only: bool, for_ms: u64 },
    /// A checkpoint is written now.
    Checkpoint,
    /// A stored body rots.
    Rot { place: u64 },
    /// The clock of the server jumps.
    ServerClock { by_ms: i64 },
}

/// The size of a run, and the quality of its network.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Users.
    pub users: u64,
    /// Devices of each user, at most.
    pub devices: u64,
    /// Executors of the server.
    pub executors: usize,
    /// Bytes of conversations that an executor keeps.
    pub executor_bytes: usize,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Bytes of tail at which a checkpoint is due.
    pub checkpoint_bytes: u64,
    /// Bytes that a device takes ahead.
    pub window: usize,
    /// The longest way of a packet.
    pub delay_ms: u64,
    /// Packets lost, of a hundred.
    pub loss: u64,
    /// Packets duplicated, of a hundred.
    pub duplication: u64,
    /// The longest flush of the server's disk.
    pub flush_ms: u64,
    /// The longest flush of a device.
    pub device_flush_ms: u64,
    /// The longest read of the server.
    pub read_ms: u64,
    /// Whether devices record events for a bot.
    pub record_events: bool,
}

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The size of the run.
    pub shape: Shape,
    /// What happens, in order of time.
    pub steps: Vec<(u64, Step)>,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x5743_6861_7420_3031);
        let shape = shape(&mut dice);
        let count = dice.between(40, 160);
        let mut times: Vec<u64> = (0..count).map(|_| dice.between(200, TROUBLE_MS)).collect();
        times.sort_unstable();
        let swarm = Swarm::draw(&mut dice);
        let mut steps: Vec<_> = times.into_iter().map(|at| (at, swarm.step(&mut dice))).collect();
        if dice.percent(8) {
            long_absence(&mut dice, &mut steps);
        }
        Self { seed, shape, steps }
    }
}

fn shape(dice: &mut Dice) -> Shape {
    let bad_network = dice.percent(50);
    let slow = dice.percent(40);
    Shape {
        users: dice.between(2, 5),
        devices: dice.between(1, 3),
        executors: dice.between(1, 3) as usize,
        executor_bytes: if dice.percent(40) { 2_000 } else { 1 << 20 },
        segment_bytes: 1024 * [64, 128, 256][dice.index(3)],
        checkpoint_bytes: 1024 * [4, 12, 48][dice.index(3)],
        window: [512, 4_096, 65_536][dice.index(3)],
        delay_ms: if bad_network { dice.between(20, 400) } else { dice.between(1, 20) },
        loss: if bad_network { dice.between(0, 15) } else { 0 },
        duplication: if bad_network { dice.between(0, 10) } else { 0 },
        flush_ms: if slow { dice.between(1, 200) } else { dice.between(0, 5) },
        device_flush_ms: if slow { dice.between(1, 300) } else { dice.between(0, 10) },
        read_ms: if slow { dice.between(0, 80) } else { 0 },
        record_events: dice.percent(30),
    }
}

/// One device is away while much is written: it has to jump.
fn long_absence(dice: &mut Dice, steps: &mut Vec<(u64, Step)>) {
    let (from, device) = (dice.between(5_000, 15_000), dice.number());
    steps.push((from, Step::KillDevice { device, for_ms: 30_000, silent: false, loses_store: false }));
    for round in 0..5 {
        let at = from + 1_000 + round * 3_000;
        steps.push((at, Step::Backend { user: 0, to: 0, count: 240 }));
    }
    // Meanwhile, and just when it is back, people go on with what it holds.
    for n in 0..dice.between(0, 120) {
        let at = if n % 2 == 0 { dice.between(from + 1_000, from + 30_000) } else { from + 30_000 + dice.below(2_000) };
        let (device, conversation, message) = (dice.number(), dice.number(), dice.number());
        let (emoji, add) = (dice.below(4), dice.percent(65));
        steps.push((at, Step::React { device, conversation, message, emoji, add }));
        if dice.percent(10) {
            steps.push((at + dice.below(50), Step::Recall { device, conversation, message }));
        }
    }
    steps.sort_by_key(|(at, _)| *at);
}

/// Which kinds of steps a run has: a run of few kinds finds what a mixture of all would hide.
struct Swarm {
    people: u64,
    groups: u64,
    devices: u64,
    network: u64,
    server: u64,
    disk: u64,
}

impl Swarm {
    fn draw(dice: &mut Dice) -> Self {
        let mut weight = |usual: u64| if dice.percent(25) { 0 } else { dice.between(1, usual) };
        Self {
            people: 40,
            groups: weight(14),
            devices: weight(8),
            network: weight(10),
            server: weight(6),
            disk: weight(8),
        }
    }

    fn step(&self, dice: &mut Dice) -> Step {
        let all = [self.people, self.groups, self.devices, self.network, self.server, self.disk];
        let mut place = dice.below(all.iter().sum());
        let kind = all.iter().position(|weight| {
            let here = place < *weight;
            place = place.saturating_sub(*weight);
            here
        });
        match kind {
            Some(1) => group_step(dice),
            Some(2) => device_step(dice),
            Some(3) => network_step(dice),
            Some(4) => server_step(dice),
            Some(5) => disk_step(dice),
            _ => people_step(dice),
        }
    }
}

fn people_step(dice: &mut Dice) -> Step {
    let (device, conversation) = (dice.number(), dice.number());
    match dice.below(47) {
        44..=46 => Step::Play { device, message: conversation },
        40 | 41 => Step::SetPresence { device, what: conversation },
        42 | 43 => Step::Watch { device, users: conversation },
        30 | 31 => Step::Relate { device, user: conversation, what: dice.below(16) },
        33 | 34 => Step::Delete { device, conversation, message: dice.number() },
        37 | 38 => Step::Star { device, conversation, message: dice.number(), star: dice.percent(70) },
        39 => Step::Quiet { device, what: dice.number() },
        35 | 36 => Step::Prefer { device, conversation, what: dice.number() },
        32 => Step::Cross { device, user: conversation, what: dice.number() },
        0..=9 => {
            let count = if dice.percent(15) { dice.between(5, 40) } else { dice.between(1, 3) };
            let bytes = if dice.percent(5) { dice.between(1_000, 6_000) } else { dice.between(0, 120) };
            Step::Send { device, to: conversation, count, bytes, reads: dice.percent(50) }
        }
        10 => {
            // Now and then more than may wait for one conversation.
            let count = if dice.percent(4) { dice.between(280, 400) } else { dice.between(1, 12) };
            Step::Backend { user: device, to: conversation, count }
        }
        11..=14 => Step::Read { device, conversation, back: dice.below(4) },
        15 | 16 => Step::Look { device, conversation },
        17 => Step::LoadBefore { device, conversation, before: dice.number() },
        18 => Step::Retry { device },
        19..=21 => Step::Edit { device, conversation, message: dice.number(), bytes: dice.between(0, 200) },
        22..=25 => {
            let (message, emoji) = (dice.number(), dice.below(4));
            Step::React { device, conversation, message, emoji, add: dice.percent(65) }
        }
        26 => Step::Recall { device, conversation, message: dice.number() },
        27 | 28 => Step::Pin { device, conversation, message: dice.number(), pin: dice.percent(65) },
        _ => Step::CreateGroup { device, members: dice.number() },
    }
}

fn group_step(dice: &mut Dice) -> Step {
    let (device, conversation, user) = (dice.number(), dice.number(), dice.number());
    match dice.below(20) {
        12..=17 => Step::Manage { device, conversation, user, what: dice.number() },
        18 | 19 => Step::Race { conversation, user, what: dice.number() },
        0 | 1 => Step::CreateGroup { device, members: user },
        2..=5 => Step::Add { device, conversation, user },
        6 | 7 => Step::Remove { device, conversation, user, writes: dice.percent(60) },
        8 => Step::Leave { device, conversation },
        9 => Step::Rename { device, conversation },
        _ => Step::SetRole { device, conversation, user, role: dice.below(3) },
    }
}

fn device_step(dice: &mut Dice) -> Step {
    let device = dice.number();
    match dice.below(8) {
        0..=3 => {
            let (for_ms, silent) = (dice.between(10, 8_000), dice.percent(40));
            Step::KillDevice { device, for_ms, silent, loses_store: dice.percent(20) }
        }
        4 | 5 => Step::DeviceClock { device, by_ms: jump(dice) },
        6 => Step::Revoke { device, other: dice.number() },
        _ => Step::Retry { device },
    }
}

fn network_step(dice: &mut Dice) -> Step {
    let (device, for_ms) = (dice.number(), dice.between(100, 20_000));
    match dice.below(8) {
        0 | 1 => Step::Break { device },
        2 | 3 => Step::Partition { device, for_ms },
        4 | 5 => Step::OneWay { device, up: dice.percent(50), for_ms },
        _ => Step::SlowReader { device, for_ms },
    }
}

fn server_step(dice: &mut Dice) -> Step {
    match dice.below(8) {
        0..=4 => {
            let way = Crash::ALL[dice.index(Crash::ALL.len())];
            let operations = if dice.percent(30) { 0 } else { dice.between(1, 40) };
            let index_writes = dice.percent(20).then(|| dice.below(4));
            let (down_ms, in_recovery) = (dice.between(10, 4_000), dice.percent(25));
            Step::KillServer { way, operations, index_writes, down_ms, in_recovery }
        }
        5 => Step::Restart { down_ms: dice.between(10, 3_000) },
        _ => Step::ServerClock { by_ms: jump(dice) },
    }
}

fn disk_step(dice: &mut Dice) -> Step {
    let for_ms = dice.between(200, 10_000);
    match dice.below(10) {
        0 | 1 => Step::DiskFull { room: dice.below(40_000), for_ms },
        2 => Step::FailSync { after: dice.below(20) },
        3 | 4 => Step::Slow { flush_ms: dice.between(10, 1_500), read_ms: dice.between(0, 300), for_ms },
        5 | 6 => Step::FailIndex { refuses_only: dice.percent(50), for_ms },
        7 | 8 => Step::Checkpoint,
        _ => Step::Rot { place: dice.number() },
    }
}

fn jump(dice: &mut Dice) -> i64 {
    let far = [1_000, 60_000, 3_600_000, 3 * 24 * 3_600_000][dice.index(4)];
    let ms = dice.between(1, far) as i64;
    if dice.percent(50) { ms } else { -ms }
}
