//! Opening a run directory removes the part files of a killed run and no other file.

use std::fs;

use sempairs_train::RunDirectory;

#[test]
fn the_user_s_own_files_are_kept_whatever_their_names() {
    let folder = tempfile::tempdir().unwrap();
    drop(RunDirectory::create(folder.path()).unwrap());
    let mine = [".mine.part", "checkpoint/.notes.123.part", "x.part", ".a.sempairs-0-1.part"];
    let mine = mine.map(|name| folder.path().join(name));
    mine.iter().for_each(|file| fs::write(file, "of the user").unwrap());
    drop(RunDirectory::create(folder.path()).unwrap());
    for file in mine {
        assert_eq!(fs::read(&file).unwrap(), b"of the user", "{}", file.display());
    }
}
