//! The data folder: where it is, what lies in it, and that nobody else reads the keys.
//!
//! ```text
//! DATA/          0700
//!   keys/        0700   each file 0600: secrets that are never in segments, index or backups of data
//!   …                   what the engine makes: format, lock, segments, index
//! ```

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const FOLDER_MODE: u32 = 0o700;
const KEY_MODE: u32 = 0o600;

/// The file by which a server says where it listens. It stays behind when the server ends.
pub const ADDRESS_FILE: &str = "address";

/// Bits by which users other than the owner and his group may do something.
const OTHERS: u32 = 0o007;
/// Bits by which the group may do something.
const GROUP: u32 = 0o070;

/// Largest file below `keys/` that is read, in bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// There is no home to put it in.
    #[error("there is no home folder to keep data in: name a folder with --data")]
    NoHome,
    /// It is not there, and this command makes none.
    #[error("there is no data folder {path}: `stonechat serve` makes it, or name another one with --data")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something else has its name.
    #[error("{path} is not a folder")]
    NotAFolder {
        /// What was found.
        path: PathBuf,
    },
    /// Others may read a secret.
    #[error("{path} can be read by every user of this machine (mode {mode:03o}): run `chmod {wanted:03o} {path}`")]
    Exposed {
        /// What.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The operating system refused.
    #[error("could not {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Something that works and still should be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    path: PathBuf,
    mode: u32,
    wanted: u32,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, mode, wanted } = self;
        write!(
            f,
            "{path} is open to other users (mode {mode:03o}): run `chmod {wanted:03o} {path}`",
            path = path.display()
        )
    }
}

