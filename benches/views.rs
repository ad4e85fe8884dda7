//! Cost of each augmentation step of a 64x64 view on one thread, and of whole views on all threads.
//!
//! `cargo bench --bench views`; one item is one view.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use fast_image_resize as fir;
use sempairs_augment::{
    Augmentation, CropWindow, Interpolation, Plan, Region, Scratch, Step, apply_batch,
};
use sempairs_data::{Key, Picture, Side};

const SIZE: usize = 64;

fn main() {
    divan::main();
}

/// Test picture with smooth waves and an edge. The cost of the steps does not depend on the pixels.
fn picture(width: usize, height: usize) -> Picture<'static> {
    let mut bytes = Vec::with_capacity(3 * width * height);
    for y in 0..height {
        for x in 0..width {
            let wave = |c: usize| (((x * (c + 1) + y * (3 - c)) as f32 * 0.07).sin() + 1.0) * 127.0;
            bytes.extend((0..3).map(|c| if x < width / 3 { 30 } else { wave(c) as u8 }));
        }
    }
    Picture::new(width, height, bytes)
}

fn crop_window(crop: Region, interpolation: Interpolation) -> CropWindow {
    CropWindow::of_crop(crop, SIZE, interpolation)
}

fn step(bencher: Bencher, steps: &[Step]) {
    let crop = Region { left: 0, top: 0, width: SIZE, height: SIZE };
    let crop_window = crop_window(crop, Interpolation::Bilinear);
    let mut view = vec![0.0; 3 * SIZE * SIZE];
    let mut scratch = Scratch::default();
    Plan { crop_window, steps: vec![] }.apply(&picture(SIZE, SIZE), &mut view, &mut scratch);
    let plan = Plan { crop_window, steps: steps.to_vec() };
    let mut out = view.clone();
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        out.copy_from_slice(&view);
        plan.apply_planar(black_box(&mut out), &mut scratch);
    });
}

/// Cost of the copy that every other measurement includes.
#[divan::bench]
fn a_copy(bencher: Bencher) {
    step(bencher, &[]);
}

#[divan::bench]
fn flip(bencher: Bencher) {
    step(bencher, &[Step::Flip]);
}

#[divan::bench]
fn rotate(bencher: Bencher) {
    step(bencher, &[Step::Rotate { degrees: 17.0 }]);
}

#[divan::bench]
fn brightness(bencher: Bencher) {
    step(bencher, &[Step::Brightness { factor: 1.2 }]);
}

#[divan::bench]
fn contrast(bencher: Bencher) {
    step(bencher, &[Step::Contrast { factor: 1.2 }]);
}

#[divan::bench]
fn saturation(bencher: Bencher) {
    step(bencher, &[Step::Saturation { factor: 1.2 }]);
}

#[divan::bench]
fn hue(bencher: Bencher) {
    step(bencher, &[Step::Hue { shift: 0.1 }]);
}

#[divan::bench]
fn colour_jitter(bencher: Bencher) {
    step(
        bencher,
        &[
            Step::Brightness { factor: 1.2 },
            Step::Hue { shift: 0.1 },
            Step::Contrast { factor: 0.8 },
            Step::Saturation { factor: 1.2 },
        ],
    );
}

#[divan::bench]
fn grayscale(bencher: Bencher) {
    step(bencher, &[Step::Grayscale]);
}

#[divan::bench(args = [0.1, 0.8, 2.0])]
fn blur(bencher: Bencher, sigma: f32) {
    step(bencher, &[Step::Blur { kernel: 7, sigma }]);
}

#[divan::bench]
fn solarize(bencher: Bencher) {
    step(bencher, &[Step::Solarize { threshold: 0.5 }]);
}

#[divan::bench]
fn normalize(bencher: Bencher) {
    step(bencher, &[Step::Normalize { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }]);
}

#[divan::bench]
fn plan_of_simclr(bencher: Bencher) {
    let [one, _] = Augmentation::Simclr.pipelines(SIZE);
    let mut number = 0;
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        number += 1;
        one.plan(64, 64, Key { seed: 0, epoch: 0, picture: number, side: Side::Left })
    });
}

/// Side lengths of the crop box that is resized to the view.
const BOXES: [(usize, usize); 4] = [(23, 29), (64, 64), (150, 120), (400, 300)];

#[divan::bench(args = BOXES)]
fn crop_bilinear(bencher: Bencher, sides: (usize, usize)) {
    crop(bencher, sides, Interpolation::Bilinear);
}

