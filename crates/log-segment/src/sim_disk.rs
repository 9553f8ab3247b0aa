//! A disk in memory that knows what a power cut would leave. For tests and simulation.
//!
//! Of each file it keeps what is synced and the writes since; of the folder, the names that are synced and the changes
//! since. [`SimDisk::crashed`] makes the disk that is found after a power cut.

use crate::disk::{Disk, DiskFile, DiskLock};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes in one piece.
pub const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// All of it is there and still not synced, as when only the process was killed: a later cut may lose it.
    Kept,
    /// All of it is lost.
    Dropped,
    /// The first writes of each file are there; the last of these only in part.
    Torn,
    /// Any sectors are there, and any are not.
    Reordered,
}

impl Crash {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Kept, Self::Dropped, Self::Torn, Self::Reordered];
}

/// What `sync` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    /// What it promises.
    Real,
    /// Nothing, and says that it did: a build that forgot it.
    Ignored,
    /// What it promises so many times; the next one fails.
    FailAfter(u64),
}

#[derive(Clone)]
struct Write {
    offset: usize,
    bytes: Vec<u8>,
}

#[derive(Clone, Default)]
struct Content {
    synced: Vec<u8>,
    now: Vec<u8>,
    unsynced: Vec<Write>,
}

fn apply(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if content.len() < offset + bytes.len() {
        content.resize(offset + bytes.len(), 0);
    }
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}

#[derive(Clone)]
enum NameChange {
    Create { name: String, file: u64 },
    Rename { from: String, to: String },
    Remove { name: String },
}

fn change(names: &mut BTreeMap<String, u64>, change: &NameChange) {
    match change {
        NameChange::Create { name, file } => {
            names.insert(name.clone(), *file);
        }
        NameChange::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        NameChange::Remove { name } => {
            names.remove(name);
        }
    }
}

struct World {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    synced_names: BTreeMap<String, u64>,
    name_changes: Vec<NameChange>,
    locked: BTreeSet<String>,
    syncs: Syncs,
    capacity: u64,
    operations: u64,
    power_until: u64,
}

impl World {
    /// Counts one operation that changes the disk.
    fn operate(&mut self) -> io::Result<()> {
        self.powered()?;
        self.operations += 1;
        Ok(())
    }

    fn powered(&self) -> io::Result<()> {
        if self.operations >= self.power_until { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn used(&self) -> u64 {
        self.files.values().map(|file| file.now.len() as u64).sum()
    }

    fn write(&mut self, file: u64, offset: u64, bytes: Vec<u8>) -> io::Result<()> {
        self.operate()?;
        let used = self.used();
        let content = self.files.get_mut(&file).ok_or(io::ErrorKind::NotFound)?;
        let growth = (offset + bytes.len() as u64).saturating_sub(content.now.len() as u64);
        if growth > 0 && used + growth > self.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        apply(&mut content.now, offset as usize, &bytes);
        content.unsynced.push(Write { offset: offset as usize, bytes });
        Ok(())
    }

    /// Whether a sync does its work.
    fn sync(&mut self) -> io::Result<bool> {
        self.operate()?;
        match &mut self.syncs {
            Syncs::Real => Ok(true),
            Syncs::Ignored => Ok(false),
            Syncs::FailAfter(0) => Err(io::Error::other("the sync was told to fail")),
            Syncs::FailAfter(left) => {
                *left -= 1;
                Ok(true)
            }
        }
    }
}

/// The disk. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Mutex<World>>);

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::of(BTreeMap::new(), BTreeMap::new())
    }

