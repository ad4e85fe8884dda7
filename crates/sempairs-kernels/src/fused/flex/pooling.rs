//! The mean over the map.

use burn_flex::FlexTensor;

use super::{batch_last, dims};

pub(super) fn forward(x: &FlexTensor) -> FlexTensor {
    let [n, c, h, w] = dims(x);
    let x = batch_last::load(x);
    let x = batch_last::values(&x);
    let mut y = vec![0.0; n * c];
    let share = 1.0 / (h * w) as f32;
    for channel in 0..c {
        for i in 0..n {
            let map = &x[channel * h * w * n..];
            let sum: f32 = (0..h * w).map(|position| map[position * n + i]).sum();
            y[i * c + channel] = sum * share;
        }
    }
    batch_last::contiguous(y, [n, c])
}

pub(super) fn gradient(gradient: &FlexTensor, input: [usize; 4]) -> FlexTensor {
    let [n, c, h, w] = input;
    let gradient = gradient.transpose(0, 1).to_contiguous();
    let gradient = batch_last::values(&gradient);
    let share = 1.0 / (h * w) as f32;
    let mut dx = Vec::with_capacity(n * c * h * w);
    for channel in gradient.chunks_exact(n.max(1)) {
        for _ in 0..h * w {
            dx.extend(channel.iter().map(|value| value * share));
        }
    }
    batch_last::store(dx, input)
}
