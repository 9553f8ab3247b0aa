//! A server in a hundred lines of rules: the reference that a client has to become equal to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use stonechat_domain::kind::EventKind;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::AppId;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::{self, Event, Frame, change_message, event, frame::Body, personal_change, send_message::To};

use crate::core::simulation::log::Log;

/// More missing events than this are a jump.
const JUMP: usize = 6;
/// Items of a page.
const PAGE: usize = 3;
/// What a restore leaves free.
const TOMBSTONE: u64 = 1_000;

pub const ME: &str = "alice";

/// The server, as one device of one user meets it.
#[derive(Debug, Default)]
pub struct Server {
    pub history: u64,
    pub logs: BTreeMap<ConversationId, Log>,
    pub feed: u64,
    personal_seq: u64,
    personal: BTreeMap<String, v1::PersonalChange>,
    acks: BTreeMap<(ConversationId, Bytes), (Bytes, v1::Sent)>,
    /// Where commands were carried out.
    done: BTreeMap<(ConversationId, Bytes), u64>,
    /// Ids that were refused for a reason that passes, on this connection.
    refused: BTreeSet<Bytes>,
    /// Ids that were refused for good: whoever follows them need not wait, and they may be sent again later.
    pub refused_for_good: BTreeSet<Bytes>,
    /// What the next sends are refused with.
    pub refuse: Vec<ErrorCode>,
    /// So many fetches and cursors are refused for a while.
    pub refuse_fetches: u8,
    pub welcomed: bool,
    pub poked: bool,
    /// A frame of the log was lost on this connection: no position says that all is there.
    pub lossy: bool,
    listing: Vec<ConversationId>,
    groups: u8,
    /// Frames to the device.
    pub out: Vec<Frame>,
}

impl Server {
    pub fn direct() -> ConversationId {
        ConversationId::direct(AppId::DEFAULT, &UserId::new(ME).unwrap(), &UserId::new("bob").unwrap())
    }

    pub fn disconnect(&mut self) {
        self.welcomed = false;
        self.poked = false;
        self.lossy = false;
        self.refused.clear();
        self.out.clear();
    }

    pub fn position(&self) -> Bytes {
        format!("{}:{}:{}", self.history, self.feed, self.personal_seq).into()
    }

    pub fn parse_position(token: &[u8]) -> Option<(u64, u64, u64)> {
        let text = std::str::from_utf8(token).ok()?;
        let mut parts = text.split(':').map(str::parse);
        Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
    }

    fn live(&mut self, body: Body) {
        if self.welcomed && !self.poked {
            self.out.push(Frame { id: 0, body: Some(body) });
        }
    }

    pub fn append(&mut self, id: ConversationId, sender: &str, change: Change) -> u64 {
        self.feed += 1;
        let feed = self.feed;
        let log = self.logs.entry(id).or_insert_with(|| Log { next_seq: 1, ..Log::default() });
        let seq = log.next_seq;
        log.next_seq += 1;
        let mut event = Event {
            conversation_id: id.to_string(),
            seq,
            sender_id: sender.to_owned(),
            sent_at: 1_790_000_000_000 + feed as i64,
            message_id: format!("{id}.{seq}"),
            ..Event::default()
        };
        let mut membership = None;
        let kind = match change {
            Change::Message { client_msg_id, body } => {
                log.ordinal += 1;
                event.client_msg_id = client_msg_id;
                event.body_type = "text".into();
                event.body = body;
                EventKind::Message
            }
            Change::Create => {
                log.visible.push((seq, None));
                membership = Some(true);
                event.change = Some(event::Change::Created(v1::Created::default()));
                EventKind::ConversationCreated
            }
            Change::Add => {
                log.visible.push((seq, None));
                membership = Some(true);
                let user_ids = vec![ME.to_owned()];
                event.change = Some(event::Change::MembersAdded(v1::MembersAdded { user_ids }));
                EventKind::MembersAdded
            }
            Change::Remove => {
                if let Some(last) = log.visible.last_mut() {
                    last.1 = Some(seq);
                }
                membership = Some(false);
                event.change = Some(event::Change::MemberRemoved(v1::MemberRemoved { user_id: ME.to_owned() }));
                EventKind::MemberRemoved
            }
            Change::Rename(title) => {
                log.title.clone_from(&title);
                event.change = Some(event::Change::Renamed(v1::Renamed { title }));
                EventKind::Renamed
            }
            Change::Command { command_id, kind, change } => {
                event.client_msg_id = command_id;
                event.change = Some(change);
                kind
            }
        };
        event.kind = kind.name().to_owned();
        event.ordinal = log.ordinal;
        log.events.insert(seq, event.clone());
        log.feed.insert(seq, feed);
        if sender == ME {
            log.move_over_own();
        }
        let sees = log.sees(seq);
        if let Some(member) = membership {
            self.put_personal(
                format!("m{id}"),
                personal_change::Change::Membership(v1::MembershipState {
                    conversation_id: id.to_string(),
                    member,
                    role: if member { 1 } else { 0 },
                    visible_upto_seq: if member { 0 } else { seq },
                }),
            );
        }
        if sees {
            self.live(Body::Event(event));
        }
        seq
    }

