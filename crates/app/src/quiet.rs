//! When a user is not to be disturbed: windows of his week and a pause, as personal state. Whoever notifies asks
//! [`of`] and the rule of `domain`.

use crate::api::{Answer, Failure, PersonalItem, SetQuiet};
use crate::node::Node;
use crate::once::{self, Once};
use crate::reading::Reader;
use crate::rows::key;
use crate::rows::personal;
use crate::rows::quiet::patch_bytes;
use stonechat_domain::quiet::Quiet;
use stonechat_types::id::ConversationId;
use stonechat_types::number::PersonalSeq;

/// Changes it, and says what it is then. A change that was carried out before changes nothing again.
pub(crate) async fn set(node: &Node, reader: &Reader, set: SetQuiet) -> Result<Answer, Failure> {
    let SetQuiet { command_id, patch } = set;
    let with_himself = ConversationId::direct(reader.app, &reader.user.id, &reader.user.id);
    let _one = node.devices.lock(reader).await;
    let (version, before) = entry(node, reader).await?;
    let says = [&[key::QUIET][..], &patch_bytes(&patch)].concat();
    let Some(once) = Once::new(node, reader, (with_himself, command_id), &says).await? else {
        return Ok(answer(version, before));
    };
    let mut after = before.clone();
    after.apply(&patch, node.clock.now());
    let items = if after == before { Vec::new() } else { vec![PersonalItem::Quiet(Box::new(after.clone()))] };
    let told = once.commit(node, reader, (items, Vec::new())).await?;
    Ok(answer(told.first().copied().unwrap_or(version), after))
}

fn answer(version: PersonalSeq, quiet: Quiet) -> Answer {
    Answer::Own(version, Box::new(PersonalItem::Quiet(Box::new(quiet))))
}

async fn entry(node: &Node, reader: &Reader) -> Result<(PersonalSeq, Quiet), Failure> {
    match once::entry(node, reader, personal::quiet_key()).await? {
        Some((version, PersonalItem::Quiet(quiet))) => Ok((version, *quiet)),
        Some(_) | None => Ok((PersonalSeq::ZERO, Quiet::default())),
    }
}

/// When the caller is not to be disturbed, for the app's backend.
pub(crate) async fn get(node: &Node, reader: &Reader) -> Result<Answer, Failure> {
    entry(node, reader).await.map(|(version, quiet)| answer(version, quiet))
}

/// When a user is not to be disturbed.
pub(crate) async fn of(node: &Node, reader: &Reader) -> Result<Quiet, Failure> {
    entry(node, reader).await.map(|(_, quiet)| quiet)
}
