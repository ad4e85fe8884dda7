//! Decoding of a rectangle of a picture: the pixels and the errors are those of decoding all of it.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::ImageFormat;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sempairs_data::{
    CachedSource, Concat, FlatSource, OnBadPicture, Picture, PictureSource, Region, Subset, decode,
    decode_region,
};
use support::bytes::{png, stored};
use support::jpeg::{four_components, with_orientation};
use support::{Labelled, encode, put, smooth, varied};

/// Pseudo-random numbers below a bound.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % bound
    }

    fn region(&mut self, [width, height]: [usize; 2]) -> Region {
        let (left, top) = (self.below(width), self.below(height));
        let (width, height) = (1 + self.below(width - left), 1 + self.below(height - top));
        Region { left, top, width, height }
    }
}

/// The rectangle of this position and size.
fn region(left: usize, top: usize, width: usize, height: usize) -> Region {
    Region { left, top, width, height }
}

/// The whole picture, its edges and corners, and `count` other rectangles.
fn regions(sides @ [width, height]: [usize; 2], count: usize) -> Vec<Region> {
    let mut list = vec![
        Region::whole(sides),
        region(0, 0, 1, 1),
        region(width - 1, 0, 1, 1),
        region(0, height - 1, 1, 1),
        region(width - 1, height - 1, 1, 1),
        region(width / 2, height / 2, 1, 1),
        region(0, 0, width, 1),
        region(0, height - 1, width, 1),
        region(0, 0, 1, height),
        region(width - 1, 0, 1, height),
        region(width / 2, height / 2, width - width / 2, height - height / 2),
    ];
    let mut random = Random((width + 1000 * height) as u64);
    list.extend((0..count).map(|_| random.region(sides)));
    list
}

/// Compares a part of a picture with the same rectangle of the whole picture.
fn compare(what: &str, whole: &Picture, part: &sempairs_data::RegionPicture, region: Region) {
    let (covered, at) = (part.covered(), part.locate(region));
    assert!(Region::whole([whole.width(), whole.height()]).contains(&covered), "{what}");
    let row = |picture: &Picture, left: usize, y: usize| {
        let start = 3 * (y * picture.width() + left);
        picture.pixels()[start..start + 3 * region.width].to_vec()
    };
    for y in 0..region.height {
        let ours = row(part.picture(), at.left, at.top + y);
        let theirs = row(whole, region.left, region.top + y);
        assert!(ours == theirs, "{what}: row {y} of {region:?}, covered: {covered:?}");
    }
}

/// Compares `count` random and some special rectangles of a file with the whole picture.
fn check(what: &str, bytes: &[u8], count: usize) {
    let whole = decode(bytes, what).unwrap_or_else(|error| panic!("{error}"));
    for region in regions([whole.width(), whole.height()], count) {
        let part = decode_region(bytes, what, region).unwrap_or_else(|error| panic!("{error}"));
        compare(what, &whole, &part, region);
        if bytes.starts_with(&[0xFF, 0xD8]) {
            assert_eq!(part.covered(), region, "{what}");
        }
    }
}

/// A JPEG of `kind` with these sides and settings of the encoder.
fn jpeg(
    (width, height): (u16, u16),
    kind: ColorType,
    sampling: SamplingFactor,
    scans: u8,
    restart: u16,
    optimised: bool,
) -> Vec<u8> {
    let channels = match kind {
        ColorType::Luma => 1,
        ColorType::Rgb => 3,
        _ => 4,
    };
    let mut random = Random(u64::from(width));
    let pixels: Vec<u8> = (0..usize::from(height) * usize::from(width))
        .flat_map(|at| {
            let (x, y) = (at % usize::from(width), at / usize::from(width));
            let noise = random.below(40);
            [x * 3 + y, y * 4 + noise, x * y / 9 + x % 7 * 9, 255 - x - noise].into_iter()
        })
        .map(|value| value as u8)
        .collect();
    let pixels: Vec<u8> = pixels.chunks(4).flat_map(|it| &it[..channels]).copied().collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 85);
    encoder.set_sampling_factor(sampling);
    encoder.set_restart_interval(restart);
    encoder.set_optimized_huffman_tables(optimised);
    if scans > 0 {
        encoder.set_progressive_scans(scans);
    }
    encoder.encode(&pixels, width, height, kind).unwrap();
    bytes
}

