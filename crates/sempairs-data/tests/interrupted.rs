//! Interruption of long operations. An interruption applies to the whole process, so this file has
//! a single test.

use std::sync::Arc;

use sempairs_data::{
    CachedSource, DataError, FolderSource, OnBadPicture, interrupt, validate, validate_headers,
};
use sempairs_testing::Generated;

#[test]
fn listing_checking_and_decoding_stop_with_an_error_and_leave_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let source = Arc::new(Generated::new(20).classes(&["grey"], |_| Some(0)));
    let whole = folder.path().join("whole.cache");
    CachedSource::build(&source, 16, &whole, OnBadPicture::Error).unwrap();
    let pictures = tempfile::tempdir().unwrap();
    std::fs::create_dir(pictures.path().join("cat")).unwrap();
    std::fs::write(pictures.path().join("cat/1.png"), "no picture").unwrap();
    let unfit = Arc::new(FolderSource::open(pictures.path()).unwrap());
    interrupt::check().unwrap();
    interrupt::request();
    let is_interruption = |error: DataError| assert!(matches!(error, DataError::Interrupted));
    for on_bad in [OnBadPicture::Error, OnBadPicture::Skip] {
        let path = folder.path().join("other.cache");
        is_interruption(CachedSource::build(&source, 16, &path, on_bad).unwrap_err());
        is_interruption(validate(source.clone(), on_bad).unwrap_err());
        is_interruption(validate_headers(source.clone(), on_bad).unwrap_err());
        is_interruption(validate_headers(unfit.clone(), on_bad).unwrap_err());
    }
    is_interruption(CachedSource::open(&whole).unwrap_err());
    is_interruption(FolderSource::open(folder.path()).unwrap_err());
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [whole]);
}
