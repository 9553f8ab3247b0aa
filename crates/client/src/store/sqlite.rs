//! A store in one SQLite database. `schema.sql` describes its tables; other programs may read them.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use prost::Message as _;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_wire::v1::{Event, PersonalChange};

use crate::core::rows::{DeviceRow, EventRow, MessageChange, MessageRow, Snapshot, StoreOp, Transaction};
use crate::error::StoreError;
use crate::store::{MessageQuery, MessageSearch, Reader, Result, Store, row};

/// The schema that this version writes, and the steps that lead to it.
const MIGRATIONS: [&str; 12] = [
    include_str!("schema.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
    include_str!("schema-6.sql"),
    include_str!("schema-7.sql"),
    include_str!("schema-8.sql"),
    include_str!("schema-9.sql"),
    include_str!("schema-10.sql"),
    include_str!("schema-11.sql"),
    include_str!("schema-12.sql"),
];
/// The step after which what messages are found by is written for those that are there.
const SEARCH_STEP: u32 = 9;
/// Before the id of a user in the key of what he is called.
const NAME_PREFIX: &str = "name.";
/// Between two looks at the lock of another process.
const LOCK_POLL: Duration = Duration::from_millis(50);
/// How long SQLite waits for another program that reads.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// A store in a file.
#[derive(Debug)]
pub struct SqliteStore {
    db: Connection,
    path: PathBuf,
    // Held until the store is dropped; the system lets go of it when the process dies.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store at a path, or makes it. Waits at most so long for another process that has it open.
    ///
    /// # Errors
    /// [`StoreError`]: `Locked`, `TooNew`, `Corrupt`, `DiskFull`, `Failed`.
    pub fn open(path: &Path, lock_timeout: Duration) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| io(&error))?;
        }
        let lock = lock(&path.with_extension("lock"), lock_timeout)?;
        // SQLite gives its other files the mode of the first.
        drop(own_file(path)?);
        let mut db = Connection::open(path).map_err(|error| failed(&error))?;
        configure(&db).map_err(|error| failed(&error))?;
        migrate(&mut db)?;
        Ok(Self { db, path: path.to_owned(), _lock: lock })
    }
}

/// Removes the files of a store that nobody has open.
///
/// # Errors
/// [`StoreError::Failed`] when the system refuses.
pub fn erase(path: &Path) -> Result<()> {
    for extension in ["db", "db-wal", "db-shm", "lock"] {
        match std::fs::remove_file(path.with_extension(extension)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn io(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::DiskFull,
        _ => StoreError::Failed(error.to_string()),
    }
}

fn failed(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull,
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Corrupt(error.to_string()),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
        _ => StoreError::Failed(error.to_string()),
    }
}

/// Opens a file, or makes it so that nobody but its owner can read it.
fn own_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| io(&error))
}

#[allow(clippy::disallowed_methods)]
fn lock(path: &Path, timeout: Duration) -> Result<File> {
    let file = own_file(path)?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if waited >= timeout => return Err(StoreError::Locked),
            Err(TryLockError::WouldBlock) => {
                std::thread::sleep(LOCK_POLL);
                waited += LOCK_POLL;
            }
            Err(TryLockError::Error(error)) => return Err(io(&error)),
        }
    }
}

/// An enqueued message survives a power cut: the log of each commit is flushed before it returns.
fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn migrate(db: &mut Connection) -> Result<()> {
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|error| failed(&error))?;
    let newest = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if version > newest {
        return Err(StoreError::TooNew { schema: version });
    }
    for (step, sql) in (1..).zip(MIGRATIONS).filter(|(step, _)| *step > version) {
        let migration = || -> rusqlite::Result<()> {
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql)?;
            if step == SEARCH_STEP {
                row::fill_searched(&transaction)?;
            }
            transaction.pragma_update(None, "user_version", step)?;
            transaction.commit()
        };
        let mut migration = migration;
        migration().map_err(|error| failed(&error))?;
    }
    Ok(())
}

