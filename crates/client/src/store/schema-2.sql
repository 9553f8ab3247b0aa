-- Schema 2: what later events made of messages.

-- Messages that are held and before this event may lack what it and later ones made of them; 0 when none may.
ALTER TABLE conversations ADD COLUMN stale_from INTEGER NOT NULL DEFAULT 0;

-- The last event that changed it; its own, or 0 in a row of schema 1, at first.
ALTER TABLE messages ADD COLUMN changed_seq INTEGER NOT NULL DEFAULT 0;
-- How often it was edited, and when last, in milliseconds since the epoch.
ALTER TABLE messages ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN edited_at INTEGER NOT NULL DEFAULT 0;
-- JSON: [[emoji, count, own], …]
ALTER TABLE messages ADD COLUMN reactions TEXT NOT NULL DEFAULT '[]';
