//! Groups and people, by lists to choose from.

use stonechat_client::group::{AllAsking, Announced, Asker, Asking, AskingState, Ban};
use stonechat_client::people::{ContactRequest, Relation, Relations, Remarks};
use stonechat_client::state::Member;
use stonechat_domain::group::{FOR_GOOD, Link, LinkId, Who};
use stonechat_domain::preferences::Preferences;
use stonechat_types::text::Tag;

use super::screens::compare_file;
use super::*;
use crate::tui::dialog::{Dialog, Purpose};
use crate::tui::menu::Menu;
use crate::tui::message::Preference;
use crate::tui::wish::{Facts, GroupWish, PeopleWish};

const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn member(name: &str, display_name: &str, role: Role) -> Member {
    let (nickname, muted_until) = (String::new(), Timestamp::default());
    Member { user: user(name), display_name: display_name.into(), role, nickname, muted_until }
}

fn facts() -> Facts {
    let asker = |name: &str, message: &str| Asker {
        user: user(name),
        display_name: format!("{name} of elsewhere"),
        message: message.into(),
        by: Some(user(name)),
        at: minutes_ago(50),
    };
    let ban = Ban {
        user: user("mallory"),
        display_name: "Mallory".into(),
        until: Some(minutes_ago(-600)),
        reason: "spam \u{202e}\u{1b}[2J".into(),
        by: Some(alice()),
        at: minutes_ago(90),
    };
    Facts {
        counts: true,
        announced: Some(Announced {
            seq: Seq(25),
            text: "We meet at 港口 on Friday \u{1b}[31m\u{202e}.\nBring 👩\u{200d}👩\u{200d}👧 and bread.".into(),
            by: user("bob"),
            at: minutes_ago(120),
        }),
        read: 2,
        unread: vec![member("mei", "梅 林", Role::Member)],
        applications: vec![asker("dave", "I am Dave.\nLet me in, please."), asker("zoe", "")],
        links: vec![
            Link { id: LinkId([1; 16]), until: FOR_GOOD, left: None },
            Link { id: LinkId([2; 16]), until: minutes_ago(-60), left: Some(3) },
        ],
        bans: vec![ban],
    }
}

/// In a group, as somebody with a role.
fn in_group(width: u16, height: u16, role: Role) -> App {
    let mut app = with_list(width, height);
    let mut list = list();
    let launch = Arc::make_mut(&mut list[1]);
    launch.role = role;
    Arc::make_mut(&mut launch.group).announcement = Seq(25);
    update(&mut app, Msg::Conversations(list));
    press(&mut app, KeyCode::Down);
    let effects = opened(&mut app, vec![start(), said(20, "bob", "hi", 2)]);
    assert!(effects.contains(&Effect::FetchFacts(group(), role)), "{effects:?}");
    let members = vec![
        member("alice", "Alice Moreau", role),
        member("bob", "Bob Okafor", Role::Admin),
        Member { muted_until: minutes_ago(-5), ..member("mei", "梅 林", Role::Member) },
    ];
    update(&mut app, Msg::Members(group(), Ok(members)));
    app
}

fn with_facts(app: &mut App) -> Vec<Effect> {
    update(app, Msg::Facts(group(), Box::new(facts())))
}

/// Chooses a row by its text.
fn choose(app: &mut App, text: &str) -> Vec<Effect> {
    let Some(Dialog::Menu { menu, .. }) = &app.dialog else { panic!("{:?}", app.dialog) };
    let entries = menu.entries(app);
    let row = entries.iter().position(|entry| entry.text == text).unwrap_or_else(|| panic!("{text}: {entries:?}"));
    press(app, KeyCode::Home);
    for _ in 0..row {
        press(app, KeyCode::Down);
    }
    press(app, KeyCode::Enter)
}

fn rows(app: &App) -> Vec<String> {
    let Some(Dialog::Menu { menu, .. }) = &app.dialog else { panic!("{:?}", app.dialog) };
    menu.entries(app).into_iter().map(|entry| entry.text).collect()
}

