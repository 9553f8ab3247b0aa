-- Schema 6: groups besides their members.

-- JSON: description, avatar, settings by their names, announcement (the event, or 0), dissolved, muted_until, nickname;
-- '' where nothing was said yet.
ALTER TABLE conversations ADD COLUMN about TEXT NOT NULL DEFAULT '';
-- The app's own data of a group.
ALTER TABLE conversations ADD COLUMN extension BLOB NOT NULL DEFAULT x'';
