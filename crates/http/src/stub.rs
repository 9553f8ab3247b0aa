//! A backend for tests, steered by how it is made. It knows the app `default` with the key `sk_default_right`.

use crate::backend::{Backend, BoxFuture, Readiness};
use crate::metrics::Metrics;
use crate::router::router;
use crate::state::HttpState;
use crate::web::demo::DemoPerson;
use crate::web::files::{WebFile, WebFiles};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use prometheus_client::registry::Registry;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use stonechat_app::api::{
    Answer, AskerView, AskersPage, BanView, BansPage, Call, CommandDone, Content, ContentType, ContentTypes,
    ConversationPage, ConversationView, Destination, DeviceView, EditView, EditsPage, EventView, Failure, GroupView,
    MemberView, MembersPage, MentionView, MentionsPage, MessageView, MessagesPage, OwnProfile, PersonalItem,
    PresenceView, ProfilePatch, ProfileView, ReactionsPage, ReadMark, RelationView, RelationsPage, Sent, StarredPage,
    StarredView, UserView,
};
use stonechat_app::ports::{Clock, Entropy};
use stonechat_domain::device::{Platform, SignOut};
use stonechat_domain::event::Change;
use stonechat_domain::group::{GroupChange, Info, JoinMode, Link, LinkId, Settings};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::Role;
use stonechat_domain::preferences::{FOR_GOOD, Preferences};
use stonechat_domain::presence::{Availability, Platforms, PresenceSettings, Shown, Status};
use stonechat_domain::quiet::Quiet;
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::fields::Fields;
use stonechat_types::id::{
    AppName, CommandId, ConversationId, ConversationKind, DeviceId, MessageId, UserId, Username,
};
use stonechat_types::number::{AppId, Ordinal, PersonalSeq, Seq, Timestamp};
use stonechat_types::text::{Announcement, Description, DisplayName, Nickname, Reason, StatusText, Title};
use tower::ServiceExt as _;

pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn user(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

/// The direct conversation of alice and bob.
pub(crate) fn direct() -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &user("alice"), &user("bob"))
}

/// A group that alice began.
pub(crate) fn group() -> ConversationId {
    ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &user("alice"), CommandId([1; 16]))
}

/// What the stub does with calls.
#[derive(Clone, Copy)]
enum Mood {
    Willing,
    Refusing(ErrorCode),
    Silent,
}

#[derive(Clone)]
pub(crate) struct Stub {
    mood: Mood,
    readiness: Readiness,
    web: bool,
    called: Arc<Mutex<Option<(UserId, Call)>>>,
}

impl Default for Stub {
    fn default() -> Self {
        Self { mood: Mood::Willing, readiness: Readiness::Ready, web: false, called: Arc::default() }
    }
}

impl Stub {
    /// Refuses every call.
    pub(crate) fn refusing(code: ErrorCode) -> Self {
        Self { mood: Mood::Refusing(code), ..Self::default() }
    }

    /// Never answers.
    pub(crate) fn silent() -> Self {
        Self { mood: Mood::Silent, ..Self::default() }
    }

    /// Has files of the web, and one person of the demo.
    pub(crate) fn with_web() -> Self {
        Self { web: true, ..Self::default() }
    }

    pub(crate) fn at(readiness: Readiness) -> Self {
        Self { readiness, ..Self::default() }
    }

    /// The last call.
    pub(crate) fn called(&self) -> (UserId, Call) {
        self.called.lock().unwrap().take().expect("a call was made")
    }

    pub(crate) fn state(&self) -> HttpState {
        let mut registry = Registry::default();
        HttpState {
            backend: Arc::new(self.clone()),
            clock: Arc::new(Fixed),
            entropy: Arc::new(Fixed),
            metrics: Metrics::register(&mut registry),
            registry: Arc::new(registry),
            metrics_allowed: Arc::new(|address| address.to_string() == "10.0.0.1"),
            web: self.web.then(|| Arc::new(Files) as Arc<dyn WebFiles>),
            demo: self.web.then(|| {
                let (name, avatar, awaits) = ("Alice Moreau", "/a.svg", "Two messages");
                Arc::from([DemoPerson { id: user("alice"), name, avatar, language: "en", awaits }])
            }),
        }
    }

    pub(crate) fn router(&self) -> Router {
        router(self.state())
    }

    async fn answer(&self, answer: Answer) -> Result<Answer, Failure> {
        match self.mood {
            Mood::Willing => Ok(answer),
            Mood::Refusing(code) => {
                let mut failure = Failure::new(code, "the stub refuses");
                failure.retry_after_ms = (code == ErrorCode::Overloaded).then_some(1_500);
                failure.first = (code == ErrorCode::Conflict).then(sent);
                Err(failure)
            }
            Mood::Silent => std::future::pending().await,
        }
    }
}

