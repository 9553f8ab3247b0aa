//! What is seen live is seen by a device that was offline meanwhile, too, and by one that begins after a restart of the
//! server.

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use std::path::Path;
use stonechat_client::account::Account;
use stonechat_client::client::{ClientBuilder, DeviceInfo, Platform};
use stonechat_client::content::{Attributes, Content, EntityKind, Location, Media, MediaKind, RichText, Upload};
use stonechat_client::error::AuthError;
use stonechat_client::events::EventStream;
use stonechat_client::people::{ProfileChange, WhoMayMessage};
use stonechat_client::search::Search;
use stonechat_client::send::{Outgoing, Text};
use stonechat_client::state::{
    ConnectionState, ConversationSummary, EndReason, Message, Role, SendState, SignOutReason, TimelineItemKind,
};
use stonechat_client::timeline::{Timeline, TimelineOptions};
use stonechat_domain::device::{DevicePolicies, DevicePolicy};
use stonechat_domain::group::{JoinMode, SettingsPatch};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, account_with, until, user};
use stonechat_types::id::{ConversationId, DeviceId};
use stonechat_types::number::Timestamp;
use stonechat_wire::body;
use tokio::time::timeout;

async fn started(account: Account) -> anyhow::Result<Account> {
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

async fn online(local: &Local, name: &str, device: &str, folder: &Path) -> anyhow::Result<Account> {
    let home = folder.join(name).join(device);
    started(account(&local.url(), &local.token(name), name, device, &home).await?).await
}

fn messages(timeline: &Timeline) -> Vec<Message> {
    let items = timeline.items();
    let messages = items.iter().filter_map(|item| match &item.kind {
        TimelineItemKind::Message(item) => Some(item.message.clone()),
        _ => None,
    });
    messages.collect()
}

/// What a message says, and what it carries beside that.
type Said = (Content, Option<Attributes>);

/// Waits until a device shows these messages, and no others.
async fn says(account: &Account, id: ConversationId, expected: &[Said]) -> anyhow::Result<Vec<Message>> {
    let timeline = account.conversation(&id).timeline(TimelineOptions::default()).await?;
    let said = |message: Message| (message.content, message.attributes.map(|attributes| *attributes));
    let shown = || messages(&timeline).into_iter().map(said).collect::<Vec<_>>();
    until("a device says all of it", || shown() == expected).await.with_context(|| format!("{:?}", shown()))?;
    Ok(messages(&timeline))
}

/// Waits until the list of a device shows a conversation so.
async fn shows(
    account: &Account,
    id: ConversationId,
    what: &str,
    is_so: impl Fn(&ConversationSummary) -> bool,
) -> anyhow::Result<()> {
    let conversation = account.conversation(&id);
    let now = || conversation.summary();
    until(what, || now().is_some_and(|summary| is_so(&summary))).await.with_context(|| format!("{:?}", now()))
}

/// One message of each kind that people send.
fn all_kinds() -> Vec<Content> {
    let mut rich = RichText::new("bold, slanted, a link and code");
    rich.mark(0..4, EntityKind::Bold);
    rich.mark(6..13, EntityKind::Italic);
    rich.mark(17..21, EntityKind::Link("https://example.org/".into()));
    rich.mark(26..30, EntityKind::Code);
    let file = |name: &str| Upload { id: "up-7".into(), name: name.into(), mime_type: "x/y".into(), bytes: 7_000 };
    let (width, height, caption) = (640, 480, "The harbour".to_owned());
    let image = Media { kind: MediaKind::Image, file: file("a.jpg"), width, height, caption, ..Media::default() };
    let waveform = Bytes::from_static(&[1, 9, 3]);
    let voice = Media { kind: MediaKind::Voice, file: file("a.ogg"), duration_ms: 2_500, waveform, ..Media::default() };
    let video = Media { kind: MediaKind::Video, file: file("a.mp4"), duration_ms: 900, ..image.clone() };
    let of_any_kind = Media { kind: MediaKind::File, file: file("a.pdf"), ..Media::default() };
    let media = [image, voice, video, of_any_kind].map(|media| Content::Media(Box::new(media)));
    let place = Location { latitude: 52.1, longitude: 5.1, name: "Utrecht".into(), address: "Domplein 1".into() };
    let card = Content::ContactCard { user: user("carol"), display_name: "Carol".into() };
    [Content::Text(rich)].into_iter().chain(media).chain([Content::Location(Box::new(place)), card]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_message_is_the_same_on_every_device() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let alice = online(&local, "alice", "phone", folder.path()).await?;
    let bob = online(&local, "bob", "phone", folder.path()).await?;
    let away = online(&local, "bob", "laptop", folder.path()).await?;
    let here = alice.conversation_with(&user("bob"));
    let first = here.send(Text::new("it begins")).await?.sent().await?;
    let id = first.conversation;
    let mut expected = vec![(Content::Text("it begins".into()), None)];
    says(&away, id, &expected).await?;
    away.stop().await;
    drop(away);
    for content in all_kinds() {
        here.send(Outgoing::try_from(&content)?).await?.sent().await?;
        expected.push((content, None));
    }
    let carried = Attributes { priority: 7, extension: Bytes::from_static(&[0, 0xFF, 7]), ..Attributes::default() };
    let urgent = Content::Text("urgent".into());
    here.send(Outgoing::try_from(&urgent)?.with(carried.clone())?).await?.sent().await?;
    expected.push((urgent, Some(carried)));
    let there = says(&bob, id, &expected).await.context("on a second device")?;
    let of_bob = bob.conversation(&id);
    let typing = of_bob.typing();
    here.set_typing(true).await?;
    until("alice is seen to write", || typing.get() == [user("alice")]).await?;
    here.set_typing(false).await?;
    until("and to stop", || typing.get().is_empty()).await?;
    observed("typing", &[Seen::Second])?;
    // Somebody else's words, and several of them as one.
    let forwarded = Outgoing::forward(&there[1])?;
    of_bob.send(forwarded).await?.sent().await?;
    of_bob.send(Outgoing::merge("Two of them", &[(&there[0], "Alice"), (&there[2], "Alice")])?).await?.sent().await?;
    let timeline = alice.conversation(&id).timeline(TimelineOptions::default()).await?;
    until("alice has both", || messages(&timeline).len() == expected.len() + 2).await?;
    for message in &messages(&timeline)[expected.len()..] {
        expected.push((message.content.clone(), message.attributes.as_deref().cloned()));
    }
    let [.., (again, of_alice), (Content::Merged(merged), _)] = &expected[..] else { anyhow::bail!("{expected:?}") };
    let author = of_alice.as_ref().and_then(|it| it.forwarded.as_ref()).map(|it| it.author.clone());
    ensure!(*again == there[1].content && author == Some(user("alice")), "{again:?} of {author:?}");
    let inside: Vec<_> = merged.messages.iter().map(|it| (it.author_name.as_str(), &it.content)).collect();
    ensure!(merged.title == "Two of them" && inside == [("Alice", &there[0].content), ("Alice", &there[2].content)]);

    let away = online(&local, "bob", "laptop", folder.path()).await?;
    says(&away, id, &expected).await.context("on the device that was offline")?;
    local.restart().await?;
    let fresh = online(&local, "bob", "desktop", folder.path()).await?;
    says(&fresh, id, &expected).await.context("on a new device after a restart")?;

    // Each device finds what it holds by itself.
    let search = |text: &str| Search { text: text.into(), conversation: Some(id), ..Search::default() };
    for device in [&bob, &away, &fresh] {
        let images = Search { body_type: Some(body::IMAGE.into()), ..search("harbour") };
        let found = device.search(images).await?;
        ensure!(found.len() == 1 && found[0].content == expected[2].0, "{found:?}");
        ensure!(device.search(search("URGENT")).await?.len() == 1);
        let later = Search { since: Some(Timestamp(i64::MAX)), ..search("urgent") };
        ensure!(device.search(later).await?.is_empty(), "nothing is that new");
    }
    for key in ["entities", "forward", "merge", "priority", "media", "location", "search"] {
        observed(key, &Seen::ALL)?;
    }
    for account in [alice, bob, away, fresh] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_reaches_the_app_on_every_device_and_nobody_sees_it() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let alice = online(&local, "alice", "phone", folder.path()).await?;
    let recording = async |local: &Local, device: &'static str| {
        let more = |builder: ClientBuilder| builder.record_events(true);
        account_with(&local.url(), &local.token("bob"), "bob", device, &folder.path().join(device), more).await
    };
    let hears = async |stream: &mut EventStream| -> anyhow::Result<()> {
        loop {
            let recorded = timeout(PATIENCE, stream.next()).await.context("the app is told")??;
            if recorded.event.kind == "command" {
                let event = recorded.event;
                ensure!(event.body_type == "app/refresh" && event.body[..] == [1, 2], "{event:?}");
                return Ok(());
            }
        }
    };
    let bob = started(recording(&local, "phone").await?).await?;
    let away = started(recording(&local, "laptop").await?).await?;
    let here = alice.conversation_with(&user("bob"));
    let id = here.send(Text::new("hello")).await?.sent().await?.conversation;
    shows(&away, id, "it is there", |it| it.unread == 1).await?;
    away.stop().await;
    drop(away);
    here.send_command("app/refresh", Bytes::from_static(&[1, 2])).await?;
    hears(&mut bob.events()).await.context("a second device")?;
    says(&bob, id, &[(Content::Text("hello".into()), None)]).await?;
    shows(&bob, id, "it does not count", |it| it.unread == 1).await?;
    let away = started(recording(&local, "laptop").await?).await?;
    hears(&mut away.events()).await.context("a device that was offline")?;
    away.stop().await;
    drop(away);
    // What the app has not dealt with, it is told again when it begins anew.
    let again = recording(&local, "laptop").await?;
    hears(&mut again.events()).await.context("an app that begins anew")?;
    local.restart().await?;
    let fresh = started(recording(&local, "desktop").await?).await?;
    hears(&mut fresh.events()).await.context("a new device after a restart")?;
    observed("command", &Seen::ALL)?;
    for account in [alice, bob, again, fresh] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_user_does_to_his_list_is_so_where_he_was_offline() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = online(&local, "alice", "phone", folder.path()).await?;
    let tablet = online(&local, "alice", "tablet", folder.path()).await?;
    let mut others = Vec::new();
    let mut ids = Vec::new();
    for name in ["marked", "archived", "read", "cleared", "deleted"] {
        let other = online(&local, name, "phone", folder.path()).await?;
        ids.push(other.conversation_with(&user("alice")).send(Text::new("hi")).await?.sent().await?.conversation);
        others.push(other);
    }
    let [marked, archived, read, cleared, deleted] = ids[..] else { unreachable!() };
    until("both devices count five", || [&phone, &tablet].iter().all(|it| it.total_unread().get() == 5)).await?;
    tablet.stop().await;
    drop(tablet);
    phone.conversation(&marked).mark_all_read().await?;
    phone.conversation(&marked).mark_unread(true).await?.done().await?;
    phone.conversation(&archived).archive(true).await?.done().await?;
    phone.conversation(&read).mark_all_read().await?;
    phone.conversation(&cleared).clear_history().await?.done().await?;
    phone.conversation(&deleted).delete().await?.done().await?;
    let is_so = async |device: &Account| -> anyhow::Result<()> {
        shows(device, marked, "it is marked", |it| it.preferences.marked_unread && it.unread == 0).await?;
        shows(device, archived, "it is archived", |it| it.preferences.archived && it.unread == 1).await?;
        shows(device, read, "it is read", |it| it.unread == 0).await?;
        shows(device, cleared, "it is cleared", |it| it.preferences.cleared_upto.get() > 0).await?;
        says(device, cleared, &[]).await?;
        let listed = || device.conversations().now().iter().any(|it| it.id == deleted);
        until("it is not listed", || !listed()).await?;
        until("one is unread", || device.total_unread().get() == 1).await
    };
    is_so(&phone).await?;
    let tablet = online(&local, "alice", "tablet", folder.path()).await?;
    is_so(&tablet).await.context("on the device that was offline")?;
    local.restart().await?;
    let fresh = online(&local, "alice", "laptop", folder.path()).await?;
    is_so(&fresh).await.context("on a new device after a restart")?;
    for key in ["mark_unread", "archive", "read_cursor", "clear", "delete_conversation"] {
        observed(key, &[Seen::Offline, Seen::Restart])?;
    }
    for account in others.into_iter().chain([phone, tablet, fresh]) {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn devices_that_were_offline_learn_who_was_signed_out_and_why() -> anyhow::Result<()> {
    let policies = DevicePolicies { phone: DevicePolicy::ReplaceOldest, ..DevicePolicies::default() };
    let mut local = Local::start_with(|settings| settings.apps[0].devices = policies).await?;
    let folder = tempfile::tempdir()?;
    let first_token = local.token("alice");
    let device_with = async |local: &Local, token: &str, name: &'static str, platform: Platform| {
        let info = DeviceInfo::new(DeviceId::new(name)?).on(platform);
        let more = |builder: ClientBuilder| builder.device(info);
        account_with(&local.url(), token, "alice", name, &folder.path().join(name), more).await
    };
    let device = async |local: &Local, name: &'static str, platform: Platform| {
        device_with(local, &first_token, name, platform).await
    };
    // Once somebody was signed out, a device that nobody knows needs a token that was made since.
    let stranger = async |local: &Local, name: &'static str, platform: Platform| {
        device_with(local, &local.token("alice"), name, platform).await
    };
    let ended =
        |account: &Account, why: AuthError| account.connection().get() == ConnectionState::Ended(EndReason::Auth(why));
    let knows = |account: &Account, name: &str, why: SignOutReason| {
        let devices = account.known_devices().get();
        devices.get(name).is_some_and(|it| it.revoked && it.signed_out.is_some_and(|(reason, _)| reason == why))
    };
    let old = started(device(&local, "old", Platform::Phone).await?).await?;
    let desk = started(device(&local, "desk", Platform::Desktop).await?).await?;
    let away = started(device(&local, "away", Platform::Tablet).await?).await?;
    let has_heard = |of: &str| away.known_devices().get().contains_key(of);
    until("it knows both", || has_heard("old") && has_heard("desk")).await?;
    for account in [old, away] {
        account.stop().await;
    }
    // While they are offline, one is replaced by a newer of its class, and one of another class is signed out.
    let new = started(device(&local, "new", Platform::Phone).await?).await?;
    let old = device(&local, "old", Platform::Phone).await?;
    old.start().await?;
    until("the older one ends", || ended(&old, AuthError::DeviceReplaced)).await?;
    let web = started(device(&local, "web", Platform::Web).await?).await?;
    web.stop().await;
    drop(web);
    desk.revoke_device(&DeviceId::new("web")?).await?;
    let web = device(&local, "web", Platform::Web).await?;
    web.start().await?;
    until("the one that was offline ends", || ended(&web, AuthError::Revoked)).await?;
    let away = started(device(&local, "away", Platform::Tablet).await?).await?;
    let is_told = |account: &Account| {
        knows(account, "old", SignOutReason::Replaced) && knows(account, "web", SignOutReason::User)
    };
    until("the tablet is told of both", || is_told(&away)).await?;
    observed("devices", &[Seen::Offline])?;
    observed("device_policy", &[Seen::Offline])?;
    observed("device_events", &[Seen::Offline])?;

    local.restart_with(|settings| settings.apps[0].devices = policies).await?;
    let late = started(stranger(&local, "late", Platform::Desktop).await?).await?;
    until("a new device is told as well", || is_told(&late)).await?;
    let listed = late.devices().await?;
    let signed_out = |name: &str| listed.iter().any(|it| it.id == name && it.revoked);
    ensure!(signed_out("old") && signed_out("web") && !signed_out("desk"), "{listed:?}");
    let newest = started(stranger(&local, "newest", Platform::Phone).await?).await?;
    until("the phone before it ends", || ended(&new, AuthError::DeviceReplaced)).await?;
    until("the tablet is told", || knows(&away, "new", SignOutReason::Replaced)).await?;
    observed("devices", &[Seen::Restart])?;
    observed("device_policy", &[Seen::Restart])?;
    observed("device_events", &[Seen::Restart])?;
    for account in [old, new, desk, web, away, late, newest] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_and_roles_are_right_where_nobody_looked() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let alice = online(&local, "alice", "phone", folder.path()).await?;
    let bob = online(&local, "bob", "phone", folder.path()).await?;
    let away = online(&local, "bob", "laptop", folder.path()).await?;
    let erin = online(&local, "erin", "phone", folder.path()).await?;
    let of_erin = online(&local, "erin", "laptop", folder.path()).await?;
    for name in ["carol", "dave", "frank"] {
        alice.conversation_with(&user(name)).send(Text::new("hi")).await?.sent().await?;
    }
    let here = alice.create_group("Ops", &[user("bob"), user("carol"), user("dave")]).await?;
    let id = here.id();
    for device in [&bob, &away] {
        shows(device, id, "the group is there", |it| it.member && it.member_count == 4).await?;
    }
    for account in [away, of_erin] {
        account.stop().await;
    }
    here.remove_member(&user("dave")).await?;
    here.set_role(&user("bob"), Role::Admin).await?;
    here.rename("On call").await?;
    let open = SettingsPatch { join: Some(JoinMode::Open), ..SettingsPatch::default() };
    here.change_settings(open).await?;
    erin.conversation(&id).join().await?;
    here.add_members(&[user("frank")]).await?;
    let is_so = |it: &ConversationSummary| it.title == "On call" && it.member && it.member_count == 5;
    shows(&bob, id, "bob's phone shows it", |it| is_so(it) && it.role == Role::Admin).await?;
    shows(&erin, id, "erin has joined", is_so).await?;
    let away = online(&local, "bob", "laptop", folder.path()).await?;
    shows(&away, id, "the laptop shows it", |it| is_so(it) && it.role == Role::Admin).await?;
    let of_erin = online(&local, "erin", "laptop", folder.path()).await?;
    shows(&of_erin, id, "and erin's", is_so).await?;
    local.restart().await?;
    let fresh = online(&local, "bob", "desktop", folder.path()).await?;
    shows(&fresh, id, "a new device shows it", |it| is_so(it) && it.role == Role::Admin).await?;
    let late = online(&local, "erin", "desktop", folder.path()).await?;
    shows(&late, id, "one of erin as well", is_so).await?;
    let members = fresh.conversation(&id).members().await?;
    let mut roles: Vec<_> = members.iter().map(|it| (it.user.as_str(), it.role)).collect();
    roles.sort();
    let expected = [
        ("alice", Role::Owner),
        ("bob", Role::Admin),
        ("carol", Role::Member),
        ("erin", Role::Member),
        ("frank", Role::Member),
    ];
    ensure!(roles == expected, "{roles:?}");
    // What the role allows is allowed, and who leaves is out on the device that was offline.
    fresh.conversation(&id).rename("On call, still").await?;
    away.stop().await;
    drop(away);
    bob.online(PATIENCE).await?;
    bob.conversation(&id).leave().await?;
    let away = online(&local, "bob", "laptop", folder.path()).await?;
    for device in [&fresh, &away] {
        shows(device, id, "bob is out", |it| !it.member && it.title == "On call, still").await?;
    }
    observed("group_members", &[Seen::Offline, Seen::Restart])?;
    observed("group_roles", &[Seen::Restart])?;
    observed("group_join", &[Seen::Offline, Seen::Restart])?;
    for account in [alice, bob, away, erin, of_erin, fresh, late] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_and_blocks_are_so_where_the_user_was_offline() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let folder = tempfile::tempdir()?;
    let phone = online(&local, "alice", "phone", folder.path()).await?;
    let tablet = online(&local, "alice", "tablet", folder.path()).await?;
    let bob = online(&local, "bob", "phone", folder.path()).await?;
    tablet.stop().await;
    drop(tablet);
    phone.conversation_with(&user("carol")).send(Text::new("hi")).await?.sent().await?;
    let change = ProfileChange {
        display_name: Some("Alice Moreau".into()),
        who_may_message: Some(WhoMayMessage::Contacts),
        ..ProfileChange::default()
    };
    let own = phone.set_profile(change).await?;
    phone.block(&user("carol")).await?;
    let is_so = |device: &Account| {
        let blocked = device.relation_with(&user("carol")).is_some_and(|it| it.is_blocked());
        blocked && device.profile().get().is_some_and(|it| *it == own)
    };
    let tablet = online(&local, "alice", "tablet", folder.path()).await?;
    until("the tablet shows both", || is_so(&tablet)).await?;
    let code = async |account: &Account| -> anyhow::Result<Option<String>> {
        let handle = account.conversation_with(&user("alice")).send(Text::new("hello")).await?;
        Ok(match timeout(PATIENCE, handle.done()).await? {
            SendState::Failed(failure) => Some(failure.code),
            _ => None,
        })
    };
    ensure!(code(&bob).await?.as_deref() == Some("recipient_unavailable"));
    local.restart().await?;
    let fresh = online(&local, "alice", "laptop", folder.path()).await?;
    until("a new device shows both", || is_so(&fresh)).await?;
    bob.online(PATIENCE).await?;
    ensure!(code(&bob).await?.as_deref() == Some("recipient_unavailable"), "after a restart as well");
    observed("blocks", &[Seen::Offline])?;
    observed("profile", &[Seen::Offline])?;
    observed("who_may", &[Seen::Offline, Seen::Restart])?;
    for account in [phone, tablet, bob, fresh] {
        account.stop().await;
    }
    local.stop().await;
    Ok(())
}
