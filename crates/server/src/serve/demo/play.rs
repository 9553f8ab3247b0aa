//! Plays the script: everything goes through the calls that clients make, in the names of the people.

use super::script::{BETWEEN, Between, Group, Line, OWN, Own, Place, SCENES, Scene};
use super::{PEOPLE, Person};
use anyhow::Context as _;
use bytes::Bytes;
use prost::Message as _;
use std::collections::BTreeMap;
use std::sync::Arc;
use stonechat_app::api::{
    Answer, Call, ChangeConversation, ChangeMessage, ChangeRequest, CreateGroup, Destination, Patch, ProfilePatch,
    Relate, SendMessage, SetPreferences, StarMessages,
};
use stonechat_app::application::App;
use stonechat_domain::attributes::{Attributes, ReplyTo};
use stonechat_domain::event::{Content, MessageCommand};
use stonechat_domain::group::{GroupCommand, InfoPatch};
use stonechat_domain::member::Role;
use stonechat_domain::message::Authority;
use stonechat_domain::preferences::{FOR_GOOD, PreferencesPatch};
use stonechat_domain::relation::RelationCommand;
use stonechat_types::emoji::Emoji;
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId, UserId, Username};
use stonechat_types::number::{AppId, Ordinal, Seq};
use stonechat_types::text::{Announcement, Description, DisplayName, Note, Tag, Title};
use stonechat_wire::v1::entity::Kind;
use stonechat_wire::v1::{Entity, TextBody};

/// Private field of the first person that says that the whole script was played.
pub(super) const PLAYED: &str = "stonechat.demo";
/// Another one when the script changes in a way that stores from before should not get.
const VERSION: &str = "1";

/// Plays the script, unless that was done once: what people did with it since is theirs.
///
/// A start that ended in the middle is made good by the next one, for every step has an id that is the same each time.
///
/// # Errors
/// When the application refuses a step.
pub async fn play(app: &Arc<App>) -> anyhow::Result<()> {
    let first = user(PEOPLE[0].id)?;
    if let Ok(own) = app.user(AppId::DEFAULT, first.clone()).await
        && own.private.iter().any(|field| field == (PLAYED, VERSION))
    {
        return Ok(());
    }
    for person in PEOPLE {
        app.change_user(AppId::DEFAULT, user(person.id)?, profile(&person)?).await.map_err(refused)?;
    }
    let mut stage = Stage { app, ids: 0, played: BTreeMap::new() };
    for scene in SCENES {
        stage.scene(scene).await.with_context(|| format!("the conversation {}", scene.name))?;
    }
    for own in OWN {
        stage.own(own).await?;
    }
    for between in BETWEEN {
        stage.between(between).await?;
    }
    let done = ProfilePatch { private: vec![(PLAYED.into(), Some(VERSION.into()))], ..ProfilePatch::default() };
    app.change_user(AppId::DEFAULT, first, done).await.map_err(refused)?;
    Ok(())
}

fn profile(person: &Person) -> anyhow::Result<ProfilePatch> {
    Ok(ProfilePatch {
        name: Patch::Set(DisplayName::new(person.name)?),
        username: Patch::Set(Username::new(person.id)?),
        avatar: Patch::Set(person.picture.into()),
        ..ProfilePatch::default()
    })
}

/// Where a scene was played.
struct Played {
    conversation: ConversationId,
    lines: Vec<Seq>,
}

struct Stage<'a> {
    app: &'a Arc<App>,
    /// How many steps had an id so far.
    ids: u16,
    played: BTreeMap<&'static str, Played>,
}

