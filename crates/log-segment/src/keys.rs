//! The vault in files: app keys, wrapped by a master key, and authors' salts. Both files only grow, one checked append
//! at a time, and an append is synced before anything of it is used.

use crate::config::OnFatal;
use crate::disk::{Disk, DiskFile};
use crate::dump::Dump;
use crate::hash::Table;
use crate::state::disk_error;
use crc32c::crc32c;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;
use stonechat_log::vault::{Key, Salt, Vault};
use stonechat_types::number::{AppId, LanePosition, UserNo};
use tracing::error;

/// The folder of the vault in the data folder. It does not belong in a backup of data.
pub const FOLDER: &str = "keys";
/// The master key in that folder, when it is not kept elsewhere.
pub const MASTER_KEY_FILE: &str = "master.key";

const APP_KEYS: &str = "keys/app-keys";
const SALTS: &str = "keys/salts";
const MARK: &[u8; 8] = b"STNCKEY1";
/// Bytes of an append before what it appends: length and checksum.
const FRAME_BYTES: usize = 8;
const NONCE_BYTES: usize = 12;
const WRAPPED_BYTES: usize = 8 + NONCE_BYTES + 32 + 16;
const SALT_BYTES: usize = 8 + 16;
/// The generation of app keys that is used.
const GENERATION: u32 = 1;
/// Salts of one append at most.
const SALTS_PER_APPEND_MAX: usize = 4096;

/// Whether a data folder has no master key although it has what only one could open. A new one would hide that.
///
/// # Errors
/// When that cannot be told.
pub fn master_key_is_lost(data: &Path) -> Result<bool, LogError> {
    let looked = |error: &io::Error| disk_error("look for the master key", error);
    if data.join(FOLDER).join(MASTER_KEY_FILE).try_exists().map_err(|error| looked(&error))? {
        return Ok(false);
    }
    for kept in [APP_KEYS, SALTS] {
        match std::fs::metadata(data.join(kept)) {
            Ok(file) if file.len() > MARK.len() as u64 => return Ok(true),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(looked(&error)),
            Ok(_) | Err(_) => {}
        }
    }
    // A store makes its first record after the first master key. One that cannot be read says itself why.
    Ok(Dump::open(data).is_ok_and(|dump| dump.end().upto > LanePosition(0)))
}

/// Fills a buffer with random bytes.
pub type Entropy = dyn Fn(&mut [u8]) + Send + Sync;

/// The key that wraps the keys of apps.
pub struct MasterKey(Key);

impl MasterKey {
    /// A key that came from elsewhere, as from the environment or a command.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// The key in a file, which is made, readable by its owner only, when it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made durable, or does not hold a key.
    pub fn from_file(path: &Path, entropy: &Entropy) -> Result<Self, LogError> {
        match std::fs::File::open(path) {
            Ok(mut file) => {
                let mut key = Vec::new();
                file.read_to_end(&mut key).map_err(|error| disk_error("read the master key", &error))?;
                // Whoever made it may have died before it was durable.
                sync(path, &file).map_err(|error| disk_error("make the master key durable", &error))?;
                let key =
                    Key::try_from(key).map_err(|_| LogError::Corrupt("the master key has a wrong length".into()))?;
                Ok(Self(key))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = [0; 32];
                entropy(&mut key);
                make_file(path, &key).map_err(|error| disk_error("make the master key", &error))?;
                Ok(Self(key))
            }
            Err(error) => Err(disk_error("read the master key", &error)),
        }
    }
}

/// Makes a file in one step: a master key that was used and is then lost loses everything.
fn make_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::create_dir_all(folder_of(path))?;
    let temporary = path.with_extension("tmp");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync(path, &file)
}

