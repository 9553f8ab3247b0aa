//! What a device knows after its process died.

use std::sync::Arc;
use std::time::Duration;

use stonechat_types::id::{DeviceId, UserId};

use super::{House, ME, Tokens, until};
use crate::client::{Client, DeviceInfo, StoreConfig};
use crate::core::simulation::server::Server;
use crate::send::Text;
use crate::state::SendState;
use crate::timeline::TimelineOptions;

fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

#[tokio::test]
async fn a_message_written_without_a_network_survives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new();
    let account = house.login(Some(folder.path())).await;
    let handle = account.conversation_with(&bob()).send(Text::new("later")).await.unwrap();
    assert_eq!(handle.state().get(), SendState::Queued);
    let id = handle.client_msg_id();
    // Nobody says goodbye.
    drop((account, handle));

    let account = house.login(Some(folder.path())).await;
    let unsent = account.outbox().await.unwrap();
    assert_eq!(unsent.iter().map(|it| it.client_msg_id).collect::<Vec<_>>(), [id]);
    let timeline = account.conversation_with(&bob()).timeline(TimelineOptions::default()).await.unwrap();
    assert_eq!(timeline.items().len(), 3, "start, day, echo");
    account.start().await.unwrap();
    account.sending(id).unwrap().sent().await.unwrap();
    account.stop().await;
    assert_eq!(house.server().logs[&Server::direct()].messages().count(), 1);
}

#[tokio::test]
async fn a_second_start_fetches_only_what_is_new_and_works_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new();
    house.bob_writes("before");
    let account = house.online(Some(folder.path())).await;
    until(|| account.total_unread().get() == 1).await;
    account.stop().await;
    house.bob_writes("while away");

    let client =
        house.client(crate::client::StoreConfig::sqlite(folder.path()), std::sync::Arc::new(super::Tokens::default()));
    let account = client.restore(&UserId::new("alice").unwrap()).await.unwrap();
    assert_eq!(account.total_unread().get(), 1, "known without a connection");
    account.start().await.unwrap();
    account.online(Duration::from_secs(20)).await.unwrap();
    assert_eq!(account.total_unread().get(), 2);
    let nobody = client.restore(&UserId::new("nobody").unwrap()).await.err();
    assert_eq!(nobody.map(|error| error.code()), Some("not_found"));
    account.stop().await;
}

#[tokio::test]
async fn a_server_that_has_a_name_is_the_same_under_another_address() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new();
    let at = |address: &str, store: StoreConfig| {
        let client = Client::builder().endpoint(address).transport(Arc::new(house.clone())).store(store);
        let client = client.device(DeviceInfo::new(DeviceId::new("test-1").unwrap()));
        client.token_provider(Arc::new(Tokens::default())).build().unwrap()
    };
    let (store, user) = (|| StoreConfig::sqlite(folder.path()), UserId::new(ME).unwrap());
    at("ws://127.0.0.1:1", store().of_server("home")).login(&user).await.unwrap().stop().await;
    at("ws://127.0.0.1:2", store().of_server("home")).restore(&user).await.unwrap().stop().await;
    for other in [store(), store().of_server("work")] {
        let none = at("ws://127.0.0.1:1", other).restore(&user).await.err();
        assert_eq!(none.map(|error| error.code()), Some("not_found"));
    }
}

#[tokio::test]
async fn events_are_told_once_across_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new();
    house.bob_writes("one");
    let account = house.online(Some(folder.path())).await;
    let mut events = account.events();
    let first = events.next().await.unwrap();
    let second = events.next().await.unwrap();
    assert_eq!((first.event.kind.as_str(), second.event.kind.as_str()), ("conversation_created", "message"));
    events.acknowledge(first.cursor).await.unwrap();
    account.stop().await;
    assert!(events.next().await.is_err(), "it ends with the account");

    house.bob_writes("two");
    let account = house.online(Some(folder.path())).await;
    let mut events = account.events();
    let again = events.next().await.unwrap();
    assert_eq!(again, second, "what was not acknowledged comes again");
    let next = events.next().await.unwrap();
    assert_eq!((next.event.seq, next.event.kind.as_str()), (3, "message"));
    events.acknowledge(next.cursor).await.unwrap();
    house.bob_writes("three");
    assert_eq!(events.next().await.unwrap().event.seq, 4);
    account.stop().await;
}

#[tokio::test]
async fn another_program_can_read_the_messages() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::new();
    house.bob_writes("read me");
    let account = house.online(Some(folder.path())).await;
    until(|| account.total_unread().get() == 1).await;
    let file = std::fs::read_dir(folder.path()).unwrap().flatten().map(|it| it.path());
    let path = file.into_iter().find(|path| path.extension().is_some_and(|it| it == "db")).unwrap();
    let db = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let row: (String, i64, Vec<u8>) = db
        .query_row("SELECT conversation_id, seq, body FROM messages", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(row, (Server::direct().to_string(), 2, b"\x0a\x07read me".to_vec()));
    account.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_message_hears_that_the_account_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let account = House::new().login(Some(folder.path())).await;
    let handle = account.conversation_with(&bob()).send(Text::new("later")).await.unwrap();
    let (sent, ()) = tokio::join!(handle.sent(), account.stop());
    assert_eq!(sent, Err(crate::error::Error::Closed));
}
