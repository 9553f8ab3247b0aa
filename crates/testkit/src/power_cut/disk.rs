//! A recorded folder as a disk that knows what a power cut would leave.
//!
//! The rules, stricter than any one file system:
//! - A file keeps what was written before its last sync began. Of later writes a cut may keep any.
//! - A sync of a file says nothing of its name: a file that was made and synced is lost with its name. `ext4` would keep
//!   it; nothing here may rest on that.
//! - The names of a folder change in a journal of its own. A sync of the folder makes durable what was changed before;
//!   of the rest a cut keeps the first so many, whatever it keeps of other folders.
//! - A rename is one change: never both names, and never none.
//! - What is below a folder is lost with the name of the folder.

use crate::dice::Dice;
use crate::power_cut::content::Content;
use crate::power_cut::trace::{Recorded, Step, Written};
use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// What a disk writes in one piece.
pub const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// All of it is lost.
    Dropped,
    /// The first writes of each file are there; the last of these only in part.
    Torn,
    /// Any sectors are there, and any are not.
    Reordered,
    /// All of it is there, as when only the process was killed.
    Kept,
}

impl Way {
    /// The ways of a power cut.
    pub const CUTS: [Self; 3] = [Self::Dropped, Self::Torn, Self::Reordered];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Torn => "torn",
            Self::Reordered => "reordered",
            Self::Kept => "kept",
        }
    }
}

type Names = BTreeMap<String, usize>;

enum Change {
    Write { at: usize, bytes: Written },
    Length(usize),
}

impl Change {
    fn apply(&self, content: &mut Content) {
        match self {
            Self::Write { at, bytes } => content.put(*at, bytes, 0..bytes.length() as usize),
            Self::Length(length) => content.set_length(*length),
        }
    }
}

enum NameChange {
    Put { name: String, object: usize },
    Rename { from: String, to: String },
    Remove { name: String },
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Put { name, object } => _ = names.insert(name.clone(), *object),
            Self::Rename { from, to } => {
                if let Some(object) = names.remove(from) {
                    names.insert(to.clone(), object);
                }
            }
            Self::Remove { name } => _ = names.remove(name),
        }
    }
}

/// The durable part of something, and the changes since with their places in the trace.
struct Journal<T, C> {
    synced: T,
    pending: Vec<(u64, C)>,
}

impl<T, C> Journal<T, C> {
    fn sync(&mut self, begun: u64, apply: impl Fn(&C, &mut T)) {
        let durable = self.pending.partition_point(|(start, _)| *start < begun);
        for (_, change) in self.pending.drain(..durable) {
            apply(&change, &mut self.synced);
        }
    }
}

enum Object {
    File(Journal<Content, Change>),
    /// With the names as programs see them.
    Folder(Journal<Names, NameChange>, Names),
}

/// The disk.
pub struct Disk {
    objects: Vec<Object>,
    /// By inode. A number is used again once its file is gone.
    inodes: BTreeMap<u64, usize>,
}

/// What is found after a cut: by path, the content of a file, or `None` for a folder.
pub type Image = BTreeMap<String, Option<Content>>;

/// The object of the recorded folder itself.
const ROOT: usize = 0;