fn apply(db: &Connection, op: &StoreOp) -> rusqlite::Result<()> {
    match op {
        StoreOp::PutConversation(conversation) => row::put_conversation(db, conversation),
        StoreOp::DropConversation(id) => {
            db.execute("DELETE FROM conversations WHERE conversation_id = ?1", [id.to_string()])?;
            clear(db, id)
        }
        StoreOp::ClearHistory => db.execute_batch(
            "DELETE FROM messages; DELETE FROM system_events; DELETE FROM intervals; DELETE FROM entries",
        ),
        StoreOp::PutMessage(message) => row::put_message(db, message),
        StoreOp::PutEvent(row) => {
            let mut put = db.prepare_cached("INSERT OR REPLACE INTO system_events VALUES (?1, ?2, ?3, ?4)")?;
            let (seq, ordinal) = (row::signed(row.seq), row::signed(row.ordinal));
            put.execute(params![row.conversation.to_string(), seq, ordinal, row.event.encode_to_vec()]).map(drop)
        }
        StoreOp::ChangeMessage(change) => change_message(db, change),
        StoreOp::DropMessages(id, intervals) => {
            let sql = "DELETE FROM messages WHERE conversation_id = ?1 AND ordinal BETWEEN ?2 AND ?3";
            let mut delete = db.prepare_cached(sql)?;
            for (from, upto) in intervals {
                delete.execute(params![id.to_string(), row::signed(*from), row::signed(*upto)])?;
            }
            Ok(())
        }
        StoreOp::DropUnheld(id, below) => {
            for table in ["messages", "system_events"] {
                let sql = format!(
                    "DELETE FROM {table} AS row WHERE conversation_id = ?1 AND ordinal < ?2 AND NOT EXISTS
                        (SELECT 1 FROM intervals WHERE intervals.conversation_id = row.conversation_id
                            AND row.ordinal BETWEEN from_ordinal AND upto_ordinal)"
                );
                db.prepare_cached(&sql)?.execute(params![id.to_string(), row::signed(*below)])?;
            }
            Ok(())
        }
        StoreOp::PutIntervals(id, intervals) => put_intervals(db, id, intervals),
        StoreOp::PutOutbox(unsent) => row::put_outbox(db, unsent),
        StoreOp::DropOutbox(id) => {
            db.prepare_cached("DELETE FROM outbox WHERE client_msg_id = ?1")?.execute([&id.0[..]]).map(drop)
        }
        StoreOp::Record(number, event) => {
            let mut put =
                db.prepare_cached("INSERT INTO events (number, conversation_id, seq, event) VALUES (?1, ?2, ?3, ?4)")?;
            let (number, seq) = (row::signed(*number), row::signed(event.seq));
            put.execute(params![number, event.conversation_id, seq, event.encode_to_vec()])?;
            put_value(db, "recorded", &number.to_be_bytes())
        }
        StoreOp::Wipe => wipe(db),
        StoreOp::PutDevice(device) => {
            put_value(db, "position", &device.position)?;
            put_value(db, "history_id", &device.history_id)?;
            put_value(db, "content_types", &device.content_types)?;
            put_value(db, "kinds", &[device.kinds])
        }
        StoreOp::PutEntry(key, entry) => {
            let mut put = db.prepare_cached("INSERT OR REPLACE INTO entries VALUES (?1, ?2)")?;
            put.execute(params![key, entry.encode_to_vec()]).map(drop)
        }
        StoreOp::PutName(user, name) => put_value(db, &format!("{NAME_PREFIX}{user}"), name.as_bytes()),
    }
}

fn change_message(db: &Connection, change: &MessageChange) -> rusqlite::Result<()> {
    let sql = "SELECT * FROM messages WHERE conversation_id = ?1 AND seq = ?2";
    let key = params![change.conversation.to_string(), row::signed(change.target)];
    let found = db.prepare_cached(sql)?.query_row(key, |found| Ok(row::message(found))).optional()?;
    match found {
        Some(Ok(mut message)) => {
            change.fold(&mut message);
            row::put_message(db, &message)
        }
        // It is not here, or cannot be read, which whoever reads it is told.
        Some(Err(_)) | None => Ok(()),
    }
}

/// Deletes all rows of all tables, whichever there are.
fn wipe(db: &Connection) -> rusqlite::Result<()> {
    let mut tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let names: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    names.iter().try_for_each(|name| db.execute(&format!("DELETE FROM {name}"), []).map(drop))
}

fn clear(db: &Connection, id: &ConversationId) -> rusqlite::Result<()> {
    for table in ["messages", "system_events"] {
        db.execute(&format!("DELETE FROM {table} WHERE conversation_id = ?1"), [id.to_string()])?;
    }
    put_intervals(db, id, &[])
}