/// A data folder that exists.
#[derive(Clone, Debug)]
pub struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    /// Where data lie when nobody says otherwise: `$XDG_DATA_HOME/stonechat`, else `~/.local/share/stonechat`.
    ///
    /// # Errors
    /// [`DataFolderError::NoHome`].
    pub fn default_path(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, DataFolderError> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        Ok(base.ok_or(DataFolderError::NoHome)?.join("stonechat"))
    }

    /// The folder, made now if it is not there, for nobody but us.
    ///
    /// # Errors
    /// [`DataFolderError`], also when secrets in it can be read by others.
    pub fn create(path: &Path) -> Result<Self, DataFolderError> {
        let keys = path.join("keys");
        make_folder(&keys)?;
        // A relative path would change its meaning with the working directory.
        let root = path.canonicalize().map_err(failed("find", path))?;
        // A process that was killed may have made it and not come to this.
        if let Some(parent) = root.parent() {
            sync_names(parent)?;
        }
        Self::checked(root)
    }

    /// The folder, which must be there. Changes nothing.
    ///
    /// # Errors
    /// [`DataFolderError`], also when secrets in it can be read by others.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Self::checked(path.to_owned()),
            Ok(_) => Err(DataFolderError::NotAFolder { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(DataFolderError::Missing { path: path.to_owned() })
            }
            Err(error) => Err(failed("look at", path)(error)),
        }
    }

    fn checked(root: PathBuf) -> Result<Self, DataFolderError> {
        let folder = Self { root };
        folder.inspect()?;
        Ok(folder)
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where secrets lie.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Looks at who may read what. Secrets that everybody can read are an error, the rest are warnings.
    ///
    /// # Errors
    /// [`DataFolderError`].
    pub fn inspect(&self) -> Result<Vec<Warning>, DataFolderError> {
        let keys = self.keys();
        let entries = match fs::read_dir(&keys) {
            Ok(entries) => Some(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("list", &keys)(error)),
        };
        let mut warnings = Vec::new();
        warn_if_open(&self.root, mode_of(&self.root)?, FOLDER_MODE, &mut warnings);
        let Some(entries) = entries else { return Ok(warnings) };
        warn_if_open(&keys, mode_of(&keys)?, FOLDER_MODE, &mut warnings);
        let way_in = self.way_in()?;
        for entry in entries {
            let path = entry.map_err(failed("list", &keys))?.path();
            let metadata = fs::symlink_metadata(&path).map_err(failed("look at", &path))?;
            if metadata.is_file() {
                refuse_if_exposed(&path, metadata.mode() & way_in)?;
                warn_if_open(&path, metadata.mode() & way_in, KEY_MODE, &mut warnings);
            }
        }
        Ok(warnings)
    }

    /// The bits of permission that count for a file below `keys/`: who may not pass both folders gets to none, whatever
    /// the file itself allows.
    fn way_in(&self) -> Result<u32, DataFolderError> {
        let through = mode_of(&self.root)? & mode_of(&self.keys())?;
        let pass = |bit: u32, whole: u32| if through & bit == 0 { 0 } else { whole };
        Ok(0o700 | pass(0o010, GROUP) | pass(0o001, OTHERS))
    }

    /// A file below `keys/`; `None` when there is none.
    ///
    /// # Errors
    /// [`DataFolderError`], also when others can read it.
    pub fn read_key(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, DataFolderError> {
        let path = self.keys().join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", &path)(error)),
        };
        let mode = file.metadata().map_err(failed("look at", &path))?.mode();
        refuse_if_exposed(&path, mode & self.way_in()?)?;
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(KEY_BYTES_MAX).read_to_end(&mut bytes).map_err(failed("read", &path))?;
        Ok(Some(bytes))
    }

    /// A file below `keys/`, made now if there is none. It is whole and durable when this returns, and when two
    /// processes make it at once both get the same.
    ///
    /// # Errors
    /// [`DataFolderError`].
    pub fn create_or_read_key(
        &self,
        name: &str,
        make: impl FnOnce() -> Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, DataFolderError> {
        if let Some(bytes) = self.read_key(name)? {
            return Ok(bytes);
        }
        let keys = self.keys();
        make_folder(&keys)?;
        let path = keys.join(name);
        let draft = keys.join(format!(".{name}.{}", std::process::id()));
        let linked = write_private(&draft, &make()).and_then(|()| match fs::hard_link(&draft, &path) {
            // Another process was first, and its file is the one that counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result.map_err(failed("make", &path)),
        });
        let removed = fs::remove_file(&draft);
        linked?;
        removed.map_err(failed("remove", &draft))?;
        File::open(&keys).and_then(|folder| folder.sync_all()).map_err(failed("sync", &keys))?;
        self.read_key(name)?.ok_or(DataFolderError::Missing { path })
    }
}

/// Where the server of a data folder said that it listens, when it was last started.
#[must_use]
pub fn said_url(data: &Path) -> Option<String> {
    let said = fs::read_to_string(data.join(ADDRESS_FILE)).ok()?;
    let said = said.trim();
    (!said.is_empty()).then(|| said.to_owned())
}

/// A folder, and those above it that are missing. Their names are durable when this returns: what is stored in a folder
/// is lost with its name.
fn make_folder(path: &Path) -> Result<(), DataFolderError> {
    let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(failed("make the folder", path))?;
    missing.iter().filter_map(|folder| folder.parent()).try_for_each(sync_names)
}

/// Makes the names in a folder durable. One that we may pass and not list was made by somebody else, who saw to it.
fn sync_names(folder: &Path) -> Result<(), DataFolderError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match File::open(folder).and_then(|opened| opened.sync_all()) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced.map_err(failed("sync", folder)),
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DataFolderError> {
    // One that a process with our number left behind when it was killed.
    let _left_behind = fs::remove_file(path);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(KEY_MODE).open(path).map_err(failed("make", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("write", path))
}

fn mode_of(path: &Path) -> Result<u32, DataFolderError> {
    Ok(fs::metadata(path).map_err(failed("look at", path))?.mode())
}

fn refuse_if_exposed(path: &Path, mode: u32) -> Result<(), DataFolderError> {
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(DataFolderError::Exposed { path: path.to_owned(), mode: mode & 0o777, wanted: KEY_MODE })
}

fn warn_if_open(path: &Path, mode: u32, wanted: u32, warnings: &mut Vec<Warning>) {
    if mode & (OTHERS | GROUP) != 0 {
        warnings.push(Warning { path: path.to_owned(), mode: mode & 0o777, wanted });
    }
}

fn failed<'p>(action: &'static str, path: &'p Path) -> impl Fn(io::Error) -> DataFolderError + Copy + 'p {
    move |source| DataFolderError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn secret() -> Zeroizing<Vec<u8>> {
        Zeroizing::new(b"secret".to_vec())
    }

    #[test]
    fn a_new_folder_is_ours_alone() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("a/b");
        let folder = DataFolder::create(&path).unwrap();
        assert_eq!(mode_of(&path).unwrap() & 0o777, 0o700);
        assert_eq!(mode_of(&folder.keys()).unwrap() & 0o777, 0o700);
        assert_eq!(folder.inspect().unwrap(), []);
    }

    #[test]
    fn a_key_is_made_once_and_leaves_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(base.path()).unwrap();
        assert_eq!(*folder.create_or_read_key("k", secret).unwrap(), b"secret");
        let again = folder.create_or_read_key("k", || panic!("there is one already")).unwrap();
        assert_eq!(*again, b"secret");
        assert_eq!(fs::read_dir(folder.keys()).unwrap().count(), 1);
    }

    #[test]
    fn keys_that_everybody_can_read_are_refused_with_the_remedy() {
        let base = tempfile::tempdir().unwrap();
        let data = base.path().join("data");
        let folder = DataFolder::create(&data).unwrap();
        folder.create_or_read_key("k", secret).unwrap();
        set_mode(&folder.keys().join("k"), 0o644);
        // As long as nobody can pass the folders, it does not matter.
        assert_eq!(folder.inspect().unwrap(), []);
        set_mode(&folder.keys(), 0o755);
        assert_eq!(folder.inspect().unwrap().len(), 1);
        set_mode(&data, 0o755);
        for error in [DataFolder::open(&data).unwrap_err(), folder.read_key("k").unwrap_err()] {
            let text = error.to_string();
            assert!(text.contains("every user") && text.contains("chmod 600"), "{text}");
        }
    }

    #[test]
    fn what_a_group_can_read_is_a_warning() {
        let base = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(base.path()).unwrap();
        folder.create_or_read_key("k", secret).unwrap();
        set_mode(&folder.keys().join("k"), 0o640);
        set_mode(&folder.keys(), 0o750);
        set_mode(base.path(), 0o750);
        let warnings: Vec<String> = folder.inspect().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(warnings.len(), 3, "{warnings:?}");
        assert!(warnings[0].contains("chmod 700") && warnings[2].contains("chmod 600"), "{warnings:?}");
    }

    #[test]
    fn what_is_not_a_folder_is_said_to_be_none() {
        let base = tempfile::tempdir().unwrap();
        let missing = DataFolder::open(&base.path().join("nowhere")).unwrap_err();
        assert!(matches!(missing, DataFolderError::Missing { .. }));
        let file = base.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(DataFolder::open(&file).unwrap_err(), DataFolderError::NotAFolder { .. }));
        assert!(matches!(DataFolder::create(&file).unwrap_err(), DataFolderError::Io { .. }));
    }

    #[test]
    fn the_default_lies_in_the_home_of_the_user() {
        let path = |xdg: Option<&str>, home: Option<&str>| {
            DataFolder::default_path(|name| match name {
                "XDG_DATA_HOME" => xdg.map(OsString::from),
                "HOME" => home.map(OsString::from),
                _ => None,
            })
        };
        assert_eq!(path(None, Some("/home/a")).unwrap(), Path::new("/home/a/.local/share/stonechat"));
        assert_eq!(path(Some("/x"), Some("/home/a")).unwrap(), Path::new("/x/stonechat"));
        assert_eq!(path(Some("relative"), Some("/home/a")).unwrap(), Path::new("/home/a/.local/share/stonechat"));
        assert!(matches!(path(None, None), Err(DataFolderError::NoHome)));
    }
}