impl Disk {
    /// A disk that holds what is in a folder now, all of it durable.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let mut disk = Self { objects: Vec::new(), inodes: BTreeMap::new() };
        disk.scan(folder)?;
        Ok(disk)
    }

    /// An empty disk whose folder has this inode.
    #[must_use]
    pub fn empty(inode: u64) -> Self {
        let mut disk = Self { objects: Vec::new(), inodes: BTreeMap::new() };
        disk.add(inode, folder(Names::new()));
        disk
    }

    fn scan(&mut self, path: &Path) -> anyhow::Result<usize> {
        let metadata = std::fs::symlink_metadata(path)?;
        if !metadata.is_dir() {
            return Ok(self.add(metadata.ino(), file(Content::of(&std::fs::read(path)?))));
        }
        let object = self.add(metadata.ino(), folder(Names::new()));
        let mut names = Names::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            names.insert(entry.file_name().to_string_lossy().into_owned(), self.scan(&entry.path())?);
        }
        self.objects[object] = folder(names);
        Ok(object)
    }

    fn add(&mut self, inode: u64, object: Object) -> usize {
        self.objects.push(object);
        self.inodes.insert(inode, self.objects.len() - 1);
        self.objects.len() - 1
    }

    fn object(&self, inode: u64) -> anyhow::Result<usize> {
        self.inodes.get(&inode).copied().with_context(|| format!("the trace does not say where inode {inode} is from"))
    }

    /// Does what was recorded.
    ///
    /// # Errors
    /// When it does not fit what was recorded before.
    pub fn apply(&mut self, recorded: &Recorded) -> anyhow::Result<()> {
        let start = recorded.start;
        match &recorded.step {
            Step::Make { inode, parent, name } => {
                let object = self.add(*inode, file(Content::default()));
                self.rename(*parent, start, NameChange::Put { name: name.clone(), object })
            }
            Step::Folder { inode, parent, name } => {
                let object = self.add(*inode, folder(Names::new()));
                self.rename(*parent, start, NameChange::Put { name: name.clone(), object })
            }
            Step::Link { inode, parent, name } => {
                let object = self.object(*inode)?;
                self.rename(*parent, start, NameChange::Put { name: name.clone(), object })
            }
            Step::Unlink { parent, name } => self.rename(*parent, start, NameChange::Remove { name: name.clone() }),
            Step::Rename { parent, from, into, to } => {
                ensure!(parent == into, "{from} was renamed into another folder, which is two journals");
                self.rename(*parent, start, NameChange::Rename { from: from.clone(), to: to.clone() })
            }
            Step::Write { inode, at, bytes } => {
                self.write(*inode, start, Change::Write { at: *at as usize, bytes: bytes.clone() })
            }
            Step::Length { inode, length } => self.write(*inode, start, Change::Length(*length as usize)),
            Step::Sync { inode, begun } => {
                let object = self.object(*inode)?;
                match &mut self.objects[object] {
                    Object::File(journal) => journal.sync(*begun, Change::apply),
                    Object::Folder(journal, _) => journal.sync(*begun, NameChange::apply),
                }
                Ok(())
            }
        }
    }

    fn write(&mut self, inode: u64, start: u64, change: Change) -> anyhow::Result<()> {
        let object = self.object(inode)?;
        let Object::File(journal) = &mut self.objects[object] else { anyhow::bail!("a write into a folder") };
        journal.pending.push((start, change));
        Ok(())
    }

    fn rename(&mut self, parent: u64, start: u64, change: NameChange) -> anyhow::Result<()> {
        let object = self.object(parent)?;
        let Object::Folder(journal, names) = &mut self.objects[object] else { anyhow::bail!("a name in a file") };
        change.apply(names);
        journal.pending.push((start, change));
        Ok(())
    }

    /// The disk that is found after a power cut now.
    #[must_use]
    pub fn image(&self, way: Way, mut dice: Dice) -> Image {
        let mut image = Image::new();
        self.find(ROOT, "", way, &mut dice, &mut image);
        image
    }

    fn find(&self, object: usize, path: &str, way: Way, dice: &mut Dice, image: &mut Image) {
        match &self.objects[object] {
            Object::File(journal) => _ = image.insert(path.to_owned(), Some(survived(journal, way, dice))),
            Object::Folder(journal, _) => {
                let mut names = journal.synced.clone();
                let kept = match way {
                    Way::Dropped => 0,
                    Way::Torn | Way::Reordered => dice.below(journal.pending.len() + 1),
                    Way::Kept => journal.pending.len(),
                };
                for (_, change) in &journal.pending[..kept] {
                    change.apply(&mut names);
                }
                if !path.is_empty() {
                    image.insert(path.to_owned(), None);
                }
                for (name, object) in names {
                    let below = if path.is_empty() { name } else { format!("{path}/{name}") };
                    self.find(object, &below, way, dice, image);
                }
            }
        }
    }
}

fn file(synced: Content) -> Object {
    Object::File(Journal { synced, pending: Vec::new() })
}

fn folder(names: Names) -> Object {
    Object::Folder(Journal { synced: names.clone(), pending: Vec::new() }, names)
}

fn survived(journal: &Journal<Content, Change>, way: Way, dice: &mut Dice) -> Content {
    let mut content = journal.synced.clone();
    let whole = match way {
        Way::Dropped | Way::Reordered => 0,
        Way::Torn => dice.below(journal.pending.len() + 1),
        Way::Kept => journal.pending.len(),
    };
    for (_, change) in &journal.pending[..whole] {
        change.apply(&mut content);
    }
    match way {
        Way::Dropped | Way::Kept => {}
        Way::Torn => {
            if let Some((_, Change::Write { at, bytes })) = journal.pending.get(whole) {
                // Sectors are written whole, from the start of the write.
                let sectors: Vec<_> = sectors(*at, bytes.length() as usize).collect();
                for part in &sectors[..dice.below(sectors.len() + 1)] {
                    content.put(*at, bytes, part.clone());
                }
            }
        }
        Way::Reordered => {
            for (_, change) in &journal.pending {
                match change {
                    Change::Write { at, bytes } => {
                        for part in sectors(*at, bytes.length() as usize) {
                            if dice.below(2) == 0 {
                                content.put(*at, bytes, part);
                            }
                        }
                    }
                    Change::Length(_) if dice.below(2) == 0 => change.apply(&mut content),
                    Change::Length(_) => {}
                }
            }
        }
    }
    content
}

/// The parts of a write that lie in one sector each.
fn sectors(at: usize, length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = (start + SECTOR - (at + start) % SECTOR).min(length);
        let part = start..end;
        start = end;
        (!part.is_empty()).then_some(part)
    })
}

