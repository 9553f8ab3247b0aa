//! Positions and page tokens: opaque to everybody else, versioned, checked when they come back.

use crate::api::Failure;
use bytes::{BufMut, Bytes, BytesMut};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::UserId;
use stonechat_types::number::{ConversationNo, LanePosition, PersonalSeq, Timestamp, UserNo};

const NUMBER_MAX: u64 = i64::MAX as u64;
const POSITION: u8 = 0x11;
const WINDOW_PAGE: u8 = 0x21;
const MEMBERS_PAGE: u8 = 0x31;
const RELATIONS_PAGE: u8 = 0x41;

/// Where a device stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The history that it knows.
    pub history: [u8; 8],
    /// Everything up to here of the one lane.
    pub lane: LanePosition,
    /// Everything up to here of the user's personal state.
    pub personal: PersonalSeq,
}

/// The short form of a history id.
#[must_use]
pub fn short(history_id: [u8; 16]) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&history_id[..8]);
    out
}

impl Position {
    /// The token.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(25);
        out.put_u8(POSITION);
        out.put_slice(&self.history);
        out.put_u64(self.lane.0);
        out.put_u64(self.personal.0);
        out.freeze()
    }

    /// Reads a token; `None` when it is not one of this version.
    #[must_use]
    pub fn decode(token: &[u8]) -> Option<Self> {
        let (kind, rest) = token.split_first()?;
        if *kind != POSITION || rest.len() != 24 {
            return None;
        }
        let history = rest[..8].try_into().ok()?;
        let lane = LanePosition(u64::from_be_bytes(rest[8..16].try_into().ok()?));
        let personal = PersonalSeq(u64::from_be_bytes(rest[16..].try_into().ok()?));
        // Numbers that no store reaches are not ours, and leave room to count on.
        (lane.0 <= NUMBER_MAX && personal.0 <= NUMBER_MAX).then_some(Self { history, lane, personal })
    }
}

/// Where a listing of the window goes on: below (recency, number), for what happened after `since`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPage {
    /// Only conversations with an event after this.
    pub since: LanePosition,
    /// The last conversation of the page before.
    pub recency: Timestamp,
    /// Its number.
    pub no: ConversationNo,
}

impl WindowPage {
    /// The first page.
    #[must_use]
    pub fn first(since: LanePosition) -> Self {
        Self { since, recency: Timestamp(i64::MAX), no: ConversationNo(u32::MAX) }
    }

    /// The token.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(21);
        out.put_u8(WINDOW_PAGE);
        out.put_u64(self.since.0);
        out.put_i64(self.recency.0);
        out.put_u32(self.no.0);
        out.freeze()
    }

    /// Reads a token; `None` when it is not one of this version.
    #[must_use]
    pub fn decode(token: &[u8]) -> Option<Self> {
        let (kind, rest) = token.split_first()?;
        if *kind != WINDOW_PAGE || rest.len() != 20 {
            return None;
        }
        Some(Self {
            since: LanePosition(u64::from_be_bytes(rest[..8].try_into().ok()?)),
            recency: Timestamp(i64::from_be_bytes(rest[8..16].try_into().ok()?)),
            no: ConversationNo(u32::from_be_bytes(rest[16..].try_into().ok()?)),
        })
    }
}

/// The token of a page of members: those after a user.
#[must_use]
pub fn encode_members_page(after: UserNo) -> Bytes {
    let mut out = BytesMut::with_capacity(5);
    out.put_u8(MEMBERS_PAGE);
    out.put_u32(after.0);
    out.freeze()
}

/// The token of a page of relations: those after another user.
#[must_use]
pub fn encode_relations_page(after: &UserId) -> Bytes {
    let mut out = BytesMut::with_capacity(65);
    out.put_u8(RELATIONS_PAGE);
    out.put_slice(after.as_str().as_bytes());
    out.freeze()
}

/// Reads a token of a page of relations; `None` when it is not one of this version.
#[must_use]
pub fn decode_relations_page(token: &[u8]) -> Option<UserId> {
    let (kind, rest) = token.split_first()?;
    if *kind != RELATIONS_PAGE {
        return None;
    }
    UserId::new(std::str::from_utf8(rest).ok()?).ok()
}

/// Reads a token of a page of members; `None` when it is not one of this version.
#[must_use]
pub fn decode_members_page(token: &[u8]) -> Option<UserNo> {
    let (kind, rest) = token.split_first()?;
    if *kind != MEMBERS_PAGE {
        return None;
    }
    Some(UserNo(u32::from_be_bytes(rest.try_into().ok()?)))
}

/// The user behind whom a list goes on; `None` at its beginning.
///
/// # Errors
/// `invalid_argument` for a token that is not one of ours.
pub fn members_after(token: &[u8]) -> Result<Option<UserNo>, Failure> {
    if token.is_empty() {
        return Ok(None);
    }
    let refused = || Failure::new(ErrorCode::InvalidArgument, "the page token is not one of ours");
    decode_members_page(token).map(Some).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tokens_round_trip_and_nothing_else_is_one(history in any::<[u8; 8]>(), a in 0..=NUMBER_MAX, b in 0..=NUMBER_MAX, noise in proptest::collection::vec(any::<u8>(), 0..40)) {
            let position = Position { history, lane: LanePosition(a), personal: PersonalSeq(b) };
            prop_assert_eq!(Position::decode(&position.encode()), Some(position));
            let page = WindowPage { since: LanePosition(a), recency: Timestamp(b as i64), no: ConversationNo(a as u32) };
            prop_assert_eq!(WindowPage::decode(&page.encode()), Some(page));
            prop_assert_eq!(Position::decode(&page.encode()), None);
            if let Some(position) = Position::decode(&noise) { prop_assert_eq!(&position.encode()[..], &noise[..]); }
            if let Some(page) = WindowPage::decode(&noise) { prop_assert_eq!(&page.encode()[..], &noise[..]); }
            let _ = decode_members_page(&noise);
            if let Some(user) = decode_relations_page(&noise) { prop_assert_eq!(&encode_relations_page(&user)[..], &noise[..]); }
        }
    }
}
