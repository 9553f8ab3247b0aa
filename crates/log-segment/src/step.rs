//! What one step of a store did, for who moves it step by step.

/// What a step of the committer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterStep {
    /// Nothing waits.
    Idle,
    /// A batch was answered, with success or not.
    Answered,
    /// The next segment is not ready.
    AwaitsSegment,
    /// Nothing waits, and nothing will.
    Closed,
}

/// What a step of preparing segments did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpareStep {
    /// Nothing is wanted.
    Nothing,
    /// One slice was written.
    Slice,
    /// A segment is ready.
    Ready,
    /// It failed; try again after a while.
    Trouble,
}