/// Makes a file and its name durable.
fn sync(path: &Path, file: &std::fs::File) -> io::Result<()> {
    file.sync_all()?;
    std::fs::File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The vault.
pub struct FileVault {
    kept: Mutex<Kept>,
    wrapping: LessSafeKey,
    entropy: Arc<Entropy>,
}

struct Kept {
    keys: Table<AppId, Key>,
    salts: Table<(AppId, UserNo), Salt>,
    key_file: AppendFile,
    salt_file: AppendFile,
}

impl FileVault {
    /// Opens the vault of a data folder, or makes one. When a key cannot be synced later, the process ends, as it does
    /// for the log: nobody knows then what the disk has.
    ///
    /// # Errors
    /// When it is damaged, when the master key is another, or when the disk refuses.
    pub fn open(disk: &dyn Disk, master: &MasterKey, entropy: Arc<Entropy>) -> Result<Self, LogError> {
        Self::opened(disk, master, entropy, Some(OnFatal::Abort))
    }

    /// Opens the vault beside a server, to read what is sealed: nothing is written, and nothing is to be sealed by it.
    ///
    /// # Errors
    /// As [`FileVault::open`].
    pub fn read(disk: &dyn Disk, master: &MasterKey) -> Result<Self, LogError> {
        Self::opened(disk, master, Arc::new(|_: &mut [u8]| {}), None)
    }

    /// As [`FileVault::open`], with another end of a failed sync.
    ///
    /// # Errors
    /// As [`FileVault::open`].
    pub fn open_with(
        disk: &dyn Disk,
        master: &MasterKey,
        entropy: Arc<Entropy>,
        on_fatal: OnFatal,
    ) -> Result<Self, LogError> {
        Self::opened(disk, master, entropy, Some(on_fatal))
    }

    fn opened(
        disk: &dyn Disk,
        master: &MasterKey,
        entropy: Arc<Entropy>,
        on_fatal: Option<OnFatal>,
    ) -> Result<Self, LogError> {
        let wrapping = UnboundKey::new(&AES_256_GCM, &master.0).map(LessSafeKey::new);
        let wrapping = wrapping.map_err(|_| LogError::Corrupt("the master key is none".to_owned()))?;
        disk.create_dir(FOLDER).map_err(|error| disk_error("open the vault", &error))?;
        let (key_file, wrapped) = AppendFile::open(disk, APP_KEYS, on_fatal)?;
        let (salt_file, salted) = AppendFile::open(disk, SALTS, on_fatal)?;
        let sync = disk.sync_dir(FOLDER).and_then(|()| disk.sync_dir(""));
        sync.map_err(|error| disk_error("make the vault durable", &error))?;
        let mut keys = Table::default();
        for record in wrapped.iter().flat_map(|append| append.chunks(WRAPPED_BYTES)) {
            let (app, key) = unwrap(&wrapping, record)?;
            keys.insert(app, key);
        }
        let mut salts = Table::default();
        for record in salted.iter().flat_map(|append| append.chunks(SALT_BYTES)) {
            let (app, user_no, salt) = decode_salt(record).ok_or_else(|| damaged(SALTS))?;
            salts.insert((app, user_no), salt);
        }
        Ok(Self { kept: Mutex::new(Kept { keys, salts, key_file, salt_file }), wrapping, entropy })
    }

    /// Whether a sync has failed; only one that was opened to close then is left to ask.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let kept = self.kept();
        [&kept.key_file, &kept.salt_file].iter().any(|file| matches!(file.state, AppendState::Failed))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrap(&self, app: AppId, key: &Key) -> Result<Vec<u8>, LogError> {
        let mut nonce = [0; NONCE_BYTES];
        (self.entropy)(&mut nonce);
        let mut record = Vec::with_capacity(WRAPPED_BYTES);
        record.extend_from_slice(&app.0.to_le_bytes());
        record.extend_from_slice(&GENERATION.to_le_bytes());
        record.extend_from_slice(&nonce);
        let mut sealed = *key;
        let aad = Aad::from(name(app, GENERATION));
        let tag = self.wrapping.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed);
        let tag = tag.map_err(|_| LogError::Io("could not wrap the key of an app".to_owned()))?;
        record.extend_from_slice(&sealed);
        record.extend_from_slice(tag.as_ref());
        Ok(record)
    }
}

impl Vault for FileVault {
    fn app_key(&self, app: AppId) -> Result<Key, LogError> {
        let mut kept = self.kept();
        if let Some(key) = kept.keys.get(&app) {
            return Ok(*key);
        }
        let mut key = [0; 32];
        (self.entropy)(&mut key);
        let record = self.wrap(app, &key)?;
        kept.key_file.append(&record)?;
        kept.keys.insert(app, key);
        Ok(key)
    }

