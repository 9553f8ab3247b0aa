//! What a gateway may ask of the application, and what it gets. No wire format has a say here.

mod answer;
mod call;
mod people;
mod presence;
mod session;

pub use answer::{
    Answer, AskerView, AskersPage, AskingView, BanView, BansPage, ChangesPage, CommandDone, Content, ContentType,
    ContentTypes, ConversationPage, ConversationView, DeviceView, EditView, EditsPage, EventView, EventsPage, Failure,
    GroupView, MemberView, MembersPage, MentionView, MentionsPage, MessageView, MessagesPage, PersonalItem,
    PersonalPage, ReactionView, ReactionsPage, ReadMark, Sent, StarredPage, StarredView, StateView, UserView, Welcome,
};
pub use call::{
    Call, ChangeConversation, ChangeMessage, ChangeRequest, CreateGroup, DeleteMessages, Destination, FetchChanges,
    ListMembers, ListMentions, ListReactions, ListReaders, MemberFilter, MessageRange, Receipt, SendMessage,
    SetPreferences, SetQuiet, StarMessages,
};
pub use people::{
    ListRelations, OwnProfile, Patch, ProfilePatch, ProfileView, Relate, RelationFilter, RelationView, RelationsPage,
    SetProfile, UsersPage,
};
pub use presence::{PresenceView, SetPresence};
pub use session::{Begun, Hello, Offer, Outbound, SessionSink};
