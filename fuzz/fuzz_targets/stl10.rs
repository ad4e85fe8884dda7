#![no_main]
//! STL-10's pictures and labels: the first byte says how many pictures there are, the rest are
//! labels.

use libfuzzer_sys::fuzz_target;
use sempairs_data::{PictureSource, Stl10Source, Stl10Split};

fuzz_target!(|bytes: &[u8]| {
    let [count, labels @ ..] = bytes else { return };
    let length = usize::from(count % 4) * 27_648 + usize::from(count / 128);
    sempairs_fuzz::put("test_X.bin", &vec![*count; length]);
    sempairs_fuzz::put("test_y.bin", labels);
    let Ok(source) = Stl10Source::open(sempairs_fuzz::folder(), Stl10Split::Test) else { return };
    for index in 0..source.len() {
        let _ = (source.read(index).is_ok(), source.class(index), source.name(index));
    }
});