    fn salt(&self, app: AppId, author: UserNo) -> Result<Option<Salt>, LogError> {
        Ok(self.kept().salts.get(&(app, author)).copied())
    }

    fn put_salts(&self, app: AppId, salts: &[(UserNo, Salt)]) -> Result<(), LogError> {
        let mut kept = self.kept();
        for salts in salts.chunks(SALTS_PER_APPEND_MAX) {
            let mut new: Vec<(UserNo, Salt)> = Vec::new();
            let mut record = Vec::new();
            for (author, salt) in salts {
                if kept.salts.contains_key(&(app, *author)) || new.iter().any(|(known, _)| known == author) {
                    continue;
                }
                record.extend_from_slice(&app.0.to_le_bytes());
                record.extend_from_slice(&author.0.to_le_bytes());
                record.extend_from_slice(salt);
                new.push((*author, *salt));
            }
            if new.is_empty() {
                continue;
            }
            kept.salt_file.append(&record)?;
            kept.salts.extend(new.into_iter().map(|(author, salt)| ((app, author), salt)));
        }
        Ok(())
    }
}

fn name(app: AppId, generation: u32) -> [u8; 8] {
    let mut name = [0; 8];
    name[..4].copy_from_slice(&app.0.to_le_bytes());
    name[4..].copy_from_slice(&generation.to_le_bytes());
    name
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn unwrap(wrapping: &LessSafeKey, record: &[u8]) -> Result<(AppId, Key), LogError> {
    let fields =
        || Some((AppId(word(record, 0)?), word(record, 4)?, record.get(8..20)?, record.get(20..WRAPPED_BYTES)?));
    let (app, generation, nonce, sealed) = fields().ok_or_else(|| damaged(APP_KEYS))?;
    let mut key = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| damaged(APP_KEYS))?;
    let opened = wrapping.open_in_place(nonce, Aad::from(name(app, generation)), &mut key);
    let opened =
        opened.map_err(|_| LogError::Corrupt("the master key does not open the keys of the apps".to_owned()))?;
    Ok((app, Key::try_from(&*opened).map_err(|_| damaged(APP_KEYS))?))
}

fn decode_salt(record: &[u8]) -> Option<(AppId, UserNo, Salt)> {
    Some((AppId(word(record, 0)?), UserNo(word(record, 4)?), record.get(8..SALT_BYTES)?.try_into().ok()?))
}

fn damaged(path: &str) -> LogError {
    LogError::Corrupt(format!("the file {path} is damaged; restore it from a backup of the keys"))
}

/// A file that grows by checked appends, each synced before the next.
struct AppendFile {
    file: Arc<dyn DiskFile>,
    end: u64,
    state: AppendState,
    /// `None` when it is only read.
    on_fatal: Option<OnFatal>,
}

enum AppendState {
    Working,
    /// A sync failed: nothing is known of the end any more.
    Failed,
}

