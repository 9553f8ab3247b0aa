//! The table of permissions that was written by hand, and the rules: every cell of one is what the other does.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::{Facts, Rejection, decide, decide_send};
use stonechat_domain::event::{Change, Command, Content, MessageCommand};
use stonechat_domain::fold::{fold_change, next_stamp};
use stonechat_domain::group::{For, GroupChange, GroupCommand, InfoPatch, JoinMode, LinkId, SettingsPatch, Who};
use stonechat_domain::member::{Role, UserRef};
use stonechat_domain::message::{About, Authority, Message, MessagePolicy, decide_message};
use stonechat_domain::permission::{Action, check};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Timestamp, UserNo};
use stonechat_types::text::{Announcement, Description, Nickname, Title};

const TABLE: &str = include_str!("../../../fixtures/permissions.csv");
const NOW: Timestamp = Timestamp(1_000);
const KINDS: [&str; 9] = [
    "direct",
    "group",
    "group_everybody",
    "group_silent",
    "group_hidden",
    "group_approval",
    "group_open",
    "group_dissolved",
    "channel",
];
/// Everybody who may ask; besides them there are a second owner, who founded it, an admin and members to be named.
const ROLES: [&str; 9] = ["owner", "admin", "member", "muted", "banned", "former", "outcast", "stranger", "invited"];
/// Those who are named: nothing else happens to them.
const NAMED: [&str; 5] = ["founder", "some_admin", "some_member", "some_outcast", "some_applicant"];

fn person(name: &str) -> UserRef {
    let no = ROLES.iter().chain(&NAMED).position(|known| *known == name).unwrap_or(99);
    UserRef { no: UserNo(no as u32 + 1), id: UserId::new(name).unwrap() }
}

struct World {
    state: Conversation,
    facts: Facts,
}

impl World {
    fn of(kind: &str) -> Self {
        let sort = match kind {
            "direct" => ConversationKind::Direct,
            "channel" => ConversationKind::Channel,
            _ => ConversationKind::Group,
        };
        let founder = person("founder");
        let id = if sort == ConversationKind::Direct {
            ConversationId::direct(AppId::DEFAULT, &founder.id, &person("member").id)
        } else {
            ConversationId::created(sort, AppId::DEFAULT, &founder.id, CommandId([1; 16]))
        };
        let state = Conversation::empty(AppId::DEFAULT, id, ConversationNo(1), founder);
        let mut world = Self { state, facts: Facts::new() };
        if sort == ConversationKind::Direct {
            world.does("founder", &Command::Create { title: None, members: vec![person("member")] });
            return world;
        }
        let members = ["owner", "admin", "member", "muted", "banned", "former", "some_admin", "some_member"];
        let title = Title::new("Ops").ok();
        world.does("founder", &Command::Create { title, members: members.map(person).to_vec() });
        for (name, role) in [("owner", Role::Owner), ("admin", Role::Admin), ("some_admin", Role::Admin)] {
            world.does("founder", &Command::SetRole(person(name), role));
        }
        let for_good = |name| For { user: person(name), lasts_ms: None, reason: None };
        world.does("founder", &Command::Group(GroupCommand::Mute(for_good("muted"))));
        for name in ["banned", "outcast", "some_outcast"] {
            world.does("founder", &Command::Group(GroupCommand::Ban(for_good(name))));
        }
        world.does("former", &Command::Leave);
        world.does("founder", &Command::Group(GroupCommand::Invite(person("invited"))));
        world.fold(&person("some_applicant"), &Change::Group(GroupChange::Applied));
        let everybody = Some(Who::Everybody);
        let unsaid = SettingsPatch::default;
        let patch = match kind {
            "group_everybody" => SettingsPatch {
                invite: everybody,
                edit_info: everybody,
                mention_all: everybody,
                pin: everybody,
                ..unsaid()
            },
            "group_silent" => SettingsPatch { speak: Some(Who::Admins), ..unsaid() },
            "group_hidden" => SettingsPatch { members_hidden: Some(true), ..unsaid() },
            "group_approval" => SettingsPatch { join: Some(JoinMode::Approval), ..unsaid() },
            "group_open" => SettingsPatch { join: Some(JoinMode::Open), ..unsaid() },
            _ => unsaid(),
        };
        if patch != unsaid() {
            world.does("founder", &Command::Group(GroupCommand::ChangeSettings(patch)));
        }
        if kind == "group_dissolved" {
            world.does("founder", &Command::Group(GroupCommand::Dissolve));
        }
        world
    }

