-- Schema 12: what happened to conversations, shown between the messages.

CREATE TABLE system_events (
    conversation_id TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    ordinal         INTEGER NOT NULL,   -- of the message with which it is held: the one before it, or the first
    event           BLOB NOT NULL,      -- protobuf stonechat.v1.Event
    PRIMARY KEY (conversation_id, seq)
) WITHOUT ROWID;
CREATE INDEX system_events_by_ordinal ON system_events (conversation_id, ordinal);