#[divan::bench(args = BOXES)]
fn crop_bicubic(bencher: Bencher, sides: (usize, usize)) {
    crop(bencher, sides, Interpolation::Bicubic);
}

fn crop(bencher: Bencher, (width, height): (usize, usize), interpolation: Interpolation) {
    let picture = picture(width + 10, height + 10);
    let crop = Region { left: 4, top: 5, width, height };
    let plan = Plan { crop_window: crop_window(crop, interpolation), steps: vec![] };
    let (mut view, mut scratch) = (vec![0.0; 3 * SIZE * SIZE], Scratch::default());
    bencher
        .counter(ItemsCount::new(1usize))
        .bench_local(|| plan.apply(&picture, black_box(&mut view), &mut scratch));
}

/// The same with the `fast_image_resize` crate, which rounds to bytes, and the conversion to planar
/// floats.
#[divan::bench(args = BOXES)]
fn crop_bilinear_fast_image_resize(bencher: Bencher, (width, height): (usize, usize)) {
    let picture = picture(width + 10, height + 10);
    let (w, h) = (picture.width() as u32, picture.height() as u32);
    let source = fir::images::ImageRef::new(w, h, picture.pixels(), fir::PixelType::U8x3).unwrap();
    let side = SIZE as u32;
    let mut small = fir::images::Image::new(side, side, fir::PixelType::U8x3);
    let mut resizer = fir::Resizer::new();
    let options = fir::ResizeOptions::new()
        .crop(4.0, 5.0, width as f64, height as f64)
        .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    let mut view = vec![0.0f32; 3 * SIZE * SIZE];
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        resizer.resize(&source, &mut small, &options).unwrap();
        let (red, others) = view.split_at_mut(SIZE * SIZE);
        let (green, blue) = others.split_at_mut(SIZE * SIZE);
        for (i, pixel) in small.buffer().chunks_exact(3).enumerate() {
            red[i] = f32::from(pixel[0]) / 255.0;
            green[i] = f32::from(pixel[1]) / 255.0;
            blue[i] = f32::from(pixel[2]) / 255.0;
        }
        black_box(&mut view);
    });
}

const AUGMENTATIONS: [Augmentation; 4] =
    [Augmentation::Simclr, Augmentation::MocoV2, Augmentation::Byol, Augmentation::Paper];

/// Plans and applies both views of 64 pictures of 64 by 64 pixels, as the loader does.
#[divan::bench(args = AUGMENTATIONS)]
fn batch_on_all_threads(bencher: Bencher, preset: &Augmentation) {
    let pictures: Vec<_> = (0..64).map(|_| picture(64, 64)).collect();
    let pipelines = preset.pipelines(SIZE);
    let mut views = vec![0.0; 64 * 3 * SIZE * SIZE];
    let mut epoch = 0;
    bencher.counter(ItemsCount::new(128usize)).bench_local(|| {
        epoch += 1;
        for (pipeline, side) in pipelines.iter().zip([Side::Left, Side::Right]) {
            let key = |picture| Key { seed: 0, epoch, picture, side };
            let plans: Vec<_> = (0..64).map(|i| pipeline.plan(64, 64, key(i))).collect();
            apply_batch(&plans, &pictures, &mut views);
        }
    });
}

/// The same on this thread alone: the mean over the steps that the random plans contain.
#[divan::bench(args = AUGMENTATIONS)]
fn views_on_one_thread(bencher: Bencher, preset: &Augmentation) {
    let picture = picture(64, 64);
    let [one, _] = preset.pipelines(SIZE);
    let (mut view, mut scratch) = (vec![0.0; 3 * SIZE * SIZE], Scratch::default());
    bencher.counter(ItemsCount::new(256usize)).bench_local(|| {
        for number in 0..256 {
            let key = Key { seed: 0, epoch: 0, picture: number, side: Side::Left };
            one.render(&picture, key, black_box(&mut view), &mut scratch);
        }
    });
}

/// A whole SimCLR view from a photo that is stored with a short side of 256 pixels.
#[divan::bench]
fn view_of_224(bencher: Bencher) {
    let picture = picture(341, 256);
    let [pipeline, _] = Augmentation::Simclr.pipelines(224);
    let (mut view, mut scratch) = (vec![0.0; 3 * 224 * 224], Scratch::default());
    let mut number = 0;
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        number += 1;
        let key = Key { seed: 0, epoch: 0, picture: number, side: Side::Left };
        pipeline.render(&picture, key, black_box(&mut view), &mut scratch);
    });
}
