//! A disk that becomes full while a cache is written. It is simulated by a limit on the size of
//! files, beyond which the system rejects a write just as on a full disk. The limit applies to a
//! whole process, so the cache is built in a child process, which runs this test file.
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sempairs_data::{CachedSource, DataError, OnBadPicture, PictureSource};
use sempairs_testing::Generated;

const FOLDER: &str = "SEMPAIRS_TEST_FULL_DISK";

/// Pictures of some megabytes in total; if there are several, the first is bad.
fn pictures(count: usize) -> Generated {
    Generated::new(count).size(128).damaged((count > 1).then_some(0))
}

#[test]
fn a_full_disk_is_an_error_and_the_old_cache_remains() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("a.cache");
    CachedSource::build(&pictures(1), 128, &cache, OnBadPicture::Error).unwrap();
    let before = fs::read(&cache).unwrap();

    // The blocks of `ulimit` have 512 or 1,024 bytes, and 200 of either are less than the cache
    // needs. The signal is ignored because it would end the process, which does not happen on a
    // full disk.
    let script = r#"trap '' XFSZ; ulimit -f 200; exec "$0" "$@""#;
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "inside_a_process_with_the_limit"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && message.contains("1 passed"), "{output:?}");

    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.cache", "was_refused"], "no part of the new cache remains");
    assert_eq!(fs::read(&cache).unwrap(), before);
    assert_eq!(CachedSource::open(&cache).unwrap().len(), 1);
}

#[test]
#[ignore = "run as a child process by `a_full_disk_is_an_error_and_the_old_cache_remains`"]
fn inside_a_process_with_the_limit() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("the parent sets the folder"));
    let cache = folder.join("a.cache");
    let error = CachedSource::build(&pictures(100), 128, &cache, OnBadPicture::Skip).unwrap_err();
    // The error is that of the disk, not that of the skipped picture.
    let DataError::Io { path, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*path, cache);
    fs::write(folder.join("was_refused"), error.to_string()).unwrap();
}
