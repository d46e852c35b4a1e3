//! Files that are replaced whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts `text` in the place of a file, whole or not at all; with `sync` it has reached the disk on return.
///
/// # Errors
/// Of the file system. The file is as it was then, unless its folder is all that could not reach the disk.
pub(crate) fn save(path: &Path, text: &[u8], sync: bool) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".tmp-{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let result = write_and_rename(&temporary, path, text, sync);
    if result.is_err() {
        // It may not even exist; the error that matters is the first.
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn write_and_rename(temporary: &Path, path: &Path, text: &[u8], sync: bool) -> io::Result<()> {
    let mut file = File::create(temporary)?;
    file.write_all(text)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(temporary, path)?;
    if sync {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(folder)?;
    }
    Ok(())
}

/// Some file systems, mostly those over a network, know no such thing for folders; real servers go on, too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}