#[test]
fn what_was_announced_is_shown_and_told_as_read() {
    let mut app = in_group(80, 24, Role::Member);
    let effects = with_facts(&mut app);
    assert!(effects.contains(&Effect::MarkRead(group(), Seq(25))), "it is seen: {effects:?}");
    compare_file("announced_80x24.txt", &screen(&app));
    let mut app = in_group(80, 24, Role::Member);
    update(&mut app, Msg::Unfocused);
    assert!(!with_facts(&mut app).contains(&Effect::MarkRead(group(), Seq(25))), "nobody looks");
}

#[test]
fn an_owner_sees_what_there_is_to_do_in_a_group() {
    for (width, height) in [(80, 24), (40, 20)] {
        let mut app = in_group(width, height, Role::Owner);
        press_with(&mut app, CONTROL, KeyCode::Char('p'));
        press(&mut app, KeyCode::Char('g'));
        with_facts(&mut app);
        compare_file(&format!("group_menu_{width}x{height}.txt"), &screen(&app));
        choose(&mut app, "Links");
        compare_file(&format!("links_{width}x{height}.txt"), &screen(&app));
        choose(&mut app, "Make a link");
        write(&mut app, "7d");
        press(&mut app, KeyCode::Enter);
        write(&mut app, "5");
        let effects = press(&mut app, KeyCode::Enter);
        let lasts = Some(std::time::Duration::from_secs(7 * 86_400));
        let wish = GroupWish::MakeLink(lasts, std::num::NonZeroU32::new(5));
        assert_eq!(effects, [Effect::ChangeGroup(group(), wish)]);
        let link = format!("{}.{}", group(), "0123456789abcdef".repeat(2));
        let effects = update(&mut app, Msg::LinkMade(group(), link));
        assert!(effects.contains(&Effect::FetchFacts(group(), Role::Owner)));
        compare_file(&format!("link_{width}x{height}.txt"), &screen(&app));
        press(&mut app, KeyCode::Esc);
        choose(&mut app, "Link 2");
        choose(&mut app, "Revoke it");
        let revoke = Effect::ChangeGroup(group(), GroupWish::RevokeLink(LinkId([2; 16])));
        assert_eq!(press(&mut app, KeyCode::Char('y')), [revoke]);
    }
}

#[test]
fn an_owner_promotes_mutes_and_removes() {
    let change = |wish| vec![Effect::ChangeGroup(group(), wish)];
    let mut app = in_group(80, 24, Role::Owner);
    press_with(&mut app, CONTROL, KeyCode::Char('p'));
    choose(&mut app, "Bob Okafor");
    compare_file("member_80x24.txt", &screen(&app));
    assert_eq!(choose(&mut app, "Make a member like others"), change(GroupWish::Role(user("bob"), Role::Member)));
    choose(&mut app, "Bob Okafor");
    choose(&mut app, "Mute");
    write(&mut app, "soon");
    press(&mut app, KeyCode::Enter);
    assert_eq!(press(&mut app, KeyCode::Enter), [], "that is no time");
    assert!(screen(&app).contains("like 500ms"), "{}", screen(&app));
    press(&mut app, KeyCode::Up);
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    write(&mut app, "2h");
    press(&mut app, KeyCode::Enter);
    write(&mut app, "loud");
    let two_hours = Some(std::time::Duration::from_secs(7_200));
    assert_eq!(press(&mut app, KeyCode::Enter), change(GroupWish::Mute(user("bob"), two_hours, "loud".into())));
    choose(&mut app, "梅 林");
    assert_eq!(choose(&mut app, "Let write again"), change(GroupWish::Unmute(user("mei"))));
    choose(&mut app, "梅 林");
    choose(&mut app, "Remove");
    assert_eq!(press(&mut app, KeyCode::Enter), [], "Enter is no yes");
    choose(&mut app, "Remove");
    assert_eq!(press(&mut app, KeyCode::Char('y')), change(GroupWish::Remove(user("mei"))));
    let effects = update(&mut app, Msg::GroupChanged(group()));
    assert!(effects.contains(&Effect::FetchMembers(group())), "{effects:?}");
    update(&mut app, Msg::Failed("the server refused: forbidden: you may not".into()));
    assert!(screen(&app).contains("forbidden: you may not"), "{}", screen(&app));
}

