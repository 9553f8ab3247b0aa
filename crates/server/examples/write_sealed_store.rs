//! Writes the fixture of a server's data folder, with the keys that its bodies are sealed with:
//! `cargo run -p stonechat-server --example write_sealed_store -- FOLDER`. The folder of a version that was released is
//! never written again; a new format gets a folder of its own, and both are opened from then on.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use prost::Message as _;
use stonechat_app::api::{Answer, Call, ChangeConversation, ChangeRequest, CreateGroup, Destination, SendMessage};
use stonechat_domain::member::Role;
use stonechat_log_segment::config::OnClose;
use stonechat_log_segment::keys::MASTER_KEY_FILE;
use stonechat_server::data_folder::DataFolder;
use stonechat_server::log_tools::{self, Form};
use stonechat_server::serve::compose::{Server, Settings};
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, Seq};
use stonechat_types::text::{DisplayName, Title};
use stonechat_wire::v1::TextBody;

/// A key for everybody to see.
const MASTER_KEY: [u8; 32] = [0x46; 32];
const SEGMENT_BYTES: u64 = 4096;

struct Writer {
    server: Server,
    made: u8,
}

fn user(id: &str) -> UserId {
    UserId::new(id).expect("a user id")
}

impl Writer {
    async fn call(&self, by: &str, call: Call) -> Answer {
        match self.server.app.call_as(AppId::DEFAULT, user(by), call).await {
            Ok(answer) => answer,
            Err(failure) => panic!("{}: {}", failure.code, failure.message),
        }
    }

    fn id(&mut self) -> [u8; 16] {
        self.made += 1;
        let mut id = [0x01, 0x9b, 0x76, 0xda, 0x64, 0x00, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0];
        id[15] = self.made;
        id
    }

    async fn send(&mut self, by: &str, to: Destination, body_type: &'static str, body: Bytes) {
        let client_msg_id = ClientMsgId(self.id());
        let body_type = body_type.into();
        let send =
            SendMessage { attributes: None, to, client_msg_id, body_type, body, read_upto: Seq::ZERO, after: None };
        self.call(by, Call::Send(send)).await;
    }

    async fn text(&mut self, by: &str, to: Destination, text: &str) {
        let body = TextBody { entities: Vec::new(), text: text.to_owned() }.encode_to_vec().into();
        self.send(by, to, "text", body).await;
    }

    async fn change(&mut self, by: &str, conversation: ConversationId, change: ChangeRequest) {
        let command_id = CommandId(self.id());
        self.call(by, Call::Change(ChangeConversation { command_id, conversation, change })).await;
    }

    async fn write(&mut self) {
        for (id, name) in
            [("alice", "Alice Moreau"), ("bob", "Bob Okafor"), ("carol", "Carol Jensen"), ("dave", "Dave")]
        {
            let name = DisplayName::new(name).expect("a name");
            self.server.app.put_user(AppId::DEFAULT, user(id), Some(name)).await.expect("a user");
        }
        for (by, to, text) in [
            ("alice", "bob", "Hello, Bob."),
            ("bob", "alice", "¿Qué tal? — 你好 👋🏽"),
            ("alice", "bob", "Two lines,\nand a\ttab."),
            ("carol", "carol", "A note to myself."),
        ] {
            self.text(by, Destination::User(user(to)), text).await;
        }
        // Opaque, and so large that a segment ends behind it.
        let opaque: Vec<u8> = (0..=255).cycle().take(2000).collect();
        self.send("bob", Destination::User(user("alice")), "app/picture", opaque.into()).await;
        let members = vec![user("bob"), user("carol")];
        let title = Title::new("Launch").expect("a title");
        let create = CreateGroup { command_id: CommandId(self.id()), kind: ConversationKind::Group, title, members };
        let Answer::CommandDone(done) = self.call("alice", Call::CreateGroup(create)).await else { panic!("no group") };
        let group = done.conversation;
        self.text("carol", Destination::Conversation(group), "Is everybody here?").await;
        self.change("alice", group, ChangeRequest::AddMembers(vec![user("dave")])).await;
        self.change("alice", group, ChangeRequest::SetRole(user("bob"), Role::Admin)).await;
        self.change("bob", group, ChangeRequest::Rename(Title::new("Launch 2").expect("a title"))).await;
        self.text("dave", Destination::Conversation(group), "Now I am.").await;
        self.change("bob", group, ChangeRequest::RemoveMember(user("carol"))).await;
        self.change("dave", group, ChangeRequest::Leave).await;
        self.text("bob", Destination::Conversation(group), "Then it is the two of us.").await;
    }
}

/// Leaves out what can be made again, what holds nothing, and the keys by which people sign in.
fn strip(folder: &Path) {
    fs::remove_dir_all(folder.join("index")).expect("remove the index");
    for entry in fs::read_dir(folder.join("keys")).expect("the keys") {
        let path = entry.expect("a key").path();
        let kept = [MASTER_KEY_FILE, "app-keys", "salts"].map(|name| folder.join("keys").join(name));
        if !kept.contains(&path) {
            fs::remove_file(path).expect("remove a key");
        }
    }
    for entry in fs::read_dir(folder.join("segments")).expect("the segments") {
        let path = entry.expect("a segment").path();
        if fs::read(&path).expect("read a segment").iter().all(|byte| *byte == 0) {
            fs::remove_file(path).expect("remove a spare");
        }
    }
}

#[tokio::main]
async fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder to write"));
    assert!(!folder.exists(), "the folder is there already");
    let data = DataFolder::create(&folder).expect("make the folder");
    fs::write(data.keys().join(MASTER_KEY_FILE), MASTER_KEY).expect("write the master key");
    let mut settings = Settings::on_loopback(folder.clone(), 0);
    settings.store.segment_bytes = SEGMENT_BYTES;
    settings.store.on_close = OnClose::Leave;
    let server = Server::start(settings).await.expect("start");
    let mut writer = Writer { server, made: 0 };
    writer.write().await;
    writer.server.stop().await;
    strip(&folder);
    let (mut dump, mut keys) = (Vec::new(), Vec::new());
    log_tools::dump(&folder, Form::Json, &mut dump).expect("dump");
    log_tools::dump_keys(&folder, Form::Json, &mut keys).expect("dump the keys");
    fs::write(folder.join("dump.jsonl"), dump).expect("write the dump");
    fs::write(folder.join("keys.jsonl"), keys).expect("write the keys");
    fs::remove_file(folder.join("lock")).expect("remove the lock");
}
