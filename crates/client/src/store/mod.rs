//! What the device keeps.
