//! The front door: what gateways hold.

mod backend;

use crate::api::{
    Answer, Call, ChangeConversation, ChangeMessage, ChangeRequest, CreateGroup, Destination, Failure, Hello, Outbound,
    Relate, SendMessage, SessionSink,
};
use crate::deletions;
use crate::devices;
use crate::directory::{Directory, commit, failure};
use crate::executor;
use crate::executor::job::{Job, Reply, Work};
use crate::executor::mailbox::{Mailbox, Refused};
use crate::follower::{self, FollowError, Follower, Runner, Start};
use crate::mark_played;
use crate::metrics::{Bound, Metrics};
use crate::node::{DeviceLocks, Node, Options};
use crate::ports::{Clock, ContentRules, Entropy, TokenVerifier};
use crate::presence::{self, Presence};
use crate::reading::Reader;
use crate::recalls::Recalls;
use crate::registry::Registry;
use crate::relate::{self, Wanted};
use crate::scrub;
use crate::seal::Sealer;
use crate::sealed_rows::SealedRows;
use crate::session::Session;
use crate::turn::Turn;
use crate::watermark::Watermark;
use crate::{
    fetch_changes, fetch_events, fetch_messages, fetch_personal, get_conversation, hello, link, list_askers, list_bans,
    list_conversations, list_edits, list_members, list_pinned, list_reactions, list_readers, list_relations, mentions,
    preferences, profiles, quiet, stars,
};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use stonechat_domain::device::SignOut;
use stonechat_domain::event::Command;
use stonechat_domain::group::GroupCommand;
use stonechat_domain::member::UserRef;
use stonechat_domain::presence::Availability;
use stonechat_log::store::Log;
use stonechat_log::vault::Vault;
use stonechat_types::error_code::{ErrorCode, Retry};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::FOCUS_MAX;
use stonechat_types::number::{AppId, Seq, Timestamp};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time between two positions told to a session.
const POSITIONS: Duration = Duration::from_secs(1);
/// Reads that may run at once; more are refused as `overloaded`.
pub const READS_MAX: usize = 4_096;
/// Milliseconds that the store may lag, past which new sends and commands are shed by the share of their app.
pub const LAG_MS_MAX: u64 = 250;

/// What the application is made of.
pub struct Parts {
    /// The store.
    pub log: Arc<dyn Log>,
    /// The keys at rest.
    pub vault: Arc<dyn Vault>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Checks tokens.
    pub verifier: Arc<dyn TokenVerifier>,
    /// Checks the bodies of messages.
    pub content: Arc<dyn ContentRules>,
    /// Where tasks are started, so that they end with the server.
    pub tasks: TaskTracker,
    /// What an operator may choose.
    pub options: Options,
}

/// The application.
pub struct App {
    node: Arc<Node>,
    mailboxes: Vec<Arc<Mailbox>>,
    reads: tokio::sync::Semaphore,
    tasks: TaskTracker,
    stop: CancellationToken,
    followers: Mutex<BTreeSet<&'static str>>,
}

impl App {
    /// Starts the executors.
    pub fn start(parts: Parts, registry: &mut prometheus_client::registry::Registry) -> Arc<Self> {
        let Parts { log, vault, clock, entropy, verifier, content, tasks, options } = parts;
        let log: Arc<dyn Log> = Arc::new(SealedRows::new(log, vault.clone()));
        let watermark = Arc::new(Watermark::new(log.head()));
        let (of_log, of_vault) = (log.clone(), vault.clone());
        let directory = Arc::new(Directory::new(
            of_log,
            of_vault,
            clock.clone(),
            entropy.clone(),
            watermark.clone(),
            tasks.clone(),
        ));
        let node = Arc::new(Node {
            log,
            sealer: Sealer::new(vault),
            clock,
            entropy,
            verifier,
            content,
            registry: Registry::default(),
            presence: Presence::default(),
            directory,
            watermark,
            metrics: Metrics::new(registry),
            options,
            next_conversation: Mutex::default(),
            next_session: AtomicU64::new(1),
            devices: DeviceLocks::default(),
            recalls: Recalls::default(),
            scrubs: tokio::sync::Notify::new(),
        });
        let stop = CancellationToken::new();
        let mut mailboxes = Vec::new();
        for _ in 0..node.options.executors.max(1) {
            let mailbox = Arc::new(Mailbox::default());
            tasks.spawn(executor::run(node.clone(), mailbox.clone(), stop.clone()));
            mailboxes.push(mailbox);
        }
        tasks.spawn(scrub::run(node.clone(), stop.clone()));
        tasks.spawn(presence::run::run(node.clone(), stop.clone()));
        tasks.spawn(presence::seen::run(node.clone(), stop.clone()));
        tasks.spawn(report_positions(node.clone(), mailboxes.clone(), (tasks.clone(), stop.clone())));
        let reads = tokio::sync::Semaphore::new(READS_MAX);
        Arc::new(Self { node, mailboxes, reads, tasks, stop, followers: Mutex::default() })
    }

