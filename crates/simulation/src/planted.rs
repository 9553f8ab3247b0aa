//! Faults that are planted on purpose, to show that the oracle would find them.

#[cfg(feature = "mutants")]
use stonechat_app::mutant::Mutant;
use stonechat_app::mutant::Mutants as AppMutants;
use stonechat_client::core::mutant::Mutants as ClientMutants;

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Sends are acknowledged before they are on the disk: `sync` does nothing.
    AckBeforeSync,
    /// The rows by which a repeated send is known are not found.
    IdempotencySkipped,
    /// A device applies an event while one before it is still being fetched.
    PointerPastHole,
    /// Who was removed goes on to be told what was queued.
    RemovalIgnored,
    /// After a crash a position of the lane is given a second time.
    PositionReused,
    /// A follower stores its position apart from its effect.
    FollowerPositionApart,
    /// What the edits of a recalled message said is left on the disk.
    EditsNotScrubbed,
    /// Who watches another sees him as before when they become something else to each other.
    SightNotRenewed,
    /// Authors are not told who plays their voice messages.
    PlaysNotTold,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AckBeforeSync,
        Self::IdempotencySkipped,
        Self::PointerPastHole,
        Self::RemovalIgnored,
        Self::PositionReused,
        Self::FollowerPositionApart,
        Self::EditsNotScrubbed,
        Self::SightNotRenewed,
        Self::PlaysNotTold,
    ];

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeSync => "ack-before-sync",
            Self::IdempotencySkipped => "idempotency-skipped",
            Self::PointerPastHole => "pointer-past-hole",
            Self::RemovalIgnored => "removal-ignored",
            Self::PositionReused => "position-reused",
            Self::FollowerPositionApart => "follower-position-apart",
            Self::EditsNotScrubbed => "edits-not-scrubbed",
            Self::SightNotRenewed => "sight-not-renewed",
            Self::PlaysNotTold => "plays-not-told",
        }
    }

    /// The fault of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|planted| planted.name() == name)
    }

    pub(crate) fn of_client(self) -> ClientMutants {
        #[cfg(feature = "mutants")]
        if self == Self::PointerPastHole {
            return ClientMutants::plant(stonechat_client::core::mutant::Mutant::LiveNotBuffered);
        }
        ClientMutants::default()
    }

    pub(crate) fn of_app(self) -> AppMutants {
        #[cfg(feature = "mutants")]
        match self {
            Self::RemovalIgnored => return AppMutants::plant(Mutant::RemovalIgnoredForQueued),
            Self::FollowerPositionApart => return AppMutants::plant(Mutant::FollowerPositionApart),
            Self::EditsNotScrubbed => return AppMutants::plant(Mutant::EditsNotScrubbed),
            Self::SightNotRenewed => return AppMutants::plant(Mutant::SightNotRenewed),
            Self::PlaysNotTold => return AppMutants::plant(Mutant::PlaysNotTold),
            Self::AckBeforeSync | Self::IdempotencySkipped | Self::PointerPastHole | Self::PositionReused => {}
        }
        AppMutants::default()
    }
}
