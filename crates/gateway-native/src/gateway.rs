//! The service behind the machines: hands their calls to the application.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use stonechat_app::api::{self, Failure, Offer, Outbound, SessionSink};
use stonechat_app::session::Session;
use stonechat_net::events::{self, EventSink};
use stonechat_net::machine::{PeerInfo, Service};
use stonechat_types::error_code::ErrorCode;

use crate::session::{Call, NativeSession};

/// What this gateway asks of the application.
pub trait Application: Send + Sync + 'static {
    /// Begins a session: answers by [`Outbound::Begun`], and attaches the sink before it. Never waits.
    fn begin(self: &Arc<Self>, hello: api::Hello, sink: Arc<dyn SessionSink>);
    /// Carries out a call; answers by [`Outbound::Answer`]. Never waits.
    fn submit(self: &Arc<Self>, session: &Arc<Session>, call: u64, request: api::Call);
    /// Takes a new token; answers by [`Outbound::Refreshed`]. Never waits.
    fn refresh(self: &Arc<Self>, session: &Arc<Session>, call: u64, token: String);
    /// The connection is gone. May be said twice.
    fn end(&self, session: &Arc<Session>);
}

/// The native protocol as a service: one value serves every connection of a listener.
pub struct NativeGateway<A> {
    app: Arc<A>,
}

impl<A: Application> NativeGateway<A> {
    /// A gateway to an application.
    pub fn new(app: Arc<A>) -> Self {
        Self { app }
    }
}

impl<A> fmt::Debug for NativeGateway<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeGateway").finish_non_exhaustive()
    }
}

/// What is kept a connection beside its machine.
#[derive(Debug)]
pub struct Connection<A: Application> {
    link: Arc<Link<A>>,
    session: Option<Arc<Session>>,
}

impl<A: Application> Connection<A> {
    /// The session, once it has begun; held from then on.
    fn session(&mut self) -> Option<&Arc<Session>> {
        if self.session.is_none() {
            self.session = self.link.session();
        }
        self.session.as_ref()
    }
}

impl<A: Application> Service<NativeSession> for NativeGateway<A> {
    type Connection = Connection<A>;

    fn open(&self, peer: PeerInfo, events: EventSink<Outbound>) -> (NativeSession, Connection<A>) {
        let link = Link { events, session: OnceLock::new(), app: Arc::downgrade(&self.app) };
        (NativeSession::new(peer.kind), Connection { link: Arc::new(link), session: None })
    }

    fn call(&self, connection: &mut Connection<A>, call: Call) {
        match call {
            Call::Begin(hello) => self.app.begin(*hello, connection.link.clone()),
            Call::Refresh { call, token } => match connection.session() {
                Some(session) => self.app.refresh(session, call, token),
                None => connection.link.answer(Outbound::Refreshed { call, result: Err(ended()) }),
            },
            Call::Call { call, request } => match connection.session() {
                Some(session) => self.app.submit(session, call, request),
                None => connection.link.answer(Outbound::Answer { call, result: Err(ended()) }),
            },
        }
    }

    fn closed(&self, mut connection: Connection<A>) {
        if let Some(session) = connection.session() {
            self.app.end(session);
        }
    }
}

/// The session was ended by the application, and the word of it is still on its way to the machine.
fn ended() -> Failure {
    Failure::new(ErrorCode::Internal, "the session has ended")
}

/// The way from the application to one connection.
struct Link<A> {
    events: EventSink<Outbound>,
    /// Weak, because the session keeps the link.
    session: OnceLock<Weak<Session>>,
    app: Weak<A>,
}

impl<A> Link<A> {
    fn session(&self) -> Option<Arc<Session>> {
        self.session.get()?.upgrade()
    }

    fn answer(&self, outbound: Outbound) {
        // A connection that is gone needs no answer.
        let _gone = self.events.offer_control(outbound);
    }

    /// The answer to the first overflow: what waits is dropped, and the device pulls.
    fn poke(&self, poke: Outbound) -> Offer {
        let weight = poke.weight();
        offered(self.events.replace(poke, weight))
    }
}

impl<A> fmt::Debug for Link<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl<A: Application> SessionSink for Link<A> {
    fn attach(&self, session: &Arc<Session>) {
        // Told once; of a second time the first holds.
        let _attached = self.session.set(Arc::downgrade(session));
    }

    fn offer(&self, outbound: Outbound) -> Offer {
        if let Outbound::Poke(_) = outbound {
            return self.poke(outbound);
        }
        let weight = outbound.weight();
        offered(self.events.offer(outbound, weight))
    }

    fn offer_control(&self, outbound: Outbound) -> Offer {
        if let Outbound::Poke(_) = outbound {
            return self.poke(outbound);
        }
        let begins = matches!(outbound, Outbound::Begun(Ok(_)));
        let offer = offered(self.events.offer_control(outbound));
        // The peer left while its session began: when the connection was closed there was none to end yet.
        if begins
            && offer == Offer::Closed
            && let (Some(app), Some(session)) = (self.app.upgrade(), self.session())
        {
            app.end(&session);
        }
        offer
    }
}

fn offered(offer: events::Offer) -> Offer {
    match offer {
        events::Offer::Queued => Offer::Queued,
        events::Offer::Overflow => Offer::Overflow,
        events::Offer::Closed => Offer::Closed,
    }
}
