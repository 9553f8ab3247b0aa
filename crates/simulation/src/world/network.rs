//! Connections: how they are made, what travels on them, and how they end.

use super::{Event, World};
use crate::dice::Dice;
use crate::ledger::Peer;
use crate::network::{Connection, Direction};
use crate::plan::Step;
use crate::stream::{End, Socket};
use bytes::{Bytes, BytesMut};
use std::fmt::{self, Write as _};
use stonechat_client::core::machine::Input;
use stonechat_wire::frame;
use stonechat_wire::v1::Frame;

/// How long a device waits for a connection.
const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// The longest that a slow reader takes for what came at once.
const SLOW_MS: u64 = 2_000;

impl World {
    /// A device wants a connection.
    pub(super) fn connect(&mut self, device: usize) {
        let it = &mut self.devices[device];
        it.attempt += 1;
        let (attempt, link) = (it.attempt, it.link.clone());
        if link.up_blocked_until > self.now_ms || link.down_blocked_until > self.now_ms {
            self.after(CONNECT_TIMEOUT_MS, Event::ConnectFails { device, attempt, reason: "timed out" });
        } else {
            let way = self.dice.between(1, self.shape.delay_ms.max(1) * 2);
            self.after(way, Event::ConnectArrives { device, attempt });
        }
    }

    pub(super) fn connect_arrives(&mut self, device: usize, attempt: u64) {
        if self.devices[device].attempt != attempt || self.devices[device].core.is_none() {
            return;
        }
        let way = self.dice.between(1, self.shape.delay_ms.max(1));
        let refused = self.node.is_none() || self.is_stopping;
        let Some(node) = self.node.as_mut().filter(|_| !refused) else {
            return self.after(way, Event::ConnectFails { device, attempt, reason: "refused" });
        };
        self.last_connection += 1;
        let connection = self.last_connection;
        let socket = Socket::new(self.shape.window, node.wake.clone());
        node.accept(&socket);
        let made = Connection {
            device,
            device_epoch: self.devices[device].epoch,
            node_epoch: self.node_epoch,
            socket,
            up: Direction::default(),
            down: Direction::default(),
            arrived: BytesMut::new(),
            tapped: BytesMut::new(),
            is_open_here: true,
            is_half_open: false,
            end_told: false,
        };
        self.connections.insert(connection, made);
        self.devices[device].connection = Some(connection);
        self.note(format_args!("device {device} connects as {connection}"));
        self.after(way, Event::Opened { device, connection });
    }

    /// A device sends a frame.
    pub(super) fn transmit(&mut self, device: usize, frame: &Frame) {
        let Some(id) = self.devices[device].connection else { return };
        let peer = Peer { connection: id, device, user: self.devices[device].user.clone() };
        self.note(format_args!("{id} > {} {}", frame.id, name(frame)));
        self.ledger.said(&peer, frame, self.now_ms);
        let mut bytes = frame::encode_with_length(frame);
        while !bytes.is_empty() {
            let piece = bytes.split_to(piece(&mut self.dice, bytes.len()));
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let blocked = self.devices[device].link.up_blocked_until;
            let random = (&mut self.dice, &mut self.visits);
            let at = connection.up.arrival(self.now_ms, blocked, &self.shape, random);
            self.at(at, Event::ToServer { connection: id, bytes: piece });
        }
    }

