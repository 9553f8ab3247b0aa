//! A session begins: who it is, what happened since its position.

use crate::api::{Begun, Failure, Hello, SessionSink, UserView, Welcome};
use crate::devices::{self, SigningIn};
use crate::directory::failure;
use crate::fetch_personal;
use crate::list_conversations::{columns, join, page_size, pass, unread_total};
use crate::node::Node;
use crate::ports::{Identity, TokenError};
use crate::position::{self, Position, WindowPage};
use crate::reading::Reader;
use crate::session::Session;
use std::sync::Arc;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::{AppId, LanePosition, Timestamp};

/// Devices that are noted at once, when the store takes writes again.
const NOTED_AT_ONCE_MAX: usize = 256;

/// Who a token speaks for.
pub(crate) fn identify(node: &Node, token: &str) -> Result<Identity, Failure> {
    node.verifier.verify(token, node.clock.now()).map_err(|error| match error {
        TokenError::Invalid => Failure::new(ErrorCode::Unauthenticated, "the token is not valid here"),
        TokenError::Expired => Failure::new(ErrorCode::TokenExpired, "the token has expired"),
    })
}

/// Begins a session.
pub(crate) async fn begin(node: &Node, hello: Hello, sink: Arc<dyn SessionSink>) -> Result<Begun, Failure> {
    let identity = identify(node, &hello.token)?;
    if identity.device.as_ref().is_some_and(|device| *device != hello.device) {
        return Err(Failure::new(ErrorCode::Unauthenticated, "the token is for another device"));
    }
    let user = node.directory.ensure(identity.app, &identity.user).await?;
    let reader = Reader { app: identity.app, user: user.user.clone() };
    let signing = SigningIn::of(&hello, identity.issued_at);
    // Before another session of the device is closed: what is worthless closes nothing.
    devices::check(node, &reader, &signing).await?;
    let session = node.session(&reader, &hello, identity.expires_at, sink);
    session.attach();
    if let Some(old) = node.registry.insert(&session) {
        node.metrics.sessions.dec();
        old.offer_control(crate::api::Outbound::Close(ErrorCode::Replaced));
    }
    node.metrics.sessions.inc();
    let welcome = async {
        session.note_later(devices::sign_in(node, &reader, signing).await?);
        welcome(node, &session, &reader, &hello.position, hello.window).await
    };
    match welcome.await {
        Ok(welcome) => {
            node.presence.began(&session, node.clock.now());
            Ok(Begun { session, welcome: Box::new(welcome), expires_at: identity.expires_at })
        }
        Err(failure) => {
            node.end(&session);
            Err(failure)
        }
    }
}

/// What happened since a position. The session is registered before: what is committed from now on comes live, and what
/// was fanned out before is committed, so the reads below see it.
pub(crate) async fn welcome(
    node: &Node,
    session: &Session,
    reader: &Reader,
    position: &[u8],
    window: u32,
) -> Result<Welcome, Failure> {
    let upto = node.watermark.upto();
    let since = Position::decode(position).filter(|position| {
        position.history == position::short(node.log.history_id()) && position.lane <= node.log.head()
    });
    let from = since.unwrap_or_default();
    let personal = fetch_personal::fetch(node, reader, from.personal, 0).await?;
    let columns = columns(node, reader).await?;
    let activity = node.log.activity().reader(reader.app);
    let page = pass(&columns, &activity, &WindowPage::first(from.lane), page_size(window));
    let unread_total = unread_total(node, reader, &columns, &activity).await?;
    let conversations = join(node, reader, page).await?;
    session.told_personal_upto(personal.upto);
    let user = node.directory.find_by_no(reader.app, reader.user.no).await.map_err(failure)?;
    Ok(Welcome {
        user: UserView { id: reader.user.id.clone(), name: user.and_then(|user| user.name) },
        server_time: node.clock.now(),
        reset: since.is_none(),
        conversations,
        position: node.position(upto, personal.upto),
        personal,
        unread_total,
        history_id: node.log.history_id(),
        messages: node.options.messages,
        content_types_version: node.content.declared(reader.app).version,
    })
}

/// A new token on a live session: of the same user, app and device.
pub(crate) fn refresh(node: &Node, session: &Session, token: &str) -> Result<Timestamp, Failure> {
    let identity = identify(node, token)?;
    let same = same_person(session, identity.app, &identity);
    if !same {
        return Err(Failure::new(ErrorCode::Unauthenticated, "the token is for somebody else"));
    }
    session.set_expires_at(identity.expires_at);
    Ok(identity.expires_at)
}

fn same_person(session: &Session, app: AppId, identity: &Identity) -> bool {
    let device = identity.device.as_ref().is_none_or(|device| *device == session.device);
    app == session.app && identity.user == session.user.id && device
}

/// Tells every session that got something of the log since the last time how far it is.
pub(crate) fn report_positions(node: &Node) {
    let upto: LanePosition = node.watermark.upto();
    let mut poked = 0;
    node.registry.for_all(|session| {
        poked += i64::from(session.is_poked());
        if session.take_unreported() {
            let position = node.position(upto, session.personal_upto());
            if session.offer_log(crate::api::Outbound::Position(position)) {
                crate::executor::poke(node, session);
            }
            session.reported();
        }
    });
    node.metrics.sessions_poked.set(poked);
}

/// Sessions whose devices could not be noted when they signed in, as many as are tried at once.
pub(crate) fn take_unnoted(node: &Node) -> Vec<(Arc<Session>, SigningIn)> {
    let mut late = Vec::new();
    node.registry.for_all(|session| {
        if late.len() < NOTED_AT_ONCE_MAX
            && let Some(signing) = session.take_unnoted()
        {
            late.push((session.clone(), signing));
        }
    });
    late
}
