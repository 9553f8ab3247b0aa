-- Schema 10: what arrived in direct conversations, told to the server until it has surely noted it.

ALTER TABLE conversations ADD COLUMN delivered_unconfirmed INTEGER NOT NULL DEFAULT 0;