/// JPEGs with these sides of many kinds.
fn jpegs(sides: (u16, u16)) -> Vec<(String, Vec<u8>)> {
    use SamplingFactor::{F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2};
    let mut files = Vec::new();
    // Without progressive scans, own Huffman tables make this encoder write a scan per component.
    let codings = [(0, 0, false), (0, 0, true), (0, 3, false), (4, 0, false), (6, 2, false)];
    let mut add = |kind, sampling, (scans, restart, optimised)| {
        let file = jpeg(sides, kind, sampling, scans, restart, optimised);
        let what = format!(
            "{sides:?} {kind:?}, {sampling:?}, {scans} scans, restart {restart}, own {optimised}"
        );
        files.push((what, file));
    };
    for coding in codings {
        for sampling in [F_1_1, F_2_1, F_1_2, F_2_2, F_4_1, F_4_2, F_1_4, F_2_4] {
            add(ColorType::Rgb, sampling, coding);
        }
        add(ColorType::Luma, F_1_1, coding);
        add(ColorType::Cmyk, F_1_1, coding);
        add(ColorType::CmykAsYcck, F_2_2, coding);
        add(ColorType::CmykAsYcck, F_2_1, coding);
    }
    files
}

/// The picture files below a folder of the repository.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.extension().is_some_and(|it| it != "csv") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The valid and the invalid picture files of the repository.
fn fixtures() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = files_below(&tests.join("cases"));
    files.extend(files_below(&tests.join("files")));
    files.extend(files_below(&tests.join("../../sempairs/tests/fixtures/pictures")));
    assert!(files.len() > 50, "{} files", files.len());
    files
}

#[test]
fn a_region_of_a_jpeg_has_the_pixels_of_the_whole_picture() {
    for sides in [(1, 1), (9, 8), (16, 16), (33, 41), (75, 58), (150, 97)] {
        for (what, file) in jpegs(sides) {
            check(&what, &file, 20);
        }
    }
}

#[test]
fn a_region_of_a_file_of_the_repository_has_the_pixels_of_the_whole_picture() {
    let mut valid = 0;
    for path in fixtures() {
        let (what, bytes) = (path.display().to_string(), std::fs::read(&path).unwrap());
        match decode(&bytes, &what) {
            Ok(_) => {
                check(&what, &bytes, 30);
                valid += 1;
            }
            Err(error) => {
                let part = decode_region(&bytes, &what, region(0, 0, 1, 1));
                assert_eq!(part.unwrap_err().to_string(), error.to_string());
            }
        }
    }
    assert!(valid > 40, "{valid} valid files");
}

#[test]
fn a_region_of_four_components_has_the_pixels_of_the_whole_picture() {
    for adobe in [None, Some(0), Some(2)] {
        check(&format!("{adobe:?}"), &four_components([200, 90, 30, 170], adobe), 10);
    }
}

#[test]
fn a_region_of_a_large_picture_has_the_pixels_of_the_whole_picture() {
    use SamplingFactor::{F_1_1, F_2_1, F_2_2};
    for (sampling, scans) in [(F_2_2, 0), (F_2_2, 4), (F_1_1, 0), (F_2_1, 0)] {
        let file = jpeg((500, 375), ColorType::Rgb, sampling, scans, 0, false);
        check(&format!("{sampling:?}, {scans} scans"), &file, 40);
    }
}

#[test]
fn a_region_is_one_of_the_picture_with_its_orientation() {
    use SamplingFactor::{F_1_1, F_2_2};
    for (sampling, scans) in [(F_1_1, 0), (F_2_2, 0), (F_2_2, 4)] {
        let file = jpeg((45, 30), ColorType::Rgb, sampling, scans, 0, false);
        for orientation in 1..=8 {
            let file = with_orientation(&file, orientation);
            let what = format!("{sampling:?}, {scans} scans, orientation {orientation}");
            let whole = decode(&file, &what).unwrap();
            let sides = if orientation < 5 { (45, 30) } else { (30, 45) };
            assert_eq!((whole.width(), whole.height()), sides, "{what}");
            check(&what, &file, 100);
        }
    }
}

#[test]
fn an_orientation_after_the_first_scan_has_no_effect() {
    let file = jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 4, 0, false);
    let turned = with_orientation(&file, 6);
    let segment = turned[2..turned.len() - file.len() + 2].to_vec();
    let scans = file.windows(2).enumerate().filter(|(_, pair)| *pair == [0xFF, 0xDA]);
    let scans: Vec<usize> = scans.map(|(at, _)| at).collect();
    let insert = |at: usize| [&file[..at], &segment, &file[at..]].concat();
    let sides = |file: &[u8]| decode(file, "x").map(|it| (it.width(), it.height())).unwrap();
    assert_eq!(sides(&insert(scans[0])), (30, 45));
    assert_eq!(sides(&insert(scans[1])), (45, 30));
    for at in scans {
        check(&format!("EXIF at {at}"), &insert(at), 20);
    }
}

