//! A server in this process that speaks as much of the protocol as a load needs, keeps everything in memory, and breaks
//! a promise when a test asks for it.

use bytes::BytesMut;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stonechat_wire::frame::{encode_with_length, take};
use stonechat_wire::v1::{self, Frame, change_conversation::Change, frame::Body, send_message::To};

/// What the server does wrong, once, at the message of this seq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Does not deliver it.
    Lose(u64),
    /// Delivers it twice.
    Double(u64),
    /// Delivers the one after it first.
    Swap(u64),
    /// Does not acknowledge it.
    LoseAck(u64),
    /// Acknowledges it twice.
    DoubleAck(u64),
    /// Refuses it the first time.
    Refuse(u64),
    /// Says nothing for a while.
    Stall(u64, Duration),
    /// Tells the receiver to pull instead of delivering it.
    Poke(u64),
}

#[derive(Default)]
struct Conversation {
    members: Vec<String>,
    events: Vec<v1::Event>,
    held_back: Option<v1::Event>,
    refused: bool,
    /// Members that were told to pull, and get nothing before they do.
    poked: Vec<String>,
}

/// User and device.
type Session = (String, String);

#[derive(Default)]
struct State {
    streams: BTreeMap<Session, TcpStream>,
    conversations: BTreeMap<String, Conversation>,
}

/// The server; it ends with the test.
pub struct FakeServer {
    /// `tcp://…`
    pub url: String,
}

impl FakeServer {
    /// Listens on a free port.
    pub fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("tcp://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || serve(stream, &state, fault));
            }
        });
        Self { url }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>, fault: Fault) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let (mut bytes, mut who, mut buffer) = (BytesMut::new(), Session::default(), [0; 16 * 1024]);
    loop {
        while let Some(frame) = take(&mut bytes).ok()? {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(Body::Hello(hello)) = &frame.body {
                // The token of a user is the user's name here.
                who = (hello.token.clone(), hello.device_id.clone());
                state.streams.insert(who.clone(), stream.try_clone().ok()?);
            }
            state.handle(&who, frame, fault)?;
        }
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}

impl State {
    fn answer(&mut self, who: &Session, id: u64, body: Body) {
        let frame = encode_with_length(&Frame { id, body: Some(body) });
        if let Some(stream) = self.streams.get_mut(who) {
            let _ = stream.write_all(&frame);
        }
    }

    fn tell(&mut self, user: &str, body: Body) {
        let frame = encode_with_length(&Frame { id: 0, body: Some(body) });
        for (_, stream) in self.streams.iter_mut().filter(|((name, _), _)| name == user) {
            let _ = stream.write_all(&frame);
        }
    }

    fn handle(&mut self, who: &Session, frame: Frame, fault: Fault) -> Option<()> {
        let user = &*who.0;
        let answer = match frame.body? {
            Body::Hello(_) => Body::Welcome(v1::Welcome { version: 1, user_id: user.into(), ..v1::Welcome::default() }),
            Body::Ping(_) => Body::Pong(v1::Pong::default()),
            Body::Send(send) => return self.send(who, frame.id, send, fault),
            Body::CreateGroup(create) => {
                let id = format!("g_{}", self.conversations.len());
                let members = create.members.into_iter().chain([user.into()]).collect();
                self.conversations.insert(id.clone(), Conversation { members, ..Conversation::default() });
                Body::CommandDone(v1::CommandDone { conversation_id: id, seq: 1, deduplicated: false })
            }
            Body::ChangeConversation(change) => {
                let conversation = self.conversations.get_mut(&change.conversation_id)?;
                let Some(Change::AddMembers(add)) = change.change else { return None };
                conversation.members.extend(add.user_ids);
                let id = change.conversation_id;
                Body::CommandDone(v1::CommandDone { conversation_id: id, seq: 2, deduplicated: false })
            }
            Body::ListMembers(list) => self.page(&list.conversation_id, &list.page, None),
            // Nobody has read anything.
            Body::ListReaders(list) if list.unread => self.page(&list.conversation_id, &list.page, Some(user)),
            Body::ListReaders(_) => Body::Members(v1::Members::default()),
            Body::Pull(_) => {
                let mut behind = Vec::new();
                for (id, conversation) in &mut self.conversations {
                    conversation.poked.retain(|poked| poked != user);
                    if conversation.members.iter().any(|member| member == user) {
                        let head_seq = conversation.events.len() as u64;
                        let conversation_id = id.clone();
                        behind.push(v1::Conversation { conversation_id, head_seq, ..v1::Conversation::default() });
                    }
                }
                Body::Welcome(v1::Welcome { conversations: behind, ..v1::Welcome::default() })
            }
            Body::FetchEvents(fetch) => {
                let events = &self.conversations[&fetch.conversation_id].events;
                // In pages of three, so that there is more than one.
                let events: Vec<_> = events.iter().skip(fetch.after_seq as usize).take(3).cloned().collect();
                let upto_seq = events.last().map_or(fetch.after_seq, |event| event.seq);
                let head_seq = self.conversations[&fetch.conversation_id].events.len() as u64;
                Body::Events(v1::Events {
                    conversation_id: fetch.conversation_id,
                    events,
                    from_seq: fetch.after_seq + 1,
                    upto_seq,
                    more: upto_seq < head_seq,
                    head_seq,
                    ..v1::Events::default()
                })
            }
            _ => return Some(()),
        };
        self.answer(who, frame.id, answer);
        Some(())
    }

