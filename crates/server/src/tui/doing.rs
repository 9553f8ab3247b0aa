//! Does what the state wants done, through the SDK.

use std::sync::Arc;
use std::time::Duration;

use stonechat_client::account::Account;
use stonechat_client::conversation::Conversation;
use stonechat_client::preferences::FOR_GOOD;
use stonechat_client::search::Search;
use stonechat_client::send::{Outgoing, SendOptions, Text};
use stonechat_client::stars::StarredMessage;
use stonechat_client::state::{Target, TimelineItemKind};
use stonechat_client::timeline::{Timeline, TimelineOptions};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::Seq;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::cli::civil::UtcOffset;
use crate::tui::found::{HITS_MAX, Hit};
use crate::tui::menu_message::Readers;
use crate::tui::message::{Activity, Effect, Msg, Preference};
use crate::tui::wish;

/// What comes back from work, at most so many before the work waits.
pub const ARRIVALS: usize = 64;
/// What is done one after the other, at most so much at once.
const ORDERS: usize = 64;
/// Messages of one page back.
const PAGE: u32 = 50;

/// What comes back from work.
pub enum Arrival {
    /// Something for the state.
    Msg(Msg),
    /// A timeline that was opened.
    Timeline(Followed),
}

/// A conversation that is followed.
#[derive(Clone)]
pub struct Followed {
    /// It.
    pub conversation: Conversation,
    /// Its lines.
    pub timeline: Arc<Timeline>,
}

/// Does what the state wants done. What has an order is done in it, by one task; what waits for the server has a task
/// of its own.
pub struct Doer {
    account: Account,
    tasks: TaskTracker,
    arrivals: mpsc::Sender<Arrival>,
    orders: mpsc::Sender<Order>,
    keeper: JoinHandle<()>,
    offset: UtcOffset,
    opened: Option<Conversation>,
    followed: Option<Followed>,
}

/// What is done one after the other. All of it is quick, and needs no server.
enum Order {
    Send(Conversation, String, SendOptions, Option<Seq>),
    Change(Conversation, Target, Wanted),
    Do(Conversation, Small),
    Focus(ConversationId),
    Prefer(Conversation, Preference),
}

/// What a message is to be.
enum Wanted {
    Text(String),
    Emoji(String),
    NoEmoji(String),
    Nothing,
    Pinned(bool),
}

enum Small {
    Typing(Activity),
    MarkRead(stonechat_types::number::Seq),
}

impl Doer {
    /// For an account. Results go to `arrivals`.
    #[must_use]
    pub fn new(account: Account, tasks: TaskTracker, arrivals: mpsc::Sender<Arrival>, offset: UtcOffset) -> Self {
        let (orders, queue) = mpsc::channel(ORDERS);
        let keeper = tasks.spawn(keep_order(account.clone(), queue, arrivals.clone()));
        Self { account, tasks, arrivals, orders, keeper, offset, opened: None, followed: None }
    }

    /// Waits for what was ordered, which needs no server: what was sent or begun last is on this device then.
    pub async fn finish(self, at_most: Duration) {
        drop(self.orders);
        // A disk that does not answer must not keep the terminal.
        let _ = timeout(at_most, self.keeper).await;
    }

    /// Says which conversation is followed from now on.
    pub fn follow(&mut self, followed: Followed) {
        self.followed = Some(followed);
    }