    pub fn new_group(&mut self) -> ConversationId {
        self.groups += 1;
        let creator = UserId::new("bob").unwrap();
        let id =
            ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &creator, CommandId([self.groups; 16]));
        self.append(id, "bob", Change::Create);
        id
    }

    fn put_personal(&mut self, key: String, change: personal_change::Change) {
        self.personal_seq += 1;
        let change = v1::PersonalChange { personal_seq: self.personal_seq, change: Some(change) };
        self.personal.insert(key, change.clone());
        self.live(Body::PersonalChange(change));
    }

    pub fn read(&mut self, id: ConversationId, upto: u64) {
        let Some(log) = self.logs.get_mut(&id) else { return };
        let upto = upto.min(log.head().0);
        if upto <= log.read_seq {
            return;
        }
        log.read_seq = upto;
        log.read_ordinal = log.read_ordinal.max(log.ordinal_at(upto));
        log.move_over_own();
        let (upto_seq, upto_ordinal, conversation_id) = (log.read_seq, log.read_ordinal, id.to_string());
        let read = v1::ReadState { conversation_id: conversation_id.clone(), upto_seq, upto_ordinal };
        self.put_personal(format!("r{id}"), personal_change::Change::Read(read));
        let user_id = ME.to_owned();
        self.live(Body::ReadMoved(v1::ReadMoved { conversation_id, user_id, upto_seq, upto_ordinal }));
    }

    fn mark_delivered(&mut self, call: v1::MarkDelivered) -> Body {
        for mark in call.marks {
            let log = self.find(&mark.conversation_id).and_then(|id| self.logs.get_mut(&id));
            if let Some(log) = log.filter(|log| log.is_member()) {
                log.delivered = log.delivered.max(mark.upto_seq.min(log.head().0));
            }
        }
        Body::Done(v1::Done {})
    }

    fn mark_played(&mut self, mark: &v1::MarkPlayed) -> Body {
        let Some(id) = self.find(&mark.conversation_id) else { return refusal(ErrorCode::NotFound, None) };
        let Some(log) = self.logs.get_mut(&id) else { return refusal(ErrorCode::NotFound, None) };
        if !log.is_member() || !log.events.contains_key(&mark.seq) {
            log.unplayable.insert(mark.seq);
            return refusal(ErrorCode::NotAMember, None);
        }
        if log.played.insert(mark.seq) {
            let (conversation_id, played_seqs) = (id.to_string(), log.played.iter().copied().collect());
            let plays = v1::Plays { conversation_id, played_seqs, ..v1::Plays::default() };
            self.put_personal(format!("p{id}"), personal_change::Change::Plays(plays));
        }
        Body::Done(v1::Done {})
    }

    /// Cuts each log, as a restore of an older backup does.
    pub fn restore(&mut self, lost: usize) {
        self.disconnect();
        self.history += 1;
        for log in self.logs.values_mut() {
            log.delivered = 0;
            log.played.clear();
            for _ in 0..lost {
                log.events.pop_last();
            }
            let head = log.events.last_key_value().map_or(0, |(seq, _)| *seq);
            log.feed.retain(|seq, _| *seq <= head);
            log.ordinal = log.events.last_key_value().map_or(0, |(_, event)| event.ordinal);
            log.next_seq = head + TOMBSTONE + 1;
            log.visible.retain(|(from, _)| *from <= head);
            if let Some(last) = log.visible.last_mut() {
                last.1 = last.1.filter(|upto| *upto <= head);
            }
            log.read_seq = log.read_seq.min(head);
            log.read_ordinal = log.read_ordinal.min(log.ordinal_at(log.read_seq));
            let titles = log.events.values().filter_map(|event| match &event.change {
                Some(event::Change::Renamed(renamed)) => Some(renamed.title.clone()),
                _ => None,
            });
            log.title = titles.last().unwrap_or_default();
        }
        self.logs.retain(|_, log| !log.visible.is_empty());
        let logs = &self.logs;
        self.acks.retain(|(id, _), (_, sent)| logs.get(id).is_some_and(|log| log.events.contains_key(&sent.seq)));
        self.done.retain(|(id, _), seq| logs.get(id).is_some_and(|log| log.events.contains_key(seq)));
        self.personal.clear();
        for (id, log) in &self.logs {
            self.personal_seq += 1;
            let read = v1::ReadState {
                conversation_id: id.to_string(),
                upto_seq: log.read_seq,
                upto_ordinal: log.read_ordinal,
            };
            let change = Some(personal_change::Change::Read(read));
            self.personal.insert(format!("r{id}"), v1::PersonalChange { personal_seq: self.personal_seq, change });
        }
    }

    pub fn poke(&mut self) {
        if self.welcomed && !self.poked {
            self.out.push(Frame { id: 0, body: Some(Body::Poke(v1::Poke { position: self.position() })) });
            self.poked = true;
            self.lossy = false;
        }
    }

    pub fn say_position(&mut self) {
        if !self.lossy {
            let token = self.position();
            self.live(Body::Position(v1::PositionSaved { token }));
        }
    }

    pub fn handle(&mut self, frame: Frame) {
        let Some(body) = frame.body else { return };
        let passes =
            matches!(body, Body::Hello(_) | Body::Pull(_) | Body::Ping(_) | Body::Send(_) | Body::ChangeMessage(_));
        if !passes && self.refuse_fetches > 0 {
            self.refuse_fetches -= 1;
            let refused = refusal(ErrorCode::Overloaded, None);
            self.out.push(Frame { id: frame.id, body: Some(refused) });
            return;
        }
        let answer = match body {
            Body::Hello(hello) => {
                self.welcomed = true;
                self.welcome(&hello.position)
            }
            Body::Pull(pull) => {
                self.poked = false;
                self.welcome(&pull.position)
            }
            Body::Ping(_) => Body::Pong(v1::Pong::default()),
            Body::Send(send) => self.send(send),
            Body::ChangeMessage(change) => self.change_message(change),
            Body::MarkRead(mark) => match mark.conversation_id.parse() {
                Ok(id) if self.logs.get(&id).is_some_and(Log::is_member) => {
                    self.read(id, mark.upto_seq);
                    Body::Done(v1::Done {})
                }
                Ok(_) => refusal(ErrorCode::NotAMember, None),
                Err(_) => refusal(ErrorCode::InvalidArgument, None),
            },
            Body::MarkDelivered(mark) => self.mark_delivered(mark),
            Body::MarkPlayed(mark) => self.mark_played(&mark),
            Body::ListConversations(list) => self.page(list.page),
            Body::GetConversation(get) => match self.find(&get.conversation_id) {
                Some(id) => Body::Conversation(self.conversation(&id)),
                None => refusal(ErrorCode::NotFound, None),
            },
            Body::FetchEvents(fetch) => self.events(&fetch),
            Body::FetchMessages(fetch) => self.fetch_messages(&fetch),
            Body::FetchChanges(fetch) => self.fetch_changes(&fetch),
            Body::FetchPersonal(fetch) => Body::Personal(self.changes(fetch.after)),
            other => panic!("the model has no {other:?}"),
        };
        self.out.push(Frame { id: frame.id, body: Some(answer) });
    }

    fn find(&self, text: &str) -> Option<ConversationId> {
        text.parse().ok().filter(|id| self.logs.contains_key(id))
    }

    fn send(&mut self, send: v1::SendMessage) -> Body {
        let id = match &send.to {
            Some(To::UserId(user)) if user == "bob" => Self::direct(),
            Some(To::ConversationId(id)) => match self.find(id) {
                Some(id) => id,
                None => {
                    self.refused_for_good.insert(send.client_msg_id);
                    return refusal(ErrorCode::NotFound, None);
                }
            },
            _ => return refusal(ErrorCode::NotFound, None),
        };
        let key = (id, send.client_msg_id.clone());
        if let Some((body, first)) = self.acks.get(&key) {
            let sent = v1::Sent { deduplicated: true, ..first.clone() };
            return if *body == send.body { Body::Sent(sent) } else { refusal(ErrorCode::Conflict, Some(sent)) };
        }
        if self.refused.contains(&send.after) {
            self.refused.insert(send.client_msg_id);
            return refusal(ErrorCode::RetryInOrder, None);
        }
        if let Some(code) = self.refuse.pop() {
            if code == ErrorCode::Overloaded {
                self.refused.insert(send.client_msg_id);
            } else {
                self.refused_for_good.insert(send.client_msg_id);
            }
            return refusal(code, None);
        }
        if !self.logs.contains_key(&id) {
            self.append(id, ME, Change::Create);
        }
        if !self.logs[&id].is_member() {
            self.refused_for_good.insert(send.client_msg_id);
            return refusal(ErrorCode::NotAMember, None);
        }
        self.refused.remove(&send.client_msg_id);
        let client_msg_id = send.client_msg_id.clone();
        let seq = self.append(id, ME, Change::Message { client_msg_id, body: send.body.clone() });
        if send.read_upto > 0 {
            self.read(id, send.read_upto);
        }
        let sent = v1::Sent {
            conversation_id: id.to_string(),
            seq,
            ordinal: self.logs[&id].events[&seq].ordinal,
            sent_at: self.logs[&id].events[&seq].sent_at,
            deduplicated: false,
            message_id: format!("{id}.{seq}"),
        };
        self.acks.insert(key, (send.body, sent.clone()));
        Body::Sent(sent)
    }

    fn change_message(&mut self, asked: v1::ChangeMessage) -> Body {
        let Some(id) = self.find(&asked.conversation_id) else {
            self.refused_for_good.insert(asked.command_id);
            return refusal(ErrorCode::NotFound, None);
        };
        let done = |seq, deduplicated| {
            Body::CommandDone(v1::CommandDone { conversation_id: id.to_string(), seq, deduplicated })
        };
        let key = (id, asked.command_id.clone());
        if let Some(seq) = self.done.get(&key) {
            return done(*seq, true);
        }
        if let Some(code) = self.refuse.pop() {
            if code != ErrorCode::Overloaded {
                self.refused_for_good.insert(asked.command_id);
            }
            return refusal(code, None);
        }
        let log = &self.logs[&id];
        let target = log.events.get(&asked.seq).filter(|event| event.kind == "message" && log.sees(event.seq));
        let is_own = target.is_some_and(|event| event.sender_id == ME);
        let (kind, change) = match asked.change {
            Some(change_message::Change::Edit(edit)) if is_own && log.is_member() => {
                let edited = v1::Edited { seq: asked.seq, body_type: edit.body_type, body: edit.body };
                (EventKind::Edited, event::Change::Edited(edited))
            }
            Some(change_message::Change::React(react)) if target.is_some() && log.is_member() => {
                let (emoji, removed) = (react.emoji, react.remove);
                (EventKind::Reacted, event::Change::Reacted(v1::Reacted { seq: asked.seq, emoji, removed }))
            }
            _ => {
                self.refused_for_good.insert(asked.command_id);
                return refusal(ErrorCode::Forbidden, None);
            }
        };
        let seq = self.append(id, ME, Change::Command { command_id: asked.command_id, kind, change });
        self.done.insert(key, seq);
        done(seq, false)
    }

    fn fetch_changes(&self, fetch: &v1::FetchChanges) -> Body {
        let Some(id) = self.find(&fetch.conversation_id) else { return refusal(ErrorCode::NotFound, None) };
        let log = &self.logs[&id];
        let within = |event: &&Event| (fetch.from_ordinal..=fetch.upto_ordinal).contains(&event.ordinal);
        let changed = log.messages().filter(within).map(|event| log.message(event));
        let messages = changed.filter(|message| message.changed_seq > fetch.after_seq).collect();
        let upto_seq = log.head().0.max(fetch.after_seq);
        Body::Changes(v1::Changes { conversation_id: id.to_string(), messages, upto_seq, more: false })
    }

    fn welcome(&mut self, position: &[u8]) -> Body {
        let known = Self::parse_position(position).filter(|(history, ..)| *history == self.history);
        let (feed, personal) = known.map_or((0, 0), |(_, feed, personal)| (feed, personal));
        let newest = |log: &Log| log.feed.iter().filter(|(seq, _)| log.sees(**seq)).map(|(_, feed)| *feed).max();
        let mut listed: Vec<_> = self.logs.iter().map(|(id, log)| (newest(log).unwrap_or(0), *id)).collect();
        // Who was removed hears it by the personal change.
        listed.retain(|(newest, id)| (*newest > feed || known.is_none()) && self.logs[id].is_member());
        listed.sort_by(|a, b| b.cmp(a));
        self.listing = listed.into_iter().map(|(_, id)| id).collect();
        let Body::Conversations(first) = self.page(Bytes::new()) else { unreachable!() };
        Body::Welcome(v1::Welcome {
            version: 1,
            user_id: ME.to_owned(),
            reset: known.is_none(),
            conversations: first.conversations,
            next_page: first.next_page,
            personal: Some(self.changes(personal)),
            position: self.position(),
            history_id: Bytes::from(format!("h{}", self.history)),
            ..v1::Welcome::default()
        })
    }

    fn page(&self, token: Bytes) -> Body {
        let begin = std::str::from_utf8(&token).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let page = self.listing.iter().skip(begin).take(PAGE).filter(|id| self.logs.contains_key(id));
        let conversations = page.map(|id| self.conversation(id)).collect();
        let more = begin + PAGE < self.listing.len();
        let next_page = if more { Bytes::from((begin + PAGE).to_string()) } else { Bytes::new() };
        Body::Conversations(v1::Conversations { conversations, next_page })
    }

    fn changes(&self, after: u64) -> v1::Personal {
        let mut changes: Vec<_> =
            self.personal.values().filter(|change| change.personal_seq > after).cloned().collect();
        changes.sort_by_key(|change| change.personal_seq);
        let more = changes.len() > PAGE;
        changes.truncate(PAGE);
        let upto = changes.last().map_or(self.personal_seq, |change| change.personal_seq);
        v1::Personal { changes, upto, more }
    }

    fn conversation(&self, id: &ConversationId) -> v1::Conversation {
        let log = &self.logs[id];
        let (head_seq, head_ordinal) = log.head();
        v1::Conversation {
            conversation_id: id.to_string(),
            title: log.title.clone(),
            role: i32::from(log.is_member()),
            member: log.is_member(),
            head_seq,
            head_ordinal,
            read_seq: log.read_seq,
            read_ordinal: log.read_ordinal,
            unread: log.unread(),
            active_at: log.seen().next_back().map_or(0, |event| event.sent_at),
            last_message: log.messages().next_back().cloned(),
            visible_from_seq: log.visible.last().map_or(0, |(from, _)| *from),
            floor_ordinal: log.floor(),
            ..v1::Conversation::default()
        }
    }

    fn events(&mut self, fetch: &v1::FetchEvents) -> Body {
        let Some(id) = self.find(&fetch.conversation_id) else { return refusal(ErrorCode::NotFound, None) };
        let Some(log) = self.logs.get_mut(&id) else { return refusal(ErrorCode::NotFound, None) };
        let (head_seq, head_ordinal) = log.head();
        let mut answer = v1::Events {
            conversation_id: id.to_string(),
            from_seq: fetch.after_seq + 1,
            upto_seq: fetch.after_seq,
            head_seq,
            head_ordinal,
            ..v1::Events::default()
        };
        if log.seen().filter(|event| event.seq > fetch.after_seq).count() > JUMP {
            log.jumped = true;
            answer.jump = true;
            return Body::Events(answer);
        }
        while answer.upto_seq < head_seq && answer.events.len() < PAGE {
            let next = answer.upto_seq + 1;
            match log.events.get(&next).filter(|event| log.sees(event.seq)) {
                Some(event) => {
                    answer.events.push(event.clone());
                    answer.upto_seq = next;
                }
                None => {
                    let after = log.seen().find(|event| event.seq > next).map_or(head_seq, |event| event.seq - 1);
                    answer.hidden.push(v1::SeqRange { from_seq: next, upto_seq: after });
                    answer.upto_seq = after;
                }
            }
        }
        answer.more = answer.upto_seq < head_seq;
        Body::Events(answer)
    }

    fn fetch_messages(&self, fetch: &v1::FetchMessages) -> Body {
        let Some(id) = self.find(&fetch.conversation_id) else { return refusal(ErrorCode::NotFound, None) };
        let log = &self.logs[&id];
        let all: Vec<_> = log.messages().cloned().collect();
        let (page, more_before, more_after, upto) = match fetch.range {
            Some(Range::AfterOrdinal(after)) => {
                let rest: Vec<_> = all.iter().filter(|event| event.ordinal > after).cloned().collect();
                let more = rest.len() > PAGE;
                let page: Vec<_> = rest.into_iter().take(PAGE).collect();
                let upto = if more { page.last().map_or(after, |event| event.ordinal) } else { log.head().1 };
                (page, true, more, upto)
            }
            Some(Range::BeforeOrdinal(before)) => {
                let bound = if before == 0 { u64::MAX } else { before };
                let rest: Vec<_> = all.iter().filter(|event| event.ordinal < bound).cloned().collect();
                let skip = rest.len().saturating_sub(PAGE);
                let upto = if before == 0 { log.head().1 } else { log.head().1.min(before - 1) };
                (rest.into_iter().skip(skip).collect(), skip > 0, before > 0, upto)
            }
            Some(Range::AroundOrdinal(_)) | None => return refusal(ErrorCode::InvalidArgument, None),
        };
        let first = page.first().map_or(upto + 1, |event| event.ordinal);
        let begins = match fetch.range {
            Some(Range::AfterOrdinal(after)) => after,
            _ if more_before => first.saturating_sub(1),
            _ => 0,
        };
        let among = begins..=upto + 1;
        let events = log.seen().filter(|event| among.contains(&event.ordinal) && is_shown(event)).cloned().collect();
        Body::Messages(v1::Messages {
            conversation_id: id.to_string(),
            events: if fetch.with_events { events } else { Vec::new() },
            from_ordinal: first,
            upto_ordinal: upto,
            messages: page.iter().map(|event| log.message(event)).collect(),
            as_of_seq: log.head().0,
            more_before,
            more_after,
        })
    }
}

fn is_shown(event: &Event) -> bool {
    EventKind::ALL.iter().any(|kind| kind.name() == event.kind && kind.in_timeline())
}

/// What an event of the model is.
#[derive(Clone, Debug)]
pub enum Change {
    Message { client_msg_id: Bytes, body: Bytes },
    Create,
    Add,
    Remove,
    Rename(String),
    Command { command_id: Bytes, kind: EventKind, change: event::Change },
}

fn refusal(code: ErrorCode, first: Option<v1::Sent>) -> Body {
    Body::Error(v1::Error { code: code.to_string(), message: code.meaning().to_owned(), retry_after_ms: 0, first })
}