fn put_intervals(db: &Connection, id: &ConversationId, intervals: &[(u64, u64)]) -> rusqlite::Result<()> {
    let id = id.to_string();
    db.prepare_cached("DELETE FROM intervals WHERE conversation_id = ?1")?.execute([&id])?;
    let mut put = db.prepare_cached("INSERT INTO intervals VALUES (?1, ?2, ?3)")?;
    for (from, upto) in intervals {
        put.execute(params![id, row::signed(*from), row::signed(*upto)])?;
    }
    Ok(())
}

fn put_value(db: &Connection, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO kv VALUES (?1, ?2)")?.execute(params![key, value]).map(drop)
}

fn value(db: &Connection, key: &str) -> Result<Option<Vec<u8>>> {
    let value = db.query_row("SELECT value FROM kv WHERE key = ?1", [key], |row| row.get(0)).optional();
    value.map_err(|error| failed(&error))
}

/// Reads all rows of a statement.
fn read<T>(
    db: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql).map_err(|error| failed(&error))?;
    let mut rows = statement.query(values).map_err(|error| failed(&error))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(|error| failed(&error))? {
        all.push(read(row)?);
    }
    Ok(all)
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Snapshot> {
        let db = &self.db;
        let interval = |row: &rusqlite::Row<'_>| -> Result<(ConversationId, u64, u64)> {
            let columns = || -> rusqlite::Result<(String, i64, i64)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
            let (id, from, upto) = columns().map_err(|error| failed(&error))?;
            let id = id.parse().map_err(|_| row::corrupt("conversation_id"))?;
            Ok((id, from.unsigned_abs(), upto.unsigned_abs()))
        };
        let recorded = value(db, "recorded")?.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
        Ok(Snapshot {
            device: DeviceRow {
                position: value(db, "position")?.unwrap_or_default().into(),
                history_id: value(db, "history_id")?.unwrap_or_default().into(),
                content_types: value(db, "content_types")?.unwrap_or_default().into(),
                kinds: value(db, "kinds")?.and_then(|bytes| bytes.first().copied()).unwrap_or_default(),
            },
            conversations: read(db, "SELECT * FROM conversations", [], row::conversation)?,
            intervals: read(
                db,
                "SELECT conversation_id, from_ordinal, upto_ordinal FROM intervals ORDER BY 1, 2",
                [],
                interval,
            )?,
            outbox: read(db, "SELECT * FROM outbox ORDER BY number", [], row::outbox)?,
            recorded: recorded.unwrap_or(0),
            entries: read(db, "SELECT entry FROM entries ORDER BY entry_key", [], |row| {
                let entry: Vec<u8> = row.get(0).map_err(|error| failed(&error))?;
                PersonalChange::decode(&entry[..]).map_err(|_| row::corrupt("entry"))
            })?,
        })
    }

    fn apply(&mut self, transactions: &[Transaction]) -> Result<()> {
        let mut commit = || -> rusqlite::Result<()> {
            let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for op in transactions.iter().flat_map(|transaction| &transaction.ops) {
                apply(&transaction, op)?;
            }
            transaction.commit()
        };
        commit().map_err(|error| failed(&error))?;
        if transactions.iter().flat_map(|transaction| &transaction.ops).any(|op| matches!(op, StoreOp::Wipe)) {
            // What was deleted still lies in free pages, and in the log beside the file: both are written anew.
            let clean = "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)";
            self.db.execute_batch(clean).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    fn acknowledge(&mut self, upto: u64) -> Result<()> {
        let forget = self.db.execute("DELETE FROM events WHERE number <= ?1", [row::signed(upto)]);
        forget.map(drop).map_err(|error| failed(&error))
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&self.path, flags).map_err(|error| failed(&error))?;
        db.busy_timeout(BUSY_TIMEOUT).map_err(|error| failed(&error))?;
        Ok(Box::new(SqliteReader(db)))
    }
}

struct SqliteReader(Connection);

impl Reader for SqliteReader {
    fn messages(&mut self, query: MessageQuery) -> Result<Vec<MessageRow>> {
        let sql = "SELECT * FROM messages WHERE conversation_id = ?1 AND ordinal BETWEEN ?2 AND ?3
                   ORDER BY ordinal DESC LIMIT ?4";
        let (from, upto) = (row::signed(query.from), row::signed(query.upto));
        let values = params![query.conversation.to_string(), from, upto, query.limit];
        let mut rows = read(&self.0, sql, values, row::message)?;
        rows.reverse();
        Ok(rows)
    }

