//! Numbers with one meaning each, so that they cannot be swapped.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl $name {
            /// The smallest value.
            pub const ZERO: Self = Self(0);

            /// The next number.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }

            /// The plain value.
            #[must_use]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

number!(
    /// Dense number of an event in its conversation; the first is 1, and 0 means "before the first".
    Seq(u64)
);
number!(
    /// Number of countable messages of a conversation up to and including an event.
    Ordinal(u64)
);
number!(
    /// Dense number of a change in one user's personal state; the first is 1.
    PersonalSeq(u64)
);
number!(
    /// Dense number of a record in a lane of the feed; the first is 1.
    LanePosition(u64)
);
number!(
    /// Dense number of an app inside a node. 1 is `default`.
    AppId(u32)
);
number!(
    /// Dense number of a user inside an app; never used again.
    UserNo(u32)
);
number!(
    /// Dense number of a conversation inside an app; never used again.
    ConversationNo(u32)
);

impl AppId {
    /// The app that always exists.
    pub const DEFAULT: Self = Self(1);
}

/// Milliseconds since 1970-01-01T00:00:00Z, as the server's wall clock had it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This time and `ms` milliseconds more; stops at the largest time.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}
