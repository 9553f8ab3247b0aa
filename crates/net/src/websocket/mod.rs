//! The server side of RFC 6455, without a socket and without extensions.
//!
//! [`header`] reads and writes frame headers, [`decoder`] makes messages of frames and answers control frames,
//! [`handshake`] judges the HTTP request that asks for the upgrade.

pub mod decoder;
pub mod handshake;
pub mod header;

#[cfg(test)]
mod oracle;
