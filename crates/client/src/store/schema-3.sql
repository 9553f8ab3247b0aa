-- Schema 3: messages that were taken back. Their `state` is 'recalled'; they have no body, edits or reactions.

-- By whom, NULL while that is not known, and when, in milliseconds since the epoch.
ALTER TABLE messages ADD COLUMN recalled_by TEXT;
ALTER TABLE messages ADD COLUMN recalled_at INTEGER NOT NULL DEFAULT 0;