#[test]
fn an_owner_renames_silences_and_ends_a_group() {
    let change = |wish| Effect::ChangeGroup(group(), wish);
    let mut app = in_group(80, 24, Role::Owner);
    let mut all = |row: &str| {
        app.dialog = Some(Dialog::Menu { menu: Menu::Group, at: 0 });
        choose(&mut app, row)
    };
    assert!(all("Let only admins write").contains(&change(GroupWish::Speak(Who::Admins))));
    all("Dissolve the group");
    all("Rename");
    assert!(screen(&app).contains("› Launch 🚀"), "{}", screen(&app));
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    assert_eq!(press(&mut app, KeyCode::Enter), [], "it needs a title");
    write(&mut app, "Landing");
    assert_eq!(press(&mut app, KeyCode::Enter), [change(GroupWish::Rename("Landing".into()))]);
    app.dialog = Some(Dialog::Menu { menu: Menu::Group, at: 0 });
    choose(&mut app, "Ask people to come in");
    write(&mut app, "dave @zoe");
    let asked = ["dave", "zoe"].map(|name| change(GroupWish::Invite(user(name))));
    assert_eq!(press(&mut app, KeyCode::Enter), asked);
    choose(&mut app, "Dissolve the group");
    assert!(press(&mut app, KeyCode::Char('y')).contains(&change(GroupWish::Dissolve)));
}

#[test]
fn a_name_of_ones_own_in_a_group_is_what_others_see_there() {
    let mut app = in_group(80, 24, Role::Member);
    let bob = Member { nickname: "Bob 🥖 \u{1b}[31m".into(), ..member("bob", "Bob Okafor", Role::Admin) };
    update(&mut app, Msg::Members(group(), Ok(vec![bob])));
    update(&mut app, Msg::Typing(group(), vec![user("bob")]));
    let shown = screen(&app);
    assert_eq!(shown.matches("Bob 🥖 ␛[31m").count(), 2, "{shown}");
    related(&mut app);
    assert_eq!(screen(&app).matches("Bob 🥖").count(), 0, "what the user calls him is stronger");
}

#[test]
fn what_one_may_not_do_is_not_listed() {
    let mut app = in_group(80, 24, Role::Member);
    press_with(&mut app, CONTROL, KeyCode::Char('p'));
    choose(&mut app, "Bob Okafor");
    assert_eq!(rows(&app), ["Write to them", "Contact, name, block"]);
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Char('g'));
    with_facts(&mut app);
    assert!(!rows(&app).iter().any(|row| row == "Applications" || row == "Announce something"), "{:?}", rows(&app));
    let mut app = in_group(80, 24, Role::Admin);
    press_with(&mut app, CONTROL, KeyCode::Char('p'));
    choose(&mut app, "Bob Okafor");
    assert!(!rows(&app).iter().any(|row| row == "Remove"), "admins have no say over each other");
}

#[test]
fn who_asks_to_be_let_in_is_let_in_or_not() {
    let mut app = in_group(80, 24, Role::Admin);
    press_with(&mut app, CONTROL, KeyCode::Char('p'));
    press(&mut app, KeyCode::Char('g'));
    with_facts(&mut app);
    choose(&mut app, "Applications");
    choose(&mut app, "dave of elsewhere");
    assert!(screen(&app).contains("Let me in, please."), "{}", screen(&app));
    let effects = choose(&mut app, "Let in");
    assert_eq!(effects, [Effect::ChangeGroup(group(), GroupWish::Accept(user("dave")))]);
    choose(&mut app, "zoe of elsewhere");
    let effects = choose(&mut app, "Do not let in");
    assert_eq!(effects, [Effect::ChangeGroup(group(), GroupWish::Decline(user("zoe")))]);
    press(&mut app, KeyCode::Esc);
    choose(&mut app, "Kept out");
    choose(&mut app, "Mallory");
    let effects = press(&mut app, KeyCode::Char('y'));
    assert_eq!(effects, [Effect::ChangeGroup(group(), GroupWish::LiftBan(user("mallory")))]);
    press(&mut app, KeyCode::Esc);
    choose(&mut app, "Announce something");
    assert!(screen(&app).contains("and bread."), "what holds is there to be changed");
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    let effects = press(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::ChangeGroup(group(), GroupWish::Announce(String::new()))), "{effects:?}");
}

