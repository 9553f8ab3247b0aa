-- Schema 5: what belongs to the user beside his conversations, as the server said it.

CREATE TABLE entries (
    entry_key TEXT PRIMARY KEY,   -- relation.USER, device.DEVICE, profile
    entry     BLOB NOT NULL       -- protobuf stonechat.v1.PersonalChange
) WITHOUT ROWID;