impl Stage<'_> {
    async fn scene(&mut self, scene: &Scene) -> anyhow::Result<()> {
        let (conversation, people) = match &scene.place {
            Place::Direct(one, other) => {
                (ConversationId::direct(AppId::DEFAULT, &user(one)?, &user(other)?), vec![*one, *other])
            }
            Place::Group(group) => {
                (self.group(group).await?, [group.owner].iter().chain(group.members).copied().collect())
            }
        };
        let mut played = Played { conversation, lines: Vec::new() };
        for line in scene.lines {
            let to = match &scene.place {
                Place::Direct(one, other) => Destination::User(user(if *one == line.by { other } else { one })?),
                Place::Group(_) => Destination::Conversation(conversation),
            };
            self.line(to, line, &mut played).await.with_context(|| line.text)?;
        }
        for person in people {
            let unread = scene.unread.iter().find(|(who, _)| *who == person).map_or(0, |(_, lines)| *lines);
            let Some(upto) = played.lines.len().checked_sub(unread + 1).map(|last| played.lines[last]) else {
                continue;
            };
            let newest = played.lines.last().copied().unwrap_or(upto);
            self.call(person, Call::MarkDelivered(vec![(conversation, newest)])).await?;
            self.call(person, Call::MarkRead { conversation, upto }).await?;
        }
        self.played.insert(scene.name, played);
        Ok(())
    }

    async fn group(&mut self, group: &Group) -> anyhow::Result<ConversationId> {
        let create = CreateGroup {
            command_id: self.command_id(),
            kind: group.kind,
            title: Title::new(group.title)?,
            members: group.members.iter().map(|member| user(member)).collect::<Result<_, _>>()?,
        };
        let made = self.call(group.owner, Call::CreateGroup(create)).await?;
        let Answer::CommandDone(done) = made else { anyhow::bail!("a group was answered with something else") };
        let description = Some(Some(Description::new(group.description)?));
        let mut changes =
            vec![ChangeRequest::Group(GroupCommand::SetInfo(InfoPatch { description, ..InfoPatch::default() }))];
        for admin in group.admins {
            changes.push(ChangeRequest::SetRole(user(admin)?, Role::Admin));
        }
        if let Some(text) = group.announcement {
            changes.push(ChangeRequest::Group(GroupCommand::Announce(Some(Announcement::new(text)?))));
        }
        for change in changes {
            let change = ChangeConversation { command_id: self.command_id(), conversation: done.conversation, change };
            self.call(group.owner, Call::Change(change)).await?;
        }
        Ok(done.conversation)
    }

    async fn line(&mut self, to: Destination, line: &Line, played: &mut Played) -> anyhow::Result<()> {
        let said = Said::read(line.was.unwrap_or(line.text))?;
        let reply_to = line.reply.map(|line| ReplyTo { seq: played.lines[line], ordinal: Ordinal::ZERO });
        let attributes =
            Attributes { reply_to, mentions: said.mentions, mention_all: said.mention_all, ..Attributes::default() };
        let send = SendMessage {
            to,
            client_msg_id: ClientMsgId(self.id()),
            body_type: "text".into(),
            body: said.body,
            read_upto: played.lines.last().copied().unwrap_or(Seq::ZERO),
            after: None,
            attributes: (!attributes.is_empty()).then(|| Box::new(attributes)),
        };
        let Answer::Sent(sent) = self.call(line.by, Call::Send(send)).await? else {
            anyhow::bail!("a message was answered with something else");
        };
        let seq = sent.id.seq;
        played.lines.push(seq);
        let mut changes = Vec::new();
        if line.was.is_some() {
            let content = Content { body_type: "text".into(), body: Said::read(line.text)?.body };
            changes.push((line.by, MessageCommand::Edit(content)));
        }
        for (who, emoji) in line.reactions {
            changes.push((*who, MessageCommand::React { emoji: Emoji::new(emoji)?, add: true }));
        }
        changes.extend(line.pinned.map(|who| (who, MessageCommand::Pin(true))));
        changes.extend(line.recalled.then_some((line.by, MessageCommand::Recall)));
        for (who, command) in changes {
            let (command_id, conversation) = (self.command_id(), played.conversation);
            let change = ChangeMessage { command_id, conversation, seq, command, authority: Authority::Member };
            self.call(who, Call::ChangeMessage(change)).await?;
        }
        Ok(())
    }

    async fn own(&mut self, own: &Own) -> anyhow::Result<()> {
        let (who, scene, patch) = match *own {
            Own::Draft(who, scene, text) => {
                (who, scene, PreferencesPatch { draft: Some(Some((text.into(), None))), ..Default::default() })
            }
            Own::Pinned(who, scene) => (who, scene, PreferencesPatch { pinned: Some(true), ..Default::default() }),
            Own::Muted(who, scene) => {
                (who, scene, PreferencesPatch { muted_until: Some(Some(FOR_GOOD)), ..Default::default() })
            }
            Own::Folder(who, scene, folder) => {
                (who, scene, PreferencesPatch { folders: Some(vec![Tag::new(folder)?]), ..Default::default() })
            }
            Own::Starred(who, scene, line) => {
                let (command_id, played) = (self.command_id(), self.at(scene)?);
                let (conversation, seqs) = (played.conversation, vec![played.lines[line]]);
                let star = StarMessages { command_id, conversation, seqs, starred: true };
                self.call(who, Call::StarMessages(star)).await?;
                return Ok(());
            }
        };
        let (command_id, conversation) = (self.command_id(), self.at(scene)?.conversation);
        self.call(who, Call::SetPreferences(Box::new(SetPreferences { command_id, conversation, patch }))).await?;
        Ok(())
    }

    async fn between(&mut self, between: &Between) -> anyhow::Result<()> {
        let (one, other, message) = match between {
            Between::Contacts(one, other) => (one, other, None),
            Between::Asked(one, other, text) => (one, other, Some(Note::new(text)?)),
        };
        let accepted = message.is_none();
        self.relate(one, other, RelationCommand::Request { message, answer: None }).await?;
        if accepted {
            self.relate(other, one, RelationCommand::Accept).await?;
        }
        Ok(())
    }

    async fn relate(&mut self, who: &str, peer: &str, command: RelationCommand) -> anyhow::Result<()> {
        let relate = Relate { command_id: self.command_id(), peer: user(peer)?, command };
        self.call(who, Call::Relate(Box::new(relate))).await?;
        Ok(())
    }

    async fn call(&self, who: &str, call: Call) -> anyhow::Result<Answer> {
        self.app.call_as(AppId::DEFAULT, user(who)?, call).await.map_err(refused)
    }

    fn at(&self, scene: &str) -> anyhow::Result<&Played> {
        self.played.get(scene).with_context(|| format!("there is no conversation {scene}"))
    }

    fn command_id(&mut self) -> CommandId {
        CommandId(self.id())
    }

    /// The next id. It is the same at each start, so that nothing is stored twice.
    fn id(&mut self) -> [u8; 16] {
        self.ids += 1;
        // UUIDv7 of the first of January 2026: every id that is made later is larger.
        let mut id = [0x01, 0x9b, 0x76, 0xda, 0x64, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        id[13] = 0x10;
        id[14..].copy_from_slice(&self.ids.to_be_bytes());
        id
    }
}