impl Backend for Stub {
    fn verify_secret(&self, app: &AppName, secret: &str) -> Option<AppId> {
        (app.as_str() == "default" && secret == "sk_default_right").then_some(AppId::DEFAULT)
    }

    fn change_user(&self, _: AppId, user: UserId, patch: ProfilePatch) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(async move {
            self.answer(Answer::Done).await?;
            let mut own = own(user);
            patch.name.apply(&mut own.profile.name);
            patch.username.apply(&mut own.profile.username);
            patch.avatar.apply(&mut own.profile.avatar);
            patch.question.apply(&mut own.profile.question);
            own.who_may_add = patch.who_may_add.unwrap_or_default();
            own.who_may_message = patch.who_may_message.unwrap_or_default();
            let set = patch.public.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
            own.profile.public = Fields::of(set).unwrap();
            Ok(own)
        })
    }

    fn user(&self, _: AppId, user: UserId) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(async move { self.answer(Answer::Done).await.map(|_| own(user)) })
    }

    fn user_named(&self, _: AppId, _: Username) -> BoxFuture<'_, Result<Option<OwnProfile>, Failure>> {
        Box::pin(async move { self.answer(Answer::Done).await.map(|_| Some(own(user("alice")))) })
    }

    fn content_types(&self, _app: AppId) -> Arc<ContentTypes> {
        let schema = Some(r#"{"type": "object"}"#.to_owned());
        let order = ContentType { body_type: "acme.order".into(), fallback: "Order {number}".into(), schema };
        Arc::new(ContentTypes { version: 1, types: vec![order] })
    }

    fn presence(&self, _: AppId, users: Vec<UserId>) -> BoxFuture<'_, Result<Vec<PresenceView>, Failure>> {
        Box::pin(async move {
            self.answer(Answer::Done).await?;
            Ok(users.into_iter().map(presence).collect())
        })
    }

    fn unread_total(&self, _: AppId, _: UserId) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(async move { self.answer(Answer::Done).await.map(|_| 7) })
    }

    fn call_as(&self, _app: AppId, by: UserId, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        let answer = match &call {
            Call::CreateGroup(_) => {
                Answer::CommandDone(CommandDone { conversation: group(), seq: Seq(1), deduplicated: false })
            }
            Call::Change(change) => {
                let conversation = change.conversation;
                Answer::CommandDone(CommandDone { conversation, seq: Seq(1), deduplicated: false })
            }
            Call::ListMembers(_) | Call::ListReaders(_) => Answer::Members(members()),
            Call::ChangeMessage(change) => {
                Answer::CommandDone(CommandDone { conversation: change.conversation, seq: Seq(9), deduplicated: false })
            }
            Call::SetPreferences(set) => {
                Answer::Own(PersonalSeq(1), Box::new(PersonalItem::Preferences(set.conversation, Box::default())))
            }
            Call::GetPreferences(conversation) => {
                let muted = Preferences { muted_until: Some(FOR_GOOD), ..Preferences::default() };
                Answer::Own(PersonalSeq(1), Box::new(PersonalItem::Preferences(*conversation, Box::new(muted))))
            }
            Call::GetQuiet => {
                let quiet = Quiet { paused_until: Some(FOR_GOOD), ..Quiet::default() };
                Answer::Own(PersonalSeq(1), Box::new(PersonalItem::Quiet(Box::new(quiet))))
            }
            Call::SetQuiet(set) => {
                let mut quiet = Quiet::default();
                quiet.apply(&set.patch, NOW);
                Answer::Own(PersonalSeq(1), Box::new(PersonalItem::Quiet(Box::new(quiet))))
            }
            Call::GetConversation(_) => Answer::Conversation(Box::new(conversation())),
            Call::ListConversations { .. } => {
                Answer::Conversations(ConversationPage { conversations: vec![conversation()], next: NEXT })
            }
            Call::ListReactions(_) => {
                Answer::Reactions(ReactionsPage { users: vec![(bob(), vec![Emoji::new("👍").unwrap()])], next: NEXT })
            }
            Call::ListEdits { .. } => {
                let content = page().messages.remove(0).event.content;
                Answer::Edits(EditsPage { versions: vec![EditView { seq: Seq(3), at: NOW, content }], more: false })
            }
            Call::ListMentions(_) => {
                let mentions = vec![MentionView { seq: Seq(6), ordinal: Ordinal(4) }];
                Answer::Mentions(MentionsPage { mentions, more: true, upto: Ordinal(4) })
            }
            Call::ListAskers { .. } => {
                let (message, by) = (Reason::new("Please").ok(), user("bob"));
                Answer::Askers(AskersPage { askers: vec![AskerView { user: bob(), message, by, at: NOW }], next: NEXT })
            }
            Call::ListBans { .. } => {
                let (until, by) = (FOR_GOOD, user("alice"));
                let ban = BanView { user: bob(), until, reason: None, by, at: NOW };
                Answer::Bans(BansPage { bans: vec![ban], next: Bytes::new() })
            }
            Call::ListStarred { .. } => {
                let message = page().messages.remove(0);
                Answer::Starred(StarredPage { messages: vec![StarredView { at: NOW, message }], next: NEXT })
            }
            Call::StarMessages(star) => {
                let item = PersonalItem::Stars(star.conversation, Arc::default());
                Answer::Own(PersonalSeq(1), Box::new(item))
            }
            Call::MarkRead { .. } | Call::MarkDelivered(_) | Call::MarkPlayed { .. } | Call::Typing { .. } => {
                Answer::Done
            }
            Call::ListPinned { .. } => Answer::Messages(Box::new(page())),
            Call::DeleteMessages(delete) => {
                let item = PersonalItem::Deletions(delete.conversation, Arc::default());
                Answer::Own(PersonalSeq(1), Box::new(item))
            }
            Call::Relate(_) => {
                Answer::CommandDone(CommandDone { conversation: direct(), seq: Seq::ZERO, deduplicated: false })
            }
            Call::ListRelations(_) => {
                Answer::Relations(RelationsPage { relations: vec![relation()], next: Bytes::from_static(b"page") })
            }
            Call::SetPresence(set) => {
                let mut settings = PresenceSettings::default();
                settings.apply(&set.patch);
                Answer::PresenceSettings(Box::new(settings))
            }
            Call::GetPresenceSettings => Answer::PresenceSettings(Box::default()),
            Call::ListDevices => Answer::Devices(vec![device()]),
            Call::RevokeDevice(_) | Call::RevokeOtherDevices => Answer::Done,
            Call::Send(message) => {
                if let Destination::Conversation(conversation) = message.to {
                    assert_eq!(conversation, direct());
                }
                Answer::Sent(sent())
            }
            Call::FetchMessages { .. } => Answer::Messages(Box::new(page())),
            other => panic!("no endpoint makes the call {other:?}"),
        };
        *self.called.lock().unwrap() = Some((by, call));
        Box::pin(self.answer(answer))
    }

    fn mint_token(
        &self,
        _app: AppId,
        user: &UserId,
        device: Option<&DeviceId>,
        _expires_at: Timestamp,
    ) -> Result<String, Failure> {
        Ok(format!("token of {user} on {}", device.map_or("any device", DeviceId::as_str)))
    }

    fn readiness(&self) -> Readiness {
        self.readiness
    }
}

