//! The contract suite: one macro line an engine.
