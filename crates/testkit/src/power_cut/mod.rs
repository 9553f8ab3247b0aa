//! Power cuts of the real binary: what it wrote, synced and renamed under load is recorded, the disk that a power cut
//! would leave is built, the real binary is opened on it, and an oracle is asked.
//!
//! A SIGKILL leaves the page cache as it is, so a build that never syncs survives any number of them. Here it does not:
//! [`disk`] keeps what was synced and what was not apart, and an image has the first whole and of the second as much as
//! the [`disk::Way`] of the cut says.

pub mod content;
pub mod disk;
pub mod history;
pub mod load;
pub mod oracle;
pub mod recorder;
pub mod report;
pub mod run;
pub mod trace;