    fn of(files: BTreeMap<u64, Content>, names: BTreeMap<String, u64>) -> Self {
        Self(Arc::new(Mutex::new(World {
            files,
            synced_names: names.clone(),
            names,
            name_changes: Vec::new(),
            locked: BTreeSet::new(),
            syncs: Syncs::Real,
            capacity: u64::MAX,
            operations: 0,
            power_until: u64::MAX,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `sync` does from now on.
    pub fn set_syncs(&self, syncs: Syncs) {
        self.world().syncs = syncs;
    }

    /// Bytes that all files may have.
    pub fn set_capacity(&self, bytes: u64) {
        self.world().capacity = bytes;
    }

    /// Bytes that all files have.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.world().used()
    }

    /// Operations that changed the disk so far.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// The power goes off after so many operations more.
    pub fn cut_power_after(&self, operations: u64) {
        let mut world = self.world();
        world.power_until = world.operations.saturating_add(operations);
    }

    /// Changes one bit of the only place of all files where these bytes are stored, as time does. Whether there was one.
    pub fn rot_bytes(&self, bytes: &[u8], choice: u64) -> bool {
        let mut world = self.world();
        let holds = |content: &Content| content.now.windows(bytes.len()).position(|part| part == bytes);
        let Some((file, at)) = world.files.iter().find_map(|(file, content)| Some((*file, holds(content)?))) else {
            return false;
        };
        let Some(content) = world.files.get_mut(&file) else { return false };
        let place = at + choice as usize % bytes.len();
        let bit = 1 << ((choice >> 32) % 8);
        let both = [&mut content.now, &mut content.synced];
        both.into_iter().filter_map(|content| content.get_mut(place)).for_each(|byte| *byte ^= bit);
        true
    }

    /// Bytes that all files may have.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.world().capacity
    }

    /// Whether the power is off.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.world().powered().is_err()
    }

    /// Changes bits of a stored byte, as time does.
    ///
    /// # Panics
    /// When there is no such byte.
    pub fn rot(&self, path: &str, offset: usize, bits: u8) {
        let mut world = self.world();
        let file = world.names[path];
        let content = world.files.get_mut(&file).expect("a name has a file");
        content.now[offset] ^= bits;
        content.synced[offset] ^= bits;
    }

    /// The bytes of a file.
    ///
    /// # Panics
    /// When there is no such file.
    #[must_use]
    pub fn content(&self, path: &str) -> Vec<u8> {
        let world = self.world();
        world.files[&world.names[path]].now.clone()
    }

    /// The disk that is found after a power cut now. The same seed finds the same.
    #[must_use]
    pub fn crashed(&self, crash: Crash, seed: u64) -> Self {
        let world = self.world();
        let mut dice = Dice(seed);
        let mut names = world.synced_names.clone();
        let kept = match crash {
            Crash::Kept => world.name_changes.len(),
            Crash::Dropped => 0,
            // Names are journaled: a crash keeps the first so many.
            Crash::Torn | Crash::Reordered => dice.below(world.name_changes.len() + 1),
        };
        for made in &world.name_changes[..kept] {
            change(&mut names, made);
        }
        let mut files = BTreeMap::new();
        for file in names.values() {
            let content = &world.files[file];
            let content = match crash {
                Crash::Kept => content.clone(),
                Crash::Dropped | Crash::Torn | Crash::Reordered => {
                    let synced = survived(content, crash, &mut dice);
                    Content { now: synced.clone(), synced, unsynced: Vec::new() }
                }
            };
            files.insert(*file, content);
        }
        let found = Self::of(files, names);
        if crash == Crash::Kept {
            let mut found = found.world();
            found.synced_names.clone_from(&world.synced_names);
            found.name_changes.clone_from(&world.name_changes);
            for (file, content) in &world.files {
                found.files.entry(*file).or_insert_with(|| content.clone());
            }
        }
        found
    }

    fn file(&self, file: u64) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), file })
    }
}

