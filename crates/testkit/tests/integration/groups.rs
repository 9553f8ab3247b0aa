//! What is done with a group is seen on every device: on those that look, on one that was offline, and after restarts of
//! the server and of the app.

use anyhow::{Context as _, ensure};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::group::{AskingState, Group, JoinLink};
use stonechat_client::send::Text;
use stonechat_client::state::{ConversationSummary, Member, Role};
use stonechat_domain::group::{FOR_GOOD, InfoPatch, JoinMode, SettingsPatch, Who};
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::people::{PATIENCE, account, until, user};
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::text::{AvatarRef, Description};
use tempfile::TempDir;

async fn online(local: &Local, name: &str, device: &str, home: &Path) -> anyhow::Result<Account> {
    let account = account(&local.url(), &local.token(name), name, device, home).await?;
    account.start().await?;
    account.online(PATIENCE).await.context("the device comes online")?;
    Ok(account)
}

/// Five devices: alice's phone and tablet, bob's phone and laptop, carol's phone.
struct People {
    alice: Account,
    tablet: Account,
    bob: Account,
    away: Account,
    carol: Account,
    homes: Vec<TempDir>,
}

impl People {
    async fn of(local: &Local) -> anyhow::Result<Self> {
        let homes: Vec<_> = (0..5).map(|_| tempfile::tempdir()).collect::<Result<_, _>>()?;
        Ok(Self {
            alice: online(local, "alice", "phone", homes[0].path()).await?,
            tablet: online(local, "alice", "tablet", homes[1].path()).await?,
            bob: online(local, "bob", "phone", homes[2].path()).await?,
            away: online(local, "bob", "laptop", homes[3].path()).await?,
            carol: online(local, "carol", "phone", homes[4].path()).await?,
            homes,
        })
    }

    /// Bob's laptop comes back.
    async fn returns(&mut self, local: &Local) -> anyhow::Result<()> {
        self.away = online(local, "bob", "laptop", self.homes[3].path()).await?;
        Ok(())
    }

    async fn stop(self) {
        for account in [self.alice, self.tablet, self.bob, self.away, self.carol] {
            account.stop().await;
        }
    }
}

/// Waits until a list shows a conversation so.
async fn shows(
    account: &Account,
    id: ConversationId,
    what: &str,
    is_so: impl Fn(&ConversationSummary) -> bool,
) -> anyhow::Result<Arc<ConversationSummary>> {
    let conversation = account.conversation(&id);
    until(what, || conversation.summary().is_some_and(|summary| is_so(&summary))).await?;
    conversation.summary().context("it is there")
}

async fn refused(code: &str, outcome: impl Future<Output = stonechat_client::error::Result<()>>) -> anyhow::Result<()> {
    let refusal = outcome.await.err().context("it is refused")?;
    ensure!(refusal.to_string().contains(code), "{refusal} is not {code}");
    Ok(())
}

/// Writes, and hands back the code of the refusal.
async fn refusal_of_send(conversation: &Conversation) -> anyhow::Result<String> {
    let sent = conversation.send(Text::new("hello")).await?.sent().await;
    Ok(sent.err().context("it is refused")?.to_string())
}

