//! The one table of public error codes. Every gateway maps it exhaustively; `docs/protocol/errors.md` is made from it.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $retry:ident, $meaning:literal;)*) => {
        /// What went wrong, as a stable public code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $(#[doc = $meaning] $variant,)* }

        impl ErrorCode {
            /// Every code, in the order of its number.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable text, the same in every protocol.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// The stable number of the native protocol.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self { $(ErrorCode::$variant => $number,)* }
            }

            /// Whether and how the same call may be made again.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(ErrorCode::$variant => Retry::$retry,)* }
            }

            /// A sentence for people who read the documentation.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(ErrorCode::$variant => $meaning,)* }
            }

            /// The code of a number; `None` for one of a later version.
            #[must_use]
            pub fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(ErrorCode::$variant),)* _ => None }
            }
        }
    };
}

/// Whether the same call may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The answer will stay the same.
    Never,
    /// After a while, with backoff.
    Later,
    /// Once the predecessor has been accepted.
    InOrder,
    /// With a new token.
    NewToken,
}

codes! {
    Malformed = 1, "malformed", Never, "The frame or request could not be read.";
    TooLarge = 2, "too_large", Never, "The frame or body is over its limit.";
    InvalidArgument = 3, "invalid_argument", Never, "A field has a value that is not allowed.";
    UnsupportedVersion = 4, "unsupported_version", Never, "Client and server have no protocol version in common.";
    HelloExpected = 5, "hello_expected", Never, "The first frame of a connection must be a hello.";
    TooManyCalls = 6, "too_many_calls", Never, "More calls are in flight than the welcome allows.";
    Unauthenticated = 10, "unauthenticated", NewToken, "The token is missing, wrong, or of another app.";
    TokenExpired = 11, "token_expired", NewToken, "The token has expired; send a new one.";
    Revoked = 12, "revoked", Never, "The device was signed out.";
    Replaced = 13, "replaced", Never, "A newer session of the same device took its place.";
    HelloTimeout = 14, "hello_timeout", Later, "The connection did not authenticate in time.";
    IdleTimeout = 15, "idle_timeout", Later, "Nothing was heard from the client in time.";
    DeviceReplaced = 16, "device_replaced", Never, "The device was signed out: a newer one of its class took its place.";
    RevokedByApp = 17, "revoked_by_app", Never, "The device was signed out by the app.";
    DeviceLimit = 18, "device_limit", Never, "The user may have no more devices, or none more of this class.";
    Forbidden = 20, "forbidden", Never, "The caller may not do this.";
    NotAMember = 21, "not_a_member", Never, "The caller is not a member of the conversation.";
    NotFound = 22, "not_found", Never, "There is no such thing, or the caller may not know of it.";
    AlreadyExists = 23, "already_exists", Never, "It exists already.";
    RecipientUnavailable = 24, "recipient_unavailable", Never, "The recipient cannot be reached by the caller.";
    TooManyMembers = 25, "too_many_members", Never, "The group is at its limit of members.";
    LastOwner = 26, "last_owner", Never, "The last owner must name another before going.";
    TooLate = 27, "too_late", Never, "The time within which this may be done is over.";
    TooMany = 28, "too_many", Never, "There are as many of these as there may be.";
    Conflict = 30, "conflict", Never, "The same id was used with another body; the first acknowledgement is attached.";
    RetryInOrder = 31, "retry_in_order", InOrder, "The predecessor of this send was not accepted yet.";
    Muted = 35, "muted", Never, "The caller, or everybody but the admins, may not write here for the time being.";
    Dissolved = 36, "dissolved", Never, "The group was dissolved: what was said stays, and nothing is added.";
    Overloaded = 40, "overloaded", Later, "The server has more work than it can take; try again after the hint.";
    StorageFull = 41, "storage_full", Later, "The disk is full; only deletions and reads work until there is room.";
    ShuttingDown = 42, "shutting_down", Later, "The server is about to stop; connect again.";
    Corrupt = 43, "corrupt", Never, "The stored event is damaged; all others are intact.";
    RateLimited = 44, "rate_limited", Later, "Too many calls; try again after the hint.";
    Internal = 50, "internal", Later, "The server failed in a way that it did not foresee.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for ErrorCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_and_numbers_are_unique_and_round_trip() {
        let numbers: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.number()).collect();
        let texts: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(numbers.len(), ErrorCode::ALL.len());
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(*code));
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