fn own(id: UserId) -> OwnProfile {
    let profile = ProfileView {
        id,
        name: None,
        username: None,
        avatar: None,
        public: Fields::default(),
        changed_at: NOW,
        question: None,
    };
    let (who_may_message, who_may_add) = Default::default();
    OwnProfile { profile, private: Fields::default(), who_may_message, who_may_add }
}

fn relation() -> RelationView {
    RelationView {
        peer: user("bob"),
        contacts_since: Some(NOW),
        blocks_since: None,
        incoming: None,
        outgoing: None,
        declined: None,
        remarks: Default::default(),
    }
}

fn presence(user: UserId) -> PresenceView {
    let mut platforms = Platforms::default();
    platforms.insert(Platform::Phone);
    let status = Status { text: StatusText::new("at lunch").ok(), ..Status::default() };
    let (availability, last_seen, status) = (Availability::Online, Some(NOW), Some(status));
    PresenceView { user, shown: Shown { availability, platforms, last_seen, status } }
}

fn device() -> DeviceView {
    DeviceView {
        id: DeviceId::new("pixel-1").unwrap(),
        name: "Pixel 9".into(),
        client: "test".into(),
        seen_at: Timestamp(1),
        revoked: true,
        revoked_at: Timestamp(2),
        platform: Platform::Phone,
        signed_out: Some(SignOut::Replaced),
    }
}

fn sent() -> Sent {
    let id = MessageId { conversation: direct(), seq: Seq(2) };
    Sent { id, ordinal: Ordinal(1), sent_at: NOW, deduplicated: false }
}

/// Where a page goes on.
const NEXT: Bytes = Bytes::from_static(&[7, 7, 7]);

fn bob() -> UserView {
    UserView { id: user("bob"), name: DisplayName::new("Bob").ok() }
}

