//! What is measured: plain values, made by the command line or by a test.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Makes a token of a user, by name. The bench signs in many users that nobody has heard of.
pub type TokenSource = Arc<dyn Fn(&str) -> anyhow::Result<String> + Send + Sync>;

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A varint length before each frame.
    Tcp,
    /// A frame a binary message.
    WebSocket,
}

/// Where the server listens, without encryption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    /// How frames travel.
    pub carrier: Carrier,
    /// `HOST:PORT`.
    pub authority: String,
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("an address begins with tcp://, ws:// or http://")?;
        let carrier = match scheme {
            "tcp" => Carrier::Tcp,
            "ws" | "http" => Carrier::WebSocket,
            _ => return Err(format!("{scheme}:// cannot be measured: use tcp://, ws:// or http://")),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
                Ok(Self { carrier, authority: authority.into() })
            }
            _ => Err("the address needs a host and a port".into()),
        }
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.carrier {
            Carrier::Tcp => "tcp",
            Carrier::WebSocket => "ws",
        };
        write!(f, "{scheme}://{}", self.authority)
    }
}

/// The server that is measured, and what of it can be looked at from outside.
#[derive(Clone)]
pub struct Target {
    /// Where frames go.
    pub server: ServerUrl,
    /// Signs users in.
    pub tokens: TokenSource,
    /// `HOST:PORT` of `/metrics`; without it that of the server, when it speaks WebSocket.
    pub metrics: Option<String>,
    /// The server's data folder: a bare file is measured on its disk. Without it there is no bare file.
    pub data_dir: Option<PathBuf>,
    /// The server's process; without it, whoever listens on the port of the server.
    pub server_pid: Option<u32>,
}

impl Target {
    /// Where `/metrics` is, if that is known.
    #[must_use]
    pub fn metrics_authority(&self) -> Option<&str> {
        match (&self.metrics, self.server.carrier) {
            (Some(authority), _) => Some(authority),
            (None, Carrier::WebSocket) => Some(&self.server.authority),
            (None, Carrier::Tcp) => None,
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("server", &self.server).field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// The rate of an open loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Messages a second over all pairs.
    PerSecond(f64),
    /// Half of what a closed loop of as many pairs reached in the same run, with as few in flight as there was.
    HalfOfSaturation,
}

/// One load on the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// Each pair always has as many sends in flight; the next begins when one is acknowledged.
    Closed {
        /// Pairs of people.
        pairs: usize,
        /// Sends in flight of each pair.
        in_flight: usize,
    },
    /// Sends begin by the clock, whatever became of those before.
    Open {
        /// Pairs of people.
        pairs: usize,
        /// How often.
        rate: Rate,
    },
}

impl Load {
    /// Pairs of people.
    #[must_use]
    pub const fn pairs(self) -> usize {
        match self {
            Self::Closed { pairs, .. } | Self::Open { pairs, .. } => pairs,
        }
    }
}

/// The loads of `--suite`: those that other servers were measured with, and the open loop at half of 500 × 1.
pub const SUITE: [Load; 5] = [
    Load::Closed { pairs: 50, in_flight: 1 },
    Load::Closed { pairs: 500, in_flight: 1 },
    Load::Closed { pairs: 50, in_flight: 16 },
    Load::Closed { pairs: 500, in_flight: 16 },
    Load::Open { pairs: 500, rate: Rate::HalfOfSaturation },
];

/// Memory of connections that do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// How many.
    pub connections: usize,
    /// Direct conversations that each of their users has.
    pub conversations: usize,
    /// Whether an earlier run made the users and conversations in this store, so that the process that is measured has
    /// not served them before.
    pub prepared: Prepared,
}

/// Whether the users of the idle connections exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Make them first.
    No,
    /// An earlier run did.
    Yes,
}

/// How the figures are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// For people at a terminal.
    #[default]
    Table,
    /// One JSON object.
    Json,
    /// For a document.
    Markdown,
}

/// `stonechat bench chat`.
#[derive(Clone, Debug)]
pub struct ChatOptions {
    /// The server.
    pub target: Target,
    /// What is measured, one after the other.
    pub loads: Vec<Load>,
    /// How long each load is measured.
    pub duration: Duration,
    /// How long each load runs before.
    pub warm_up: Duration,
    /// How long after the last send everything must be acknowledged and delivered.
    pub patience: Duration,
    /// Bytes of the text of a message.
    pub body_bytes: usize,
    /// Direct conversations of each load, spread over its pairs; 0 means one a pair.
    pub conversations: usize,
    /// Connections held beside the load, signed in and silent.
    pub connections: usize,
    /// Threads of the load program.
    pub threads: usize,
    /// Whether and how idle connections are weighed.
    pub idle: Option<Idle>,
    /// Before the names of all users, so that runs on one store do not meet.
    pub user_prefix: String,
    /// How the figures are printed.
    pub output: Output,
}

/// `stonechat bench group`.
#[derive(Clone, Debug)]
pub struct GroupOptions {
    /// The server.
    pub target: Target,
    /// Members of the group, each with a connection.
    pub members: usize,
    /// Messages sent one by one, each after the one before reached everybody.
    pub messages: usize,
    /// How long as many messages as the members can take are sent.
    pub saturation: Duration,
    /// Messages on their way at a time while saturating.
    pub in_flight: usize,
    /// How long a message may take to everybody.
    pub patience: Duration,
    /// Bytes of the text of a message.
    pub body_bytes: usize,
    /// Threads of the load program.
    pub threads: usize,
    /// Before the names of all users.
    pub user_prefix: String,
    /// How the figures are printed.
    pub output: Output,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_carrier_a_host_and_a_port() {
        let parse = |text: &str| text.parse::<ServerUrl>().map(|url| url.to_string());
        assert_eq!(parse("tcp://127.0.0.1:7000").as_deref(), Ok("tcp://127.0.0.1:7000"));
        assert_eq!(parse("http://localhost:8080/").as_deref(), Ok("ws://localhost:8080"));
        assert_eq!(parse("ws://[::1]:8080/v1/ws").as_deref(), Ok("ws://[::1]:8080"));
        for wrong in ["", "tcp://", "tcp://host", "https://host:1", "host:1", "tcp://:1", "tcp://host:port"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
