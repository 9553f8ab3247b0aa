//! What can be typed behind `stonechat bench chat` and `stonechat bench group`.

use crate::options::{
    ChatOptions, GroupOptions, Idle, Load, Output, Prepared, Rate, SUITE, ServerUrl, Target, TokenSource,
};
use clap::{Args, Parser};
use std::path::PathBuf;
use std::time::Duration;

/// Which server, and how to print.
#[derive(Clone, Debug, Args)]
pub struct TargetArgs {
    /// The server: tcp://, ws:// or http://HOST:PORT
    #[arg(long, value_name = "URL", env = "STONECHAT_URL", default_value = "http://127.0.0.1:8080")]
    pub server: ServerUrl,
    /// Where /metrics is, when --server is tcp://
    #[arg(long, value_name = "HOST:PORT")]
    pub metrics: Option<String>,
    /// The server's data folder: signs users in, and its disk is measured with a bare file
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The server's process; without it, whoever listens on the port
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// Bytes of the text of a message
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = bytes_of_text)]
    pub body_bytes: usize,
    /// Seconds within which the last message must be acknowledged and delivered
    #[arg(long, value_name = "S", default_value_t = 20.0)]
    pub patience: f64,
    /// Threads of the load program
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive)]
    pub threads: usize,
    /// Before the names of all users; a new one makes new users
    #[arg(long, value_name = "TEXT", default_value = "bench-")]
    pub user_prefix: String,
    /// Print one JSON object
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print tables in Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// `stonechat bench chat`: pairs of people who chat.
#[derive(Clone, Debug, Parser)]
#[command(name = "stonechat bench chat", after_help = CHAT_EXAMPLES)]
pub struct ChatArgs {
    /// Which server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The usual loads: 50 × 1, 500 × 1, 50 × 16, 500 × 16, and an open loop at half of the best of them
    #[arg(long, conflicts_with_all = ["pairs", "in_flight", "rate", "no_load"])]
    pub suite: bool,
    /// Pairs of people, each with a direct conversation
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = positive)]
    pub pairs: usize,
    /// Sends in flight of each pair
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive, conflicts_with = "rate")]
    pub in_flight: usize,
    /// Messages a second over all pairs, begun by the clock whatever became of those before
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Seconds that each load is measured
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds that each load runs before
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    pub warm_up: f64,
    /// Direct conversations, spread over the pairs; 0 means one a pair
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub conversations: usize,
    /// Connections held beside the load, signed in and silent
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub connections: usize,
    /// Connections whose memory is weighed; 0 weighs none
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub idle: usize,
    /// Direct conversations of each of their users
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub idle_conversations: usize,
    /// An earlier run with the same --idle made the users in this store: the server has restarted since
    #[arg(long)]
    pub idle_prepared: bool,
    /// No load, only the idle connections
    #[arg(long)]
    pub no_load: bool,
}

const CHAT_EXAMPLES: &str = "\
EXAMPLES
  stonechat bench chat --data .stonechat
  stonechat bench chat --suite --data .stonechat --markdown
  stonechat bench chat --server tcp://127.0.0.1:7000 --metrics 127.0.0.1:8080 --data .stonechat --pairs 500
  stonechat bench chat --data .stonechat --rate 10000 --idle 0";

/// `stonechat bench group`: one message to many.
#[derive(Clone, Debug, Parser)]
#[command(name = "stonechat bench group", after_help = GROUP_EXAMPLES)]
pub struct GroupArgs {
    /// Which server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Members of the group, each with a connection
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = positive)]
    pub members: usize,
    /// Messages sent one by one, each after the one before reached everybody
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = positive)]
    pub messages: usize,
    /// Seconds of as many messages as the members can take
    #[arg(long, value_name = "S", default_value_t = 5.0)]
    pub saturation: f64,
    /// Messages on their way at a time meanwhile
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = positive)]
    pub in_flight: usize,
}

const GROUP_EXAMPLES: &str = "\
EXAMPLES
  stonechat bench group --data .stonechat
  stonechat bench group --data .stonechat --members 500 --json";

impl TargetArgs {
    fn target(&self, tokens: TokenSource) -> Target {
        Target {
            server: self.server.clone(),
            tokens,
            metrics: self.metrics.clone(),
            data_dir: self.data.clone(),
            server_pid: self.server_pid,
        }
    }