    fn does(&mut self, by: &str, command: &Command) {
        let by = person(by);
        let change = decide(&self.state, &self.facts, &by, command, NOW).unwrap().unwrap();
        self.fold(&by, &change);
    }

    fn fold(&mut self, by: &UserRef, change: &Change) {
        let stamp = next_stamp(&self.state, change.kind(), NOW, [1; 16]);
        fold_change(&mut self.state, &mut self.facts, by, change, &stamp);
    }

    fn commands(&self, by: &str, command: &GroupCommand) -> Result<(), Rejection> {
        self.asks(by, &Command::Group(command.clone()))
    }

    fn asks(&self, by: &str, command: &Command) -> Result<(), Rejection> {
        decide(&self.state, &self.facts, &person(by), command, NOW).map(drop)
    }

    fn on_message(&self, by: &str, author: &str, command: &MessageCommand) -> Result<(), Rejection> {
        let me = self.facts.get(&person(by).no);
        // One that everybody who ever was here has seen.
        let seq = me.and_then(|me| me.intervals.first()).map_or(self.state.head, |first| first.from);
        let message = Message::new(seq, Ordinal(1), person(author), NOW);
        let about = About {
            pins: 0,
            state: &self.state,
            me,
            message: Some(&message),
            own: &[],
            now: NOW,
            authority: Authority::Member,
        };
        decide_message(about, command, MessagePolicy::default()).map(drop)
    }