#[test]
fn a_damaged_file_has_the_same_error_for_every_region() {
    let (mut same, mut errors) = (0, 0);
    for (number, (what, file)) in jpegs((75, 58)).into_iter().enumerate() {
        let mut random = Random(number as u64);
        for round in 0..200 {
            let mut damaged = file.clone();
            let at = 2 + random.below(file.len() - 3);
            match round % 4 {
                0 => damaged[at] = random.below(256) as u8,
                1 => damaged[at] ^= 1 << random.below(8),
                2 => damaged = [&file[..at], &[0xFF, 0xD9]].concat(),
                _ => {
                    let end = (at + 1 + random.below(30)).min(file.len());
                    damaged[at..end].fill(0xFF);
                }
            }
            let whole = decode(&damaged, "x.jpg");
            let sides = whole.as_ref().map_or([75, 58], |it| [it.width(), it.height()]);
            let region = random.region([sides[0].min(75), sides[1].min(58)]);
            // Damage of the frame header may make the picture smaller than the region.
            let frame = file.windows(2).position(|it| matches!(it, [0xFF, 0xC0 | 0xC2])).unwrap();
            let header = frame - 2..frame + 12;
            if header.contains(&at) || (at < frame && round % 4 != 1) {
                continue;
            }
            let part = decode_region(&damaged, "x.jpg", region);
            match (whole, part) {
                (Ok(whole), Ok(part)) => {
                    compare(&what, &whole, &part, region);
                    same += 1;
                }
                (Err(whole), Err(part)) => {
                    assert_eq!(part.to_string(), whole.to_string(), "{what}: at {at}");
                    errors += 1;
                }
                (whole, part) => panic!(
                    "{what}: at {at}: {:?}, but {region:?}: {:?}",
                    whole.map(drop),
                    part.map(drop)
                ),
            }
        }
    }
    assert!(same > 500 && errors > 5000, "{same} decoded, {errors} errors");
}

#[test]
#[should_panic(expected = "is not within the 45x30 picture")]
fn a_region_outside_the_picture_panics() {
    let file = jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 0, 0, false);
    let _ = decode_region(&file, "x", region(40, 0, 6, 5));
}

#[test]
#[should_panic(expected = "is not within the 4x3 picture")]
fn a_region_with_sides_that_overflow_panics() {
    let file = encode(smooth(4, 3), ImageFormat::Png);
    let _ = decode_region(&file, "x", region(2, 0, usize::MAX, 1));
}

#[test]
#[should_panic(expected = "has no pixels")]
fn an_empty_region_panics() {
    let file = jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 0, 0, false);
    let _ = decode_region(&file, "x", region(4, 4, 0, 5));
}

/// An EXIF segment's content with an orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// Writes pictures of all formats, some of them damaged, to a folder.
fn write_pictures(root: &Path) {
    for format in
        [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Tiff]
    {
        put(root, &format!("{format:?}"), &encode(varied(13, 7), format));
    }
    put(
        root,
        "16.png",
        &encode(image::DynamicImage::from(varied(13, 7)).into_rgba16(), ImageFormat::Png),
    );
    let pixels = stored(&[[0; 13]; 7].concat()[..(1 + 5) * 3]);
    put(root, "turned.png", &png((5, 3), 8, 0, &[(b"eXIf", &exif(6)), (b"IDAT", &pixels)]));
    put(root, "late.png", &png((5, 3), 8, 0, &[(b"IDAT", &pixels), (b"eXIf", &exif(6))]));
    put(root, "huge.png", &png((200_000, 200_000), 8, 0, &[(b"IDAT", &pixels)]));
    put(root, "cut.png", &png((5, 3), 8, 0, &[(b"IDAT", &pixels[..9])]));
    let plain = jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 0, 0, false);
    let preview = [&[0xFF, 0xE2, 0x4E, 0x22][..], &[7; 20_000]].concat();
    put(root, "preview.jpg", &[&plain[..2], &preview, &plain[2..]].concat());
    for orientation in 0..=9 {
        let name = format!("turned{orientation}.jpg");
        put(root, &name, &with_orientation(&plain, orientation));
        let file = [&plain[..2], &preview, &with_orientation(&plain, orientation)[2..]].concat();
        put(root, &format!("preview{name}"), &file);
    }
    let progressive = jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 4, 0, false);
    put(root, "progressive.jpg", &progressive);
    put(root, "cut.jpg", &plain[..plain.len() / 2]);
    put(root, "header.jpg", &plain[..20]);
    let mut large = plain.clone();
    let frame = large.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    large[frame + 5..frame + 9].fill(0xFF);
    put(root, "large.jpg", &large);
    put(root, "text.jpg", b"no picture");
    put(root, "empty.jpg", b"");
}