impl AppendFile {
    /// Opens a file and reads its appends. A last one that was torn was never used, and is cut.
    fn open(disk: &dyn Disk, path: &str, on_fatal: Option<OnFatal>) -> Result<(Self, Vec<Vec<u8>>), LogError> {
        let read = || -> io::Result<(Arc<dyn DiskFile>, Vec<u8>)> {
            let file = match disk.open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(path)?,
                opened => opened?,
            };
            let mut bytes = vec![0; file.size()? as usize];
            file.read_at(0, &mut bytes)?;
            if bytes.iter().all(|byte| *byte == 0) {
                // New, or cut while it was made.
                file.write_at(0, MARK)?;
                file.sync()?;
                bytes = MARK.to_vec();
            }
            Ok((file, bytes))
        };
        let (file, bytes) = read().map_err(|error| disk_error("read the vault", &error))?;
        if !bytes.starts_with(MARK) {
            return Err(damaged(path));
        }
        let mut appends = Vec::new();
        let (mut at, mut last) = (MARK.len(), 0..0);
        while let Some(append) = whole_append(&bytes[at..]) {
            last = at..at + FRAME_BYTES + append.len();
            at = last.end;
            appends.push(append.to_vec());
        }
        // After a torn append nothing was ever appended.
        if (at + 1..bytes.len()).any(|later| whole_append(&bytes[later..]).is_some()) {
            return Err(damaged(path));
        }
        // The page cache may hold what the disk does not: a process that died in its sync, or whose sync failed, left the
        // last append, or the whole file, there. It is written again and synced before anything is sealed with it.
        let again = if last.is_empty() { 0..MARK.len() } else { last };
        let rewrite = || match file.write_at(again.start as u64, &bytes[again]) {
            // Some file systems need room even for that; then what is there is synced, which is all that can be done.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => file.sync(),
            written => written.and_then(|()| file.sync()),
        };
        let written = if on_fatal.is_some() { rewrite() } else { Ok(()) };
        written.map_err(|error| disk_error("make the vault durable", &error))?;
        Ok((Self { file, end: at as u64, state: AppendState::Working, on_fatal }, appends))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        match self.state {
            AppendState::Working => {}
            AppendState::Failed => return Err(LogError::Closed),
        }
        let mut framed = Vec::with_capacity(FRAME_BYTES + bytes.len());
        framed.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        framed.extend_from_slice(&crc32c(bytes).to_le_bytes());
        framed.extend_from_slice(bytes);
        // What a refused write left behind the end is written over by the next; on a full disk there is room some time.
        self.file.write_at(self.end, &framed).map_err(|error| disk_error("write a key", &error))?;
        if let Err(error) = self.file.sync() {
            error!(%error, "Could not make a key durable; no more are made");
            match self.on_fatal {
                Some(OnFatal::Abort) => std::process::abort(),
                Some(OnFatal::Close) | None => {}
            }
            self.state = AppendState::Failed;
            return Err(disk_error("make a key durable", &error));
        }
        self.end += framed.len() as u64;
        Ok(())
    }
}