    fn tries(&self, by: &str, action: Action) -> Result<(), Rejection> {
        let content = Content { body_type: Bytes::from_static(b"text"), body: Bytes::new() };
        let lasting = |name| For { user: person(name), lasts_ms: Some(1), reason: None };
        match action {
            Action::Send => decide_send(&self.state, self.facts.get(&person(by).no), false, NOW),
            Action::EditOwn => self.on_message(by, by, &MessageCommand::Edit(content)),
            Action::React => {
                let emoji = Emoji::new("👍").unwrap();
                self.on_message(by, "founder", &MessageCommand::React { emoji, add: true })
            }
            Action::RecallOwn => self.on_message(by, by, &MessageCommand::Recall),
            Action::RecallOther => self.on_message(by, "founder", &MessageCommand::Recall),
            Action::MentionAll => decide_send(&self.state, self.facts.get(&person(by).no), true, NOW),
            Action::Pin => self.on_message(by, "founder", &MessageCommand::Pin(true)),
            Action::ListMembers | Action::ListBans => check(&self.state, self.facts.get(&person(by).no), action, NOW),
            Action::AddMember => {
                let added = self.asks(by, &Command::AddMembers(vec![person("somebody")]));
                assert_eq!(added, self.commands(by, &GroupCommand::Invite(person("somebody"))));
                added
            }
            Action::RemoveMember => self.asks(by, &Command::RemoveMember(person("some_member"))),
            Action::RemoveAdmin => self.asks(by, &Command::RemoveMember(person("some_admin"))),
            Action::SetRole => self.asks(by, &Command::SetRole(person("some_member"), Role::Admin)),
            Action::TransferOwner => self.commands(by, &GroupCommand::TransferOwner(person("some_member"))),
            Action::Leave => self.asks(by, &Command::Leave),
            Action::EditInfo => {
                let description = Some(Description::new("What it is about").ok());
                let info = GroupCommand::SetInfo(InfoPatch { description, ..InfoPatch::default() });
                let renamed = self.asks(by, &Command::Rename(Title::new("Else").unwrap()));
                assert_eq!(renamed, self.commands(by, &info), "a title is a part of the info");
                renamed
            }
            Action::ChangeSettings => {
                let patch =
                    SettingsPatch { receipts: Some(false), pin: Some(Who::Everybody), ..SettingsPatch::default() };
                self.commands(by, &GroupCommand::ChangeSettings(patch))
            }
            Action::MuteMember => {
                let muted = self.commands(by, &GroupCommand::Mute(lasting("some_member")));
                assert_eq!(muted, self.commands(by, &GroupCommand::Unmute(person("some_member"))));
                muted
            }
            Action::MuteAdmin => {
                let muted = self.commands(by, &GroupCommand::Mute(lasting("some_admin")));
                assert_eq!(muted, self.commands(by, &GroupCommand::Unmute(person("some_admin"))));
                muted
            }
            Action::BanMember => {
                let banned = self.commands(by, &GroupCommand::Ban(lasting("some_member")));
                assert_eq!(banned, self.commands(by, &GroupCommand::Ban(lasting("somebody"))));
                banned
            }
            Action::BanAdmin => self.commands(by, &GroupCommand::Ban(lasting("some_admin"))),
            Action::LiftBan => self.commands(by, &GroupCommand::LiftBan(person("some_outcast"))),
            Action::SetNickname => self.commands(by, &GroupCommand::SetNickname(Nickname::new("Annie").ok())),
            Action::Announce => self.commands(by, &GroupCommand::Announce(Announcement::new("Sunday").ok())),
            Action::Dissolve => self.commands(by, &GroupCommand::Dissolve),
            Action::Join => self.commands(by, &GroupCommand::Join(None)),
            Action::Apply => self.commands(by, &GroupCommand::Apply(None)),
            Action::DecideApplication => {
                let accepted = self.commands(by, &GroupCommand::AcceptApplication(person("some_applicant")));
                let declined = self.commands(by, &GroupCommand::DeclineApplication(person("some_applicant")));
                assert_eq!(accepted, declined);
                accepted
            }
            Action::DeclineInvitation => self.commands(by, &GroupCommand::DeclineInvitation),
            Action::MakeLink => {
                self.commands(by, &GroupCommand::MakeLink { id: LinkId([7; 16]), lasts_ms: None, uses: None })
            }
            Action::RevokeLink => self.commands(by, &GroupCommand::RevokeLink(LinkId([7; 16]))),
        }
    }
}

