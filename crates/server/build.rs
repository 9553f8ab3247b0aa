//! Puts what was built of `web/` into the binary: a table of the files of `web/dist`, which is empty when nothing was
//! built, so that `cargo build` works without Node.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../web/dist");
    if !dist.exists() {
        // Cargo takes a path that is not there for changed, at each build. So the folder is made, and as old as can be, for
        // what is younger than this run is changed as well. Where it cannot be made, builds are slower, and that is all.
        let _made = fs::create_dir_all(&dist).and_then(|()| File::open(&dist)?.set_modified(SystemTime::UNIX_EPOCH));
    }
    println!("cargo:rerun-if-changed={}", dist.display());
    let mut paths = BTreeSet::new();
    if dist.exists() {
        list(&dist.canonicalize()?, "", &mut paths)?;
    }
    let mut table = String::from("static EMBEDDED: &[Embedded] = &[\n");
    for path in &paths {
        let encodes = |of: &str| path.strip_suffix(of).is_some_and(|plain| paths.contains(plain));
        if encodes(".br") || encodes(".gz") {
            continue;
        }
        let bytes = |path: &str| format!("include_bytes!({:?})", dist.join(path));
        let beside = |extension: &str| {
            let path = format!("{path}{extension}");
            if paths.contains(&path) { format!("Some({})", bytes(&path)) } else { "None".to_owned() }
        };
        let (plain, brotli, gzip) = (bytes(path), beside(".br"), beside(".gz"));
        writeln!(table, "    Embedded {{ path: {path:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")?;
    }
    table += "];\n";
    Ok(fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("web.rs"), table)?)
}

/// The files below a folder, as paths with `/`. What is hidden is not ours.
fn list(folder: &Path, below: &str, paths: &mut BTreeSet<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| format!("{name:?} is not UTF-8"))?;
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{below}{name}");
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{path}/"), paths)?;
        } else {
            paths.insert(path);
        }
    }
    Ok(())
}