    pub(super) fn reaches_server(&mut self, id: u64, bytes: &[u8]) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.node_epoch == self.node_epoch && self.node.is_some() {
            connection.socket.arrive(bytes);
        } else if self.node.is_some() && !connection.end_told {
            // The host is back and does not know this connection.
            self.tell_end(id);
        }
    }

    pub(super) fn end_to_server(&mut self, id: u64, end: End) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.node_epoch == self.node_epoch {
            connection.socket.end(end);
        }
    }

    /// Takes what the server did since it last ran; whether it died of it.
    pub(super) fn collect(&mut self) -> bool {
        if self.machine.disk.is_off() {
            self.crash();
            return true;
        }
        if self.node.as_ref().is_some_and(|node| node.vault.has_failed()) {
            self.fail_sync();
            return true;
        }
        let offered = self.node.as_ref().is_some_and(|node| node.pace.take_offered());
        if offered {
            self.offered();
        }
        let ids: Vec<u64> = self.connections.keys().copied().collect();
        for id in ids {
            let Some(connection) = self.connections.get(&id).filter(|it| it.node_epoch == self.node_epoch) else {
                continue;
            };
            let outgoing = connection.socket.take_outgoing();
            for bytes in outgoing.bytes {
                self.written(id, bytes);
            }
            let Some(connection) = self.connections.get(&id) else { continue };
            if outgoing.ended {
                if connection.is_half_open && !connection.end_told {
                    self.visits.count("half-open connection closed by the server");
                }
                self.tell_end(id);
            }
        }
        false
    }

    /// The server has written bytes.
    fn written(&mut self, id: u64, mut bytes: Bytes) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.tapped.extend_from_slice(&bytes);
        let (device, mut tapped) = (connection.device, std::mem::take(&mut connection.tapped));
        let peer = Peer { connection: id, device, user: self.devices[device].user.clone() };
        loop {
            match frame::take(&mut tapped) {
                Ok(Some(frame)) => {
                    self.note(format_args!("{id} < {} {}", frame.id, name(&frame)));
                    self.ledger.heard(&peer, &frame, self.now_ms, &mut self.visits);
                }
                Ok(None) => break,
                Err(error) => {
                    self.ledger.violation.get_or_insert(format!("the server wrote what is no frame: {error}"));
                    break;
                }
            }
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.tapped = tapped;
        }
        while !bytes.is_empty() {
            let piece = bytes.split_to(piece(&mut self.dice, bytes.len()));
            let link = self.devices[device].link.clone();
            let slowness = if link.slow_until > self.now_ms { self.dice.between(0, SLOW_MS) } else { 0 };
            let Some(connection) = self.connections.get_mut(&id) else { return };
            connection.down.slowness_ms = slowness;
            let random = (&mut self.dice, &mut self.visits);
            let at = connection.down.arrival(self.now_ms, link.down_blocked_until, &self.shape, random);
            self.at(at, Event::ToDevice { connection: id, bytes: piece });
        }
    }

    pub(super) fn reaches_device(&mut self, id: u64, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if !connection.is_open_here {
            // Its host says so, and the server hears of it, unless the host is gone.
            return;
        }
        connection.socket.taken(bytes.len());
        connection.arrived.extend_from_slice(bytes);
        let device = connection.device;
        loop {
            let Some(connection) = self.connections.get_mut(&id).filter(|it| it.is_open_here) else { return };
            match frame::take(&mut connection.arrived) {
                Ok(Some(frame)) => self.input(device, Input::Frame(frame)),
                Ok(None) => return,
                Err(error) => {
                    self.ledger.violation.get_or_insert(format!("what arrived is no frame: {error}"));
                    return;
                }
            }
        }
    }

    /// The device will hear that the server's end is gone.
    pub(super) fn tell_end(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if std::mem::replace(&mut connection.end_told, true) {
            return;
        }
        let device = connection.device;
        let blocked = self.devices[device].link.down_blocked_until;
        let random = (&mut self.dice, &mut self.visits);
        let at = connection.down.arrival(self.now_ms, blocked, &self.shape, random);
        self.at(at, Event::EndToDevice { connection: id });
    }

    pub(super) fn end_to_device(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else { return };
        let it = &mut self.devices[connection.device];
        // What the server still holds of it ends with it.
        connection.socket.end(End::Reset);
        if it.connection == Some(id) && connection.is_open_here {
            it.connection = None;
            self.input(connection.device, Input::Closed("the connection ended".to_owned()));
        }
    }

    /// The device lets go of its connection. A host that is gone says nothing.
    pub(super) fn disconnect(&mut self, device: usize, silent: bool) {
        self.devices[device].attempt += 1;
        let Some(id) = self.devices[device].connection.take() else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.is_open_here = false;
        connection.is_half_open = silent;
        if silent {
            self.visits.count("connection left half-open");
            return;
        }
        let end = if self.dice.percent(50) { End::Finished } else { End::Reset };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let blocked = self.devices[device].link.up_blocked_until;
        let random = (&mut self.dice, &mut self.visits);
        let at = connection.up.arrival(self.now_ms, blocked, &self.shape, random);
        self.at(at, Event::EndToServer { connection: id, end });
    }

    pub(super) fn network_step(&mut self, step: Step) {
        let now_ms = self.now_ms;
        match step {
            Step::Partition { device, for_ms } => {
                let Some(link) = self.link(device) else { return };
                (link.up_blocked_until, link.down_blocked_until) = (now_ms + for_ms, now_ms + for_ms);
                self.visits.count("partition");
            }
            Step::OneWay { device, up, for_ms } => {
                let Some(link) = self.link(device) else { return };
                if up {
                    link.up_blocked_until = now_ms + for_ms;
                } else {
                    link.down_blocked_until = now_ms + for_ms;
                }
                self.visits.count("one-way loss");
            }
            Step::SlowReader { device, for_ms } => {
                let Some(link) = self.link(device) else { return };
                link.slow_until = now_ms + for_ms;
                self.visits.count("slow reader");
            }
            Step::Break { device } => {
                let device = self.chosen(device);
                if let Some(id) = self.devices[device].connection {
                    self.visits.count("connection broken");
                    self.end_to_device(id);
                }
            }
            _ => {}
        }
    }

    fn link(&mut self, choice: u64) -> Option<&mut crate::network::Link> {
        let device = self.chosen(choice);
        self.devices.get_mut(device).map(|device| &mut device.link)
    }
}

/// How much of some bytes travels together.
fn piece(dice: &mut Dice, len: usize) -> usize {
    if len > 1 && dice.percent(20) { 1 + dice.index(len - 1) } else { len }
}

/// What a frame is, and a little of what it says.
fn name(frame: &Frame) -> Short {
    let mut short = Short(String::new());
    // It ends early with an error, on purpose.
    let _ = write!(short, "{:?}", frame.body);
    short
}

/// A text that takes only so much.
struct Short(String);

const SHORT_BYTES: usize = 220;

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > SHORT_BYTES { Err(fmt::Error) } else { Ok(()) }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
