//! Hash maps whose order does not change from run to run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

/// A hash map with a fixed hasher. Keys are numbers of ours and hashes, so nobody can choose collisions.
pub type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;
