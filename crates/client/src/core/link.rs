//! The connection: when to connect, with which token, how to know that it is dead, when to stop for good.

use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::HEARTBEAT_MS;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::{Calls, Purpose};
use crate::core::change::Change;
use crate::core::command::{Reply, Ticket};
use crate::core::dice::backoff_ms;
use crate::core::limits::{PONG_TIMEOUT_MS, REFRESH_MS_MIN, STABLE_MS, TOKEN_LIFE_MS_MAX, TOKEN_MARGIN_MS};
use crate::core::machine::{Action, Core};
use crate::core::token;
use crate::error::{AuthError, Error, TokenError};
use crate::state::{ConnectionState, EndReason, MessageWindows, TokenReason};

/// The version of the protocol that this client speaks.
const VERSION: u32 = 1;

/// Where the connection stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Not started.
    Idle,
    /// Not connected, until a time.
    Waiting { until: u64, reason: String },
    /// The provider is asked for a token.
    AwaitsToken,
    /// The connection is being made.
    Connecting,
    /// Connected; the hello has no answer yet.
    Greeting,
    /// Connected and welcome.
    Up,
    /// Ended for good.
    Ended(EndReason),
}

/// The connection.
#[derive(Debug)]
pub struct Link {
    stage: Stage,
    /// Tries since the last stable connection.
    attempt: u32,
    up_since: u64,
    last_sent: u64,
    pinged_at: Option<u64>,
    heartbeat_ms: u64,
    token: Option<String>,
    /// Whether the token in use was fetched because the one before it was refused.
    last_chance: bool,
    fetching_token: bool,
    /// When to fetch a new token, in monotonic milliseconds.
    refresh_at: Option<u64>,
    /// The server's clock, and the monotonic time when it was heard.
    server_clock: (i64, u64),
    /// When the server asked to connect again.
    go_away_at: Option<u64>,
    told: ConnectionState,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            stage: Stage::Idle,
            attempt: 0,
            up_since: 0,
            last_sent: 0,
            pinged_at: None,
            heartbeat_ms: HEARTBEAT_MS,
            token: None,
            last_chance: false,
            fetching_token: false,
            refresh_at: None,
            server_clock: (0, 0),
            go_away_at: None,
            told: ConnectionState::Idle,
        }
    }
}

impl Link {
    /// Whether the server has welcomed the device.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }

    /// Whether the hello has no answer yet.
    #[must_use]
    pub fn is_greeting(&self) -> bool {
        self.stage == Stage::Greeting
    }

    /// Notes that something was sent.
    pub fn sent(&mut self, now_ms: u64) {
        self.last_sent = now_ms;
    }

    /// Notes that something was heard.
    pub const fn heard(&mut self) {
        self.pinged_at = None;
    }

    /// The server's clock now, as it was heard last.
    #[must_use]
    pub fn server_ms(&self, now_ms: u64) -> i64 {
        let (server_ms, heard_at) = self.server_clock;
        server_ms.saturating_add(i64::try_from(now_ms.saturating_sub(heard_at)).unwrap_or(i64::MAX))
    }

    /// When the connection next needs a look.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        match self.stage {
            Stage::Waiting { until, .. } => Some(until),
            Stage::Up => {
                let silence = match self.pinged_at {
                    Some(pinged) => pinged + PONG_TIMEOUT_MS,
                    None => self.last_sent + self.heartbeat_ms,
                };
                let others = [self.refresh_at.filter(|_| !self.fetching_token), self.go_away_at];
                others.into_iter().flatten().chain([silence]).min()
            }
            Stage::Idle | Stage::AwaitsToken | Stage::Connecting | Stage::Greeting | Stage::Ended(_) => None,
        }
    }
}

impl Core {
    pub(super) fn on_start(&mut self, ticket: Ticket) {
        match &self.link.stage {
            Stage::Idle => {
                self.link.stage = Stage::AwaitsToken;
                self.connect();
            }
            Stage::Ended(_) => {
                self.journal.reply(ticket, Err(Error::Closed));
                return;
            }
            Stage::Waiting { .. } | Stage::AwaitsToken | Stage::Connecting | Stage::Greeting | Stage::Up => {}
        }
        self.journal.reply(ticket, Ok(Reply::Done));
    }

