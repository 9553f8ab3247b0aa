//! The demo: six people who know each other, what they have said, and what a newcomer does next.

mod play;
mod script;

use crate::serve::compose::Server;
use crate::serve::web::Web;
use std::io::Write;
use std::sync::Arc;
use stonechat_http::web::demo::DemoPerson;
use stonechat_types::id::UserId;

/// Somebody of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The id; also the username.
    pub id: &'static str,
    /// The name.
    pub name: &'static str,
    /// Where the messenger has a picture.
    pub picture: &'static str,
    /// What the person speaks.
    pub language: &'static str,
    /// What waits there, in that language and in a few words: they stand beside a picture.
    pub awaits: &'static str,
}

/// The people. Their ids stand in many documents.
pub const PEOPLE: [Person; 6] = [
    Person {
        id: "alice",
        name: "Alice Moreau",
        picture: "/people/boat.svg",
        language: "en",
        awaits: "Mentioned by Carol",
    },
    Person { id: "bob", name: "Bob Okafor", picture: "/people/cup.svg", language: "en", awaits: "Invited for coffee" },
    Person {
        id: "carol",
        name: "Carol Jensen",
        picture: "/people/leaf.svg",
        language: "en",
        awaits: "Runs the notices",
    },
    Person { id: "dave", name: "Dave Kim", picture: "/people/ridge.svg", language: "en", awaits: "Drives the van" },
    Person {
        id: "mei", name: "林晓梅", picture: "/people/night.svg", language: "zh", awaits: "周六带大家爬山"
    },
    Person {
        id: "omar", name: "عمر حداد", picture: "/people/dunes.svg", language: "ar", awaits: "ضيوف يوم الخميس"
    },
];

/// The people, for a page that lets one pick.
///
/// # Errors
/// Never, unless an id above is none.
pub fn people() -> anyhow::Result<Arc<[DemoPerson]>> {
    let person = |Person { id, name, picture, language, awaits }| {
        Ok(DemoPerson { id: UserId::new(id)?, name, avatar: picture, language, awaits })
    };
    PEOPLE.into_iter().map(person).collect()
}

/// Makes the people and what they have said, at the first start.
pub async fn seed(server: &Server) {
    if let Err(error) = play::play(&server.app).await {
        // On a store that was used otherwise before, somebody may have left or blocked somebody.
        tracing::warn!(error = format!("{error:#}"), "The demo is not whole: {error:#}");
    }
}

