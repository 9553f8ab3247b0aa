/** All panels, for `import("./panels/index.ts")`: nothing of it is needed to read and write. */

import "../loaded.ts";

export { StonechatContacts } from "../contacts/contacts.ts";
export { StonechatDetails } from "./details.ts";
export { StonechatGroupSettings } from "./group-settings.ts";
export { StonechatInvitations } from "./invitations.ts";
export { StonechatMembers } from "./members.ts";
export { StonechatStarred, StonechatPinned } from "./messages.ts";
export { StonechatNewConversation } from "./new-conversation.ts";
export { StonechatPeoplePicker } from "./people-picker.ts";
export { StonechatProfile } from "./profile.ts";
export { StonechatSettings } from "./settings.ts";
