//! The keys at rest, in `keys/` of the data folder: a master key, app keys wrapped by it, and the salts of authors. They
//! are apart from segments and index, so that a salt that is deleted is gone everywhere.
//!
//! `master` is 32 bytes. `apps` and `salts` are records of a fixed size with a checksum, appended and synced before they
//! are used; a torn last record was never used and is written over.

use crate::disk::{Disk, DiskFile};
use crate::os_disk::OsDisk;
use crate::state::disk_error;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;
use stonechat_log::vault::{Key, Salt, Vault};
use stonechat_types::number::{AppId, UserNo};

/// The folder.
pub const FOLDER: &str = "keys";
const MASTER: &str = "keys/master";
const APPS: &str = "keys/apps";
const SALTS: &str = "keys/salts";

const APP_RECORD: usize = 4 + NONCE_LEN + 32 + 16;
const SALT_RECORD: usize = 4 + 4 + 16;
const CHECKSUM: usize = 4;

/// Fills a buffer with random bytes.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Keys in files.
pub struct FileVault {
    state: Mutex<State>,
    random: Option<Random>,
}

struct State {
    master: LessSafeKey,
    apps: Appended,
    salts: Appended,
    app_keys: BTreeMap<AppId, Key>,
    by_author: BTreeMap<(AppId, UserNo), Salt>,
}

/// A file of records, and where the next one goes.
struct Appended {
    file: Arc<dyn DiskFile>,
    end: u64,
}

impl FileVault {
    /// The keys of a data folder, made when there are none.
    ///
    /// # Errors
    /// When they cannot be read or made durable, or are not ours.
    pub fn open(data_folder: &Path, random: Random) -> Result<Self, LogError> {
        let disk = OsDisk::new(data_folder).map_err(|error| disk_error("open the data folder", &error))?;
        Self::open_on(&disk, random)
    }

    /// The keys on any disk, made when there are none.
    ///
    /// # Errors
    /// As [`FileVault::open`].
    pub fn open_on(disk: &dyn Disk, random: Random) -> Result<Self, LogError> {
        make(disk, &random).map_err(|error| disk_error("make the keys of the store", &error))?;
        Self::load(disk, Some(random))
    }

    /// The keys of a data folder, only to read, as beside a running server.
    ///
    /// # Errors
    /// When there are none, or they cannot be read.
    pub fn read_only(data_folder: &Path) -> Result<Self, LogError> {
        Self::load(&OsDisk::read_only(data_folder), None)
    }