#[test]
fn every_cell_of_the_table_is_what_the_rules_do() {
    let mut lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let heads: Vec<_> = lines.next().unwrap().split(',').collect();
    assert_eq!(heads[2..], ROLES, "the roles of the table are those of the test");
    let actions: BTreeMap<_, _> = Action::ALL.iter().map(|action| (action.name(), *action)).collect();
    let worlds: BTreeMap<_, _> = KINDS.map(|kind| (kind, World::of(kind))).into();
    let mut said = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in lines {
        let cells: Vec<_> = line.split(',').collect();
        let [action, kind, ref expected @ ..] = cells[..] else { panic!("{line}") };
        let world = worlds.get(kind).unwrap_or_else(|| panic!("{kind} is no kind of this test"));
        assert!(said.insert((action, kind)), "{line} is there twice");
        assert_eq!(expected.len(), ROLES.len(), "{line}");
        for (role, expected) in ROLES.iter().zip(expected) {
            if *expected == "-" {
                assert_eq!(kind, "direct", "{line}");
                assert!(!["member", "stranger"].contains(role), "{line}");
                continue;
            }
            let action = *actions.get(action).unwrap_or_else(|| panic!("{action} is no action of the rules"));
            let found = world.tries(role, action).map_or_else(|rejection| rejection.code().as_str(), |()| "ok");
            if found != *expected {
                wrong.push(format!("{} by {role} in {kind} is {found} and not {expected}", action.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = actions.keys().flat_map(|action| KINDS.map(|kind| (*action, kind)));
    assert_eq!(said, all.collect(), "the table has every action in every kind");
}

#[test]
fn what_lasts_for_a_while_ends_by_itself() {
    let mut world = World::of("group_open");
    let lasting = |name| For { user: person(name), lasts_ms: Some(500), reason: None };
    world.does("founder", &Command::Group(GroupCommand::Mute(lasting("some_member"))));
    world.does("founder", &Command::Group(GroupCommand::Ban(lasting("member"))));
    let sends = |now| decide_send(&world.state, world.facts.get(&person("some_member").no), false, now);
    assert_eq!(sends(Timestamp(1_499)), Err(Rejection::Muted));
    assert_eq!(sends(Timestamp(1_500)), Ok(()));
    let joins = |now| {
        let join = Command::Group(GroupCommand::Join(None));
        decide(&world.state, &world.facts, &person("member"), &join, now).map(|change| change.is_some())
    };
    assert_eq!(joins(Timestamp(1_499)), Err(Rejection::Banned));
    assert_eq!(joins(Timestamp(1_500)), Ok(true));
    let add = Command::AddMembers(vec![person("outcast")]);
    assert_eq!(decide(&world.state, &world.facts, &person("owner"), &add, NOW), Err(Rejection::Banned));
}

#[test]
fn a_group_always_has_an_owner() {
    let mut world = World::of("group");
    let leave_to = |name| Command::Group(GroupCommand::LeaveTo(person(name)));
    // While there is another owner, who leaves names nobody.
    assert_eq!(world.asks("owner", &leave_to("member")), Err(Rejection::Forbidden));
    world.does("owner", &Command::Leave);
    assert_eq!(world.asks("founder", &Command::Leave), Err(Rejection::LastOwner));
    assert_eq!(world.asks("founder", &leave_to("former")), Err(Rejection::TargetNotAMember));
    assert_eq!(world.asks("founder", &leave_to("founder")), Err(Rejection::LastOwner));
    world.does("founder", &leave_to("member"));
    assert_eq!((world.state.owners, world.facts[&person("member").no].role), (1, Role::Owner));
    assert!(!world.facts[&person("founder").no].is_active());
    world.does("member", &Command::Group(GroupCommand::TransferOwner(person("admin"))));
    assert_eq!((world.state.owners, world.facts[&person("member").no].role), (1, Role::Admin));
    // Of what has ended nobody has to be the owner.
    world.does("admin", &Command::Group(GroupCommand::Dissolve));
    world.does("admin", &Command::Leave);
}

#[test]
fn nobody_joins_a_group_that_everybody_left() {
    let mut world = World::of("group_open");
    let make = GroupCommand::MakeLink { id: LinkId([7; 16]), lasts_ms: None, uses: None };
    world.does("founder", &Command::Group(make));
    let join = |link| Command::Group(GroupCommand::Join(link));
    let here = world.facts.values().filter(|member| member.is_active() && member.user != person("founder"));
    for member in here.map(|member| member.user.clone()).collect::<Vec<_>>() {
        world.does(member.id.as_str(), &Command::Leave);
    }
    assert_eq!(world.asks("former", &join(None)), Ok(()), "one is there");
    world.does("founder", &Command::Leave);
    assert_eq!((world.state.members, world.state.owners), (0, 0));
    assert_eq!(world.asks("former", &join(None)), Err(Rejection::Dissolved));
    assert_eq!(world.asks("stranger", &join(None)), Err(Rejection::NotFound));
    assert_eq!(world.asks("stranger", &join(Some(LinkId([7; 16])))), Err(Rejection::NoSuchLink));
}

#[test]
fn a_newcomer_sees_what_was_before_where_the_settings_say_so_and_it_is_not_unread() {
    let mut world = World::of("group");
    let shows = SettingsPatch { history: Some(true), ..SettingsPatch::default() };
    world.does("founder", &Command::Group(GroupCommand::ChangeSettings(shows)));
    let before = world.state.last_join;
    world.state.ordinal = Ordinal(7);
    world.does("founder", &Command::AddMembers(vec![person("stranger")]));
    let newcomer = &world.facts[&person("stranger").no];
    assert_eq!((newcomer.visible_from().0, newcomer.floor()), (1, Ordinal(7)));
    assert_eq!(world.state.last_join, before, "everybody sees what he sees");
    // Who comes back is no newcomer: what was said while he was away is not for him.
    world.does("founder", &Command::AddMembers(vec![person("former")]));
    let back = &world.facts[&person("former").no];
    assert_eq!((back.intervals.len(), back.visible_from()), (2, world.state.head));
}

#[test]
fn a_link_lets_in_so_many_for_so_long_whatever_the_mode_is() {
    let mut world = World::of("group");
    let id = LinkId([7; 16]);
    let make = |id, lasts_ms, uses| Command::Group(GroupCommand::MakeLink { id, lasts_ms, uses });
    let join = |id| Command::Group(GroupCommand::Join(Some(id)));
    assert_eq!(world.asks("stranger", &join(id)), Err(Rejection::NoSuchLink));
    world.does("founder", &make(id, Some(500), Some(2)));
    assert_eq!(world.asks("founder", &make(id, None, None)), Err(Rejection::AlreadyExists));
    assert_eq!(world.asks("outcast", &join(id)), Err(Rejection::Banned));
    world.does("stranger", &join(id));
    assert_eq!(world.asks("member", &join(id)), Ok(()), "who is in stays in, and uses nothing up");
    world.does("former", &join(id));
    assert_eq!(world.asks("invited", &join(id)), Err(Rejection::NoSuchLink), "two have joined by it");
    let second = LinkId([8; 16]);
    world.does("founder", &make(second, Some(500), None));
    assert_eq!(world.state.links.len(), 1, "those that are used up go when others come");
    let late = decide(&world.state, &world.facts, &person("invited"), &join(second), Timestamp(1_500));
    assert_eq!(late, Err(Rejection::NoSuchLink));
    world.does("founder", &Command::Group(GroupCommand::RevokeLink(second)));
    assert_eq!(world.asks("invited", &join(second)), Err(Rejection::NoSuchLink));
    for n in 0..8 {
        world.does("founder", &make(LinkId([20 + n; 16]), None, None));
    }
    assert_eq!(world.asks("founder", &make(id, None, None)), Err(Rejection::TooMany));
}

#[test]
fn who_asks_is_let_in_or_not_and_who_is_asked_comes_or_not() {
    let mut world = World::of("group_approval");
    let group = |command| Command::Group(command);
    world.does("stranger", &group(GroupCommand::Apply(None)));
    assert_eq!((world.state.applications, world.state.invitations), (2, 1));
    let again = decide(&world.state, &world.facts, &person("stranger"), &group(GroupCommand::Apply(None)), NOW);
    assert_eq!(again, Ok(None));
    world.does("admin", &group(GroupCommand::AcceptApplication(person("stranger"))));
    assert!(world.facts[&person("stranger").no].is_active());
    world.does("admin", &group(GroupCommand::DeclineApplication(person("some_applicant"))));
    let late = group(GroupCommand::AcceptApplication(person("some_applicant")));
    assert_eq!(world.asks("admin", &late), Err(Rejection::NoSuchApplication));
    let member = decide(&world.state, &world.facts, &person("member"), &group(GroupCommand::Apply(None)), NOW);
    assert_eq!(member, Ok(None), "who is in has what he wants");
    // Whoever is asked to come in may, although nobody else may join.
    world.does("invited", &group(GroupCommand::Join(None)));
    assert_eq!((world.state.applications, world.state.invitations), (0, 0));
    world.does("admin", &group(GroupCommand::Invite(person("former"))));
    world.does("former", &group(GroupCommand::DeclineInvitation));
    assert_eq!(world.asks("former", &group(GroupCommand::Join(None))), Err(Rejection::Forbidden));
    // Who is kept out asks no more.
    world.does("former", &group(GroupCommand::Apply(None)));
    world.does("admin", &group(GroupCommand::Ban(For { user: person("former"), lasts_ms: None, reason: None })));
    assert_eq!(world.state.applications, 0);
}