/// Says what to do next.
///
/// # Errors
/// When it cannot be written.
pub fn explain(server: &Server, program: &str, data: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let url = server.url();
    let page = match (&server.web, server.demo) {
        (Web::Off, _) => "The messenger for browsers is switched off.".to_owned(),
        (web, _) if !web.is_built() => {
            "The messenger for browsers was not built: `make web` does that, with Node 20.19 or newer.".to_owned()
        }
        (_, true) => format!("Open {url}/ in a browser, and pick one of the six people."),
        (_, false) => format!(
            "The messenger is at {url}/. Its pages cannot sign in as the demo people, for this address is not one of\n  \
             this machine alone: they take a token, such as `{program} token mint --user alice --data {data}` prints."
        ),
    };
    writeln!(
        out,
        "\n  {page}\n\n  \
         Or chat as two of them ({}), each in a terminal of its own:\n\n    \
         {program} chat --as alice --data {data}\n    {program} chat --as bob --data {data}\n\n  \
         Send a message from a backend, with the app's secret key:\n\n    curl -X POST {url}/v1/apps/default/messages \
         \\\n      -H \"Authorization: Bearer $(cat '{data}/keys/api-secret.default')\" \\\n      \
         -H 'Content-Type: application/json' \\\n      \
         -d '{{\"sender\":\"bob\",\"to_user\":\"alice\",\"text\":\"Hello from the backend\"}}'\n\n  \
         Stop with Ctrl+C. The data are in {data}.\n",
        PEOPLE.map(|person| person.id).join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::play::PLAYED;
    use super::script::{Place, SCENES};
    use super::*;
    use crate::serve::compose::Settings;
    use std::collections::BTreeMap;
    use std::path::Path;
    use stonechat_app::api::{Answer, Call, ConversationView, Patch, ProfilePatch};
    use stonechat_types::number::{AppId, Seq};
    use stonechat_types::text::DisplayName;

    async fn started(data: &Path) -> Server {
        Server::start(Settings::on_loopback(data.to_owned(), 0)).await.unwrap()
    }

    /// Plays the demo, and starts again: read cursors are written at the end of a second, or of the server.
    async fn seeded(data: &Path) -> Server {
        let server = started(data).await;
        seed(&server).await;
        server.stop().await;
        started(data).await
    }

    /// The conversations of a person, by the title or the id of the other.
    async fn conversations(server: &Server, id: &str) -> BTreeMap<String, ConversationView> {
        let call = Call::ListConversations { page: Default::default(), limit: 100 };
        let answer = server.app.call_as(AppId::DEFAULT, UserId::new(id).unwrap(), call).await.unwrap();
        let Answer::Conversations(page) = answer else { panic!("{answer:?}") };
        let name = |view: &ConversationView| match (&view.title, &view.peer) {
            (Some(title), _) => title.as_str().to_owned(),
            (None, Some(peer)) => peer.id.to_string(),
            (None, None) => panic!("{view:?}"),
        };
        page.conversations.into_iter().map(|view| (name(&view), view)).collect()
    }

    async fn heads(server: &Server) -> Vec<(&'static str, String, Seq, u64)> {
        let mut heads = Vec::new();
        for Person { id, .. } in PEOPLE {
            let all = conversations(server, id).await;
            heads.extend(all.into_iter().map(|(name, view)| (id, name, view.head, view.unread)));
        }
        heads
    }

    async fn change(server: &Server, patch: ProfilePatch) {
        server.app.change_user(AppId::DEFAULT, UserId::new("alice").unwrap(), patch).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn everybody_has_read_as_far_as_the_script_says() {
        let folder = tempfile::tempdir().unwrap();
        let server = seeded(folder.path()).await;
        for Person { id, .. } in PEOPLE {
            let all = conversations(&server, id).await;
            let mut expected = BTreeMap::new();
            for scene in SCENES {
                let name = match &scene.place {
                    Place::Direct(one, other) if *one == id => *other,
                    Place::Direct(one, other) if *other == id => *one,
                    Place::Group(group) if group.owner == id || group.members.contains(&id) => group.title,
                    _ => continue,
                };
                let unread = scene.unread.iter().find(|(who, _)| *who == id).map_or(0, |(_, lines)| *lines);
                let last = &scene.lines[scene.lines.len() - unread..];
                let count = last.iter().filter(|line| line.by != id && !line.recalled).count();
                let mentions = last.iter().filter(|line| line.text.contains(&format!("@{{{id}}}"))).count();
                expected.insert(name.to_owned(), (count as u64, mentions as u32));
            }
            let found: BTreeMap<_, _> =
                all.into_iter().map(|(name, view)| (name, (view.unread, view.unread_mentions))).collect();
            assert_eq!(found, expected, "{id}");
            assert!(found.values().any(|(unread, _)| *unread > 0), "something awaits {id}");
        }
        server.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_is_played_once_and_what_people_did_since_is_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let server = seeded(folder.path()).await;
        let before = heads(&server).await;
        change(&server, ProfilePatch::named(DisplayName::new("Alix").ok())).await;
        server.stop().await;
        let server = seeded(folder.path()).await;
        let alice = server.app.user(AppId::DEFAULT, UserId::new("alice").unwrap()).await.unwrap();
        assert_eq!(alice.profile.name, DisplayName::new("Alix").ok());
        assert_eq!(heads(&server).await, before);
        // A start that ended before the last step plays everything again, and nothing of it happens twice.
        change(&server, ProfilePatch { private: vec![(PLAYED.into(), None)], ..ProfilePatch::default() }).await;
        change(&server, ProfilePatch { avatar: Patch::Clear, ..ProfilePatch::default() }).await;
        server.stop().await;
        let server = seeded(folder.path()).await;
        let alice = server.app.user(AppId::DEFAULT, UserId::new("alice").unwrap()).await.unwrap();
        assert_eq!(alice.profile.avatar.as_deref(), Some("/people/boat.svg"), "it was played");
        assert_eq!(heads(&server).await, before);
        server.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_start_says_where_to_go_or_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let built = folder.path().join("web");
        std::fs::create_dir(&built).unwrap();
        std::fs::write(built.join("index.html"), "").unwrap();
        let nothing = folder.path().join("nothing");
        for (web, demo, expected) in [
            (Web::Folder(built.clone()), true, "in a browser, and pick one"),
            (Web::Folder(built), false, "token mint --user alice"),
            (Web::Folder(nothing), true, "was not built: `make web`"),
            (Web::Off, true, "is switched off"),
        ] {
            let settings = Settings { web, demo, ..Settings::on_loopback(data.clone(), 0) };
            let server = Server::start(settings).await.unwrap();
            let mut said = Vec::new();
            explain(&server, "stonechat", "d", &mut said).unwrap();
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains(expected) && said.contains("chat --as alice"), "{said}");
            server.stop().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_said_names_the_file_of_the_secret_key_and_not_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let server = started(folder.path()).await;
        let data = folder.path().display().to_string();
        let mut said = Vec::new();
        explain(&server, "stonechat", &data, &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        let file = folder.path().join("keys/api-secret.default");
        assert!(said.contains(&format!("$(cat '{}')", file.display())), "{said}");
        let secret = std::fs::read_to_string(file).unwrap();
        assert!(!said.contains(secret.trim()));
        server.stop().await;
    }
}
