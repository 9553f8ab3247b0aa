//! Faults that tests plant in the application, to see that the simulation would find them. There are none in the
//! product: without the feature `mutants`, which nothing in it enables, they are compiled away.

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Commits the position of a follower in a record of its own, after the one of its effects.
    FollowerPositionApart,
    /// Goes on to tell a removed member what is decided after his removal.
    RemovalIgnoredForQueued,
    /// Forgets the edits of a message when it is to be scrubbed.
    EditsNotScrubbed,
    /// Goes on to show sessions whom they watch as before when two users become something else to each other.
    SightNotRenewed,
    /// Does not tell authors who plays their voice messages.
    PlaysNotTold,
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
    #[must_use]
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
