//! Samples of people: users, what they tell of themselves and what they are to each other.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_app::api::{Answer, OwnProfile, ProfileView, RelationView, RelationsPage, UsersPage};
use stonechat_domain::relation::{Declined, Remarks, Request, WhoMayAdd, WhoMayMessage};
use stonechat_types::fields::Fields;
use stonechat_types::id::{UserId, Username};
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note, Tag};
use stonechat_wire::v1::{self, frame::Body, relate::Change};

const AT: Timestamp = Timestamp(1_790_000_000_123);

fn fields() -> Fields {
    Fields::of([("city", "Utrecht"), ("pronouns", "she")]).unwrap()
}

fn map() -> BTreeMap<String, String> {
    fields().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Calls, one of each kind.
pub fn calls(command_id: Bytes) -> Vec<Body> {
    vec![
        Body::SetProfile(v1::SetProfile {
            command_id: command_id.clone(),
            display_name: Some("Alice 你好".into()),
            username: Some("alice.b".into()),
            avatar: Some(String::new()),
            public_fields: map(),
            remove_public_fields: vec!["motto".into()],
            private_fields: map(),
            remove_private_fields: vec!["theme".into()],
            who_may_message: v1::WhoMayMessage::Contacts.into(),
            who_may_add: v1::WhoMayAdd::Question.into(),
            question: Some("What is my dog called?".into()),
        }),
        Body::GetProfile(v1::GetProfile {}),
        relate(command_id, Change::Request(v1::RequestContact { message: "It is me".into(), answer: "Rex".into() })),
        Body::ListRelations(v1::ListRelations {
            filter: v1::RelationFilter::Requests.into(),
            page: Bytes::from_static(b"page"),
            limit: 9,
        }),
    ]
}

/// A command about bob.
pub fn relate(command_id: Bytes, change: Change) -> Body {
    Body::Relate(v1::Relate { command_id, user_id: "bob".into(), change: Some(change) })
}

/// Answers, one of each kind.
pub fn answers() -> Vec<Answer> {
    vec![
        Answer::Users(UsersPage { users: vec![view()], more: true }),
        Answer::Profile(Box::new(own())),
        Answer::Relations(RelationsPage { relations: vec![relation()], next: Bytes::from_static(b"next page") }),
    ]
}

pub fn view() -> ProfileView {
    ProfileView {
        id: UserId::new("alice").unwrap(),
        name: Some(DisplayName::new("Alice 你好").unwrap()),
        username: Some(Username::new("alice.b").unwrap()),
        avatar: Some("https://example.org/alice.png".into()),
        public: fields(),
        changed_at: AT,
        question: Note::new("What is my dog called?").ok(),
    }
}

pub fn own() -> OwnProfile {
    let (who_may_message, who_may_add) = (WhoMayMessage::Contacts, WhoMayAdd::Question);
    OwnProfile { profile: view(), private: fields(), who_may_message, who_may_add }
}

pub fn relation() -> RelationView {
    let request = || Request { message: Note::new("It is me").ok(), answer: Note::new("Rex").ok(), at: AT };
    RelationView {
        peer: UserId::new("bob").unwrap(),
        contacts_since: Some(AT),
        blocks_since: Some(AT.plus_ms(1)),
        incoming: Some(request()),
        outgoing: Some(request()),
        declined: Some(Declined { reason: Note::new("Who are you?").ok(), at: AT }),
        remarks: Remarks {
            alias: Some(DisplayName::new("Bobby").unwrap()),
            tags: BTreeSet::from([Tag::new("work").unwrap()]),
            extension: fields(),
        },
    }
}
