//! What a user and others are to each other, in pages.

use crate::api::{Failure, ListRelations, PersonalItem, RelationsPage};
use crate::directory::failure;
use crate::node::Node;
use crate::position::{decode_relations_page, encode_relations_page};
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::personal;
use stonechat_log::personal as rows;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::RELATIONS_PAGE_MAX;

/// Relations that are looked at for one page; a page may have fewer, and go on all the same.
const LOOKED_AT_MAX: usize = 1_000;

/// The relations.
pub(crate) async fn list(node: &Node, reader: &Reader, wanted: ListRelations) -> Result<RelationsPage, Failure> {
    let ListRelations { filter, page: token, limit } = wanted;
    let limit = if limit == 0 { RELATIONS_PAGE_MAX } else { limit.min(RELATIONS_PAGE_MAX) } as usize;
    let after = if token.is_empty() {
        None
    } else {
        let peer = decode_relations_page(&token)
            .ok_or_else(|| Failure::new(ErrorCode::InvalidArgument, "the page token is not one of ours"))?;
        Some(rows::value_key(reader.app, reader.user.no, &personal::relation_key(&peer)))
    };
    let prefix = rows::value_key(reader.app, reader.user.no, personal::RELATION_PREFIX);
    let start = rows::value_key(reader.app, reader.user.no, b"").len();
    let found = node.log.scan(prefix, after, LOOKED_AT_MAX).await.map_err(failure)?;
    let (mut page, mut bytes, looked_at) = (RelationsPage::default(), 0, found.len());
    for (i, (key, row)) in found.into_iter().enumerate() {
        let Some((_, Some(value))) = rows::decode_value(&row) else { continue };
        let Some(PersonalItem::Relation(view)) = personal::decode(&key[start..], &value).map_err(failure)? else {
            continue;
        };
        let is_last = i + 1 == looked_at;
        let peer = view.peer.clone();
        if filter.takes(&view) {
            bytes += row.len();
            page.relations.push(*view);
        }
        let full = page.relations.len() >= limit || bytes >= PAGE_BYTES;
        if (full && !is_last) || (is_last && looked_at == LOOKED_AT_MAX) {
            page.next = encode_relations_page(&peer);
            break;
        }
    }
    Ok(page)
}
