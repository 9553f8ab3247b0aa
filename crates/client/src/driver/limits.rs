//! Every bound of the driver, by name.

use std::time::Duration;

/// Longest time to resolve, connect, and shake hands.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time of one write to the server.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time that the token provider may take.
pub const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest time that another process may keep the store of this device before the caller hears of it.
pub const STORE_LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time that `stop` waits for the tasks.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// Frames that wait between the loop and a connection, each way.
pub const FRAMES_IN_FLIGHT: usize = 64;
/// Calls of the user that wait for the loop.
pub const REQUESTS_QUEUED: usize = 64;
/// Names of users that are read from the store at most.
pub const NAMES_MAX: u32 = 8_192;
/// Transactions that wait for the writer of the store.
pub const TRANSACTIONS_QUEUED: usize = 256;
/// Transactions that the writer commits at once.
pub const TRANSACTIONS_PER_COMMIT: usize = 128;
/// Changes of a list that a slow subscriber may be behind before it gets the whole list instead.
pub const DIFFS_BEHIND: usize = 256;