    /// Stops the executors, after what they took is durable and answered. Wait for the task tracker.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Starts a follower, which runs until [`App::stop`]. It goes on where its stored position is, else from `start`.
    ///
    /// # Errors
    /// [`FollowError`] when its name is wrong or taken.
    pub fn follow(&self, follower: Arc<dyn Follower>, start: Start) -> Result<(), FollowError> {
        let name = follower.name();
        follower::check_name(name)?;
        if !self.followers.lock().unwrap_or_else(PoisonError::into_inner).insert(name) {
            return Err(FollowError::Taken(name));
        }
        self.tasks.spawn(Runner::new(&self.node, follower, start).run(self.stop.clone()));
        Ok(())
    }

    /// Does what a hello and a send do, without a trace: checks a token, reads a window, and commits a record that says
    /// nothing. Succeeds when both would.
    ///
    /// # Errors
    /// [`Failure`] of what would fail.
    pub async fn probe(&self, token: &str) -> Result<(), Failure> {
        let identity = hello::identify(&self.node, token)?;
        let nobody = UserRef { no: Default::default(), id: identity.user };
        list_conversations::columns(&self.node, &Reader { app: identity.app, user: nobody }).await?;
        let nothing = stonechat_log::record::Record::default();
        commit(&*self.node.log, &self.node.watermark, nothing).await.map(drop)
    }

