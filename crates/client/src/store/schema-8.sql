-- Schema 8: messages that are pinned for everybody.

ALTER TABLE messages ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