    /// A page of a hundred members, without one of them.
    fn page(&self, conversation: &str, page: &[u8], without: Option<&str>) -> Body {
        let from = page.first().map_or(0, |page| usize::from(*page));
        let all = &self.conversations[conversation].members;
        let members: Vec<_> = all
            .iter()
            .filter(|user| Some(user.as_str()) != without)
            .map(|user| v1::Member { user_id: user.clone(), ..v1::Member::default() })
            .collect();
        let pages: Vec<_> = members.chunks(100).collect();
        let members = pages.get(from).map(|page| page.to_vec()).unwrap_or_default();
        let next_page = if from + 1 < pages.len() { vec![from as u8 + 1] } else { Vec::new() };
        Body::Members(v1::Members { members, next_page: next_page.into(), ..v1::Members::default() })
    }

    fn send(&mut self, who: &Session, call: u64, send: v1::SendMessage, fault: Fault) -> Option<()> {
        let user = &*who.0;
        let conversation_id = match send.to? {
            To::ConversationId(id) => id,
            To::UserId(other) => {
                let (low, high) = if *user < *other { (user, &*other) } else { (&*other, user) };
                let id = format!("d_{low}_{high}");
                let members = vec![user.into(), other.clone()];
                self.conversations.entry(id.clone()).or_insert(Conversation { members, ..Conversation::default() });
                id
            }
        };
        let conversation = self.conversations.get_mut(&conversation_id)?;
        let seq = conversation.events.len() as u64 + 1;
        let refused_before = conversation.events.last().map(|event| event.client_msg_id.clone());
        let out_of_order = !send.after.is_empty() && refused_before.as_ref() != Some(&send.after);
        if out_of_order || (fault == Fault::Refuse(seq) && !std::mem::replace(&mut conversation.refused, true)) {
            let code = if out_of_order { "retry_in_order" } else { "overloaded" };
            self.answer(who, call, Body::Error(v1::Error { code: code.into(), ..v1::Error::default() }));
            return Some(());
        }
        if let Fault::Stall(at, lasts) = fault
            && at == seq
        {
            std::thread::sleep(lasts);
        }
        let event = v1::Event {
            conversation_id: conversation_id.clone(),
            seq,
            kind: "message".into(),
            sender_id: user.into(),
            client_msg_id: send.client_msg_id,
            body_type: send.body_type,
            body: send.body,
            ..v1::Event::default()
        };
        conversation.events.push(event.clone());
        let mut events = match fault {
            Fault::Lose(at) if at == seq => vec![],
            Fault::Double(at) if at == seq => vec![event.clone(), event],
            Fault::Swap(at) if at == seq => {
                conversation.held_back = Some(event);
                vec![]
            }
            _ => vec![event],
        };
        if !events.is_empty() {
            events.extend(conversation.held_back.take());
        }
        let others: Vec<_> = conversation.members.iter().filter(|member| *member != user).cloned().collect();
        if fault == Fault::Poke(seq) {
            conversation.poked = others.clone();
            for member in &others {
                self.tell(member, Body::Poke(v1::Poke::default()));
            }
        }
        let poked = self.conversations[&conversation_id].poked.clone();
        let sent = Body::Sent(v1::Sent { conversation_id, seq, ..v1::Sent::default() });
        let acks = match fault {
            Fault::LoseAck(at) if at == seq => 0,
            Fault::DoubleAck(at) if at == seq => 2,
            _ => 1,
        };
        (0..acks).for_each(|_| self.answer(who, call, sent.clone()));
        for event in events {
            let members = others.iter().map(String::as_str).chain([user]);
            let told: Vec<_> = members.filter(|member| !poked.iter().any(|poked| poked == member)).collect();
            for member in told {
                self.tell(member, Body::Event(event.clone()));
            }
        }
        Some(())
    }
}