    /// What the application counts.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.node.metrics
    }

    /// Begins a session; the answer is [`Outbound::Begun`].
    pub fn begin(self: &Arc<Self>, hello: Hello, sink: Arc<dyn SessionSink>) {
        let node = self.node.clone();
        self.tasks.spawn(async move {
            let begun = hello::begin(&node, hello, sink.clone()).await;
            let session = begun.as_ref().ok().map(|begun| begun.session.clone());
            if let Err(failure) = &begun {
                node.metrics.refused(failure.code);
            }
            if sink.offer_control(Outbound::Begun(begun)) == crate::api::Offer::Closed
                && let Some(session) = session
            {
                node.end(&session);
            }
        });
    }

    /// The connection of a session is gone.
    pub fn end(&self, session: &Arc<Session>) {
        self.node.end(session);
    }

    /// A new token on a live session; the answer is [`Outbound::Refreshed`].
    pub fn refresh(self: &Arc<Self>, session: &Arc<Session>, call: u64, token: String) {
        let result = hello::refresh(&self.node, session, &token);
        session.offer_control(Outbound::Refreshed { call, result });
    }

    /// Takes a call of a session. Never waits; the answer is [`Outbound::Answer`].
    pub fn submit(self: &Arc<Self>, session: &Arc<Session>, call: u64, request: Call) {
        match request {
            Call::Focus(mut conversations) => {
                conversations.truncate(FOCUS_MAX);
                session.set_focus(conversations);
            }
            Call::Away(away) => {
                let here = if away { Availability::Away } else { Availability::Online };
                self.node.presence.moved(session, here);
            }
            Call::Typing { conversation, active } => {
                if !session.may_type(active, self.node.clock.monotonic_ms()) {
                    return;
                }
                self.mail(session.app, &session.user, conversation, Work::Typing(active), Reply::Nobody);
            }
            request => {
                let send = if let Call::Send(send) = &request { Some(send.client_msg_id) } else { None };
                let reply = Reply::Session { session: session.clone(), call, send };
                let reader = Reader { app: session.app, user: session.user.clone() };
                self.route(reader, Some(session.clone()), request, reply);
            }
        }
    }

    fn route(self: &Arc<Self>, reader: Reader, session: Option<Arc<Session>>, call: Call, reply: Reply) {
        let Reader { app, user } = &reader;
        match call {
            Call::Send(send) => {
                let conversation = match &send.to {
                    Destination::Conversation(id) => *id,
                    Destination::User(peer) => ConversationId::direct(*app, &user.id, peer),
                };
                self.send(&reader, conversation, send, reply);
            }
            Call::MarkRead { conversation, upto } => {
                self.mail(*app, user, conversation, Work::MarkRead(upto), reply);
            }
            Call::MarkDelivered(marks) => {
                let this = self.clone();
                self.tasks.spawn(async move { this.mark_delivered(reader, marks, reply).await });
            }
            Call::MarkPlayed { conversation, seq } => {
                let this = self.clone();
                self.tasks.spawn(async move {
                    match mark_played::is_voice(&this.node, &reader, conversation, seq).await {
                        Ok(is) => this.mail(reader.app, &reader.user, conversation, Work::MarkPlayed(seq, is), reply),
                        Err(failure) => this.fail(failure, reply),
                    }
                });
            }
            Call::ChangeMessage(ChangeMessage { command_id, conversation, seq, command, authority }) => {
                let work = Work::ChangeMessage(command_id, seq, command, authority);
                self.mail(*app, user, conversation, work, reply);
            }
            Call::CreateGroup(_) | Call::Change(_) | Call::Relate(_) => {
                let this = self.clone();
                self.tasks.spawn(async move { this.command(reader, call, reply).await });
            }
            call => {
                let this = self.clone();
                self.tasks.spawn(async move {
                    // One answer of a session is in preparation at a time, until it is written. Those behind it wait
                    // before they count as reads: who does not take his answers holds up nobody else's.
                    let turn = match &session {
                        Some(session) => Some(session.turn(&this.node.metrics).await),
                        None => None,
                    };
                    // A box, so that a read which waits for its turn is small.
                    Box::pin(this.read(reader, session, call, reply, turn)).await;
                });
            }
        }
    }

    async fn read(&self, reader: Reader, session: Option<Arc<Session>>, call: Call, reply: Reply, turn: Option<Turn>) {
        let Ok(_permit) = self.reads.try_acquire() else {
            return overloaded(&self.node, Bound::Reads, reply);
        };
        let metrics = &self.node.metrics;
        metrics.reads.inc();
        let pulls = matches!(call, Call::Pull { .. });
        let watches = matches!(call, Call::WatchPresence(_));
        let result = read(&self.node, &reader, session.as_ref(), call).await;
        let pulled = result.is_ok();
        if let Err(failure) = &result {
            metrics.refused(failure.code);
        }
        reply.answer_in_turn(result, turn);
        if let Some(session) = session.as_ref().filter(|_| pulls) {
            // Positions flow again only behind the answer; without one the device has to pull once more.
            if pulled {
                session.caught_up();
                self.node.presence.tell_again(session);
            } else {
                session.fell_behind();
            }
        }
        if let Some(session) = session.as_ref().filter(|_| watches) {
            self.node.presence.answered(session);
        }
        metrics.reads.dec();
    }

    fn send(&self, reader: &Reader, conversation: ConversationId, send: SendMessage, reply: Reply) {
        if send.after.is_some_and(|after| reply.was_refused(after)) {
            self.node.metrics.refused(ErrorCode::RetryInOrder);
            return reply.refuse(ErrorCode::RetryInOrder, "the message before this one was not accepted yet");
        }
        self.mail(reader.app, &reader.user, conversation, Work::Send(send), reply);
    }

    /// Notes what a device has stored, one conversation after the other, so that a call has no more in a mailbox than any
    /// other call. Where it never can be noted, nothing is.
    async fn mark_delivered(self: Arc<Self>, reader: Reader, marks: Vec<(ConversationId, Seq)>, reply: Reply) {
        for (conversation, upto) in marks {
            let (done, answer) = oneshot::channel();
            self.mail(reader.app, &reader.user, conversation, Work::MarkDelivered(upto), Reply::Once(done));
            let stopping = |_| Err(Failure::new(ErrorCode::ShuttingDown, "the server is about to stop"));
            match answer.await.unwrap_or_else(stopping) {
                Err(failure) if failure.code.retry() != Retry::Never => return reply.answer(Err(failure)),
                Ok(_) | Err(_) => {}
            }
        }
        reply.answer(Ok(Answer::Done));
    }

    async fn command(self: Arc<Self>, reader: Reader, call: Call, reply: Reply) {
        match self.resolve(&reader, call).await {
            Ok((conversation, work)) => self.mail(reader.app, &reader.user, conversation, work, reply),
            Err(failure) => self.fail(failure, reply),
        }
    }

    fn fail(&self, failure: Failure, reply: Reply) {
        self.node.metrics.refused(failure.code);
        reply.answer(Err(failure));
    }

    /// Finds the users that a command names.
    async fn resolve(&self, reader: &Reader, call: Call) -> Result<(ConversationId, Work), Failure> {
        let one = |user: UserId| async move { self.users(reader.app, &[user]).await.map(|mut users| users.remove(0)) };
        match call {
            Call::CreateGroup(CreateGroup { command_id, kind, title, members }) => {
                let id = ConversationId::created(kind, reader.app, &reader.user.id, command_id);
                let members = self.users(reader.app, &members).await?;
                Ok((id, Work::Command(command_id, Command::Create { title: Some(title), members })))
            }
            Call::Change(ChangeConversation { command_id, conversation, change }) => {
                let command = match change {
                    ChangeRequest::AddMembers(users) => Command::AddMembers(self.users(reader.app, &users).await?),
                    ChangeRequest::RemoveMember(user) => Command::RemoveMember(one(user).await?),
                    ChangeRequest::Leave => Command::Leave,
                    ChangeRequest::Rename(title) => Command::Rename(title),
                    ChangeRequest::Command(content) => Command::Command(content),
                    ChangeRequest::SetRole(user, role) => Command::SetRole(one(user).await?, role),
                    ChangeRequest::JoinByLink(token) => Command::Group(GroupCommand::Join(Some(link::id_of(&token)))),
                    ChangeRequest::Group(command) => {
                        let named = match command.named() {
                            Some(user) => Some(one(user.clone()).await?),
                            None => None,
                        };
                        let incomplete = || Failure::new(ErrorCode::Internal, "the command names nobody");
                        Command::Group(command.naming(named).ok_or_else(incomplete)?)
                    }
                };
                Ok((conversation, Work::Command(command_id, command)))
            }
            Call::Relate(relate) => {
                let Relate { command_id, peer, command } = *relate;
                let direct = ConversationId::direct(reader.app, &reader.user.id, &peer);
                let peer = one(peer).await?;
                relate::has_room(&self.node, reader, &peer, &command).await?;
                Ok((direct, Work::Relate(command_id, Box::new(Wanted { peer, command }))))
            }
            _ => Err(Failure::new(ErrorCode::Internal, "this call is not a command")),
        }
    }

    async fn users(&self, app: AppId, ids: &[UserId]) -> Result<Vec<UserRef>, Failure> {
        let mut users = Vec::with_capacity(ids.len());
        for id in ids {
            let user = self.node.directory.find(app, id).await.map_err(failure)?;
            users.push(match user {
                Some(user) => user.user,
                None => return Err(Failure::new(ErrorCode::NotFound, format!("there is no user {id}"))),
            });
        }
        Ok(users)
    }

    fn mail(&self, app: AppId, actor: &UserRef, conversation: ConversationId, work: Work, reply: Reply) {
        let bytes = conversation.as_bytes();
        let hash = u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let mailbox = &self.mailboxes[hash as usize % self.mailboxes.len()];
        // Here, on the caller's task, since it takes time; said only where a repetition was not answered before.
        let wrong = work.content().and_then(|(body_type, body)| self.node.content.check(app, body_type, body).err());
        let wrong = wrong.map(String::into_boxed_str);
        let job = Job { key: (app, conversation), actor: actor.clone(), work, reply, wrong };
        // While the committer lags, whoever has his share of the work gets no more of it in. What was taken is done.
        let is_new = matches!(
            job.work,
            Work::Send(_)
                | Work::Command(..)
                | Work::ChangeMessage(..)
                | Work::Relate(..)
                | Work::MarkDelivered(_)
                | Work::MarkPlayed(..)
        );
        let sent = if is_new && self.node.log.lag_ms() > LAG_MS_MAX {
            mailbox.send_within_share(job)
        } else {
            mailbox.send(job)
        };
        let Err(refused) = sent else { return };
        let (job, why) = *refused;
        match why {
            Refused::Full => overloaded(&self.node, Bound::Mailbox, job.reply),
            Refused::Share => overloaded(&self.node, Bound::Share, job.reply),
            Refused::Closed => job.reply.refuse(ErrorCode::ShuttingDown, "the server is about to stop"),
        }
    }
}

