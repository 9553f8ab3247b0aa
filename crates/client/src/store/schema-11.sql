-- Schema 11: voice messages that were played, a JSON list of their seqs, told to the server until it has stored it.

ALTER TABLE conversations ADD COLUMN plays_unconfirmed TEXT NOT NULL DEFAULT '[]';