fn relation(name: &str) -> Relation {
    Relation {
        user: user(name),
        contacts_since: None,
        blocks_since: None,
        incoming: None,
        outgoing: None,
        declined: None,
        remarks: Remarks::default(),
    }
}

fn request(message: &str) -> Option<ContactRequest> {
    Some(ContactRequest { message: message.into(), answer: String::new(), at: minutes_ago(9) })
}

fn related(app: &mut App) {
    let hurting = "hi 你好 \u{1b}[31m\u{202e}\nit is me ".repeat(4);
    let remarks = Remarks { alias: "Bobby 🐦".into(), ..Remarks::default() };
    let all = [
        Relation { contacts_since: Some(NOON), remarks, ..relation("bob") },
        Relation { incoming: request(&hurting), ..relation("dave") },
        Relation { outgoing: request("it is Alice"), ..relation("erin") },
        Relation { blocks_since: Some(NOON), ..relation("mallory") },
        Relation { declined: Some(("no".into(), NOON)), ..relation("nobody") },
    ];
    let relations: Relations = all.into_iter().map(|it| (it.user.clone(), Arc::new(it))).collect();
    update(app, Msg::Relations(relations));
    let (title, by) = ("Secret \u{202e}garden".into(), Some(user("bob")));
    let asking = Asking { conversation: group(), state: AskingState::Invited, title, by, at: NOON };
    update(app, Msg::Asking([(group(), Arc::new(asking))].into_iter().collect::<AllAsking>()));
}

#[test]
fn people_are_listed_by_what_waits_for_the_user() {
    for (width, height) in [(80, 24), (40, 20)] {
        let mut app = with_list(width, height);
        related(&mut app);
        compare_file(&format!("requests_{width}x{height}.txt"), &screen(&app));
        press(&mut app, KeyCode::Char('c'));
        compare_file(&format!("people_{width}x{height}.txt"), &screen(&app));
        choose(&mut app, "dave");
        compare_file(&format!("person_{width}x{height}.txt"), &screen(&app));
    }
}

#[test]
fn requests_are_answered_and_made() {
    let wish = |wish| vec![Effect::ChangePeople(wish)];
    let mut app = with_list(80, 24);
    related(&mut app);
    press_with(&mut app, CONTROL, KeyCode::Char('t'));
    choose(&mut app, "dave");
    assert_eq!(choose(&mut app, "Become contacts"), wish(PeopleWish::Accept(user("dave"))));
    choose(&mut app, "dave");
    choose(&mut app, "Decline");
    write(&mut app, "who?");
    assert_eq!(press(&mut app, KeyCode::Enter), wish(PeopleWish::Decline(user("dave"), "who?".into())));
    choose(&mut app, "erin");
    assert_eq!(choose(&mut app, "Take back what you asked"), wish(PeopleWish::Withdraw(user("erin"))));
    choose(&mut app, "mallory");
    assert_eq!(choose(&mut app, "Block no longer"), wish(PeopleWish::Unblock(user("mallory"))));
    choose(&mut app, "Bobby 🐦");
    choose(&mut app, "Block");
    assert_eq!(press(&mut app, KeyCode::Char('n')), []);
    choose(&mut app, "Call them something else");
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    assert_eq!(press(&mut app, KeyCode::Enter), wish(PeopleWish::Alias(user("bob"), String::new())));
    press(&mut app, KeyCode::Esc);
    choose(&mut app, "Add somebody");
    press(&mut app, KeyCode::Enter);
    write(&mut app, "hello");
    press(&mut app, KeyCode::Enter);
    assert_eq!(press(&mut app, KeyCode::Enter), [], "nobody is named");
    press(&mut app, KeyCode::Down);
    write(&mut app, "@zoe");
    press(&mut app, KeyCode::Up);
    let ask = PeopleWish::Ask { who: "@zoe".into(), message: "hello".into(), answer: String::new() };
    assert_eq!(press(&mut app, KeyCode::Enter), wish(ask));
    choose(&mut app, "Secret garden");
    assert!(screen(&app).contains("Bobby 🐦 asks you to come into Secret garden."), "{}", screen(&app));
    assert_eq!(choose(&mut app, "Come in"), [Effect::ChangeGroup(group(), GroupWish::Join)]);
}