/// Writes an image into a folder, which is made. Long runs of zeros become holes.
///
/// # Errors
/// What the system says.
pub fn write_image(image: &Image, into: &Path) -> anyhow::Result<()> {
    let make = |path: &Path| std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    make(into)?;
    for (path, content) in image {
        let path = into.join(path);
        let Some(content) = content else {
            make(&path)?;
            continue;
        };
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.set_len(content.length() as u64)?;
        for (at, piece) in content.pieces() {
            file.write_all_at(piece, at as u64)?;
        }
    }
    Ok(())
}

/// What a folder has now, as an image.
///
/// # Errors
/// What the system says.
pub fn read_image(folder: &Path) -> anyhow::Result<Image> {
    Ok(Disk::of(folder)?.image(Way::Kept, Dice::new(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::collections::BTreeSet;

    const ROOT_INODE: u64 = 1;

    /// Steps one after the other, each with a place of its own.
    fn disk(steps: impl IntoIterator<Item = Step>) -> Disk {
        let mut disk = Disk::empty(ROOT_INODE);
        for (at, step) in steps.into_iter().enumerate() {
            disk.apply(&Recorded { start: at as u64, end: at as u64 + 1, step }).unwrap();
        }
        disk
    }

    fn make(inode: u64, name: &str) -> Step {
        Step::Make { inode, parent: ROOT_INODE, name: name.to_owned() }
    }

    fn write(inode: u64, at: u64, bytes: &[u8]) -> Step {
        Step::Write { inode, at, bytes: Written::Bytes(Bytes::copy_from_slice(bytes)) }
    }

    fn sync(inode: u64, begun: u64) -> Step {
        Step::Sync { inode, begun }
    }

    fn rename(from: &str, to: &str) -> Step {
        let (from, to) = (from.to_owned(), to.to_owned());
        Step::Rename { parent: ROOT_INODE, from, into: ROOT_INODE, to }
    }

    /// The bytes of a file after a cut; `None` when its name is lost.
    fn found(disk: &Disk, name: &str, way: Way, seed: u64) -> Option<Vec<u8>> {
        let content = disk.image(way, Dice::new(seed)).remove(name)??;
        let mut bytes = vec![0; content.length()];
        for (at, piece) in content.pieces() {
            bytes[at..at + piece.len()].copy_from_slice(piece);
        }
        Some(bytes)
    }

    #[test]
    fn a_synced_file_is_lost_with_its_name() {
        let steps = || vec![make(2, "a"), write(2, 0, b"x"), sync(2, 2)];
        assert_eq!(found(&disk(steps()), "a", Way::Dropped, 0), None);
        assert_eq!(found(&disk(steps()), "a", Way::Kept, 0), Some(b"x".to_vec()));
        let named = disk(steps().into_iter().chain([sync(ROOT_INODE, 3)]));
        assert_eq!(found(&named, "a", Way::Dropped, 0), Some(b"x".to_vec()));
    }

    #[test]
    fn a_sync_makes_durable_what_was_written_before_it_began() {
        // Of two writes one came while the sync was on its way.
        let disk = disk([make(2, "a"), sync(ROOT_INODE, 1), write(2, 0, b"one"), write(2, 3, b"two"), sync(2, 3)]);
        assert_eq!(found(&disk, "a", Way::Dropped, 0), Some(b"one".to_vec()));
    }

    #[test]
    fn a_rename_is_seen_whole_or_not_at_all() {
        let steps = [make(2, "a.tmp"), write(2, 0, b"x"), sync(2, 2), sync(ROOT_INODE, 3), rename("a.tmp", "a")];
        let disk = disk(steps);
        let names = |seed| disk.image(Way::Torn, Dice::new(seed)).into_keys().collect::<Vec<_>>();
        let seen: BTreeSet<_> = (0..50).map(names).collect();
        assert_eq!(seen, BTreeSet::from([vec!["a".to_owned()], vec!["a.tmp".to_owned()]]));
    }

    #[test]
    fn a_torn_write_ends_at_a_sector_and_reordered_sectors_are_old_or_new() {
        let disk =
            disk([make(2, "a"), sync(ROOT_INODE, 1), write(2, 0, &[1; 2048]), sync(2, 3), write(2, 0, &[2; 2048])]);
        let mut reordered = BTreeSet::new();
        for seed in 0..50 {
            let torn = found(&disk, "a", Way::Torn, seed).unwrap();
            let new = torn.iter().take_while(|byte| **byte == 2).count();
            assert!(new % SECTOR == 0 && torn[new..].iter().all(|byte| *byte == 1));
            let content = found(&disk, "a", Way::Reordered, seed).unwrap();
            assert!(content.chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
            reordered.insert(content);
        }
        assert!(reordered.len() > 8);
    }
}