    /// Tries at once instead of waiting.
    pub(super) fn try_now(&mut self) {
        if matches!(self.link.stage, Stage::Waiting { .. }) {
            self.connect();
        }
    }

    /// Ends for good.
    pub(super) fn end(&mut self, reason: EndReason) {
        if matches!(self.link.stage, Stage::Ended(_)) {
            return;
        }
        self.hang_up();
        let error = match &reason {
            EndReason::Stopped => Error::Closed,
            EndReason::Auth(error) => Error::Auth(*error),
            EndReason::Store(error) => Error::Store(error.clone()),
        };
        self.link.stage = Stage::Ended(reason);
        self.refuse_all_asks(&error);
    }

    fn connect(&mut self) {
        self.link.go_away_at = None;
        if self.link.token.is_some() {
            self.link.stage = Stage::Connecting;
            self.actions.push_back(Action::Connect);
        } else {
            self.link.stage = Stage::AwaitsToken;
            let reason = if self.link.last_chance { TokenReason::Refused } else { TokenReason::First };
            self.fetch_token(reason);
        }
    }

    fn fetch_token(&mut self, reason: TokenReason) {
        // One call of the provider at a time, whoever waits for it.
        if !std::mem::replace(&mut self.link.fetching_token, true) {
            self.actions.push_back(Action::FetchToken(reason));
        }
    }

    pub(super) fn on_token(&mut self, answer: std::result::Result<String, TokenError>) {
        self.link.fetching_token = false;
        match (answer, &self.link.stage) {
            (_, Stage::Ended(_) | Stage::Idle) => {}
            (Ok(token), Stage::AwaitsToken) => {
                self.link.token = Some(token);
                self.connect();
            }
            (Ok(token), Stage::Up) => {
                let renewed = self.link.token.as_ref() != Some(&token);
                self.link.token = Some(token.clone());
                self.link.refresh_at = None;
                // The same token again would be asked for without end; the server closes when it expires.
                if renewed {
                    self.plan_refresh();
                    if self.calls.have_room_for_control() {
                        self.call(Purpose::Refresh, Body::RefreshToken(v1::RefreshToken { token }));
                    }
                }
            }
            (Ok(token), Stage::Waiting { .. } | Stage::Connecting | Stage::Greeting) => self.link.token = Some(token),
            (Err(TokenError::Later(reason)), Stage::AwaitsToken) => self.wait(&reason),
            (Err(TokenError::Later(_)), Stage::Up) => {
                let wait = backoff_ms(&mut self.dice, 6);
                self.link.refresh_at = Some(self.now_ms() + wait);
            }
            (Err(TokenError::Later(_)), Stage::Waiting { .. } | Stage::Connecting | Stage::Greeting) => {}
            (Err(TokenError::Refused(_)), Stage::AwaitsToken) => self.end(EndReason::Auth(AuthError::NoToken)),
            // The one in use is still good; at its end the provider is asked again.
            (Err(TokenError::Refused(_)), Stage::Up) => self.link.refresh_at = None,
            (Err(TokenError::Refused(_)), Stage::Waiting { .. } | Stage::Connecting | Stage::Greeting) => {}
        }
    }

    pub(super) fn on_opened(&mut self) {
        if self.link.stage != Stage::Connecting {
            return;
        }
        self.link.stage = Stage::Greeting;
        self.calls = Calls::default();
        let hello = v1::Hello {
            version_min: VERSION,
            version_max: VERSION,
            token: self.link.token.clone().unwrap_or_default(),
            device_id: self.settings.device.to_string(),
            device_name: self.settings.device_name.clone(),
            client: self.settings.client.clone(),
            position: self.device.position.clone(),
            window: self.settings.window,
            platform: self.settings.platform.into(),
        };
        self.link.heard();
        self.call(Purpose::Hello, Body::Hello(hello));
    }