#[test]
fn what_the_user_calls_somebody_is_what_he_sees() {
    let mut app = with_list(80, 24);
    related(&mut app);
    opened(&mut app, vec![start(), said(20, "bob", "hi", 2)]);
    let shown = screen(&app);
    assert_eq!(shown.matches("Bobby 🐦").count(), 5, "{shown}");
    assert!(!shown.contains("Bob Okafor"), "{shown}");
    // The other of a direct conversation is a key away.
    press_with(&mut app, CONTROL, KeyCode::Char('p'));
    assert_eq!(app.dialog, Some(Dialog::Menu { menu: Menu::Person(user("bob")), at: 0 }));
}

#[test]
fn a_link_to_a_group_is_taken_where_one_writes_to_somebody() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Char('n'));
    let link = format!("{}.{}", group(), "0123456789abcdef".repeat(2));
    update(&mut app, Msg::Paste(link.clone()));
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::JoinByLink(link.parse().unwrap())]);
    press(&mut app, KeyCode::Char('n'));
    write(&mut app, "bob.smith");
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::OpenDirect(user("bob.smith"))]);
    assert_ne!(app.dialog, Some(Purpose::NewChat.form()));
}

#[test]
fn a_notice_that_is_long_gets_rows_of_its_own() {
    for (width, height) in [(80, 24), (40, 20)] {
        let mut app = with_list(width, height);
        opened(&mut app, vec![start(), said(20, "bob", "hi", 2)]);
        let reason = "the server refused: forbidden: only admins of this group may let others in by a link";
        update(&mut app, Msg::Failed(format!("you did not come in: {reason}")));
        let shown = screen(&app);
        compare_file(&format!("notice_{width}x{height}.txt"), &shown);
        assert!(shown.contains("Write to Bob"), "the composer stays: {shown}");
        update(&mut app, Msg::Failed("long ".repeat(200)));
        assert_eq!(screen(&app).lines().count(), usize::from(height));
        update(&mut app, Msg::Tick(NOON.plus_ms(60_000)));
        assert!(screen(&app).contains("● online"));
    }
}

#[test]
fn what_is_the_users_own_of_a_conversation_is_done_from_the_list() {
    let mut app = with_list(80, 24);
    let id = direct("bob");
    press(&mut app, KeyCode::Char('o'));
    compare_file("chat_menu_80x24.txt", &screen(&app));
    press(&mut app, KeyCode::Down);
    let until = Timestamp(app.now.as_millis() + 3_600_000);
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Prefer(id, Preference::MutedUntil(until))]);
    assert_eq!(app.dialog, None);
    // Clearing and deleting are asked for.
    press(&mut app, KeyCode::Char('o'));
    press(&mut app, KeyCode::End);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(screen(&app).contains("Delete Bob Okafor from your list"), "{}", screen(&app));
    assert_eq!(press(&mut app, KeyCode::Char('y')), [Effect::Prefer(id, Preference::Deleted)]);
    // Folders are filled in by their names.
    app.dialog = Some(Purpose::Folders(id).form());
    write(&mut app, "Work, 家庭，");
    let folders = ["Work", "家庭"].map(|name| Tag::new(name).unwrap()).to_vec();
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Prefer(id, Preference::Folders(folders))]);
    // What is archived stands last.
    let mut list = list();
    let mut first = (*list[0]).clone();
    first.preferences = Arc::new(Preferences { archived: true, ..Preferences::default() });
    list[0] = Arc::new(first);
    update(&mut app, Msg::Conversations(list));
    assert_eq!(app.list.last().map(|summary| summary.id), Some(id));
    assert!(screen(&app).contains("▽ Bob Okafor"), "{}", screen(&app));
}
