//! The demo: six people who know each other, and what a newcomer types next.

use crate::serve::compose::Server;
use bytes::Bytes;
use prost::Message as _;
use std::io::Write;
use std::sync::Arc;
use stonechat_app::api::{Answer, Call, CreateGroup, Destination, SendMessage};
use stonechat_http::web::demo::DemoPerson;
use stonechat_types::id::{ClientMsgId, CommandId, ConversationKind, UserId};
use stonechat_types::number::{AppId, Seq};
use stonechat_types::text::{DisplayName, Title};
use stonechat_wire::v1::TextBody;

/// The people, by id and name.
pub const PEOPLE: [(&str, &str); 6] = [
    ("alice", "Alice Moreau"),
    ("bob", "Bob Okafor"),
    ("carol", "Carol Jensen"),
    ("dave", "Dave Kim"),
    ("mei", "梅 林"),
    ("omar", "عمر حداد"),
];

const LINES: [(&str, &str, &str); 5] = [
    ("bob", "alice", "Morning! Did the nightly build go through?"),
    ("alice", "bob", "It did, all green. I am writing the release notes now."),
    ("mei", "alice", "你好！周五的会议还是三点吗？"),
    ("omar", "bob", "صباح الخير، هل وصلك الملف؟"),
    ("carol", "dave", "Lunch at half past twelve?"),
];

/// The people, for a page that lets one pick.
///
/// # Errors
/// Never, unless an id above is none.
pub fn people() -> anyhow::Result<Arc<[DemoPerson]>> {
    let person = |(id, name): (&str, &str)| {
        Ok(DemoPerson { id: UserId::new(id)?, name: name.to_owned(), language: "en", awaits: "" })
    };
    PEOPLE.into_iter().map(person).collect()
}

/// Makes the people and a few lines between them. Starting again changes nothing.
///
/// # Errors
/// When the store refuses.
pub async fn seed(server: &Server) -> anyhow::Result<()> {
    let user = |id: &str| UserId::new(id).map_err(anyhow::Error::from);
    for (id, name) in PEOPLE {
        server.app.put_user(AppId::DEFAULT, user(id)?, Some(DisplayName::new(name)?)).await.map_err(refused)?;
    }
    for (i, (from, to, text)) in LINES.iter().enumerate() {
        let send = SendMessage {
            to: Destination::User(user(to)?),
            client_msg_id: ClientMsgId(fixed(1, i)),
            body_type: "text".into(),
            body: body(text),
            read_upto: Seq::ZERO,
            after: None,
            attributes: None,
        };
        server.app.call_as(AppId::DEFAULT, user(from)?, Call::Send(send)).await.map_err(refused)?;
    }
    let group = CreateGroup {
        command_id: CommandId(fixed(2, 0)),
        kind: ConversationKind::Group,
        title: Title::new("Launch")?,
        members: ["bob", "carol", "dave", "mei", "omar"].into_iter().map(user).collect::<Result<_, _>>()?,
    };
    let made = server.app.call_as(AppId::DEFAULT, user("alice")?, Call::CreateGroup(group)).await.map_err(refused)?;
    if let Answer::CommandDone(done) = made {
        for (i, (from, text)) in
            [("alice", "Welcome, all. This is where we plan the launch."), ("dave", "🎉")].into_iter().enumerate()
        {
            let send = SendMessage {
                to: Destination::Conversation(done.conversation),
                client_msg_id: ClientMsgId(fixed(3, i)),
                body_type: "text".into(),
                body: body(text),
                read_upto: Seq::ZERO,
                after: None,
                attributes: None,
            };
            server.app.call_as(AppId::DEFAULT, user(from)?, Call::Send(send)).await.map_err(refused)?;
        }
    }
    Ok(())
}

fn body(text: &str) -> Bytes {
    TextBody { text: text.to_owned(), entities: Vec::new() }.encode_to_vec().into()
}

/// An id that is the same at each start, so that nothing is stored twice.
fn fixed(kind: u8, index: usize) -> [u8; 16] {
    // A UUIDv7 of the first of January 2026, so that every id made later is larger.
    let mut id = [0x01, 0x9b, 0x76, 0xda, 0x64, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, kind, 0];
    id[15] = index as u8;
    id
}

fn refused(failure: stonechat_app::api::Failure) -> anyhow::Error {
    anyhow::anyhow!("the demo could not be set up: {}: {}", failure.code, failure.message)
}

/// Says what to do next.
///
/// # Errors
/// When it cannot be written.
pub fn explain(server: &Server, program: &str, data: &str, out: &mut dyn Write) -> std::io::Result<()> {
    let url = server.url();
    let page = match (server.messenger, server.demo) {
        (true, true) => format!("Open {url}/ in a browser, and pick one of the six people."),
        (true, false) => format!(
            "The messenger is at {url}/. Its pages cannot sign in as the demo people, for this address is not one of\n  \
             this machine alone: they take a token, such as `{program} token mint --user alice --data {data}` prints."
        ),
        (false, _) => {
            "The messenger for browsers is not in this binary: `make web` builds it, with Node 20.19 or newer."
                .to_owned()
        }
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
        PEOPLE.map(|(id, _)| id).join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::compose::Settings;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_said_names_the_file_of_the_secret_key_and_not_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Settings::on_loopback(folder.path().to_owned(), 0)).await.unwrap();
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