#[test]
fn the_regions_of_files_are_those_of_the_pictures() {
    let folder = tempfile::tempdir().unwrap();
    write_pictures(folder.path());
    for path in fixtures() {
        let name = path.display().to_string().replace('/', "_");
        put(folder.path(), &name, &std::fs::read(&path).unwrap());
    }
    let source: Arc<dyn PictureSource> = Arc::new(FlatSource::open(folder.path()).unwrap());
    let mut random = Random(7);
    let mut errors = 0;
    for index in 0..source.len() {
        let name = source.name(index);
        match source.read(index) {
            Ok(whole) => {
                let sides = [whole.width(), whole.height()];
                for _ in 0..5 {
                    let region = random.region(sides);
                    let part = source.read_region(index, region).unwrap();
                    compare(&name, &whole, &part, region);
                    let mut asked = Vec::new();
                    let mut plan = |sides| {
                        asked.push(sides);
                        region
                    };
                    assert_eq!(source.read_planned(index, &mut plan).unwrap(), part);
                    assert_eq!(asked, [sides], "{name}");
                }
            }
            // The header of a damaged file may be valid, and the plan is then called.
            Err(whole) => {
                errors += 1;
                let mut calls = 0;
                let mut plan = |sides| {
                    calls += 1;
                    Region::whole(sides)
                };
                let part = source.read_planned(index, &mut plan).unwrap_err();
                assert_eq!(part.to_string(), whole.to_string());
                assert!(calls <= 1, "{name}: {calls} calls");
                let part = source.read_region(index, region(0, 0, 1, 1)).unwrap_err();
                assert_eq!(part.to_string(), whole.to_string());
            }
        }
    }
    assert!(errors >= 6, "{errors} errors");
}

/// The sides of a picture that are passed to the plan of its region.
fn planned_sides(source: &dyn PictureSource, index: usize) -> [usize; 2] {
    let mut passed = None;
    let mut plan = |sides| {
        passed = Some(sides);
        Region::whole(sides)
    };
    source.read_planned(index, &mut plan).unwrap();
    passed.expect("the plan is called for a picture that can be decoded")
}

#[test]
fn wrappers_pass_regions_on() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.jpg", &jpeg((45, 30), ColorType::Rgb, SamplingFactor::F_2_2, 0, 0, true));
    put(folder.path(), "b.jpg", &jpeg((20, 50), ColorType::Rgb, SamplingFactor::F_1_1, 0, 0, true));
    let files: Arc<dyn PictureSource> = Arc::new(FlatSource::open(folder.path()).unwrap());
    let single: Arc<dyn PictureSource> = Arc::new(Labelled::new(&[1]));
    let all = Concat::new(vec![single, files.clone()]);
    assert_eq!(planned_sides(&all, 0), [1, 1]);
    assert_eq!(planned_sides(&all, 1), [45, 30]);
    let subset = Subset::new(Arc::new(all), vec![2, 1]);
    assert_eq!(planned_sides(&subset, 0), [20, 50]);
    assert_eq!(planned_sides(&subset, 1), [45, 30]);
    let part = region(3, 5, 7, 4);
    // A source that decodes regions returns no more than was asked for.
    assert_eq!(subset.read_region(0, part).unwrap().covered(), part);
    assert_eq!(files.read_region(0, part).unwrap().covered(), part);

    let path = folder.path().join("cache");
    let cache = CachedSource::open_or_build(&*files, 20, path, OnBadPicture::Error).unwrap();
    assert_eq!(planned_sides(&cache, 0), [30, 20]);
    assert_eq!(planned_sides(&cache, 1), [20, 50]);
    let whole = cache.read(1).unwrap();
    compare("cache", &whole, &cache.read_region(1, part).unwrap(), part);
}
