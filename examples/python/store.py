"""What a device keeps, in SQLite: where it stands, the events that it has, and what it still has to send."""
import json
import sqlite3

from wire import num

SCHEMA = """
    -- `position`, the newest whose predecessors are stored, and `history`, whose it is
    CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT);
    -- last: all up to this seq is in `event`, hidden from us, or in a recorded gap; ordinal: of the last event we have
    CREATE TABLE IF NOT EXISTS conversation(id TEXT PRIMARY KEY, last INT, ordinal INT);
    CREATE TABLE IF NOT EXISTS event(conversation TEXT, seq INT, event TEXT, PRIMARY KEY(conversation, seq));
    -- messages with ordinals between these two were jumped over
    CREATE TABLE IF NOT EXISTS gap(conversation TEXT, after_ordinal INT, before_ordinal INT);
    CREATE TABLE IF NOT EXISTS outbox(n INTEGER PRIMARY KEY, client_msg_id TEXT, send TEXT);
"""


class Store:
    def __init__(self, path, show):
        self.db, self.show = sqlite3.connect(path), show
        # A power cut may take the last transactions, from the last one back: what they held is fetched or sent again.
        self.db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def meta(self, key):
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else ""

    def set_meta(self, **values):
        with self.db:  # one transaction
            self.db.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", values.items())

    def enter(self, history):
        """In another history our seqs and our position mean nothing; what is still to be sent stays."""
        if history != self.meta("history"):
            with self.db:
                for table in ("meta", "conversation", "event", "gap"):
                    self.db.execute(f"DELETE FROM {table}")
                self.db.execute("INSERT INTO meta VALUES('history', ?)", (history,))

    def last(self, conversation):
        return self._reached(conversation)[0]

    def settle(self, conversation, events, upto, jumped_to=None):
        """Stores events and how far they reach, all or nothing, and then shows those that are new."""
        new, (_, ordinal) = [], self._reached(conversation)
        with self.db:
            if jumped_to and jumped_to > ordinal + 1:
                self.db.execute("INSERT INTO gap VALUES(?, ?, ?)", (conversation, ordinal, jumped_to))
            for event in events:
                ordinal = max(ordinal, num(event, "ordinal"))
                row = (conversation, num(event, "seq"), json.dumps(event))
                if self.db.execute("INSERT OR IGNORE INTO event VALUES(?, ?, ?)", row).rowcount:
                    new.append(event)
            self.db.execute("INSERT OR REPLACE INTO conversation VALUES(?, ?, ?)", (conversation, upto, ordinal))
        for event in new:
            self.show(event)

    def gaps(self):
        return self.db.execute("SELECT conversation, after_ordinal, before_ordinal FROM gap").fetchall()

    def events(self, conversation):
        rows = self.db.execute("SELECT event FROM event WHERE conversation = ? ORDER BY seq", (conversation,))
        return [json.loads(event) for (event,) in rows]

    def enqueue(self, send):
        row = (send["client_msg_id"], json.dumps(send))
        with self.db:
            self.db.execute("INSERT INTO outbox(client_msg_id, send) VALUES(?, ?)", row)

    def outbox(self):
        return [json.loads(send) for (send,) in self.db.execute("SELECT send FROM outbox ORDER BY n")]

    def dequeue(self, client_msg_id):
        with self.db:
            self.db.execute("DELETE FROM outbox WHERE client_msg_id = ?", (client_msg_id,))

    def _reached(self, conversation):
        query = "SELECT last, ordinal FROM conversation WHERE id = ?"
        return self.db.execute(query, (conversation,)).fetchone() or (0, 0)