    /// The answer to the hello is here: the link is up. Says whether it may stay so.
    pub(super) fn welcomed(&mut self, welcome: &v1::Welcome) -> bool {
        if welcome.user_id != self.me().as_str() {
            self.end(EndReason::Auth(AuthError::WrongUser));
            return false;
        }
        if self.link.stage == Stage::Greeting {
            self.link.up_since = self.now_ms();
        }
        self.link.stage = Stage::Up;
        self.link.last_chance = false;
        if let Some(limits) = &welcome.limits {
            self.calls.limit(limits.calls_max);
            if limits.heartbeat_ms > 0 {
                self.link.heartbeat_ms = u64::from(limits.heartbeat_ms);
            }
            let (edit_ms, recall_ms) = (limits.edit_window_ms, limits.recall_window_ms);
            self.journal.tell(Change::Windows(MessageWindows { edit_ms, recall_ms }));
        }
        self.link.refresh_at = None;
        self.link.server_clock = (welcome.server_time, self.now_ms());
        self.plan_refresh();
        true
    }

    /// Plans when to renew the token, by the server's clock: the own one may be hours wrong.
    fn plan_refresh(&mut self) {
        let Some(expires) = self.link.token.as_deref().and_then(token::expires_at_ms) else { return };
        // Both come from outside; a time that nobody lives to see is as good as never.
        let left = expires.saturating_sub(self.server_ms()).clamp(0, TOKEN_LIFE_MS_MAX);
        // A token that lives shorter than the margin is renewed in the middle of its life.
        let margin = TOKEN_MARGIN_MS.max(left / 10).min(left / 2);
        let wait = u64::try_from(left - margin).unwrap_or(0).max(REFRESH_MS_MIN);
        let jitter = self.dice.between(0, (wait / 20).min(30_000));
        self.link.refresh_at = Some(self.now_ms() + wait - jitter);
    }

    pub(super) fn on_closed(&mut self, reason: &str) {
        match self.link.stage {
            Stage::Connecting | Stage::Greeting | Stage::Up => {
                self.lose_connection();
                self.wait(reason);
                self.leave_without_answer();
            }
            Stage::Idle | Stage::Waiting { .. } | Stage::AwaitsToken | Stage::Ended(_) => {}
        }
    }

    /// Drops the connection, and waits before the next try.
    pub(super) fn break_off(&mut self, reason: &str) {
        if matches!(self.link.stage, Stage::Connecting | Stage::Greeting | Stage::Up) {
            self.hang_up();
            self.wait(reason);
            self.leave_without_answer();
        }
    }

    fn hang_up(&mut self) {
        if matches!(self.link.stage, Stage::Connecting | Stage::Greeting | Stage::Up) {
            self.actions.push_back(Action::Disconnect);
            self.lose_connection();
        }
    }

    fn lose_connection(&mut self) {
        if self.link.stage == Stage::Up && self.now_ms() >= self.link.up_since + STABLE_MS {
            self.link.attempt = 0;
        }
        self.link.pinged_at = None;
        self.link.refresh_at = None;
        for purpose in std::mem::take(&mut self.calls).into_purposes() {
            self.fetch_again(purpose);
        }
        self.forget_connection();
    }

    fn wait(&mut self, reason: &str) {
        let until = match self.link.go_away_at {
            // Later than now: what is due already has no deadline any more.
            Some(at) => at.max(self.now_ms() + 1),
            None => self.now_ms() + backoff_ms(&mut self.dice, self.link.attempt),
        };
        self.link.attempt = self.link.attempt.saturating_add(1);
        self.link.stage = Stage::Waiting { until, reason: reason.to_owned() };
    }