    /// Does it, or begins to. [`Effect::Bell`] and [`Effect::Quit`] are for the caller.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open(id, peer) => self.open(id, peer),
            Effect::OpenDirect(user) => {
                let id = self.account.conversation_with(&user).id();
                self.answer(Msg::Opened(id, Some(user)));
            }
            Effect::Send { id, text, read_upto, reply_to } => {
                let options = SendOptions { client_msg_id: None, read_upto };
                let order = Order::Send(self.conversation(id), text.clone(), options, reply_to);
                if self.orders.try_send(order).is_err() {
                    self.answer(Msg::NotKept(id, text, "this device is busy".into()));
                }
            }
            Effect::Typing(id, activity) => self.order(Order::Do(self.conversation(id), Small::Typing(activity))),
            Effect::MarkRead(id, upto) => self.order(Order::Do(self.conversation(id), Small::MarkRead(upto))),
            Effect::HideMarker => {
                if let Some(followed) = &self.followed {
                    followed.timeline.hide_read_marker();
                }
            }
            Effect::LoadOlder(id) => self.load_older(id),
            Effect::FillGap(id, after) => {
                let Some(followed) = self.following(id) else { return };
                self.work(async move {
                    let filled = followed.timeline.fill_gap(after).await;
                    filled.err().map(|error| Msg::Failed(format!("messages could not be loaded: {error}")))
                });
            }
            Effect::Retry(id) | Effect::Discard(id) => {
                let Some(handle) = self.account.sending(id) else { return };
                let again = matches!(effect, Effect::Retry(_));
                self.work(async move {
                    let done = if again { handle.retry().await } else { handle.cancel().await };
                    done.err().map(|error| Msg::Failed(error.to_string()))
                });
            }
            Effect::Edit(id, message, text) => {
                let order = Order::Change(self.conversation(id), message, Wanted::Text(text.clone()));
                if self.orders.try_send(order).is_err() {
                    self.answer(Msg::NotKept(id, text, "this device is busy".into()));
                }
            }
            Effect::React { id, message, emoji, add } => {
                let wanted = if add { Wanted::Emoji(emoji) } else { Wanted::NoEmoji(emoji) };
                self.change(Order::Change(self.conversation(id), message, wanted));
            }
            Effect::Pin(id, message, pinned) => {
                self.change(Order::Change(self.conversation(id), message, Wanted::Pinned(pinned)));
            }
            Effect::Recall(id, message) => {
                self.change(Order::Change(self.conversation(id), message, Wanted::Nothing));
            }
            Effect::Star(id, seq, starred) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let done = match conversation.star(&[seq], starred).await {
                        Ok(handle) => handle.done().await.map(drop),
                        Err(error) => Err(error),
                    };
                    done.err().map(|error| Msg::Failed(format!("that was not starred: {error}")))
                });
            }
            Effect::Play(id, seq) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let done = conversation.mark_played(seq).await;
                    done.err().map(|error| Msg::Failed(format!("it is not known that you played that: {error}")))
                });
            }
            Effect::Delete(id, seq) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let done = match conversation.delete_for_me(&[seq]).await {
                        Ok(handle) => handle.done().await.map(drop),
                        Err(error) => Err(error),
                    };
                    done.err().map(|error| Msg::Failed(format!("that was not removed: {error}")))
                });
            }
            Effect::Prefer(id, preference) => self.change(Order::Prefer(self.conversation(id), preference)),
            Effect::CreateGroup(title, users) => {
                let account = self.account.clone();
                self.work(async move {
                    Some(match account.create_group(&title, &users).await {
                        Ok(group) => Msg::GroupCreated(group.id()),
                        Err(error) => Msg::Failed(format!("the group was not made: {error}")),
                    })
                });
            }
            Effect::ListPinned(id) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let pinned = conversation.pinned_messages().await.map_err(|error| error.to_string());
                    let hits = pinned.map(|all| all.iter().rev().filter_map(|it| Hit::of(it, "")).collect());
                    Some(Msg::Listed("Pinned", "nothing is pinned here", hits))
                });
            }
            Effect::ListStarred => {
                let account = self.account.clone();
                self.work(async move {
                    let starred = account.starred(None, 0).await.map_err(|error| error.to_string());
                    let messages = |all: Vec<StarredMessage>| all.into_iter().filter_map(|it| it.message);
                    let hits = starred.map(|all| messages(all).filter_map(|it| Hit::of(&it, "")).collect());
                    Some(Msg::Listed("Starred", "you have starred nothing", hits))
                });
            }
            Effect::NextMention(id, after) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    Some(match conversation.mentions(after, 1).await {
                        Ok((marks, _)) => Msg::Mentioned(id, marks.first().map(|mark| (mark.seq, mark.ordinal))),
                        Err(error) => Msg::Failed(error.to_string()),
                    })
                });
            }
            Effect::FetchReaders(id, message) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let read = conversation.readers(message, true).await;
                    let both = match read {
                        Ok(read) => conversation.readers(message, false).await.map(|unread| (read, unread)),
                        Err(error) => Err(error),
                    };
                    Some(match both {
                        Ok((read, unread)) => Msg::Readers(id, Readers { message, read, unread, wrong: None }),
                        Err(error) => {
                            let wrong = Some(error.to_string());
                            Msg::Readers(id, Readers { message, read: Vec::new(), unread: Vec::new(), wrong })
                        }
                    })
                });
            }
            Effect::Forward { from, message, to } => self.forward(from, message, to),
            Effect::Search(text) => {
                let account = self.account.clone();
                let search = Search { text: text.clone(), limit: HITS_MAX, ..Search::default() };
                self.work(async move {
                    let found = account.search(search).await.map_err(|error| error.to_string());
                    let hits = found.map(|all| all.iter().filter_map(|message| Hit::of(message, &text)).collect());
                    Some(Msg::Found(text, hits))
                });
            }
            Effect::FetchMembers(id) => self.fetch_members(id),
            Effect::AddMembers(id, users) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    if let Err(error) = conversation.add_members(&users).await {
                        return Some(Msg::Failed(format!("nobody was added: {error}")));
                    }
                    let members = conversation.members().await.map_err(|error| error.to_string());
                    Some(Msg::Members(id, members))
                });
            }
            Effect::FetchFacts(id, role) => {
                let conversation = self.conversation(id);
                // Without an answer nothing is shown of it.
                self.work(async move {
                    let facts = wish::facts(&conversation, role).await.ok()?;
                    Some(Msg::Facts(id, Box::new(facts)))
                });
            }
            Effect::ChangeGroup(id, wish) => {
                let conversation = self.conversation(id);
                self.work(async move { Some(wish::change_group(&conversation, wish).await) });
            }
            Effect::ChangePeople(wish) => {
                let account = self.account.clone();
                self.work(async move { Some(wish::change_people(&account, wish).await) });
            }
            Effect::JoinByLink(link) => {
                let account = self.account.clone();
                self.work(async move {
                    Some(match account.join_by_link(&link).await {
                        Ok(group) => Msg::GroupCreated(group.id()),
                        Err(error) => Msg::Failed(format!("you did not come in: {error}")),
                    })
                });
            }
            Effect::Leave(id) => {
                let conversation = self.conversation(id);
                self.work(async move {
                    let left = conversation.leave().await;
                    left.err().map(|error| Msg::Failed(format!("you are still in the group: {error}")))
                });
            }
            Effect::Watch(users) => {
                let account = self.account.clone();
                // Without an answer nobody is shown as being there.
                self.work(async move { account.watch_presence(&users).await.err().and(None) });
            }
            Effect::FetchNames(users) => {
                let account = self.account.clone();
                // Without an answer people are called by their ids.
                self.work(async move { account.display_names(&users).await.ok().map(Msg::Names) });
            }
            Effect::TryNow => {
                let account = self.account.clone();
                self.work(async move {
                    account.try_now().await;
                    None
                });
            }
            Effect::Bell | Effect::Quit => {}
        }
    }

    fn open(&mut self, id: ConversationId, peer: Option<UserId>) {
        let conversation = match &peer {
            Some(user) => self.account.conversation_with(user),
            None => self.account.conversation(&id),
        };
        self.opened = Some(conversation.clone());
        self.followed = None;
        self.order(Order::Focus(id));
        let options = TimelineOptions { page: PAGE, date_dividers: true, utc_offset_minutes: self.offset.minutes };
        let arrivals = self.arrivals.clone();
        self.tasks.spawn(async move {
            let arrival = match conversation.timeline(options).await {
                Ok(timeline) => Arrival::Timeline(Followed { conversation, timeline: Arc::new(timeline) }),
                Err(error) => Arrival::Msg(Msg::Failed(format!("the conversation could not be opened: {error}"))),
            };
            // Nobody waits for it once the client has ended.
            let _ = arrivals.send(arrival).await;
        });
    }

    fn load_older(&self, id: ConversationId) {
        let Some(followed) = self.following(id) else { return };
        self.work(async move {
            let result = followed.timeline.paginate_back(PAGE).await.map_err(|error| error.to_string());
            let items = followed.timeline.items().into_iter().collect();
            Some(Msg::Older(id, items, result))
        });
    }

    /// Sends a message of the followed conversation on to another; the outbox keeps it.
    fn forward(&self, from: ConversationId, message: Seq, to: ConversationId) {
        let Some(followed) = self.following(from) else { return };
        let target = self.account.conversation(&to);
        self.work(async move {
            let items = followed.timeline.items();
            let said = items.iter().find_map(|item| match &item.kind {
                TimelineItemKind::Message(item) if item.message.id.is_some_and(|id| id.seq == message) => {
                    Some(&item.message)
                }
                _ => None,
            });
            let kept = match Outgoing::forward(said?) {
                Ok(outgoing) => target.send(outgoing).await.map(drop),
                Err(error) => Err(error),
            };
            Some(match kept {
                Ok(()) => Msg::Told("forwarded".into()),
                Err(error) => Msg::Failed(format!("that was not forwarded: {error}")),
            })
        });
    }

    fn fetch_members(&self, id: ConversationId) {
        let conversation = self.conversation(id);
        self.work(async move {
            let members = conversation.members().await.map_err(|error| error.to_string());
            Some(Msg::Members(id, members))
        });
    }

    fn following(&self, id: ConversationId) -> Option<Followed> {
        self.followed.clone().filter(|followed| followed.conversation.id() == id)
    }

    /// The one that was opened knows the other user, without whom a direct conversation cannot begin.
    fn conversation(&self, id: ConversationId) -> Conversation {
        let opened = self.opened.clone().filter(|opened| opened.id() == id);
        opened.unwrap_or_else(|| self.account.conversation(&id))
    }

    fn order(&self, order: Order) {
        // Typing, reading and focus are said again soon.
        let _ = self.orders.try_send(order);
    }

    fn change(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            self.answer(Msg::Failed("this device is busy".into()));
        }
    }

    fn answer(&self, msg: Msg) {
        self.work(async move { Some(msg) });
    }

    fn work(&self, work: impl Future<Output = Option<Msg>> + Send + 'static) {
        let arrivals = self.arrivals.clone();
        self.tasks.spawn(async move {
            if let Some(msg) = work.await {
                let _ = arrivals.send(Arrival::Msg(msg)).await;
            }
        });
    }
}

