//! Changes of personal state after a number.

use crate::api::{Failure, PersonalPage};
use crate::directory::failure;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::personal;
use stonechat_types::limits::PERSONAL_PAGE_MAX;
use stonechat_types::number::PersonalSeq;

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
    for change in found.changes {
        let Some(value) = change.value else { continue };
        if let Some(item) = personal::decode(&change.key, &value).map_err(failure)? {
            page.changes.push((change.seq, item));
        }
    }
    Ok(page)
}