/// The group, as alice sees it.
fn conversation() -> ConversationView {
    let announced = EventView {
        id: MessageId { conversation: group(), seq: Seq(5) },
        ordinal: Ordinal(2),
        kind: EventKind::Announced,
        sender: user("alice"),
        sent_at: NOW,
        key: [7; 16],
        content: Content::Change(Change::Group(GroupChange::Announced(Announcement::new("We meet at noon").ok()))),
    };
    let described = Info {
        description: Description::new("What we do").ok(),
        avatar: None,
        extension: Bytes::from_static(&[0, 255]),
    };
    let shown = GroupView {
        info: described,
        settings: Settings { join: JoinMode::Approval, ..Settings::of(ConversationKind::Group) },
        announcement: Seq(5),
        dissolved: false,
        muted_until: FOR_GOOD,
        nickname: Nickname::new("Al").ok(),
        links: vec![Link { id: LinkId([7; 16]), until: FOR_GOOD, left: Some(3) }],
        announced: Some(announced),
    };
    ConversationView {
        id: group(),
        title: Title::new("Team").ok(),
        peer: None,
        role: Some(Role::Admin),
        member_count: 2,
        head: Seq(9),
        head_ordinal: Ordinal(3),
        read: Seq(2),
        read_ordinal: Ordinal(1),
        unread: 2,
        unread_mentions: 1,
        removals_version: PersonalSeq::ZERO,
        active_at: NOW,
        last_message: Some(Arc::new(page().messages.remove(0))),
        visible_from: Seq(1),
        floor_ordinal: Ordinal::ZERO,
        read_marks: vec![ReadMark { user: user("bob"), read: Seq(4), delivered: Seq(4) }],
        group: Some(Box::new(shown)),
    }
}

fn members() -> MembersPage {
    let user = UserView { id: user("bob"), name: None };
    let nickname = Nickname::new("Bobby").ok();
    let bob = MemberView { user, role: Role::Member, nickname, muted_until: NOW };
    MembersPage { members: vec![bob], next: Bytes::from_static(&[7, 7, 7]), as_of: Seq(4) }
}

fn page() -> MessagesPage {
    let message = |seq: u64, content| {
        let event = EventView {
            id: MessageId { conversation: direct(), seq: Seq(seq) },
            ordinal: Ordinal(seq - 1),
            kind: EventKind::Message,
            sender: user("alice"),
            sent_at: NOW,
            key: [7; 16],
            content,
        };
        MessageView { event, state: None }
    };
    let body = |body_type: &'static str, body: &'static [u8]| Content::Message {
        attributes: None,
        body_type: Bytes::from_static(body_type.as_bytes()),
        body: Bytes::from_static(body),
    };
    MessagesPage {
        conversation: direct(),
        messages: vec![
            message(2, body("text", b"\x0a\x02Hi")),
            message(3, body("acme.order", &[0, 1, 255])),
            message(4, Content::Lost),
        ],
        events: Vec::new(),
        as_of: Seq(4),
        from: Ordinal(1),
        upto: Ordinal(3),
        more_before: false,
        more_after: false,
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn monotonic_ms(&self) -> u64 {
        0
    }
}

/// Files of the web.
struct Files;

impl WebFiles for Files {
    fn find<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Option<WebFile>> {
        let (plain, brotli) = match path {
            "index.html" => ("index", None),
            "sw.js" => ("worker", None),
            "assets/app-1.js" => ("app", Some("app by brotli")),
            "gallery/index.html" => ("gallery", None),
            _ => return Box::pin(std::future::ready(None)),
        };
        let tag = format!("tag{}", plain.len());
        let file = WebFile { plain: plain.into(), brotli: brotli.map(Bytes::from), gzip: None, tag };
        Box::pin(std::future::ready(Some(file)))
    }
}

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(9);
    }
}

/// A request with the right key and, when there is a body, its media type.
pub(crate) fn request(method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("authorization", "Bearer sk_default_right");
    match body {
        Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

/// Adds headers to a request.
pub(crate) fn add(request: &mut Request<Body>, headers: &[(&'static str, &str)]) {
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
}

/// Sends to a willing stub.
pub(crate) async fn send(request: Request<Body>) -> (StatusCode, Value) {
    send_to(&Stub::default().router(), request).await
}

/// The status and the JSON of the answer; `null` when it is none.
pub(crate) async fn send_to(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Sends to a stub that must not be called, and gives the status and the code of the refusal.
pub(crate) async fn refusal(request: Request<Body>) -> (u16, String) {
    let stub = Stub::default();
    let (status, body) = send_to(&stub.router(), request).await;
    assert!(stub.called.lock().unwrap().is_none(), "the application was called");
    assert!(body["message"].is_string(), "{body}");
    (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
}
