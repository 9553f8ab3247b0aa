-- The store of one device: one database for each (server, app, user, device). Schema 1.
-- Other programs may read it while it is open (WAL). They may not write.

-- Values of the device: position, history_id, recorded, and name.USER, what a user is called (BLOB).
CREATE TABLE kv (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Conversations as the list shows them, and where the device stands in each.
CREATE TABLE conversations (
    conversation_id  TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,     -- direct, group, channel, room, support
    title            TEXT NOT NULL,
    peer_id          TEXT,              -- of a direct conversation
    peer_name        TEXT NOT NULL,
    role             INTEGER NOT NULL,  -- 0 none, 1 member, 2 admin, 3 owner
    member           INTEGER NOT NULL,
    member_count     INTEGER NOT NULL,
    head_seq         INTEGER NOT NULL,  -- the last event known to exist
    head_ordinal     INTEGER NOT NULL,
    read_seq         INTEGER NOT NULL,  -- the own read cursor
    read_ordinal     INTEGER NOT NULL,
    read_unconfirmed INTEGER NOT NULL,  -- a cursor that the server has not confirmed, or 0
    floor_ordinal    INTEGER NOT NULL,  -- messages up to here were before the latest join
    visible_from_seq INTEGER NOT NULL,
    unread           INTEGER NOT NULL,
    unread_stale     INTEGER NOT NULL,
    active_at        INTEGER NOT NULL,  -- milliseconds since the epoch, the server's clock
    preview          TEXT,              -- JSON: sender, text, body_type, sent_at, seq
    last_seq         INTEGER NOT NULL,  -- held, hidden, or a recorded gap up to here
    last_ordinal     INTEGER NOT NULL,
    read_marks       TEXT NOT NULL      -- JSON: [[user, seq], …]
) WITHOUT ROWID;

-- Messages of the log that are on this device. What the server has not acknowledged is in the outbox only.
CREATE TABLE messages (
    conversation_id TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    ordinal         INTEGER NOT NULL,
    client_msg_id   BLOB,               -- 16 bytes
    sender          TEXT NOT NULL,
    sent_at         INTEGER NOT NULL,
    body_type       TEXT NOT NULL,
    body            BLOB NOT NULL,      -- exactly as received
    state           TEXT NOT NULL,      -- ok, or corrupt when the server lost the body
    PRIMARY KEY (conversation_id, seq)
) WITHOUT ROWID;
CREATE INDEX messages_by_ordinal ON messages (conversation_id, ordinal);

-- Intervals of ordinals that are held; what lies between two is a gap.
CREATE TABLE intervals (
    conversation_id TEXT NOT NULL,
    from_ordinal    INTEGER NOT NULL,
    upto_ordinal    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, from_ordinal)
) WITHOUT ROWID;

-- Messages that the server has not acknowledged, in their order.
CREATE TABLE outbox (
    number          INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    peer_id         TEXT,
    client_msg_id   BLOB NOT NULL UNIQUE,
    body_type       TEXT NOT NULL,
    body            BLOB NOT NULL,
    read_upto       INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,   -- milliseconds since the epoch, the device's clock
    written         INTEGER NOT NULL,   -- whether it may have reached the server
    failure         TEXT                -- JSON: code, text, recoverable; NULL while it is tried
);

-- Events that were not acknowledged by their reader, where `record_events` is on.
CREATE TABLE events (
    number          INTEGER PRIMARY KEY,
    conversation_id TEXT NOT NULL,
    seq             INTEGER NOT NULL,
    event           BLOB NOT NULL       -- protobuf stonechat.v1.Event
);
