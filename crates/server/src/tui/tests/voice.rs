//! Voice messages: whether they were played, and that opening one says so.

use stonechat_client::content::{Media, MediaKind, Upload};

use super::*;
use crate::tui::state::Pane;

fn voice(item: &Arc<TimelineItem>, (by_me, by_others): (bool, u32)) -> Arc<TimelineItem> {
    let mut item = (**item).clone();
    if let TimelineItemKind::Message(message) = &mut item.kind {
        let file = Upload { id: "u1".into(), name: "note.ogg".into(), mime_type: "audio/ogg".into(), bytes: 900 };
        message.message.content =
            Content::Media(Box::new(Media { kind: MediaKind::Voice, file, duration_ms: 4_000, ..Media::default() }));
        (message.played_by_me, message.played_by_others) = (by_me, by_others);
    }
    Arc::new(item)
}

#[test]
fn what_is_not_played_is_marked_and_is_played_when_it_is_opened() {
    let mut app = with_list(80, 24);
    let theirs = |played| voice(&said(19, "bob", "", 2), (played, 0));
    opened(&mut app, vec![start(), theirs(false), voice(&wrote(20, "", 1, sent(), 1), (false, 1))]);
    let shown = screen(&app);
    assert!(shown.contains("● not played") && shown.contains("▶ played"), "{shown}");
    app.pane = Pane::Messages;
    while app.open.as_ref().unwrap().selected != Some(ItemKey::Log(Seq(19))) {
        press(&mut app, KeyCode::Up);
    }
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::Play(direct("bob"), Seq(19))]);
    update(&mut app, Msg::Timeline(direct("bob"), vec![start(), theirs(true)]));
    assert!(!screen(&app).contains("● not played"));
}
