//! The loop: messages of the SDK, keys and time in; screens and SDK calls out.

use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use futures_util::stream::{BoxStream, SelectAll, select_all};
use ratatui::layout::Size;
use stonechat_client::account::Account;
use stonechat_types::id::{ConversationId, UserId};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use crate::cli::failure::{Failure, Outcome};
use crate::cli::local_server::now;
use crate::cli::printer::Looks;
use crate::cli::signals::EndSignals;
use crate::tui::doing::{ARRIVALS, Arrival, Doer, Followed};
use crate::tui::message::{Effect, Msg};
use crate::tui::palette::Palette;
use crate::tui::screen::{self, Screen};
use crate::tui::state::{App, Begin};
use crate::tui::update::{leave, update};

/// Least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// How often time passes.
const TICK: Duration = Duration::from_secs(1);
/// How long tasks may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// What is shown first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// The list.
    List,
    /// A conversation.
    Conversation(ConversationId),
    /// The direct conversation with a user.
    Direct(UserId),
}

type Messages = SelectAll<BoxStream<'static, Msg>>;

/// Chats until the user quits or a signal comes.
///
/// # Errors
/// When the terminal cannot be used.
pub async fn run(account: &Account, first: First, looks: Looks) -> Outcome {
    let signals = EndSignals::listen()?;
    let mut screen = Screen::take()?;
    let tasks = TaskTracker::new();
    let outcome = chat(account, first, looks, &mut screen, signals, &tasks).await;
    drop(screen);
    account.stop().await;
    tasks.close();
    // They end by themselves: the account answers them that it is stopped.
    let _ = timeout(END_TIMEOUT, tasks.wait()).await;
    outcome
}

async fn chat(
    account: &Account,
    first: First,
    looks: Looks,
    screen: &mut Screen,
    mut signals: EndSignals,
    tasks: &TaskTracker,
) -> Outcome {
    let (arrivals, mut arrived) = mpsc::channel(ARRIVALS);
    let mut doer = Doer::new(account.clone(), tasks.clone(), arrivals, looks.offset);
    let mut app = App::new(Begin {
        me: account.user().clone(),
        now: now(),
        offset: looks.offset,
        palette: Palette(looks.paint),
        size: screen.size()?,
    });
    let mut terminal = EventStream::new();
    let (known, mut sdk) = of_account(account);
    let mut followed = Messages::new();
    let mut inbox = known;
    // Without them people are called by their ids until there is a connection.
    inbox.extend(account.known_names().await.ok().map(Msg::OldNames));
    match first {
        First::List => {}
        First::Conversation(id) => inbox.push(Msg::Opened(id, None)),
        First::Direct(user) => doer.perform(Effect::OpenDirect(user)),
    }
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut next_frame = Instant::now();
    let mut stale = true;

    let outcome: Outcome = async {
        loop {
            for msg in std::mem::take(&mut inbox) {
                stale = true;
                app.now = now();
                for effect in update(&mut app, msg) {
                    match effect {
                        Effect::Quit => return Ok(()),
                        Effect::Bell => screen.ring()?,
                        effect => doer.perform(effect),
                    }
                }
            }
            if screen::has_panicked() {
                return Err(Failure::failed("the client failed in a way that it did not foresee"));
            }
            if stale && Instant::now() >= next_frame {
                screen.draw(&app)?;
                stale = false;
                next_frame = Instant::now() + FRAME;
            }
            tokio::select! {
                biased;
                () = signals.received() => return Ok(()),
                event = terminal.next() => match event {
                    Some(event) => inbox.extend(of_terminal(event?)),
                    None => return Ok(()),
                },
                () = sleep_until(next_frame), if stale => {}
                Some(arrival) = arrived.recv() => match arrival {
                    Arrival::Msg(msg) => inbox.push(msg),
                    Arrival::Timeline(opened) => {
                        if app.open.as_ref().is_some_and(|open| open.id == opened.conversation.id()) {
                            let (known, streams) = of_conversation(&opened);
                            inbox.extend(known);
                            followed = streams;
                            doer.follow(opened);
                        }
                    }
                },
                Some(msg) = followed.next() => inbox.push(msg),
                Some(msg) = sdk.next() => inbox.push(msg),
                _ = ticks.tick() => inbox.push(Msg::Tick(now())),
            }
        }
    }
    .await;
    // However it ends, what was written is kept; nobody waits for arrivals any more.
    drop(arrived);
    for effect in leave(&mut app) {
        doer.perform(effect);
    }
    doer.finish(END_TIMEOUT).await;
    outcome
}

fn of_terminal(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(width, height) => Some(Msg::Resize(Size::new(width, height))),
        Event::FocusGained => Some(Msg::Focused),
        Event::FocusLost => Some(Msg::Unfocused),
        Event::Mouse(_) => None,
    }
}

/// What the account knows now, and a stream of what becomes different. A list is small enough to be taken whole.
fn of_account(account: &Account) -> (Vec<Msg>, Messages) {
    let connection = account.connection();
    let unread = account.total_unread();
    let (windows, quiet) = (account.message_windows(), account.quiet());
    let content_types = account.content_types();
    let presences = account.presences();
    let (relations, asking) = (account.relations(), account.asking());
    let (list, changes) = account.conversations().entries();
    let known = vec![
        Msg::Connection(connection.get()),
        Msg::TotalUnread(unread.get()),
        Msg::Windows(windows.get()),
        Msg::Quiet(quiet.get()),
        Msg::ContentTypes(content_types.get()),
        Msg::Presences(presences.get()),
        Msg::Relations(relations.get()),
        Msg::Asking(asking.get()),
        Msg::Conversations(list.into_iter().collect()),
    ];
    let conversations = account.conversations();
    let streams = [
        connection.map(Msg::Connection).boxed(),
        unread.map(Msg::TotalUnread).boxed(),
        windows.map(Msg::Windows).boxed(),
        quiet.map(Msg::Quiet).boxed(),
        content_types.map(Msg::ContentTypes).boxed(),
        presences.map(Msg::Presences).boxed(),
        relations.map(Msg::Relations).boxed(),
        asking.map(Msg::Asking).boxed(),
        changes.map(move |_| Msg::Conversations(conversations.now().into_iter().collect())).boxed(),
    ];
    (known, select_all(streams))
}

fn of_conversation(followed: &Followed) -> (Vec<Msg>, Messages) {
    let id = followed.conversation.id();
    let typing = followed.conversation.typing();
    let (items, changes) = followed.timeline.subscribe();
    let known = vec![Msg::Timeline(id, items.into_iter().collect()), Msg::Typing(id, typing.get())];
    let timeline = followed.timeline.clone();
    let streams = [
        changes.map(move |_| Msg::Timeline(id, timeline.items().into_iter().collect())).boxed(),
        typing.map(move |users| Msg::Typing(id, users)).boxed(),
    ];
    (known, select_all(streams))
}
