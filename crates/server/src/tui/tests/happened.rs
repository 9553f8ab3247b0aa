//! What happened to a conversation, on the screen.

use stonechat_client::system_event::{SystemEvent, SystemEventKind};

use super::*;

#[test]
fn what_happened_stands_between_the_messages_and_cannot_be_chosen() {
    let mut app = with_list(80, 24);
    let kind = SystemEventKind::MembersAdded(vec![user("mei"), user("alice")]);
    let event = SystemEvent { seq: Seq(6), by: user("bob"), at: minutes_ago(5), kind };
    let event = line(ItemKey::Log(Seq(6)), TimelineItemKind::Event(Box::new(event)));
    let items = vec![start(), said(5, "bob", "before", 9), event, said(7, "bob", "after", 1)];
    opened(&mut app, items);
    let shown = screen(&app);
    let row = shown.lines().find(|row| row.contains(" added ")).unwrap_or_else(|| panic!("{shown}"));
    assert!(row.contains(" and you"), "{row}");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Up);
    let selected = app.open.as_ref().and_then(|open| open.selected);
    assert_eq!(selected, Some(ItemKey::Log(Seq(5))), "one goes from message to message");
}
