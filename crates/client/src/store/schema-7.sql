-- Schema 7: what messages carry beside their bodies.

-- Protobuf stonechat.v1.Attributes; NULL for nothing.
ALTER TABLE messages ADD COLUMN attributes BLOB;
ALTER TABLE outbox ADD COLUMN attributes BLOB;
-- Unread messages that call the user.
ALTER TABLE conversations ADD COLUMN unread_mentions INTEGER NOT NULL DEFAULT 0;