fn survived(content: &Content, crash: Crash, dice: &mut Dice) -> Vec<u8> {
    let mut out = content.synced.clone();
    match crash {
        Crash::Kept => return content.now.clone(),
        Crash::Dropped => {}
        Crash::Torn => {
            let whole = dice.below(content.unsynced.len() + 1);
            for write in &content.unsynced[..whole] {
                apply(&mut out, write.offset, &write.bytes);
            }
            if let Some(last) = content.unsynced.get(whole) {
                // Sectors are written whole, from the start of the write.
                let first = SECTOR - last.offset % SECTOR;
                let sectors = dice.below(last.bytes.len() / SECTOR + 2);
                let length = if sectors == 0 { 0 } else { (first + (sectors - 1) * SECTOR).min(last.bytes.len()) };
                apply(&mut out, last.offset, &last.bytes[..length]);
            }
        }
        Crash::Reordered => {
            for write in &content.unsynced {
                let mut at = 0;
                while at < write.bytes.len() {
                    let length = (SECTOR - (write.offset + at) % SECTOR).min(write.bytes.len() - at);
                    if dice.below(2) == 0 {
                        apply(&mut out, write.offset + at, &write.bytes[at..at + length]);
                    }
                    at += length;
                }
            }
        }
    }
    out
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

impl Disk for SimDisk {
    fn create_dir(&self, _path: &str) -> io::Result<()> {
        // Folders are part of the names of files.
        self.world().powered()
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut world = self.world();
        world.operate()?;
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = world.files.last_key_value().map_or(1, |(file, _)| file + 1);
        world.files.insert(file, Content::default());
        world.names.insert(path.to_owned(), file);
        world.name_changes.push(NameChange::Create { name: path.to_owned(), file });
        drop(world);
        Ok(self.file(file))
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let world = self.world();
        world.powered()?;
        let file = *world.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        drop(world);
        Ok(self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut world = self.world();
        world.operate()?;
        if !world.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let rename = NameChange::Rename { from: from.to_owned(), to: to.to_owned() };
        change(&mut world.names, &rename);
        world.name_changes.push(rename);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        world.operate()?;
        let file = world.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        world.name_changes.push(NameChange::Remove { name: path.to_owned() });
        // Its room is free at once; a crash may bring it back, as it was synced.
        if let Some(content) = world.files.get_mut(&file) {
            content.now = Vec::new();
        }
        Ok(())
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let world = self.world();
        world.powered()?;
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let names = world.names.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        let mut world = self.world();
        if world.sync()? {
            // Only this folder's names become durable; what else changed stays open, in its order.
            let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
            let is_here = |name: &str| name.strip_prefix(&prefix).is_some_and(|rest| !rest.contains('/'));
            let changes = std::mem::take(&mut world.name_changes);
            for made in changes {
                let name = match &made {
                    NameChange::Create { name, .. } | NameChange::Remove { name } => name,
                    NameChange::Rename { to, .. } => to,
                };
                if is_here(name) {
                    change(&mut world.synced_names, &made);
                } else {
                    world.name_changes.push(made);
                }
            }
        }
        Ok(())
    }

    fn lock(&self, path: &str) -> io::Result<Box<dyn DiskLock>> {
        let mut world = self.world();
        world.powered()?;
        if !world.locked.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(world);
        Ok(Box::new(SimLock { disk: self.clone(), path: path.to_owned() }))
    }
}

struct SimLock {
    disk: SimDisk,
    path: String,
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.world().locked.remove(&self.path);
    }
}

struct SimFile {
    disk: SimDisk,
    file: u64,
}

impl DiskFile for SimFile {
    fn size(&self) -> io::Result<u64> {
        let world = self.disk.world();
        world.powered()?;
        Ok(world.files.get(&self.file).ok_or(io::ErrorKind::NotFound)?.now.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let world = self.disk.world();
        world.powered()?;
        let content = &world.files.get(&self.file).ok_or(io::ErrorKind::NotFound)?.now;
        let range = offset as usize..offset as usize + buffer.len();
        buffer.copy_from_slice(content.get(range).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.world().write(self.file, offset, bytes.to_vec())
    }

    fn preallocate(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.disk.world().write(self.file, offset, vec![0; bytes as usize])
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        if world.sync()? {
            let content = world.files.get_mut(&self.file).ok_or(io::ErrorKind::NotFound)?;
            for write in std::mem::take(&mut content.unsynced) {
                apply(&mut content.synced, write.offset, &write.bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> SimDisk {
        let disk = SimDisk::new();
        let file = disk.create("d/a").unwrap();
        file.write_at(0, &[1; 2048]).unwrap();
        file.sync().unwrap();
        disk.sync_dir("d").unwrap();
        file.write_at(0, &[2; 2048]).unwrap();
        disk.create("d/b").unwrap().write_at(0, b"x").unwrap();
        disk
    }

    #[test]
    fn a_crash_keeps_what_was_synced() {
        let disk = written();
        assert_eq!(disk.crashed(Crash::Dropped, 0).content("d/a"), [1; 2048]);
        assert_eq!(disk.crashed(Crash::Dropped, 0).list("d").unwrap(), ["a"]);
        assert_eq!(disk.crashed(Crash::Kept, 0).content("d/a"), [2; 2048]);
        assert_eq!(disk.crashed(Crash::Kept, 0).list("d").unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_torn_write_ends_at_a_sector() {
        for seed in 0..50 {
            let content = written().crashed(Crash::Torn, seed).content("d/a");
            let new = content.iter().take_while(|byte| **byte == 2).count();
            assert!(new % SECTOR == 0 && content[new..].iter().all(|byte| *byte == 1));
        }
    }

    #[test]
    fn reordered_sectors_are_old_or_new() {
        let contents: BTreeSet<_> =
            (0..50).map(|seed| written().crashed(Crash::Reordered, seed).content("d/a")).collect();
        assert!(contents.len() > 8);
        assert!(contents.iter().flat_map(|content| content.chunks(SECTOR)).all(|s| s.iter().all(|b| *b == s[0])));
    }

    #[test]
    fn a_full_disk_and_a_failing_sync_say_so() {
        let disk = written();
        disk.set_capacity(disk.used());
        let file = disk.open("d/a").unwrap();
        assert_eq!(file.write_at(2048, b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        file.write_at(0, b"x").unwrap();
        disk.set_syncs(Syncs::FailAfter(1));
        file.sync().unwrap();
        assert!(file.sync().is_err());
        disk.cut_power_after(0);
        assert!(file.read_at(0, &mut [0]).is_err());
    }
}
