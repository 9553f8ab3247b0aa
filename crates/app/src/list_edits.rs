//! What a message said before, and what it says now.

use crate::api::{Content, EditView, EditsPage, Failure};
use crate::as_now::{Place, said};
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::ConversationId;
use stonechat_types::number::Seq;

/// The versions after one; all of them after `ZERO`.
pub(crate) async fn list(
    node: &Node,
    reader: &Reader,
    conversation: ConversationId,
    seq: Seq,
    after: Seq,
) -> Result<EditsPage, Failure> {
    let (state, me) = node.membership(reader, conversation).await?;
    let missing = || Failure::new(ErrorCode::NotFound, "there is no such message");
    if !me.sees(seq) || seq > state.head {
        return Err(missing());
    }
    let place = Place { node, reader, state: &state, me: &me };
    let message = place.changed([seq].into_iter()).await?.pop().flatten();
    if message.as_ref().is_some_and(|message| message.recalled.is_some()) {
        return Err(missing());
    }
    let edits = message.map(|message| message.edits);
    let mut page = EditsPage::default();
    let mut bytes = 0;
    let versions = [seq].into_iter().chain(edits.into_iter().flatten().map(|edit| edit.seq));
    for version in versions.filter(|version| *version > after) {
        let Some(event) = place.event(version).await? else { return Err(missing()) };
        let at = event.sent_at;
        let content = match event.content {
            content @ (Content::Message { .. } | Content::Lost | Content::Recalled { .. }) => content,
            Content::Change(_) if version == seq => return Err(missing()),
            Content::Change(_) => said(Some(event), None),
        };
        bytes += match &content {
            Content::Message { body, .. } => body.len(),
            Content::Change(_) | Content::Lost | Content::Recalled { .. } => 0,
        };
        if bytes > PAGE_BYTES && !page.versions.is_empty() {
            page.more = true;
            break;
        }
        page.versions.push(EditView { seq: version, at, content });
    }
    Ok(page)
}