    /// The server said why it closes, or refused the hello.
    pub(super) fn on_ended_by_server(&mut self, code: &str) {
        match code.parse::<ErrorCode>() {
            Ok(ErrorCode::Revoked) => self.signed_out(AuthError::Revoked),
            Ok(ErrorCode::DeviceReplaced) => self.signed_out(AuthError::DeviceReplaced),
            Ok(ErrorCode::RevokedByApp) => self.signed_out(AuthError::RevokedByApp),
            Ok(ErrorCode::DeviceLimit) => self.end(EndReason::Auth(AuthError::DeviceLimit)),
            Ok(ErrorCode::Replaced) => self.end(EndReason::Auth(AuthError::Replaced)),
            Ok(ErrorCode::UnsupportedVersion) => self.end(EndReason::Auth(AuthError::UnsupportedVersion)),
            Ok(ErrorCode::Unauthenticated) => self.on_token_refused(AuthError::TokenRefused),
            Ok(ErrorCode::TokenExpired) => self.on_token_refused(AuthError::TokenExpired),
            Ok(_) | Err(()) => self.break_off(code),
        }
    }

    /// One new token, one try: a refusal never loops.
    fn on_token_refused(&mut self, error: AuthError) {
        self.hang_up();
        if std::mem::replace(&mut self.link.last_chance, true) {
            self.end(EndReason::Auth(error));
        } else {
            self.link.token = None;
            self.connect();
        }
    }

    pub(super) fn on_go_away(&mut self, go_away: &v1::GoAway) {
        let after = u64::from(go_away.after_ms);
        let wait = self.dice.between(after, after + u64::from(go_away.spread_ms));
        self.link.go_away_at = Some(self.now_ms() + wait);
    }

    /// The server said when a hello is welcome; half as long again keeps those that heard the same apart.
    pub(super) fn wait_as_told(&mut self, retry_after_ms: u32) {
        let after = u64::from(retry_after_ms);
        if after > 0 {
            let wait = self.dice.between(after, after + after / 2);
            self.link.go_away_at = Some(self.now_ms() + wait);
        }
    }

    /// Does what is due on the connection.
    pub(super) fn on_link_time(&mut self) {
        let now = self.now_ms();
        match self.link.stage {
            Stage::Waiting { until, .. } if until <= now => self.connect(),
            Stage::Up | Stage::Greeting if self.calls.deadline().is_some_and(|deadline| deadline <= now) => {
                self.break_off("the server did not answer in time");
            }
            Stage::Up => self.on_up_time(now),
            Stage::Idle
            | Stage::Waiting { .. }
            | Stage::AwaitsToken
            | Stage::Connecting
            | Stage::Greeting
            | Stage::Ended(_) => {}
        }
    }

    fn on_up_time(&mut self, now: u64) {
        if self.link.go_away_at.is_some_and(|at| at <= now) {
            self.hang_up();
            self.connect();
            return;
        }
        if self.link.pinged_at.is_some_and(|pinged| pinged + PONG_TIMEOUT_MS <= now) {
            return self.break_off("the server fell silent");
        }
        if self.link.pinged_at.is_none() && self.link.last_sent + self.link.heartbeat_ms <= now {
            // Without room, answers are on their way, and their deadline says whether the server lives.
            if self.calls.have_room_for_control() {
                self.call(Purpose::Ping, Body::Ping(v1::Ping {}));
            }
            self.link.last_sent = now;
            self.link.pinged_at = Some(now);
        }
        if self.link.refresh_at.is_some_and(|at| at <= now) {
            self.fetch_token(TokenReason::Expiring);
        }
    }

    /// Tells where the connection stands, when that changed.
    pub(super) fn tell_connection(&mut self) {
        let state = match &self.link.stage {
            Stage::Idle => ConnectionState::Idle,
            Stage::AwaitsToken | Stage::Connecting | Stage::Greeting => {
                ConnectionState::Connecting { attempt: self.link.attempt }
            }
            Stage::Waiting { until, reason } => ConnectionState::Offline {
                reason: reason.clone(),
                retry_in_ms: match &self.link.told {
                    // The same wait is told once.
                    ConnectionState::Offline { retry_in_ms, .. } => *retry_in_ms,
                    _ => until.saturating_sub(self.now.monotonic_ms),
                },
            },
            Stage::Up => self.sync_state(),
            Stage::Ended(reason) => ConnectionState::Ended(reason.clone()),
        };
        if state != self.link.told {
            self.link.told = state.clone();
            self.journal.tell(Change::Connection(state));
        }
    }
}
