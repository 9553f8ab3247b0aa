//! A data folder that a server of version 1 wrote, with its keys, says the same for ever: a change of the sealing, the
//! key files, the records or the rows that cannot read it fails here. `examples/write_sealed_store.rs` writes one.

use super::*;
use crate::serve::compose::{Server, Settings};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use stonechat_app::api::{Answer, Call, Content, EventView};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::{AppId, Seq};

const DIRECT: &str = "d_afg7gjw5q5c23733775sh4tkny";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/store/v1-sealed")
}

fn frozen(name: &str) -> String {
    fs::read_to_string(fixture().join(name)).unwrap()
}

/// A copy that is ours alone, as a data folder has to be.
fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(fixture().join("format"), folder.path().join("format")).unwrap();
    for inner in ["keys", "segments"] {
        fs::create_dir(folder.path().join(inner)).unwrap();
        for entry in fs::read_dir(fixture().join(inner)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(inner).join(entry.file_name())).unwrap();
        }
    }
    folder
}

fn printed(print: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> String {
    let mut out = Vec::new();
    print(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_sealed_store_of_version_1_is_dumped_as_it_was() {
    let folder = copied();
    assert_eq!(printed(|out| dump(folder.path(), Form::Json, out)), frozen("dump.jsonl"));
    assert_eq!(printed(|out| dump_keys(folder.path(), Form::Json, out)), frozen("keys.jsonl"));
    assert!(check(folder.path(), Form::Json, &mut Vec::new()).unwrap());
}

#[test]
fn another_master_key_opens_nothing() {
    let folder = copied();
    fs::write(folder.path().join("keys").join(MASTER_KEY_FILE), [0x47; 32]).unwrap();
    let error = dump(folder.path(), Form::Json, &mut Vec::new()).unwrap_err();
    assert!(format!("{error:#}").contains("the master key does not open the keys"), "{error:#}");
}

async fn events(server: &Server, conversation: ConversationId) -> Vec<EventView> {
    let call = Call::FetchEvents { conversation, after: Seq::ZERO, limit: 0 };
    match server.app.call_as(AppId::DEFAULT, UserId::new("alice").unwrap(), call).await {
        Ok(Answer::Events(page)) => page.events,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_serves_a_sealed_store_of_version_1() {
    let folder = copied();
    let group = frozen("dump.jsonl").lines().last().and_then(|line| line.get(17..45)).unwrap().to_owned();
    // The second start has the index that the first one made.
    for _ in 0..2 {
        let server = Server::start(Settings::on_loopback(folder.path().to_owned(), 0)).await.unwrap();
        for (conversation, count) in [(DIRECT, 5), (group.as_str(), 9)] {
            let events = events(&server, conversation.parse().unwrap()).await;
            assert_eq!(events.len(), count);
            assert!(events.iter().all(|event| !matches!(event.content, Content::Lost)), "{events:?}");
        }
        let events = events(&server, DIRECT.parse().unwrap()).await;
        let Content::Message { body_type, body, .. } = &events[4].content else { panic!("{events:?}") };
        assert_eq!((&body_type[..], body.len(), body[255]), (&b"app/picture"[..], 2000, 255));
        let names = Call::GetUsers(vec![UserId::new("alice").unwrap()], Vec::new());
        let names = server.app.call_as(AppId::DEFAULT, UserId::new("bob").unwrap(), names).await.unwrap();
        assert!(format!("{names:?}").contains("Alice Moreau"), "{names:?}");
        server.stop().await;
    }
}
