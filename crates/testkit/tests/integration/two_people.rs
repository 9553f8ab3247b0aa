//! Two people with two devices each, over bare frames.

use bytes::Bytes;
use stonechat_testkit::ids::client_msg_id;
use stonechat_testkit::local::Local;
use stonechat_testkit::observed::{Seen, observed};
use stonechat_testkit::raw::{Raw, text_of};
use stonechat_wire::v1::send_message::To;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_reaches_every_device_and_is_there_after_a_restart() -> anyhow::Result<()> {
    let mut local = Local::start().await?;
    let (alice, bob) = (local.token("alice"), local.token("bob"));
    let (mut phone, welcome) = Raw::hello(local.tcp(), &alice, "phone", Bytes::new()).await?;
    assert!(welcome.reset);
    let (mut tablet, _) = Raw::hello(local.tcp(), &alice, "tablet", Bytes::new()).await?;
    let (mut bobs, _) = Raw::hello(local.tcp(), &bob, "phone", Bytes::new()).await?;
    let sent = phone.send(To::UserId("bob".into()), client_msg_id(), "hello").await?;
    for device in [&mut phone, &mut tablet, &mut bobs] {
        assert_eq!(text_of(&device.event(&sent.conversation_id, sent.seq).await?), "hello");
    }
    local.restart().await?;
    let (_, welcome) = Raw::hello(local.tcp(), &bob, "phone", Bytes::new()).await?;
    let conversation = &welcome.conversations[0];
    assert_eq!((conversation.head_seq, conversation.unread), (2, 1));
    assert_eq!(conversation.last_message.as_ref().map(text_of).as_deref(), Some("hello"));
    observed("conversations", &[Seen::Second, Seen::Restart])?;
    observed("sign_in", &[Seen::Second, Seen::Restart])?;
    observed("history", &[Seen::Restart])?;
    local.stop().await;
    Ok(())
}
