//! `stonechat bench group`.

use crate::options::GroupOptions;
use std::io::Write;

/// Measures, and prints the figures.
///
/// # Errors
/// What kept it from measuring, or what the server did wrong meanwhile.
pub fn run(options: GroupOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let _ = (options, out);
    anyhow::bail!("the loads are not written yet")
}
