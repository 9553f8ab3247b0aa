//! Faults that tests plant in the core, to see that its property test would find them. There are none in the product.

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Applies an event that is not the next one.
    MovesPastHole,
    /// Takes an acknowledgement for the event.
    AckMovesPointer,
    /// Counts what was before the latest join.
    IgnoresFloor,
    /// Stores a position while something before it is missing.
    PositionBeforePredecessors,
    /// Applies live frames while a catch-up is open.
    LiveNotBuffered,
    /// Sends a message again under a new id.
    ResendsWithNewId,
    /// Takes everything before the page after a jump as held.
    JumpLosesGap,
    /// Does not pull after a poke.
    PokeIgnored,
    /// Does not notice that the user was removed.
    RemovalIgnored,
    /// Applies an event again.
    DuplicateNotIgnored,
    /// Keeps what it holds of another history.
    HistoryChangeIgnored,
    /// Does not tell the server of cursors that moved without a connection.
    ReadNotFlushed,
    /// Sends a message while the one before it waits for another try.
    FollowerOvertakes,
    /// Sends before the message is durable.
    SendsBeforeCommit,
    /// Writes a command behind what has no answer.
    CommandNotAlone,
    /// Tells the server what arrived before the store holds it.
    DeliveredBeforeStored,
    /// Does not tell the server what was played without a connection.
    PlayNotFlushed,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::MovesPastHole,
        Self::AckMovesPointer,
        Self::IgnoresFloor,
        Self::PositionBeforePredecessors,
        Self::LiveNotBuffered,
        Self::ResendsWithNewId,
        Self::JumpLosesGap,
        Self::PokeIgnored,
        Self::RemovalIgnored,
        Self::DuplicateNotIgnored,
        Self::HistoryChangeIgnored,
        Self::ReadNotFlushed,
        Self::FollowerOvertakes,
        Self::SendsBeforeCommit,
        Self::CommandNotAlone,
        Self::DeliveredBeforeStored,
        Self::PlayNotFlushed,
    ];
}

/// Which fault is planted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mutants {
    #[cfg(any(test, feature = "mutants"))]
    planted: Option<Mutant>,
}

impl Mutants {
    /// Plants one.
    #[cfg(any(test, feature = "mutants"))]
    pub fn plant(mutant: Mutant) -> Self {
        Self { planted: Some(mutant) }
    }

    /// Whether this one is planted. Never, but in tests.
    #[inline]
    #[must_use]
    pub fn is(self, mutant: Mutant) -> bool {
        #[cfg(any(test, feature = "mutants"))]
        return self.planted == Some(mutant);
        #[cfg(not(any(test, feature = "mutants")))]
        {
            let _ = mutant;
            false
        }
    }
}