fn overloaded(node: &Node, bound: Bound, reply: Reply) {
    reply.answer(Err(overload(node, bound)));
}

fn overload(node: &Node, bound: Bound) -> Failure {
    node.metrics.overloaded(bound);
    let message = "the server has more work than it can take";
    Failure { retry_after_ms: Some(250), ..Failure::new(ErrorCode::Overloaded, message) }
}

async fn read(node: &Node, reader: &Reader, session: Option<&Arc<Session>>, call: Call) -> Result<Answer, Failure> {
    Ok(match call {
        Call::ListConversations { page, limit } => {
            Answer::Conversations(list_conversations::list(node, reader, &page, limit).await?)
        }
        Call::GetConversation(id) => {
            Answer::Conversation(Box::new(get_conversation::view_one(node, reader, id).await?))
        }
        Call::FetchEvents { conversation, after, limit } => {
            Answer::Events(Box::new(fetch_events::fetch(node, reader, conversation, after, limit).await?))
        }
        Call::FetchMessages { conversation, range, limit, with_events } => {
            let wanted = fetch_messages::Wanted { conversation, range, limit, with_events };
            Answer::Messages(Box::new(fetch_messages::fetch(node, reader, wanted).await?))
        }
        Call::FetchPersonal { after, limit } => {
            let page = fetch_personal::fetch(node, reader, after, limit).await?;
            if let Some(session) = session.filter(|session| after <= session.personal_upto()) {
                session.told_personal_upto(page.upto);
            }
            Answer::Personal(page)
        }
        Call::ListMembers(wanted) => Answer::Members(list_members::list(node, reader, wanted).await?),
        Call::ListAskers { conversation, which, page, limit } => {
            Answer::Askers(list_askers::list(node, reader, (conversation, which), (page, limit)).await?)
        }
        Call::ListBans { conversation, page, limit } => {
            Answer::Bans(list_bans::list(node, reader, conversation, (page, limit)).await?)
        }
        Call::FetchChanges(wanted) => Answer::Changes(Box::new(fetch_changes::fetch(node, reader, wanted).await?)),
        Call::ListReactions(wanted) => Answer::Reactions(list_reactions::list(node, reader, wanted).await?),
        Call::ListReaders(wanted) => Answer::Members(list_readers::list(node, reader, wanted).await?),
        Call::ListPinned { conversation, after, limit } => {
            Answer::Messages(Box::new(list_pinned::list(node, reader, conversation, (after, limit)).await?))
        }
        Call::SetPreferences(wanted) => preferences::set(node, reader, *wanted).await?,
        Call::DeleteMessages(wanted) => deletions::delete(node, reader, wanted).await?,
        Call::StarMessages(wanted) => stars::star(node, reader, wanted).await?,
        Call::ListStarred { page, limit } => Answer::Starred(stars::list(node, reader, &page, limit).await?),
        Call::GetPreferences(conversation) => preferences::get(node, reader, conversation).await?,
        Call::GetQuiet => quiet::get(node, reader).await?,
        Call::SetQuiet(wanted) => quiet::set(node, reader, *wanted).await?,
        Call::ListMentions(wanted) => Answer::Mentions(mentions::list(node, reader, wanted).await?),
        Call::ListEdits { conversation, seq, after } => {
            Answer::Edits(list_edits::list(node, reader, conversation, seq, after).await?)
        }
        Call::ListContentTypes => Answer::ContentTypes(node.content.declared(reader.app)),
        Call::ListDevices => Answer::Devices(devices::list(node, reader).await?),
        Call::RevokeDevice(device) => {
            let why = if session.is_some() { SignOut::ByUser } else { SignOut::ByApp };
            devices::revoke(node, reader, &device, why).await?;
            Answer::Done
        }
        Call::RevokeOtherDevices => {
            let why = if session.is_some() { SignOut::ByUser } else { SignOut::ByApp };
            devices::revoke_others(node, reader, session.map(|session| &session.device), why).await?;
            Answer::Done
        }
        Call::Pull { position, window } => {
            let Some(session) = session else {
                return Err(Failure::new(ErrorCode::InvalidArgument, "only a session can pull"));
            };
            session.unpoke();
            Answer::Welcome(Box::new(hello::welcome(node, session, reader, &position, window).await?))
        }
        Call::GetUsers(ids, usernames) => Answer::Users(profiles::get(node, reader, ids, usernames).await?),
        Call::GetProfile => Answer::Profile(Box::new(profiles::own(node, reader).await?)),
        Call::SetProfile(set) => Answer::Profile(Box::new(profiles::set(node, reader, *set).await?)),
        Call::ListRelations(wanted) => Answer::Relations(list_relations::list(node, reader, wanted).await?),
        Call::SetPresence(set) => {
            Answer::PresenceSettings(Box::new(presence::settings::set(node, reader, *set).await?))
        }
        Call::GetPresenceSettings => {
            let settings = presence::settings::of(node, (reader.app, reader.user.no)).await?;
            Answer::PresenceSettings(Box::new(settings))
        }
        Call::WatchPresence(users) => {
            let Some(session) = session else {
                return Err(Failure::new(ErrorCode::InvalidArgument, "only a session can watch users"));
            };
            Answer::Presences(presence::look::watch(node, session, users).await?)
        }
        Call::GetPresence(users) => Answer::Presences(presence::look::get(node, reader, users).await?),
        Call::Relate(_)
        | Call::Send(_)
        | Call::ChangeMessage(_)
        | Call::CreateGroup(_)
        | Call::Change(_)
        | Call::MarkRead { .. }
        | Call::MarkDelivered(_)
        | Call::MarkPlayed { .. }
        | Call::Typing { .. }
        | Call::Away(_)
        | Call::Focus(_) => return Err(Failure::new(ErrorCode::Internal, "this call is not a read")),
    })
}