/// A text of the script, as a message has it.
struct Said {
    body: Bytes,
    mentions: Vec<UserId>,
    mention_all: bool,
}

impl Said {
    /// Replaces `@{alice}` by her name, and marks it and what begins with `https://`.
    fn read(script: &str) -> anyhow::Result<Self> {
        let (mut text, mut entities, mut mentions, mut mention_all) = (String::new(), Vec::new(), Vec::new(), false);
        let mut rest = script;
        while let Some(at) = rest.find("@{").into_iter().chain(rest.find("https://")).min() {
            text += &rest[..at];
            let (shown, kind) = match rest[at..].strip_prefix("@{") {
                Some(called) => {
                    let (id, after) = called.split_once('}').context("a mention is not closed")?;
                    rest = after;
                    if id == "all" {
                        mention_all = true;
                        ("@Everyone".to_owned(), Kind::MentionAll(true))
                    } else {
                        let person = PEOPLE.iter().find(|person| person.id == id).context("nobody of this name")?;
                        mentions.push(user(id)?);
                        (format!("@{}", person.name), Kind::Mention(id.to_owned()))
                    }
                }
                None => {
                    let end = rest[at..].find(' ').map_or(rest.len(), |length| at + length);
                    let link = rest[at..end].to_owned();
                    rest = &rest[end..];
                    (link.clone(), Kind::Link(link))
                }
            };
            let (offset, length) = (letters(&text)?, letters(&shown)?);
            entities.push(Entity { offset, length, kind: Some(kind) });
            text += &shown;
        }
        text += rest;
        Ok(Self { body: TextBody { text, entities }.encode_to_vec().into(), mentions, mention_all })
    }
}

fn letters(text: &str) -> anyhow::Result<u32> {
    Ok(u32::try_from(text.chars().count())?)
}

fn user(id: &str) -> anyhow::Result<UserId> {
    Ok(UserId::new(id)?)
}

fn refused(failure: stonechat_app::api::Failure) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", failure.code, failure.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_marked_where_they_stand() {
        let said = Said::read("早上好 @{mei}: https://harbour.example/map, @{all}").unwrap();
        let body = TextBody::decode(said.body).unwrap();
        assert_eq!(body.text, "早上好 @林晓梅: https://harbour.example/map, @Everyone");
        let marked: Vec<_> = body
            .entities
            .iter()
            .map(|it| body.text.chars().skip(it.offset as usize).take(it.length as usize).collect::<String>())
            .collect();
        assert_eq!(marked, ["@林晓梅", "https://harbour.example/map,", "@Everyone"]);
        assert_eq!((said.mentions, said.mention_all), (vec![user("mei").unwrap()], true));
        assert!(Said::read("@{nobody}").is_err() && Said::read("@{alice").is_err());
    }
}