    fn system_events(&mut self, query: MessageQuery) -> Result<Vec<EventRow>> {
        let sql = "SELECT seq, ordinal, event FROM system_events WHERE conversation_id = ?1
                   AND ordinal BETWEEN ?2 AND ?3 ORDER BY ordinal DESC, seq DESC LIMIT ?4";
        let event = |row: &rusqlite::Row<'_>| -> Result<EventRow> {
            let columns = || -> rusqlite::Result<(i64, i64, Vec<u8>)> { Ok((row.get(0)?, row.get(1)?, row.get(2)?)) };
            let (seq, ordinal, event) = columns().map_err(|error| failed(&error))?;
            let event = Event::decode(&event[..]).map_err(|_| row::corrupt("event"))?;
            let (seq, ordinal) = (seq.unsigned_abs(), ordinal.unsigned_abs());
            Ok(EventRow { conversation: query.conversation, seq, ordinal, event })
        };
        let (from, upto) = (row::signed(query.from), row::signed(query.upto));
        let mut rows = read(&self.0, sql, params![query.conversation.to_string(), from, upto, query.limit], event)?;
        rows.reverse();
        Ok(rows)
    }

    fn message(&mut self, conversation: ConversationId, seq: u64) -> Result<Option<MessageRow>> {
        let sql = "SELECT * FROM messages WHERE conversation_id = ?1 AND seq = ?2";
        let found = read(&self.0, sql, params![conversation.to_string(), row::signed(seq)], row::message)?;
        Ok(found.into_iter().next())
    }

    fn search(&mut self, search: &MessageSearch) -> Result<Vec<MessageRow>> {
        let sql = "SELECT * FROM messages WHERE searched IS NOT NULL AND instr(searched, ?1) > 0
                   AND (?2 IS NULL OR conversation_id = ?2) AND (?3 IS NULL OR body_type = ?3) AND sent_at >= ?4
                   AND (sent_at, conversation_id, seq) < (?5, ?6, ?7)
                   ORDER BY sent_at DESC, conversation_id DESC, seq DESC LIMIT ?8";
        let (before, id, seq) = search.before_key();
        let conversation = search.conversation.map(|id| id.to_string());
        let values = params![
            search.folded(),
            conversation,
            search.body_type,
            search.since.as_millis(),
            before.as_millis(),
            id,
            row::signed(seq),
            search.limit
        ];
        read(&self.0, sql, values, row::message)
    }

    fn events(&mut self, after: u64, limit: u32) -> Result<Vec<(u64, Event)>> {
        let sql = "SELECT number, event FROM events WHERE number > ?1 ORDER BY number LIMIT ?2";
        let event = |row: &rusqlite::Row<'_>| -> Result<(u64, Event)> {
            let columns = || -> rusqlite::Result<(i64, Vec<u8>)> { Ok((row.get(0)?, row.get(1)?)) };
            let (number, event) = columns().map_err(|error| failed(&error))?;
            let event = Event::decode(&event[..]).map_err(|_| row::corrupt("event"))?;
            Ok((number.unsigned_abs(), event))
        };
        read(&self.0, sql, params![row::signed(after), limit], event)
    }

    fn names(&mut self, limit: u32) -> Result<Vec<(UserId, String)>> {
        // The stop is the next character in the order of the keys: only names lie between.
        let sql = "SELECT key, value FROM kv WHERE key > 'name.' AND key < 'name/' ORDER BY key LIMIT ?1";
        read(&self.0, sql, [limit], |row| {
            let columns = || -> rusqlite::Result<(String, Vec<u8>)> { Ok((row.get(0)?, row.get(1)?)) };
            let (key, name) = columns().map_err(|error| failed(&error))?;
            let user = key.strip_prefix(NAME_PREFIX).and_then(|user| UserId::new(user).ok());
            let name = String::from_utf8(name).map_err(|_| row::corrupt("value"))?;
            Ok((user.ok_or_else(|| row::corrupt("key"))?, name))
        })
    }
}

/// How SQLite journals, and how it flushes (2 is FULL).
#[cfg(test)]
pub fn durability(store: &SqliteStore) -> (String, u32) {
    let value = |name| store.db.pragma_query_value(None, name, |row| row.get(0)).unwrap_or_default();
    let synchronous = store.db.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap_or_default();
    (value("journal_mode"), synchronous)
}