async fn report_positions(
    node: Arc<Node>,
    mailboxes: Vec<Arc<Mailbox>>,
    (tasks, stop): (TaskTracker, CancellationToken),
) {
    let mut tick = interval(POSITIONS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = tick.tick() => {
                hello::report_positions(&node);
                let late = hello::take_unnoted(&node);
                if !late.is_empty() {
                    let node = node.clone();
                    tasks.spawn(async move { devices::sign_in_again(&node, late).await });
                }
                let waiting: usize = mailboxes.iter().map(|mailbox| mailbox.len()).sum();
                node.metrics.mailbox_depth.set(waiting as i64);
                node.metrics.users_pending.set(node.directory.pending() as i64);
                node.metrics.overloaded_upto(Bound::Users, node.directory.overloads());
            }
        }
    }
}

impl Node {
    /// A session ends.
    pub(crate) fn end(&self, session: &Arc<Session>) {
        self.presence.forget(session);
        if self.registry.holds(session) {
            self.presence.linger(session, self.clock.now(), self.clock.monotonic_ms());
        }
        if self.registry.remove(session) {
            self.metrics.sessions.dec();
        }
    }

    /// A session that is about to begin.
    pub(crate) fn session(
        &self,
        reader: &Reader,
        hello: &Hello,
        expires_at: Timestamp,
        sink: Arc<dyn SessionSink>,
    ) -> Arc<Session> {
        let device = (hello.device.clone(), hello.platform);
        let id = self.next_session.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Arc::new(Session::new(id, reader.app, reader.user.clone(), device, expires_at, sink))
    }
}
