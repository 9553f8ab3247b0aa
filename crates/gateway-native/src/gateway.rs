//! The service behind the machines: hands their calls to the application.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use stonechat_app::api::{Failure, Offer, Outbound, SessionSink};
use stonechat_app::application::App;
use stonechat_app::session::Session;
use stonechat_net::events::{self, EventSink};
use stonechat_net::machine::{PeerInfo, Service};
use stonechat_types::error_code::ErrorCode;

use crate::session::{Call, NativeSession};

/// The native protocol as a service: one value serves every connection of a listener.
pub struct NativeGateway {
    app: Arc<App>,
}

impl NativeGateway {
    /// A gateway to an application.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl fmt::Debug for NativeGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeGateway").finish_non_exhaustive()
    }
}

/// What is kept a connection beside its machine.
#[derive(Debug)]
pub struct Connection {
    link: Arc<Link>,
    session: Option<Arc<Session>>,
}

impl Connection {
    /// The session, once it has begun; held from then on.
    fn session(&mut self) -> Option<&Arc<Session>> {
        if self.session.is_none() {
            self.session = self.link.session();
        }
        self.session.as_ref()
    }
}

impl Service<NativeSession> for NativeGateway {
    type Connection = Connection;

    fn open(&self, peer: PeerInfo, events: EventSink<Outbound>) -> (NativeSession, Connection) {
        let link = Link { events, session: OnceLock::new() };
        (NativeSession::new(peer.kind), Connection { link: Arc::new(link), session: None })
    }

    fn call(&self, connection: &mut Connection, call: Call) {
        match call {
            Call::Begin(hello) => self.app.begin(*hello, connection.link.clone()),
            Call::Refresh { call, token } => match connection.session() {
                Some(session) => self.app.refresh(session, call, token),
                None => connection.link.answer(Outbound::Refreshed { call, result: Err(ended()) }),
            },
            Call::Call { call, request } => match connection.session() {
                Some(session) => self.app.submit(session, call, request),
                None => connection.link.answer(Outbound::Answer { call, result: Err(ended()), turn: None }),
            },
        }
    }

    fn closed(&self, mut connection: Connection) {
        // One that is still beginning learns it by the offer of its welcome, and the application ends it there.
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
struct Link {
    events: EventSink<Outbound>,
    /// Weak, because the session keeps the link.
    session: OnceLock<Weak<Session>>,
}

impl Link {
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

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl SessionSink for Link {
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
        offered(self.events.offer_control(outbound))
    }
}

fn offered(offer: events::Offer) -> Offer {
    match offer {
        events::Offer::Queued => Offer::Queued,
        events::Offer::Overflow => Offer::Overflow,
        events::Offer::Closed => Offer::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use prometheus_client::metrics::counter::Counter;
    use stonechat_app::api::Answer;
    use stonechat_net::events::{EventQueue, LIVE_EVENTS_MAX, event_queue};

    fn link() -> (Link, EventQueue<Outbound>) {
        let (events, queue) = event_queue(Counter::default());
        (Link { events, session: OnceLock::new() }, queue)
    }

    fn position() -> Outbound {
        Outbound::Position(Bytes::new())
    }

    #[test]
    fn a_poke_takes_the_place_of_what_waits_and_answers_stay() {
        let (link, mut queue) = link();
        let answer = Outbound::Answer { call: 7, result: Ok(Answer::Done), turn: None };
        assert_eq!(link.offer_control(answer), Offer::Queued);
        for _ in 0..LIVE_EVENTS_MAX {
            assert_eq!(link.offer(position()), Offer::Queued);
        }
        assert_eq!(link.offer(position()), Offer::Overflow);
        assert_eq!(link.offer_control(Outbound::Poke(Bytes::new())), Offer::Queued);
        assert!(matches!(queue.try_next(), Some(Outbound::Answer { call: 7, .. })));
        assert!(matches!(queue.try_next(), Some(Outbound::Poke(_))));
        assert!(queue.try_next().is_none());
    }

    #[test]
    fn a_connection_that_is_gone_says_so() {
        let (link, queue) = link();
        drop(queue);
        assert_eq!(link.offer(position()), Offer::Closed);
        assert_eq!(link.offer(Outbound::Poke(Bytes::new())), Offer::Closed);
        assert_eq!(link.offer_control(position()), Offer::Closed);
    }
}
