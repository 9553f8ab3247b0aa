//! The data folder: its format, its history, its lock.

use crate::disk::{Disk, DiskLock};
use crate::segment;
use crate::state::disk_error;
use std::io;
use stonechat_log::store::LogError;

/// The file that says what the folder is.
pub const FORMAT_FILE: &str = "format";
/// A file that is made to find out whether there is room. It lies among the segments, where a start removes it.
const ROOM_FILE: &str = "segments/room.tmp";
/// The file whose lock says that the folder is in use.
pub const LOCK_FILE: &str = "lock";

const FORMAT_NAME: &str = "stonechat-store";
/// The version that is written and read.
pub const FORMAT_VERSION: u32 = 1;

/// Locks the folder.
///
/// # Errors
/// When another process has it open.
pub fn lock(disk: &dyn Disk) -> Result<Box<dyn DiskLock>, LogError> {
    disk.lock(LOCK_FILE).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => {
            LogError::Io("the data folder is in use by another server; each needs a folder of its own".to_owned())
        }
        _ => disk_error("lock the data folder", &error),
    })
}

/// The history of the folder; `None` when nothing was ever stored in it.
///
/// # Errors
/// When it is of a later version, or not ours.
pub fn history_id(disk: &dyn Disk) -> Result<Option<[u8; 16]>, LogError> {
    let text = match read(disk) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk_error("read the format of the store", &error)),
    };
    parse(&text).map(Some)
}

fn read(disk: &dyn Disk) -> io::Result<String> {
    let file = disk.open(FORMAT_FILE)?;
    let mut bytes = vec![0; file.size()? as usize];
    file.read_at(0, &mut bytes)?;
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

fn parse(text: &str) -> Result<[u8; 16], LogError> {
    let not_ours = || LogError::Corrupt(format!("the file `{FORMAT_FILE}` does not say that this is a store of ours"));
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix(FORMAT_NAME)).map(str::trim);
    let version: u32 = version.and_then(|version| version.parse().ok()).ok_or_else(not_ours)?;
    if version > FORMAT_VERSION {
        return Err(LogError::Corrupt(format!(
            "the store has format {version}, and this version reads up to {FORMAT_VERSION}: run a newer server"
        )));
    }
    let history = lines.next().and_then(|line| line.strip_prefix("history ")).ok_or_else(not_ours)?;
    if history.len() != 32 || !history.is_ascii() {
        return Err(not_ours());
    }
    let mut id = [0; 16];
    for (i, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&history[i * 2..i * 2 + 2], 16).map_err(|_| not_ours())?;
    }
    Ok(id)
}

/// Makes the folder a store of this history, durably.
///
/// # Errors
/// When segments are there without a format, or the disk refuses.
pub fn create(disk: &dyn Disk, history_id: [u8; 16]) -> Result<(), LogError> {
    let make = || -> io::Result<bool> {
        disk.create_dir(segment::FOLDER)?;
        if disk.list(segment::FOLDER)?.iter().any(|name| segment::number_of(name).is_some()) {
            return Ok(false);
        }
        disk.sync_dir("")?;
        let history: String = history_id.iter().map(|byte| format!("{byte:02x}")).collect();
        replace(disk, FORMAT_FILE, format!("{FORMAT_NAME} {FORMAT_VERSION}\nhistory {history}\n").as_bytes())?;
        Ok(true)
    };
    match make() {
        Ok(true) => Ok(()),
        Ok(false) => Err(LogError::Corrupt(format!("there are segments, but the file `{FORMAT_FILE}` is missing"))),
        Err(error) => Err(disk_error("make the store", &error)),
    }
}

/// Writes a whole file in one step, durably. It lies directly in the data folder.
///
/// # Errors
/// What the disk says.
pub fn replace(disk: &dyn Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = format!("{path}.tmp");
    match disk.remove(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.create(&temporary)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.rename(&temporary, path)?;
    disk.sync_dir("")
}

/// Finds out whether the disk has room for so many bytes.
///
/// # Errors
/// [`LogError::StorageFull`] when it has not.
pub fn find_room(disk: &dyn Disk, bytes: u64) -> Result<(), LogError> {
    let remove = || match disk.remove(ROOM_FILE) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    let found = remove().and_then(|()| {
        let file = disk.create(ROOM_FILE)?;
        file.preallocate(0, bytes)?;
        file.sync()
    });
    let removed = remove();
    found.and(removed).map_err(|error| disk_error("look for room", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused_in_clear_words() {
        let error = parse("stonechat-store 2\nhistory 00112233445566778899aabbccddeeff\n").unwrap_err();
        assert!(error.to_string().contains("run a newer server"), "{error}");
        assert!(parse("something else").is_err());
        assert!(parse("stonechat-store 1\nhistory 0011\n").is_err());
    }
}
