-- Schema 9: what messages are found by.

-- The folded text, NULL for what says nothing that can be searched: other bodies, what was taken back or is damaged.
ALTER TABLE messages ADD COLUMN searched TEXT;
CREATE INDEX messages_by_time ON messages (sent_at, conversation_id, seq) WHERE searched IS NOT NULL;