    fn output(&self) -> Output {
        match (self.json, self.markdown) {
            (true, _) => Output::Json,
            (false, true) => Output::Markdown,
            (false, false) => Output::Table,
        }
    }
}

impl ChatArgs {
    /// Reads the words behind `stonechat bench chat`. An error knows whether it is help.
    ///
    /// # Errors
    /// What clap says of them.
    pub fn from_words(words: &[String]) -> Result<Self, clap::Error> {
        Self::try_parse_from(std::iter::once("stonechat bench chat").chain(words.iter().map(String::as_str)))
    }

    /// What they ask for, with the tokens of users.
    #[must_use]
    pub fn options(&self, tokens: TokenSource) -> ChatOptions {
        let one = match self.rate {
            Some(rate) => Load::Open { pairs: self.pairs, rate: Rate::PerSecond(rate) },
            None => Load::Closed { pairs: self.pairs, in_flight: self.in_flight },
        };
        let loads = match (self.suite, self.no_load) {
            (true, _) => SUITE.to_vec(),
            (false, true) => Vec::new(),
            (false, false) => vec![one],
        };
        let prepared = if self.idle_prepared { Prepared::Yes } else { Prepared::No };
        let idle = Idle { connections: self.idle, conversations: self.idle_conversations, prepared };
        ChatOptions {
            target: self.target.target(tokens),
            loads,
            duration: seconds(self.seconds),
            warm_up: seconds(self.warm_up),
            patience: seconds(self.target.patience),
            body_bytes: self.target.body_bytes,
            conversations: self.conversations,
            connections: self.connections,
            threads: self.target.threads,
            idle: (self.idle > 0).then_some(idle),
            user_prefix: self.target.user_prefix.clone(),
            output: self.target.output(),
        }
    }
}

impl GroupArgs {
    /// Reads the words behind `stonechat bench group`. An error knows whether it is help.
    ///
    /// # Errors
    /// What clap says of them.
    pub fn from_words(words: &[String]) -> Result<Self, clap::Error> {
        Self::try_parse_from(std::iter::once("stonechat bench group").chain(words.iter().map(String::as_str)))
    }

    /// What they ask for, with the tokens of users.
    #[must_use]
    pub fn options(&self, tokens: TokenSource) -> GroupOptions {
        GroupOptions {
            target: self.target.target(tokens),
            members: self.members,
            messages: self.messages,
            saturation: seconds(self.saturation),
            in_flight: self.in_flight,
            patience: seconds(self.target.patience),
            body_bytes: self.target.body_bytes,
            threads: self.target.threads,
            user_prefix: self.target.user_prefix.clone(),
            output: self.target.output(),
        }
    }
}

/// A span within sense, whatever was typed.
fn seconds(typed: f64) -> Duration {
    Duration::try_from_secs_f64(typed.clamp(0.1, 86_400.0)).unwrap_or(Duration::from_secs(1))
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(|| "is not a number from 1 on".into())
}

fn bytes_of_text(text: &str) -> Result<usize, String> {
    let range = crate::message::TEXT_BYTES_MIN..=crate::message::TEXT_BYTES_MAX;
    let wrong = || format!("is not a number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|n| range.contains(n)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use std::sync::Arc;

    fn chat(words: &[&str]) -> Result<ChatOptions, clap::Error> {
        let words: Vec<String> = words.iter().map(|word| (*word).into()).collect();
        Ok(ChatArgs::from_words(&words)?.options(Arc::new(|_| Ok(String::new()))))
    }

    #[test]
    fn the_commands_are_well_formed() {
        ChatArgs::command().debug_assert();
        GroupArgs::command().debug_assert();
    }

    #[test]
    fn words_become_loads() {
        assert_eq!(chat(&[]).unwrap().loads, [Load::Closed { pairs: 50, in_flight: 1 }]);
        assert_eq!(chat(&["--suite"]).unwrap().loads, SUITE);
        let open = Load::Open { pairs: 9, rate: Rate::PerSecond(100.0) };
        assert_eq!(chat(&["--pairs", "9", "--rate", "100"]).unwrap().loads, [open]);
        assert!(chat(&["--suite", "--pairs", "9"]).is_err());
        assert!(chat(&["--body-bytes", "1"]).is_err());
        assert_eq!(chat(&["--idle", "0"]).unwrap().idle, None);
    }
}
