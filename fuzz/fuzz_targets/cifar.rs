#![no_main]
//! CIFAR-10's and CIFAR-100's records and class names: the first byte says how many records the
//! rest is stretched to.

use libfuzzer_sys::fuzz_target;
use sempairs_data::{CifarKind, CifarSource, PictureSource, Split};

fuzz_target!(|bytes: &[u8]| {
    let [count, rest @ ..] = bytes else { return };
    let (names, rest) = rest.split_at(rest.len() / 2);
    for (kind, file, names_file, record) in [
        (CifarKind::Cifar10, "test_batch.bin", "batches.meta.txt", 3073),
        (CifarKind::Cifar100, "test.bin", "fine_label_names.txt", 3074),
    ] {
        let mut content = rest.to_vec();
        if count % 4 != 0 {
            content.resize(usize::from(count % 4) * record, 3);
        }
        sempairs_fuzz::put(file, &content);
        match count & 4 {
            0 => drop(std::fs::remove_file(sempairs_fuzz::folder().join(names_file))),
            _ => drop(sempairs_fuzz::put(names_file, names)),
        }
        let source = CifarSource::open_folder(kind, sempairs_fuzz::folder(), Split::Test);
        let Ok(source) = source else { continue };
        for index in 0..source.len() {
            let _ = (source.read(index).is_ok(), source.class(index), source.name(index));
        }
    }
});
