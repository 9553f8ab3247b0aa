//! What somebody is shown of others now, from committed rows.

use super::{Key, settings};
use crate::api::{Failure, PresenceView};
use crate::directory::failure;
use crate::node::Node;
use crate::reading::Reader;
use crate::rows::{key, presence, relation};
use crate::session::Session;
use std::collections::BTreeSet;
use std::sync::Arc;
use stonechat_domain::presence::{PresenceSettings, Shown, Sight, shown, sight};
use stonechat_domain::relation::Relation;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::PRESENCE_SUBSCRIPTIONS_MAX;
use stonechat_types::number::{AppId, UserNo};

/// Users whose rows are read at once.
const READ_AT_ONCE_MAX: usize = 64;

/// Rows of one user: his settings, when he was seen, and what he and the viewer are to each other.
const ROWS: usize = 3;

/// What a viewer is shown of users; all there is when an app asks.
pub(super) async fn shown_of(
    node: &Node,
    app: AppId,
    viewer: Option<(UserNo, &UserId)>,
    users: &[(UserNo, UserId)],
) -> Result<Vec<(UserNo, Shown)>, Failure> {
    let own = match viewer {
        Some((no, _)) => settings::of(node, (app, no)).await?,
        None => PresenceSettings::default(),
    };
    let mut all = Vec::with_capacity(users.len());
    for some in users.chunks(READ_AT_ONCE_MAX) {
        // Before the rows: whoever goes offline meanwhile is marked once more.
        let there: Vec<_> = some.iter().map(|(no, _)| node.presence.whereabouts(node, (app, *no))).collect();
        let mut keys = Vec::with_capacity(some.len() * ROWS);
        for (no, id) in some {
            let with = viewer.map_or(id, |(_, viewer)| viewer);
            let direct = ConversationId::direct(app, with, id);
            keys.extend([settings::key(app, *no), key::last_seen(app, *no), key::relation(app, direct)]);
        }
        let rows = node.log.load(keys).await.map_err(failure)?;
        let now = node.clock.now();
        for ((user, mut is), rows) in some.iter().zip(there).zip(rows.chunks(ROWS)) {
            let [theirs, seen, relation] = rows else { continue };
            let theirs = settings::decode(theirs.as_ref()).map_err(failure)?;
            let stored = seen.as_deref().map(presence::decode_seen).transpose().map_err(failure)?;
            // While somebody hides he is not seen.
            is.last_seen = stored.max(is.last_seen.filter(|_| !theirs.invisible));
            let sight = match viewer {
                Some((no, _)) if no != user.0 => {
                    let relation = relation.as_deref().map(relation::decode).transpose().map_err(failure)?;
                    sight(&relation.unwrap_or_else(Relation::default), &own, &theirs)
                }
                Some(_) | None => Sight::ALL,
            };
            all.push((user.0, shown(&theirs, sight, &is, now)));
        }
    }
    Ok(all)
}

/// Users of an app by their ids, each once. Who does not exist is left out.
async fn find(node: &Node, app: AppId, ids: Vec<UserId>) -> Result<Vec<(UserNo, UserId)>, Failure> {
    if ids.len() > PRESENCE_SUBSCRIPTIONS_MAX {
        return Err(Failure::new(ErrorCode::InvalidArgument, "too many users in one call"));
    }
    let (mut users, mut seen) = (Vec::with_capacity(ids.len()), BTreeSet::new());
    for id in ids {
        if let Some(found) = node.directory.find(app, &id).await.map_err(failure)?
            && seen.insert(found.user.no)
        {
            users.push((found.user.no, found.user.id));
        }
    }
    Ok(users)
}

fn views(users: Vec<(UserNo, UserId)>, shown: Vec<(UserNo, Shown)>) -> Vec<PresenceView> {
    users.into_iter().zip(shown).map(|((_, user), (_, shown))| PresenceView { user, shown }).collect()
}

/// Users as the caller may see them now.
pub(crate) async fn get(node: &Node, reader: &Reader, ids: Vec<UserId>) -> Result<Vec<PresenceView>, Failure> {
    let users = find(node, reader.app, ids).await?;
    let shown = shown_of(node, reader.app, Some((reader.user.no, &reader.user.id)), &users).await?;
    Ok(views(users, shown))
}

/// Users as their app sees them now.
pub(crate) async fn get_as_app(node: &Node, app: AppId, ids: Vec<UserId>) -> Result<Vec<PresenceView>, Failure> {
    let users = find(node, app, ids).await?;
    let shown = shown_of(node, app, None, &users).await?;
    Ok(views(users, shown))
}

/// A session watches these users from now on, and no others. What it is shown of them now is the answer;
/// [`super::Presence::answered`] is to follow it.
pub(crate) async fn watch(node: &Node, session: &Arc<Session>, ids: Vec<UserId>) -> Result<Vec<PresenceView>, Failure> {
    let users = find(node, session.app, ids).await?;
    let ended = || Failure::new(ErrorCode::Internal, "the session has ended");
    let generation = node.presence.watch(session, &users).ok_or_else(ended)?;
    let viewer = Some((session.user.no, &session.user.id));
    let shown = shown_of(node, session.app, viewer, &users).await?;
    session.watching().begins_with(generation, &shown);
    Ok(views(users, shown))
}

/// Whether somebody could be seen to be there: his settings as they are stored.
pub(super) async fn visible(node: &Node, keys: &[Key]) -> Result<Vec<bool>, Failure> {
    let rows = keys.iter().map(|(app, no)| settings::key(*app, *no)).collect();
    let rows = node.log.load(rows).await.map_err(failure)?;
    let settings = rows.iter().map(|row| settings::decode(row.as_ref()));
    settings.map(|it| it.map(|it| !it.invisible).map_err(failure)).collect()
}