/// Keeps a change of a message; the timeline shows what becomes of it.
async fn change(conversation: &Conversation, message: Target, wanted: Wanted) -> Option<Msg> {
    let kept = match wanted {
        Wanted::Text(text) => {
            let kept = conversation.edit(message, Text::new(text.clone())).await;
            return kept.err().map(|error| Msg::NotKept(conversation.id(), text, error.to_string()));
        }
        Wanted::Emoji(emoji) => conversation.react(message, &emoji).await,
        Wanted::NoEmoji(emoji) => conversation.take_back(message, &emoji).await,
        Wanted::Nothing => conversation.recall(message).await,
        Wanted::Pinned(pinned) => conversation.pin_message(message, pinned).await,
    };
    kept.err().map(|error| Msg::Failed(error.to_string()))
}

async fn keep_order(account: Account, mut queue: mpsc::Receiver<Order>, arrivals: mpsc::Sender<Arrival>) {
    while let Some(order) = queue.recv().await {
        let failed = match order {
            Order::Send(conversation, text, options, reply_to) => {
                let mut outgoing = Text::new(text.clone()).mention_by_name();
                if let Some(seq) = reply_to {
                    outgoing = outgoing.reply_to(seq);
                }
                let kept = conversation.send_with(outgoing, options).await;
                kept.err().map(|error| Msg::NotKept(conversation.id(), text, error.to_string()))
            }
            Order::Change(conversation, message, wanted) => change(&conversation, message, wanted).await,
            Order::Do(conversation, Small::Typing(activity)) => {
                let _ = conversation.set_typing(activity == Activity::Writing).await;
                None
            }
            Order::Do(conversation, Small::MarkRead(upto)) => {
                let _ = conversation.mark_read(upto).await;
                None
            }
            Order::Focus(id) => {
                let _ = account.focus(&[id]).await;
                None
            }
            Order::Prefer(conversation, preference) => {
                let kept = match preference {
                    Preference::Pinned(pinned) => conversation.pin(pinned).await,
                    Preference::Muted(muted) => conversation.mute_until(muted.then_some(FOR_GOOD)).await,
                    Preference::MutedUntil(until) => conversation.mute_until(Some(until)).await,
                    Preference::Archived(archived) => conversation.archive(archived).await,
                    Preference::Folders(folders) => conversation.set_folders(&folders).await,
                    Preference::Cleared => conversation.clear_history().await,
                    Preference::Deleted => conversation.delete().await,
                    Preference::MarkedUnread(marked) => conversation.mark_unread(marked).await,
                    Preference::Draft(text) => conversation.save_draft(&text, None).await,
                };
                kept.err().map(|error| Msg::Failed(format!("that was not kept: {error}")))
            }
        };
        if let Some(msg) = failed {
            // Once the client ends nobody waits for it, and the orders that are left are still carried out.
            let _ = arrivals.send(Arrival::Msg(msg)).await;
        }
    }
}
