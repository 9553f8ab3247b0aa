//! Changes of personal state after a number.

use crate::api::{Failure, PersonalPage};
use crate::directory::failure;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::personal;
use stonechat_types::limits::{PAGE_BYTES_MAX, PERSONAL_PAGE_MAX};
use stonechat_types::number::PersonalSeq;

/// Bytes of values after which a page ends.
const PERSONAL_BYTES_MAX: usize = PAGE_BYTES_MAX / 2;

/// The changes.
pub(crate) async fn fetch(
    node: &Node,
    reader: &Reader,
    after: PersonalSeq,
    limit: u32,
) -> Result<PersonalPage, Failure> {
    let limit = if limit == 0 { PERSONAL_PAGE_MAX } else { limit.min(PERSONAL_PAGE_MAX) };
    let found = node.log.personal(reader.app, reader.user.no, after, limit as usize).await.map_err(failure)?;
    let mut page = PersonalPage { changes: Vec::new(), upto: found.upto, more: found.more };
    let (mut bytes, mut last) = (0, after);
    for change in found.changes {
        if bytes >= PERSONAL_BYTES_MAX {
            // It shares a welcome with a page of conversations.
            (page.upto, page.more) = (last, true);
            break;
        }
        last = change.seq;
        let Some(value) = change.value else { continue };
        bytes += change.key.len() + value.len();
        if let Some(item) = personal::decode(&change.key, &value).map_err(failure)? {
            page.changes.push((change.seq, item));
        }
    }
    Ok(page)
}
