//! What the application counts. No ids as labels.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use stonechat_types::error_code::ErrorCode;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: Code,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Code(ErrorCode);

impl EncodeLabelValue for Code {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelValue::encode(&self.0.as_str(), encoder)
    }
}

/// The application's metrics.
#[derive(Clone)]
pub struct Metrics {
    /// Events committed.
    pub events: Counter,
    /// Live events offered to sessions.
    pub deliveries: Counter,
    /// Sends and commands that were answered from an earlier commit.
    pub duplicates: Counter,
    /// Sessions poked because their queue was full.
    pub pokes: Counter,
    /// Sessions that were poked and have not pulled.
    pub sessions_poked: Gauge,
    /// Catch-ups that were too long to be replayed.
    pub jumps: Counter,
    /// Sessions now.
    pub sessions: Gauge,
    /// Conversations in memory.
    pub conversations_loaded: Gauge,
    /// Conversations that were forgotten to keep the budget.
    pub conversations_evicted: Counter,
    /// Loads of state.
    pub loads: Counter,
    /// Records of an offer to the log.
    pub offer_records: Histogram,
    /// About how many bytes an offer to the log had.
    pub offer_bytes: Histogram,
    /// Batches in preparation: an executor has one in flight and one that it fills.
    pub batches: Gauge,
    /// Times that an executor left its mailbox alone because both of its batches were full.
    pub mailbox_pauses: Counter,
    /// Calls that wait for an executor.
    pub mailbox_depth: Gauge,
    /// Commands that wait for their conversation to be loaded, or for room in a batch.
    pub commands_waiting: Gauge,
    /// Reads on their way.
    pub reads: Gauge,
    /// Answers to reads that are in preparation or not written yet. A session has one.
    pub pages: Gauge,
    /// Reads that wait for the answer before theirs.
    pub reads_waiting: Gauge,
    /// Reads that had to wait for the answer before theirs.
    pub page_waits: Counter,
    /// Users that wait to be made.
    pub users_pending: Gauge,
    /// Users whom sessions watch, each once for each session.
    pub presence_watched: Gauge,
    /// Users whom sessions were told are there, or not.
    pub presence_told: Counter,
    /// Sessions that are told so as soon as they have read what they were told before.
    pub presence_waiting: Gauge,
    /// Messages whose bodies were scrubbed.
    pub scrubs: Counter,
    /// Messages that wait for it, as many as a round takes.
    pub scrubs_waiting: Gauge,
    /// How long the oldest of them waits.
    pub scrub_age_ms: Gauge,
    refusals: Family<CodeLabel, Counter>,
    overloads: Family<BoundLabel, Counter>,
    batches_full: Family<FullLabel, Counter>,
    followers: Followers,
}

/// The bounds at which the application refuses work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Bound {
    /// The mailbox of an executor is full.
    Mailbox,
    /// Too many commands wait for one conversation.
    Waiting,
    /// Too many reads are on their way.
    Reads,
    /// The store lags, and the app has its share of the work that is not durable yet.
    Share,
    /// Too many users wait to be made.
    Users,
}

impl Bound {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Mailbox, Self::Waiting, Self::Reads, Self::Share, Self::Users];
}

/// What a batch was full of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Full {
    /// As many records as it may have.
    Records,
    /// As many bytes as it may have.
    Bytes,
    /// As much of one app as it may have while others wait.
    Share,
}

