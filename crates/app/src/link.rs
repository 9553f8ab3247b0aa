//! Links by which one joins a group: who knows the token joins, and only its hash is stored.

use ring::digest::{SHA256, digest};
use stonechat_domain::group::LinkId;

/// The name of the link of a token: the first sixteen bytes of its SHA-256.
#[must_use]
pub fn id_of(token: &[u8]) -> LinkId {
    let hash = digest(&SHA256, token);
    let mut id = [0; 16];
    id.copy_from_slice(&hash.as_ref()[..16]);
    LinkId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_link_is_half_of_the_hash_of_its_token() {
        // From another program: printf abc | sha256sum.
        let expected = [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23];
        assert_eq!(id_of(b"abc"), LinkId(expected));
    }
}