fn texts(page: &stonechat_client::state::HistoryPage) -> Vec<String> {
    page.messages.iter().map(|message| format!("{:?}", message.content)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_group_says_of_itself_and_its_settings_reach_every_device_and_stay() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let here = people.alice.create_group("Ops", &[user("bob"), user("carol")]).await?;
    let id = here.id();
    for account in [&people.tablet, &people.bob, &people.away, &people.carol] {
        shows(account, id, "the group is there", |it| it.member).await?;
    }
    people.away.stop().await;
    let description = Description::new("Who is on call,\nand when").ok();
    let avatar = AvatarRef::new("pictures/7").ok();
    let extension = Some(bytes::Bytes::from_static(&[0, 0xFF, 7]));
    let patch = InfoPatch { description: Some(description), avatar: Some(avatar), extension };
    here.set_info(&patch).await?;
    // Two parts of the info are not undone by a change of the third.
    let shorter = InfoPatch { description: Some(Description::new("Who is on call").ok()), ..InfoPatch::default() };
    here.set_info(&shorter).await?;
    let there = people.bob.conversation(&id);
    refused("forbidden", there.set_info(&shorter)).await?;
    let everybody = SettingsPatch { edit_info: Some(Who::Everybody), history: Some(true), ..SettingsPatch::default() };
    here.change_settings(everybody).await?;
    let avatar = InfoPatch { avatar: Some(None), ..InfoPatch::default() };
    there.set_info(&avatar).await?;
    there.rename("On call").await?;
    there.set_nickname("Bobby").await?;
    here.announce("Sunday at six,\nfor all").await?;
    let is_so = |group: &Group| {
        group.description == "Who is on call"
            && group.avatar.is_empty()
            && group.extension[..] == [0, 0xFF, 7]
            && group.settings.edit_info == Who::Everybody
            && group.settings.history
            && group.announcement.get() > 0
    };
    for account in [&people.alice, &people.tablet, &people.bob, &people.carol] {
        shows(account, id, "the list says what the group says", |it| is_so(&it.group) && it.title == "On call").await?;
    }
    shows(&people.bob, id, "bob is Bobby", |it| it.group.nickname == "Bobby").await?;
    people.returns(&local).await?;
    let told = |it: &ConversationSummary| is_so(&it.group) && it.group.nickname == "Bobby";
    shows(&people.away, id, "the laptop hears of it", told).await?;

    local.restart().await?;
    people.bob.online(PATIENCE).await?;
    let announced = there.announcement().await?.context("something is announced")?;
    ensure!((announced.text.as_str(), announced.by) == ("Sunday at six,\nfor all", user("alice")), "another");
    let ids = |members: Vec<Member>| -> Vec<_> { members.into_iter().map(|it| it.user.to_string()).collect() };
    ensure!(ids(here.announcement_readers().await?).is_empty(), "nobody's cursor has passed it");
    there.mark_read(announced.seq).await?;
    let mut readers = Vec::new();
    for _ in 0..100 {
        readers = ids(here.announcement_readers().await?);
        if !readers.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ensure!(readers == ["bob"], "{readers:?}");
    ensure!(ids(here.announcement_not_readers().await?) == ["alice", "carol"]);
    observed("announcement_readers", &[Seen::Second, Seen::Restart])?;
    let members = there.members().await?;
    let bobby = members.iter().find(|member| member.user == user("bob")).context("bob is a member")?;
    ensure!(bobby.nickname == "Bobby", "{bobby:?}");
    // Also a device that has nothing yet is told.
    let home = tempfile::tempdir()?;
    let fresh = online(&local, "carol", "desktop", home.path()).await?;
    shows(&fresh, id, "a fresh device hears of it", |it| is_so(&it.group)).await?;
    fresh.stop().await;
    // An app that starts without a connection.
    people.tablet.stop().await;
    people.tablet = account(&local.url(), &local.token("alice"), "alice", "tablet", people.homes[1].path()).await?;
    shows(&people.tablet, id, "what the device kept", |it| is_so(&it.group)).await?;
    here.announce("").await?;
    shows(&people.carol, id, "nothing is announced", |it| it.group.announcement.get() == 0).await?;
    people.stop().await;
    observed("group_settings", &Seen::ALL)?;
    observed("group_announcement", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_muted_does_not_write_and_who_is_banned_is_kept_out() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let here = people.alice.create_group("Ops", &[user("bob"), user("carol")]).await?;
    let id = here.id();
    for account in [&people.bob, &people.away, &people.carol] {
        shows(account, id, "the group is there", |it| it.member).await?;
    }
    people.away.stop().await;
    let there = people.bob.conversation(&id);
    let written = there.send(Text::new("before")).await?.sent().await?;
    here.mute(&user("bob"), None, "too loud").await?;
    let muted = |it: &ConversationSummary| it.group.muted_until == FOR_GOOD;
    shows(&people.bob, id, "bob is muted", muted).await?;
    ensure!(refusal_of_send(&there).await?.contains("muted"));
    let reacts = async { there.react(written.seq, "👍").await?.done().await.map(drop) };
    refused("muted", reacts).await?;
    let names =
        |members: Vec<Member>| -> Vec<_> { members.into_iter().map(|member| member.user.to_string()).collect() };
    ensure!(names(here.muted_members().await?) == ["bob"] && names(here.admins().await?) == ["alice"]);
    people.returns(&local).await?;
    shows(&people.away, id, "the laptop is muted", muted).await?;
    local.restart().await?;
    people.alice.online(PATIENCE).await?;
    people.bob.online(PATIENCE).await?;
    ensure!(refusal_of_send(&there).await?.contains("muted"), "after a restart as well");
    here.unmute(&user("bob")).await?;
    shows(&people.away, id, "the laptop may write", |it| it.group.muted_until.as_millis() == 0).await?;
    there.send(Text::new("after")).await?.sent().await?;
    here.mute(&user("bob"), Some(Duration::from_millis(1)), "").await?;
    // It ends by itself.
    let mut ended = there.send(Text::new("much later")).await?.sent().await.is_ok();
    for _ in 0..200 {
        if ended {
            break;
        }
        ended = there.send(Text::new("later")).await?.sent().await.is_ok();
    }
    ensure!(ended, "a mute of a millisecond ends");
    here.mute_all().await?;
    shows(&people.bob, id, "all are muted", |it| it.group.settings.speak == Who::Admins).await?;
    ensure!(refusal_of_send(&there).await?.contains("muted"));
    here.send(Text::new("admins still speak")).await?.sent().await?;
    here.unmute_all().await?;

    people.away.stop().await;
    here.ban(&user("bob"), None, "spam").await?;
    shows(&people.bob, id, "bob is out", |it| !it.member).await?;
    shows(&people.carol, id, "two are left", |it| it.member_count == 2).await?;
    people.returns(&local).await?;
    shows(&people.away, id, "the laptop is out", |it| !it.member).await?;
    let open = SettingsPatch { join: Some(JoinMode::Open), ..SettingsPatch::default() };
    here.change_settings(open).await?;
    local.restart().await?;
    people.alice.online(PATIENCE).await?;
    people.bob.online(PATIENCE).await?;
    refused("forbidden", there.join()).await?;
    refused("forbidden", here.add_members(&[user("bob")])).await?;
    let bans = here.bans().await?;
    ensure!(bans.len() == 1 && bans[0].user == user("bob") && bans[0].until.is_none() && bans[0].reason == "spam");
    here.lift_ban(&user("bob")).await?;
    ensure!(here.bans().await?.is_empty());
    there.join().await?;
    for account in [&people.bob, &people.away] {
        shows(account, id, "bob is back", |it| it.member && it.role == Role::Member && it.unread == 0).await?;
    }
    people.stop().await;
    observed("group_mutes", &Seen::ALL)?;
    observed("group_join", &[Seen::Second])?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_hands_over_and_a_group_ends() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let here = people.alice.create_group("Ops", &[user("bob"), user("carol")]).await?;
    let id = here.id();
    for account in [&people.tablet, &people.bob, &people.away, &people.carol] {
        shows(account, id, "the group is there", |it| it.member).await?;
    }
    people.away.stop().await;
    refused("last_owner", here.leave()).await?;
    here.transfer_owner(&user("bob")).await?;
    shows(&people.tablet, id, "alice is an admin", |it| it.role == Role::Admin).await?;
    shows(&people.bob, id, "bob is the owner", |it| it.role == Role::Owner).await?;
    let there = people.bob.conversation(&id);
    there.leave_to(&user("carol")).await?;
    shows(&people.bob, id, "bob is out", |it| !it.member).await?;
    shows(&people.carol, id, "carol is the owner", |it| it.role == Role::Owner && it.member_count == 2).await?;
    people.returns(&local).await?;
    shows(&people.away, id, "the laptop is out", |it| !it.member).await?;
    here.send(Text::new("the last word")).await?.sent().await?;
    people.tablet.stop().await;
    let last = people.carol.conversation(&id);
    last.dissolve().await?;
    shows(&people.alice, id, "it has ended", |it| it.group.dissolved && it.member).await?;
    local.restart().await?;
    people.alice.online(PATIENCE).await?;
    ensure!(refusal_of_send(&here).await?.contains("dissolved"));
    refused("dissolved", here.rename("Else")).await?;
    let page = here.fetch_history(None, 10).await?;
    ensure!(texts(&page).iter().any(|text| text.contains("the last word")), "what was said stays");
    people.tablet = online(&local, "alice", "tablet", people.homes[1].path()).await?;
    shows(&people.tablet, id, "the tablet hears of it", |it| it.group.dissolved).await?;
    // Of what has ended nobody has to be the owner.
    people.carol.online(PATIENCE).await?;
    last.leave().await?;
    people.stop().await;
    observed("group_roles", &[Seen::Second, Seen::Offline])?;
    observed("group_dissolve", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_read_by_whoever_joins_and_written_by_its_admins() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let channel = people.alice.create_channel("News", &[]).await?;
    let id = channel.id();
    ensure!(id.kind() == ConversationKind::Channel);
    for n in 0..3 {
        channel.send(Text::new(format!("issue {n}"))).await?.sent().await?;
    }
    let there = people.bob.conversation(&id);
    there.join().await?;
    // What was before is there, and is not unread.
    for account in [&people.bob, &people.away] {
        shows(account, id, "bob reads it", |it| it.member && it.unread == 0).await?;
    }
    let page = there.fetch_history(None, 10).await?;
    ensure!(page.messages.len() == 3, "{:?}", texts(&page));
    people.away.stop().await;
    let fourth = channel.send(Text::new("issue 3")).await?.sent().await?;
    shows(&people.bob, id, "one is unread", |it| it.unread == 1).await?;
    ensure!(refusal_of_send(&there).await?.contains("forbidden"));
    refused("forbidden", async { there.members().await.map(drop) }).await?;
    there.react(fourth.seq, "🎉").await?.done().await?;
    let everybody = SettingsPatch { speak: Some(Who::Everybody), ..SettingsPatch::default() };
    refused("invalid_argument", channel.change_settings(everybody)).await?;
    local.restart().await?;
    people.returns(&local).await?;
    let summary = shows(&people.away, id, "one is unread on the laptop", |it| it.unread == 1).await?;
    ensure!(summary.kind == ConversationKind::Channel && summary.group.settings.history);
    let timeline = people.away.conversation(&id).timeline(Default::default()).await?;
    until("the laptop has all of it", || timeline.items().len() >= 4).await?;
    people.bob.online(PATIENCE).await?;
    there.leave().await?;
    shows(&people.away, id, "bob has unsubscribed", |it| !it.member).await?;
    // Who comes back has missed what was said meanwhile, and sees what he saw.
    people.alice.online(PATIENCE).await?;
    channel.send(Text::new("issue 4")).await?.sent().await?;
    there.join().await?;
    shows(&people.bob, id, "bob is back", |it| it.member && it.unread == 0).await?;
    let page = there.fetch_history(None, 10).await?;
    ensure!(!texts(&page).iter().any(|text| text.contains("issue 4")), "{:?}", texts(&page));
    people.stop().await;
    observed("channel", &Seen::ALL)?;
    local.stop().await;
    Ok(())
}

/// Waits until a device knows what its user asks of a group, or is asked.
async fn asks(account: &Account, id: ConversationId, state: AskingState) -> anyhow::Result<()> {
    let asking = account.asking();
    let found = || asking.get().get(&id).map_or(AskingState::Nothing, |asking| asking.state);
    until(&format!("a device knows {state:?}"), || found() == state).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_is_let_in_by_an_admin_and_who_is_asked_comes_by_himself() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let here = people.alice.create_group("Ops", &[user("carol")]).await?;
    let id = here.id();
    here.send(Text::new("before")).await?.sent().await?;
    let there = people.bob.conversation(&id);
    refused("not_found", there.apply("let me in")).await?;
    let approval = SettingsPatch { join: Some(JoinMode::Approval), history: Some(true), ..SettingsPatch::default() };
    here.change_settings(approval).await?;
    refused("forbidden", there.join()).await?;
    people.away.stop().await;
    there.apply("it is me, bob").await?;
    asks(&people.bob, id, AskingState::Applied).await?;
    local.restart().await?;
    people.alice.online(PATIENCE).await?;
    people.bob.online(PATIENCE).await?;
    people.returns(&local).await?;
    asks(&people.away, id, AskingState::Applied).await?;
    let applications = here.applications().await?;
    ensure!(applications.len() == 1 && applications[0].user == user("bob"), "{applications:?}");
    ensure!(applications[0].message == "it is me, bob" && applications[0].by == Some(user("bob")));
    ensure!(here.invitations().await?.is_empty());
    people.carol.online(PATIENCE).await?;
    refused("forbidden", async { people.carol.conversation(&id).applications().await.map(drop) }).await?;
    here.decline_application(&user("bob")).await?;
    for account in [&people.bob, &people.away] {
        asks(account, id, AskingState::Nothing).await?;
    }
    refused("not_found", here.accept_application(&user("bob"))).await?;
    there.apply("").await?;
    people.away.stop().await;
    here.accept_application(&user("bob")).await?;
    shows(&people.bob, id, "bob is in", |it| it.member && it.unread == 0).await?;
    asks(&people.bob, id, AskingState::Nothing).await?;
    people.returns(&local).await?;
    shows(&people.away, id, "the laptop is in", |it| it.member).await?;
    asks(&people.away, id, AskingState::Nothing).await?;
    let page = there.fetch_history(None, 10).await?;
    ensure!(texts(&page).iter().any(|text| text.contains("before")), "newcomers see what was before");
    ensure!(here.applications().await?.is_empty());

    there.leave().await?;
    here.change_settings(SettingsPatch { join: Some(JoinMode::Invitation), ..SettingsPatch::default() }).await?;
    here.invite(&user("bob")).await?;
    asks(&people.bob, id, AskingState::Invited).await?;
    asks(&people.away, id, AskingState::Invited).await?;
    let told = people.bob.asking().get();
    let invitation = told.get(&id).context("he is asked")?;
    ensure!((invitation.title.as_str(), invitation.by.clone()) == ("Ops", Some(user("alice"))), "{invitation:?}");
    there.decline_invitation().await?;
    asks(&people.away, id, AskingState::Nothing).await?;
    refused("forbidden", there.join()).await?;
    here.invite(&user("bob")).await?;
    local.restart().await?;
    people.alice.online(PATIENCE).await?;
    people.bob.online(PATIENCE).await?;
    ensure!(here.invitations().await?.len() == 1);
    there.join().await?;
    shows(&people.away, id, "bob is in again", |it| it.member).await?;
    asks(&people.away, id, AskingState::Nothing).await?;
    people.stop().await;
    local.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_lets_in_whoever_has_it_while_it_is_good() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let mut people = People::of(&local).await?;
    let here = people.alice.create_group("Ops", &[]).await?;
    let id = here.id();
    let link = here.make_link(None, NonZeroU32::new(1)).await?;
    // As it is given on, as text or as a QR code.
    let text = link.to_string();
    let given: JoinLink = text.parse()?;
    ensure!(given == link && format!("{link:?}").len() < text.len(), "its token is not written to logs");
    people.away.stop().await;
    local.restart().await?;
    people.bob.online(PATIENCE).await?;
    people.bob.join_by_link(&given).await?;
    shows(&people.bob, id, "bob is in", |it| it.member).await?;
    people.returns(&local).await?;
    shows(&people.away, id, "the laptop is in", |it| it.member).await?;
    people.carol.online(PATIENCE).await?;
    refused("not_found", async { people.carol.join_by_link(&given).await.map(drop) }).await?;
    people.alice.online(PATIENCE).await?;
    ensure!(here.links().await?.iter().all(|link| link.left == Some(0)), "it is used up");
    ensure!(people.bob.conversation(&id).links().await?.is_empty(), "only admins see links");
    let second = here.make_link(Some(Duration::from_secs(3_600)), None).await?;
    let links = here.links().await?;
    ensure!(links.len() == 1 && links[0].id == second.id() && links[0].left.is_none(), "{links:?}");
    here.revoke_link(second.id()).await?;
    refused("not_found", async { people.carol.join_by_link(&second).await.map(drop) }).await?;
    let wrong: JoinLink = format!("{id}.{}", "0".repeat(32)).parse()?;
    refused("not_found", async { people.carol.join_by_link(&wrong).await.map(drop) }).await?;
    ensure!("g_x.0".parse::<JoinLink>().is_err() && format!("{id}.+{}", "0".repeat(31)).parse::<JoinLink>().is_err());
    observed("group_coming_in", &Seen::ALL)?;
    people.stop().await;
    local.stop().await;
    Ok(())
}
