//! How far the members of a group have read. It is told as it happens; what moved while this device was away no event
//! tells, and the entries of every member for every member would be too many: it is asked for where somebody looks.

use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::limits::FOCUS_MAX;

use crate::core::limits::MARKS_MEMBERS_MAX;
use crate::core::machine::Core;

impl Core {
    /// Asks for groups that the app shows and whose marks may have moved unseen.
    pub(super) fn ask_marks(&mut self, shown: Vec<ConversationId>) {
        for id in shown.into_iter().take(FOCUS_MAX) {
            let row = self.conversations.get(&id).map(|conversation| &conversation.row);
            let is_told = row.is_some_and(|row| {
                row.kind != ConversationKind::Direct
                    && row.member
                    && row.member_count <= MARKS_MEMBERS_MAX
                    && row.group.settings.tells_receipts()
            });
            if is_told {
                self.gets.insert(id);
            }
        }
    }
}
