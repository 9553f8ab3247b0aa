//! What happens in the world of a device, by chance and by plan.

use proptest::prelude::*;

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// Somebody else writes.
    OtherSends(u8),
    /// Another device of the user writes.
    OwnSends(u8),
    /// Another device of the user reads, up to so many events before the head.
    OwnReads(u8, u8),
    Rename(u8),
    /// The user is removed, or added again.
    Toggle(u8),
    NewGroup,
    /// The user writes on this device, and says that he has read.
    Send(u8, bool),
    /// The user says something else in an own message of this device, which may still wait.
    Edit(u8, u8),
    /// The user adds an emoji to the newest message but so many of a conversation, or takes it back.
    React(u8, u8, bool),
    /// The user reads on this device, up to so many events before the head.
    Read(u8, u8),
    /// The user plays the newest message of another but so many that is here.
    Play(u8, u8),
    /// Messages before a gap are loaded.
    LoadBefore(u8, u8),
    /// So many frames go each way.
    Deliver(u8),
    /// The connection breaks, with everything on it.
    Drop,
    /// So many transactions become durable.
    Commit(u8),
    /// The process dies, with what was not durable.
    Crash,
    /// A frame is lost: of the log, or an answer.
    Lose(u8),
    /// A frame arrives twice.
    Duplicate(u8),
    /// Two frames change places.
    Swap(u8),
    Poke,
    Position,
    /// The server's store is restored, so many events of each conversation are lost.
    Restore(u8),
    /// The next sends are refused.
    Refuse(u8),
    /// So many of the next fetches and cursors are refused for a while.
    RefuseFetches(u8),
    Time(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<u8>();
    prop_oneof![
        8 => n.prop_map(Step::OtherSends),
        2 => n.prop_map(Step::OwnSends),
        2 => (n, 0u8..4).prop_map(|(conversation, back)| Step::OwnReads(conversation, back)),
        1 => n.prop_map(Step::Rename),
        3 => n.prop_map(Step::Toggle),
        2 => Just(Step::NewGroup),
        6 => (n, any::<bool>()).prop_map(|(conversation, read)| Step::Send(conversation, read)),
        3 => (n, n).prop_map(|(draft, what)| Step::Edit(draft, what)),
        3 => (n, 0u8..4, any::<bool>()).prop_map(|(conversation, back, add)| Step::React(conversation, back, add)),
        3 => (n, 0u8..4).prop_map(|(conversation, back)| Step::Read(conversation, back)),
        3 => (n, 0u8..4).prop_map(|(conversation, back)| Step::Play(conversation, back)),
        1 => (n, n).prop_map(|(conversation, before)| Step::LoadBefore(conversation, before)),
        14 => (1u8..8).prop_map(Step::Deliver),
        3 => Just(Step::Drop),
        8 => (1u8..6).prop_map(Step::Commit),
        2 => Just(Step::Crash),
        3 => n.prop_map(Step::Lose),
        4 => n.prop_map(Step::Duplicate),
        5 => n.prop_map(Step::Swap),
        3 => Just(Step::Poke),
        4 => Just(Step::Position),
        1 => (0u8..4).prop_map(Step::Restore),
        3 => n.prop_map(Step::Refuse),
        1 => (1u8..4).prop_map(Step::RefuseFetches),
        4 => (0u16..2_000).prop_map(Step::Time),
    ]
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..90)
}

/// The user writes, edits and reacts without a connection and with one; everything is made durable and delivered step by
/// step, so that a kill can come between any two.
pub fn careful_steps() -> Vec<Step> {
    let little_by_little = || [Step::Commit(1), Step::Deliver(1), Step::Commit(1)].into_iter().cycle().take(18);
    let mut steps = vec![Step::OtherSends(0), Step::Deliver(8), Step::Commit(8), Step::Drop];
    steps.extend([Step::Send(0, true), Step::Commit(1), Step::Edit(0, 1), Step::Commit(1)]);
    steps.extend([Step::React(0, 0, true), Step::Commit(1), Step::Send(0, false), Step::Commit(1), Step::Time(2_000)]);
    steps.extend(little_by_little());
    steps.extend([Step::Edit(1, 2), Step::Commit(1), Step::React(0, 1, false), Step::Send(0, false)]);
    steps.extend([Step::Edit(0, 3), Step::Refuse(1), Step::OtherSends(0)]);
    steps.extend(little_by_little());
    steps.extend([Step::Drop, Step::Edit(0, 4), Step::Edit(0, 5), Step::Commit(2), Step::Time(2_000)]);
    steps.extend(little_by_little());
    steps
}