    fn load(disk: &dyn Disk, random: Option<Random>) -> Result<Self, LogError> {
        let failed = |error: io::Error| disk_error("read the keys of the store", &error);
        let mut master = [0; 32];
        disk.open(MASTER).and_then(|file| file.read_at(0, &mut master)).map_err(failed)?;
        let master = UnboundKey::new(&AES_256_GCM, &master).map(LessSafeKey::new).map_err(|_| damaged(MASTER))?;
        let (apps, app_records) = Appended::read::<APP_RECORD>(disk, APPS)?;
        let (salts, salt_records) = Appended::read::<SALT_RECORD>(disk, SALTS)?;
        let mut app_keys = BTreeMap::new();
        for record in app_records {
            let (app, key) = unwrap(&master, &record).ok_or_else(|| damaged(APPS))?;
            app_keys.insert(app, key);
        }
        let mut by_author = BTreeMap::new();
        for record in salt_records {
            let number = |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
            let mut salt = [0; 16];
            salt.copy_from_slice(&record[8..]);
            by_author.entry((AppId(number(0)), UserNo(number(4)))).or_insert(salt);
        }
        let state = State { master, apps, salts, app_keys, by_author };
        Ok(Self { state: Mutex::new(state), random })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for FileVault {
    fn app_key(&self, app: AppId) -> Result<Key, LogError> {
        let mut state = self.state();
        if let Some(key) = state.app_keys.get(&app) {
            return Ok(*key);
        }
        let Some(random) = &self.random else { return Err(damaged(APPS)) };
        let (mut key, mut nonce) = ([0; 32], [0; NONCE_LEN]);
        random(&mut key);
        random(&mut nonce);
        let record = wrap(&state.master, app, &key, nonce).ok_or_else(|| damaged(APPS))?;
        state.apps.append(&record).map_err(|error| disk_error("store the key of an app", &error))?;
        state.app_keys.insert(app, key);
        Ok(key)
    }

    fn salt(&self, app: AppId, author: UserNo) -> Result<Option<Salt>, LogError> {
        Ok(self.state().by_author.get(&(app, author)).copied())
    }

    fn put_salts(&self, app: AppId, salts: &[(UserNo, Salt)]) -> Result<(), LogError> {
        let mut state = self.state();
        let mut records = Vec::new();
        let mut new = Vec::new();
        for (author, salt) in salts {
            if state.by_author.contains_key(&(app, *author)) {
                continue;
            }
            let mut record = [0; SALT_RECORD];
            record[..4].copy_from_slice(&app.0.to_le_bytes());
            record[4..8].copy_from_slice(&author.0.to_le_bytes());
            record[8..].copy_from_slice(salt);
            records.extend_from_slice(&checked(&record));
            new.push(((app, *author), *salt));
        }
        if records.is_empty() {
            return Ok(());
        }
        state.salts.write(&records).map_err(|error| disk_error("store the salts of authors", &error))?;
        state.by_author.extend(new);
        Ok(())
    }
}

/// Makes what is missing, durably. The master key comes under its name only when it is whole.
fn make(disk: &dyn Disk, random: &Random) -> io::Result<()> {
    disk.create_dir(FOLDER)?;
    let names = disk.list(FOLDER)?;
    let missing = |path: &str| !names.iter().any(|name| path.strip_prefix("keys/") == Some(name));
    if missing(MASTER) {
        if !missing(SALTS) || !missing(APPS) {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there are keys, but not the master key to open them"));
        }
        let part = "keys/master.new";
        if !missing(part) {
            disk.remove(part)?;
        }
        let mut key = [0; 32];
        random(&mut key);
        let file = disk.create(part)?;
        file.write_at(0, &key)?;
        file.sync()?;
        disk.rename(part, MASTER)?;
        disk.sync_dir(FOLDER)?;
    }
    for path in [APPS, SALTS] {
        if missing(path) {
            disk.create(path)?.sync()?;
        }
    }
    disk.sync_dir(FOLDER)
}

impl Appended {
    /// The whole records of a file.
    fn read<const N: usize>(disk: &dyn Disk, path: &str) -> Result<(Self, Vec<[u8; N]>), LogError> {
        let failed = |error: io::Error| disk_error("read the keys of the store", &error);
        let file = disk.open(path).map_err(failed)?;
        let mut bytes = vec![0; file.size().map_err(failed)? as usize];
        file.read_at(0, &mut bytes).map_err(failed)?;
        let mut records = Vec::new();
        let mut chunks = bytes.chunks_exact(N + CHECKSUM).peekable();
        while let Some(chunk) = chunks.next() {
            let mut record = [0; N];
            record.copy_from_slice(&chunk[..N]);
            if crc32c::crc32c(&record).to_le_bytes() == chunk[N..] {
                records.push(record);
            } else if chunks.peek().is_some_and(|next| crc32c::crc32c(&next[..N]).to_le_bytes() == next[N..]) {
                // A bad record before a good one is no torn end.
                return Err(damaged(path));
            } else {
                break;
            }
        }
        let end = (records.len() * (N + CHECKSUM)) as u64;
        Ok((Self { file, end }, records))
    }

    fn append<const N: usize>(&mut self, record: &[u8; N]) -> io::Result<()> {
        self.write(&checked(record))
    }

    fn write(&mut self, records: &[u8]) -> io::Result<()> {
        self.file.write_at(self.end, records)?;
        self.file.sync()?;
        self.end += records.len() as u64;
        Ok(())
    }
}

fn checked(record: &[u8]) -> Vec<u8> {
    let mut out = record.to_vec();
    out.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
    out
}

fn wrap(master: &LessSafeKey, app: AppId, key: &Key, nonce: [u8; NONCE_LEN]) -> Option<[u8; APP_RECORD]> {
    let app = app.0.to_le_bytes();
    let mut sealed = key.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    master.seal_in_place_append_tag(unique, Aad::from(app), &mut sealed).ok()?;
    let mut record = [0; APP_RECORD];
    record[..4].copy_from_slice(&app);
    record[4..4 + NONCE_LEN].copy_from_slice(&nonce);
    record[4 + NONCE_LEN..].copy_from_slice(&sealed);
    Some(record)
}

fn unwrap(master: &LessSafeKey, record: &[u8; APP_RECORD]) -> Option<(AppId, Key)> {
    let app: [u8; 4] = record[..4].try_into().ok()?;
    let nonce = Nonce::try_assume_unique_for_key(&record[4..4 + NONCE_LEN]).ok()?;
    let mut sealed = record[4 + NONCE_LEN..].to_vec();
    let key = master.open_in_place(nonce, Aad::from(app), &mut sealed).ok()?;
    Some((AppId(u32::from_le_bytes(app)), (&*key).try_into().ok()?))
}

fn damaged(path: &str) -> LogError {
    LogError::Corrupt(format!("`{path}` in the data folder is not what was written there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(seed: u8) -> Random {
        Arc::new(move |buffer: &mut [u8]| buffer.fill(seed))
    }

    #[test]
    fn keys_are_the_same_after_a_restart_and_salts_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open(folder.path(), random(1)).unwrap();
        let key = vault.app_key(AppId(1)).unwrap();
        vault.put_salts(AppId(1), &[(UserNo(1), [5; 16]), (UserNo(2), [6; 16])]).unwrap();
        vault.put_salts(AppId(1), &[(UserNo(1), [9; 16])]).unwrap();
        drop(vault);
        let vault = FileVault::open(folder.path(), random(2)).unwrap();
        assert_eq!(vault.app_key(AppId(1)), Ok(key));
        assert_eq!(vault.salt(AppId(1), UserNo(1)), Ok(Some([5; 16])));
        assert_eq!(vault.salt(AppId(1), UserNo(3)), Ok(None));
        let beside = FileVault::read_only(folder.path()).unwrap();
        assert_eq!(beside.salt(AppId(1), UserNo(2)), Ok(Some([6; 16])));
    }

    #[test]
    fn a_torn_last_record_is_written_over_and_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let vault = FileVault::open(folder.path(), random(1)).unwrap();
        for user in 1..=3 {
            vault.put_salts(AppId(1), &[(UserNo(user), [user as u8; 16])]).unwrap();
        }
        drop(vault);
        let path = folder.path().join(SALTS);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let vault = FileVault::open(folder.path(), random(1)).unwrap();
        assert_eq!(vault.salt(AppId(1), UserNo(3)), Ok(None));
        vault.put_salts(AppId(1), &[(UserNo(3), [7; 16])]).unwrap();
        drop(vault);
        let vault = FileVault::open(folder.path(), random(1)).unwrap();
        assert_eq!(vault.salt(AppId(1), UserNo(3)), Ok(Some([7; 16])));
        drop(vault);
        let mut bad = std::fs::read(&path).unwrap();
        bad[10] ^= 1;
        std::fs::write(&path, bad).unwrap();
        assert!(matches!(FileVault::open(folder.path(), random(1)), Err(LogError::Corrupt(_))));
    }

    #[test]
    fn another_master_key_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        FileVault::open(folder.path(), random(1)).unwrap().app_key(AppId(1)).unwrap();
        std::fs::write(folder.path().join(MASTER), [3; 32]).unwrap();
        assert!(matches!(FileVault::open(folder.path(), random(1)), Err(LogError::Corrupt(_))));
        std::fs::remove_file(folder.path().join(MASTER)).unwrap();
        assert!(FileVault::open(folder.path(), random(1)).is_err());
    }
}
