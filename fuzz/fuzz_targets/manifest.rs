#![no_main]
//! Manifests of pairs, against a folder of pictures.

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sempairs_data::{FolderSource, Manifest};

static PICTURES: OnceLock<FolderSource> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let pictures = PICTURES.get_or_init(|| {
        let folder = sempairs_fuzz::project("crates/sempairs/tests/fixtures/pictures");
        FolderSource::open(folder).expect("the fixtures' pictures")
    });
    let _ = Manifest::read(&sempairs_fuzz::put("pairs.csv", bytes), pictures);
});