fn whole_append(bytes: &[u8]) -> Option<&[u8]> {
    let (length, checksum) = (word(bytes, 0)? as usize, word(bytes, 4)?);
    let append = bytes.get(FRAME_BYTES..FRAME_BYTES.checked_add(length)?)?;
    (length > 0 && crc32c(append) == checksum).then_some(append)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os_disk::OsDisk;
    use crate::sim_disk::{Crash, SimDisk, Syncs};
    use std::sync::atomic::{AtomicU8, Ordering};

    fn entropy() -> Arc<Entropy> {
        let next = AtomicU8::new(1);
        Arc::new(move |buffer| buffer.fill(next.fetch_add(1, Ordering::Relaxed)))
    }

    fn open(disk: &SimDisk) -> Result<FileVault, LogError> {
        FileVault::open_with(disk, &MasterKey::new([9; 32]), entropy(), OnFatal::Close)
    }

    #[test]
    fn keys_and_salts_are_there_after_every_cut() {
        for operation in 0..30 {
            let disk = SimDisk::new();
            disk.cut_power_after(operation);
            let mut kept = Vec::new();
            if let Ok(vault) = open(&disk) {
                for n in 1..=4 {
                    let Ok(key) = vault.app_key(AppId(n)) else { break };
                    let salts = [(UserNo(n), [n as u8; 16]), (UserNo(n + 100), [n as u8; 16])];
                    if vault.put_salts(AppId(n), &salts).is_ok() {
                        kept.push((n, key));
                    }
                }
            }
            for crash in Crash::ALL {
                let vault = open(&disk.crashed(crash, operation)).unwrap();
                for (n, key) in &kept {
                    assert_eq!(vault.app_key(AppId(*n)), Ok(*key));
                    assert_eq!(vault.salt(AppId(*n), UserNo(n + 100)), Ok(Some([*n as u8; 16])));
                }
                vault.put_salts(AppId(1), &[(UserNo(77), [7; 16])]).unwrap();
            }
        }
    }

    #[test]
    fn a_salt_that_is_there_stays() {
        let disk = SimDisk::new();
        let vault = open(&disk).unwrap();
        let author = UserNo(1);
        vault.put_salts(AppId(1), &[(author, [1; 16]), (author, [2; 16])]).unwrap();
        vault.put_salts(AppId(1), &[(author, [3; 16])]).unwrap();
        assert_eq!(vault.salt(AppId(1), author), Ok(Some([1; 16])));
        assert_eq!(open(&disk).unwrap().salt(AppId(1), author), Ok(Some([1; 16])));
        assert_eq!(vault.salt(AppId(2), author), Ok(None));
    }

    #[test]
    fn another_master_key_is_refused_and_damage_is_told() {
        let disk = SimDisk::new();
        let vault = open(&disk).unwrap();
        vault.app_key(AppId(1)).unwrap();
        vault.put_salts(AppId(1), &[(UserNo(1), [1; 16])]).unwrap();
        vault.put_salts(AppId(1), &[(UserNo(2), [2; 16])]).unwrap();
        let wrong = FileVault::open(&disk, &MasterKey::new([8; 32]), entropy());
        assert!(matches!(wrong, Err(LogError::Corrupt(text)) if text.contains("master key")));
        disk.rot(SALTS, MARK.len() + FRAME_BYTES + 3, 1);
        assert!(matches!(open(&disk), Err(LogError::Corrupt(text)) if text.contains(SALTS)));
    }

    #[test]
    fn what_only_the_page_cache_had_is_durable_before_it_is_used() {
        let disk = SimDisk::new();
        let vault = open(&disk).unwrap();
        let key = vault.app_key(AppId(1)).unwrap();
        disk.set_syncs(Syncs::FailAfter(0));
        assert!(vault.put_salts(AppId(1), &[(UserNo(1), [1; 16])]).is_err());
        // The process ends, the machine does not; then the power goes as well.
        let disk = disk.crashed(Crash::Kept, 0);
        let used = open(&disk).unwrap().salt(AppId(1), UserNo(1)).unwrap();
        let found = open(&disk.crashed(Crash::Dropped, 0)).unwrap();
        assert_eq!(found.salt(AppId(1), UserNo(1)), Ok(used));
        assert_eq!(found.app_key(AppId(1)), Ok(key));
    }

    #[test]
    fn a_full_disk_gives_keys_again_once_it_has_room() {
        let disk = SimDisk::new();
        let vault = open(&disk).unwrap();
        vault.put_salts(AppId(1), &[(UserNo(1), [1; 16])]).unwrap();
        disk.set_capacity(disk.used() + 3);
        assert_eq!(vault.put_salts(AppId(1), &[(UserNo(2), [2; 16])]), Err(LogError::StorageFull));
        disk.set_capacity(u64::MAX);
        vault.put_salts(AppId(1), &[(UserNo(3), [3; 16])]).unwrap();
        let found = open(&disk.crashed(Crash::Dropped, 0)).unwrap();
        assert_eq!(found.salt(AppId(1), UserNo(2)), Ok(None));
        assert_eq!(found.salt(AppId(1), UserNo(3)), Ok(Some([3; 16])));
    }

    #[test]
    fn a_failed_sync_gives_no_key() {
        let disk = SimDisk::new();
        let vault = open(&disk).unwrap();
        disk.set_syncs(Syncs::FailAfter(0));
        assert!(vault.put_salts(AppId(1), &[(UserNo(1), [1; 16])]).is_err());
        disk.set_syncs(Syncs::Real);
        assert_eq!(vault.salt(AppId(1), UserNo(1)), Ok(None));
        assert_eq!(vault.put_salts(AppId(1), &[(UserNo(1), [1; 16])]), Err(LogError::Closed));
    }

    #[test]
    fn a_master_key_is_lost_only_when_something_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        assert_eq!(master_key_is_lost(data), Ok(false), "there is nothing");
        let vault = FileVault::open(&OsDisk::new(data).unwrap(), &MasterKey::new([9; 32]), entropy()).unwrap();
        assert_eq!(master_key_is_lost(data), Ok(false), "nothing was wrapped yet");
        vault.app_key(AppId(1)).unwrap();
        assert_eq!(master_key_is_lost(data), Ok(true));
        std::fs::write(data.join(FOLDER).join(MASTER_KEY_FILE), [9; 32]).unwrap();
        assert_eq!(master_key_is_lost(data), Ok(false));
    }

    #[test]
    fn the_master_key_is_made_once_and_only_for_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys").join(MASTER_KEY_FILE);
        let entropy = entropy();
        let first = MasterKey::from_file(&path, &*entropy).unwrap();
        let again = MasterKey::from_file(&path, &*entropy).unwrap();
        assert_eq!(first.0, again.0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(MasterKey::from_file(&path, &*entropy).is_err());
    }
}
