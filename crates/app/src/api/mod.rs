//! What a gateway may ask of the application, and what it gets. No wire format has a say here.

mod answer;
mod call;
mod members;
mod people;
mod personal;
mod presence;
mod session;

pub use answer::{
    Answer, ChangesPage, CommandDone, Content, ContentType, ContentTypes, ConversationPage, ConversationView, EditView,
    EditsPage, EventView, EventsPage, Failure, GroupView, MentionView, MentionsPage, MessageView, MessagesPage,
    ReactionView, ReactionsPage, ReadMark, Sent, StarredPage, StarredView, StateView, UserView, Welcome,
};
pub use call::{
    Call, ChangeConversation, ChangeMessage, ChangeRequest, CreateGroup, DeleteMessages, Destination, FetchChanges,
    ListMembers, ListMentions, ListReactions, ListReaders, MemberFilter, MessageRange, Receipt, SendMessage,
    SetPreferences, SetQuiet, StarMessages,
};
pub use members::{AskerView, AskersPage, BanView, BansPage, MemberView, MembersPage};
pub use people::{
    ListRelations, OwnProfile, Patch, ProfilePatch, ProfileView, Relate, RelationFilter, RelationView, RelationsPage,
    SetProfile, UsersPage,
};
pub use personal::{AskingView, DeviceView, PersonalItem, PersonalPage};
pub use presence::{PresenceView, SetPresence};
pub use session::{Begun, Hello, Offer, Outbound, SessionSink};
