//! One user in one conversation.

use crate::group::Asking;
use stonechat_types::id::UserId;
use stonechat_types::limits::{MEMBERSHIP_INTERVALS_MAX, OWN_ORDINALS_MAX};
use stonechat_types::number::{Ordinal, Seq, Timestamp, UserNo};
use stonechat_types::text::{Nickname, Title};

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Adds, removes and renames as well.
    Admin,
    /// Names roles as well.
    Owner,
}

impl Role {
    /// The stable name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// A user by both of his names: the app's own and the dense number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserRef {
    /// Dense number in the app.
    pub no: UserNo,
    /// The app's own name.
    pub id: UserId,
}

/// Seqs that a membership may see: `from ..= upto`, open at the end while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first seq.
    pub from: Seq,
    /// The last seq; `None` while the user is a member.
    pub upto: Option<Seq>,
}

/// An own message above the read cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The event; `ZERO` where a row of the first version did not say.
    pub seq: Seq,
    /// Its ordinal.
    pub ordinal: Ordinal,
}

/// The state of one membership, present or past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserRef,
    /// What he may do.
    pub role: Role,
    /// Ascending; the last is open while he is a member.
    pub intervals: Vec<Interval>,
    /// Ordinal just before the latest join.
    pub join_ordinal: Ordinal,
    /// Up to where he has read.
    pub read_seq: Seq,
    /// Ordinal at `read_seq`.
    pub read_ordinal: Ordinal,
    /// Up to where a device of his has stored what others wrote, of a direct conversation.
    pub delivered_seq: Seq,
    /// Own messages above the cursor, ascending, at most [`OWN_ORDINALS_MAX`].
    pub own: Vec<Own>,
    /// The title when he stopped to be a member: later ones are not for him.
    pub parting_title: Option<Title>,
    /// The largest `client_msg_id` or `command_id` that he ever committed here.
    pub largest_key: [u8; 16],
    /// Until when he may not write; zero when he may.
    pub muted_until: Timestamp,
    /// Until when he is kept out; zero when he is not.
    pub banned_until: Timestamp,
    /// What he is called here.
    pub nickname: Option<Nickname>,
    /// Of one who is no member: whether he is about to be one.
    pub asking: Asking,
}

impl Member {
    /// A user who joins with the event `seq`, when `ordinal` messages were there before it.
    #[must_use]
    pub fn joining(user: UserRef, role: Role, seq: Seq, ordinal: Ordinal) -> Self {
        let mut member = Self::stranger(user);
        member.rejoin(role, seq, ordinal);
        member
    }

    /// A user who never was a member, and of whom something is to be known all the same.
    #[must_use]
    pub fn stranger(user: UserRef) -> Self {
        Self {
            user,
            role: Role::Member,
            intervals: Vec::new(),
            join_ordinal: Ordinal::ZERO,
            read_seq: Seq::ZERO,
            read_ordinal: Ordinal::ZERO,
            delivered_seq: Seq::ZERO,
            own: Vec::new(),
            parting_title: None,
            largest_key: [0; 16],
            muted_until: Timestamp::default(),
            banned_until: Timestamp::default(),
            nickname: None,
            asking: Asking::Nothing,
        }
    }

    /// Whether he is a member now.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.intervals.last().is_some_and(|interval| interval.upto.is_none())
    }

    /// Whether he may not write now.
    #[must_use]
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_until > now
    }

    /// Whether he is kept out now.
    #[must_use]
    pub fn is_banned(&self, now: Timestamp) -> bool {
        self.banned_until > now
    }

    /// Whether he may see an event.
    #[must_use]
    pub fn sees(&self, seq: Seq) -> bool {
        self.intervals.iter().any(|i| seq >= i.from && i.upto.is_none_or(|upto| seq <= upto))
    }

    /// The last seq that he may see, when the conversation's head is `head`.
    #[must_use]
    pub fn visible_upto(&self, head: Seq) -> Seq {
        self.intervals.last().map_or(Seq::ZERO, |interval| interval.upto.unwrap_or(head))
    }

    /// The first seq of the latest interval.
    #[must_use]
    pub fn visible_from(&self) -> Seq {
        self.intervals.last().map_or(Seq::ZERO, |interval| interval.from)
    }

    /// Ordinal above which messages can be unread: max(read cursor, latest join).
    #[must_use]
    pub fn floor(&self) -> Ordinal {
        self.read_ordinal.max(self.join_ordinal)
    }

    /// Joins again.
    pub fn rejoin(&mut self, role: Role, seq: Seq, ordinal: Ordinal) {
        self.role = role;
        self.join_ordinal = ordinal;
        self.own.retain(|own| own.ordinal > ordinal);
        self.parting_title = None;
        if self.intervals.len() >= MEMBERSHIP_INTERVALS_MAX {
            // The oldest stretch is given up: it becomes hidden, never more visible than it was.
            self.intervals.remove(0);
        }
        self.intervals.push(Interval { from: seq, upto: None });
    }

    /// Joins for the first time, where newcomers see what was said before.
    pub fn sees_all(&mut self) {
        if let [first] = self.intervals.as_mut_slice() {
            first.from = Seq(1);
        }
    }

    /// Stops to be a member with the event `seq`, which is the last that he sees, when the title was `title`.
    pub fn end(&mut self, seq: Seq, title: Option<Title>) {
        self.parting_title = title;
        if let Some(last) = self.intervals.last_mut() {
            last.upto.get_or_insert(seq);
        }
    }

    /// Moves the read cursor to an event of ordinal `ordinal`, and over own messages directly after it; never back. Says
    /// whether it moved.
    pub fn read(&mut self, seq: Seq, ordinal: Ordinal) -> bool {
        if seq <= self.read_seq {
            return false;
        }
        self.read_seq = seq;
        self.read_ordinal = self.read_ordinal.max(ordinal);
        let cursor = self.read_ordinal;
        self.own.retain(|own| own.ordinal > cursor);
        self.move_over_own();
        true
    }

    /// Up to where he has what was said: a device has stored it, or he has read it.
    #[must_use]
    pub fn delivered(&self) -> Seq {
        self.delivered_seq.max(self.read_seq)
    }

    /// A device of his has stored everything up to an event; never back. Says whether that is news.
    pub fn deliver(&mut self, seq: Seq) -> bool {
        let news = seq > self.delivered();
        self.delivered_seq = self.delivered_seq.max(seq);
        news
    }

    /// Takes in an own message. The cursor moves over it when nothing unread lies between; otherwise it is kept, and
    /// past the limit the cursor moves all the same. Says whether it was moved by the limit.
    pub fn sent(&mut self, seq: Seq, ordinal: Ordinal, key: [u8; 16]) -> bool {
        self.largest_key = self.largest_key.max(key);
        self.own.push(Own { seq, ordinal });
        self.move_over_own();
        self.own.len() > OWN_ORDINALS_MAX && self.read(seq, ordinal)
    }

    /// Whenever the cursor or an own message comes to stand beside the other, whichever was first: so where the cursor
    /// is does not depend on the order in which a device hears of the two.
    fn move_over_own(&mut self) {
        let floor = self.floor().0;
        let directly = self.own.iter().zip(floor + 1..).take_while(|(own, next)| own.ordinal.0 == *next).count();
        let Some(last) = self.own[..directly].iter().rposition(|own| own.seq > Seq::ZERO) else { return };
        let own = self.own[last];
        self.own.drain(..=last);
        (self.read_seq, self.read_ordinal) = (self.read_seq.max(own.seq), own.ordinal);
    }
}