impl Full {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Records, Self::Bytes, Self::Share];
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FullLabel {
    bound: Full,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BoundLabel {
    bound: Bound,
}

impl Metrics {
    /// Metrics in a registry.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            events: Counter::default(),
            deliveries: Counter::default(),
            duplicates: Counter::default(),
            pokes: Counter::default(),
            sessions_poked: Gauge::default(),
            jumps: Counter::default(),
            sessions: Gauge::default(),
            conversations_loaded: Gauge::default(),
            conversations_evicted: Counter::default(),
            loads: Counter::default(),
            offer_records: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            offer_bytes: Histogram::new(exponential_buckets(1_024.0, 4.0, 6)),
            batches: Gauge::default(),
            mailbox_pauses: Counter::default(),
            mailbox_depth: Gauge::default(),
            commands_waiting: Gauge::default(),
            reads: Gauge::default(),
            pages: Gauge::default(),
            reads_waiting: Gauge::default(),
            page_waits: Counter::default(),
            users_pending: Gauge::default(),
            presence_watched: Gauge::default(),
            presence_told: Counter::default(),
            presence_waiting: Gauge::default(),
            scrubs: Counter::default(),
            scrubs_waiting: Gauge::default(),
            scrub_age_ms: Gauge::default(),
            refusals: Family::default(),
            overloads: Family::default(),
            batches_full: Family::default(),
            followers: Followers::default(),
        };
        let r = registry.sub_registry_with_prefix("app");
        r.register("events", "Events committed", metrics.events.clone());
        r.register("deliveries", "Live events offered to sessions", metrics.deliveries.clone());
        r.register("duplicates", "Sends and commands answered from an earlier commit", metrics.duplicates.clone());
        r.register("pokes", "Sessions poked because their queue was full", metrics.pokes.clone());
        r.register("sessions_poked", "Sessions that were poked and have not pulled", metrics.sessions_poked.clone());
        r.register("jumps", "Catch-ups that were too long to be replayed", metrics.jumps.clone());
        r.register("sessions", "Sessions now", metrics.sessions.clone());
        r.register("conversations_loaded", "Conversations in memory", metrics.conversations_loaded.clone());
        r.register(
            "conversations_evicted",
            "Conversations forgotten for the budget",
            metrics.conversations_evicted.clone(),
        );
        r.register("loads", "Loads of state for a command", metrics.loads.clone());
        r.register("offer_records", "Records of one offer to the log", metrics.offer_records.clone());
        r.register("offer_bytes", "Bytes of one offer to the log", metrics.offer_bytes.clone());
        r.register("batches_in_preparation", "Batches in flight or being filled", metrics.batches.clone());
        r.register("batches_full", "Batches that were full, by what they were full of", metrics.batches_full.clone());
        r.register("mailbox_pauses", "Times that an executor had two full batches", metrics.mailbox_pauses.clone());
        r.register("mailbox_depth", "Calls that wait for an executor", metrics.mailbox_depth.clone());
        r.register("reads", "Reads on their way", metrics.reads.clone());
        r.register("commands_waiting", "Commands that wait for their conversation", metrics.commands_waiting.clone());
        r.register("pages_in_preparation", "Answers to reads that are not written yet", metrics.pages.clone());
        r.register("reads_waiting", "Reads that wait for the answer before theirs", metrics.reads_waiting.clone());
        r.register("page_waits", "Reads that had to wait for the answer before theirs", metrics.page_waits.clone());
        r.register("users_pending", "Users that wait to be made", metrics.users_pending.clone());
        r.register("presence_watched", "Users whom sessions watch", metrics.presence_watched.clone());
        r.register("presence_told", "Changes of presence told to sessions", metrics.presence_told.clone());
        r.register("presence_waiting", "Sessions too slow for changes of presence", metrics.presence_waiting.clone());
        r.register("scrubs", "Recalled messages whose bodies were scrubbed", metrics.scrubs.clone());
        r.register("scrubs_waiting", "Recalled messages that wait to be scrubbed", metrics.scrubs_waiting.clone());
        r.register("scrub_age_ms", "Milliseconds that the oldest of them waits", metrics.scrub_age_ms.clone());
        r.register("refusals", "Calls refused, by code", metrics.refusals.clone());
        r.register("overloads", "Calls refused at a bound", metrics.overloads.clone());
        // What has not happened yet is 0, not absent.
        Bound::ALL.iter().for_each(|bound| _ = metrics.overloads(*bound));
        Full::ALL.iter().for_each(|bound| _ = metrics.batches_full(*bound));
        ErrorCode::ALL.iter().for_each(|code| _ = metrics.refusals(*code));
        metrics.followers.register(r);
        metrics
    }

    /// What is counted of one follower.
    #[must_use]
    pub fn follower(&self, name: &'static str) -> OfFollower {
        self.followers.of(name)
    }

    /// Counts a refusal at a bound.
    pub fn overloaded(&self, bound: Bound) {
        self.overloads.get_or_create(&BoundLabel { bound }).inc();
        self.refused(ErrorCode::Overloaded);
    }

    /// Counts refusals at a bound that somebody else counts, up to now.
    pub(crate) fn overloaded_upto(&self, bound: Bound, count: u64) {
        let counter = self.overloads.get_or_create(&BoundLabel { bound }).clone();
        counter.inc_by(count.saturating_sub(counter.get()));
    }

    /// How often a bound was reached.
    #[must_use]
    pub fn overloads(&self, bound: Bound) -> u64 {
        self.overloads.get_or_create(&BoundLabel { bound }).get()
    }

    /// Counts a batch that took no more.
    pub fn batch_full(&self, bound: Full) {
        self.batches_full.get_or_create(&FullLabel { bound }).inc();
    }

    /// How many batches took no more.
    #[must_use]
    pub fn batches_full(&self, bound: Full) -> u64 {
        self.batches_full.get_or_create(&FullLabel { bound }).get()
    }

    /// Counts a refusal.
    pub fn refused(&self, code: ErrorCode) {
        self.refusals.get_or_create(&CodeLabel { code: Code(code) }).inc();
    }

    /// How often a code was answered.
    #[must_use]
    pub fn refusals(&self, code: ErrorCode) -> u64 {
        self.refusals.get_or_create(&CodeLabel { code: Code(code) }).get()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FollowerLabel {
    follower: &'static str,
}

/// What is counted of each follower.
#[derive(Clone, Default)]
struct Followers {
    lag: Family<FollowerLabel, Gauge>,
    records: Family<FollowerLabel, Counter>,
    refusals: Family<FollowerLabel, Counter>,
    skipped: Family<FollowerLabel, Counter>,
}

/// What is counted of one follower.
#[derive(Clone)]
pub struct OfFollower {
    /// Records of the feed that it has not passed yet.
    pub lag: Gauge,
    /// Records that it took. Some may count again after a crash.
    pub records: Counter,
    /// Times that the store refused it a read or a commit.
    pub refusals: Counter,
    /// Records that it passed over because they cannot be read.
    pub skipped: Counter,
}

impl Followers {
    fn register(&self, r: &mut Registry) {
        r.register("follower_lag", "Records of the feed that a follower has not passed", self.lag.clone());
        r.register("follower_records", "Records that a follower took", self.records.clone());
        r.register("follower_refusals", "Times that the store refused a follower", self.refusals.clone());
        r.register("follower_skipped", "Records that a follower could not read and passed", self.skipped.clone());
    }

    fn of(&self, follower: &'static str) -> OfFollower {
        let label = FollowerLabel { follower };
        OfFollower {
            lag: self.lag.get_or_create(&label).clone(),
            records: self.records.get_or_create(&label).clone(),
            refusals: self.refusals.get_or_create(&label).clone(),
            skipped: self.skipped.get_or_create(&label).clone(),
        }
    }
}
