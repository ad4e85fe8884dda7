use crate::Step;

/// Weights of red, green and blue in the luma (ITU-R BT.601, as in torchvision's
/// `rgb_to_grayscale`).
const LUMA: [f32; 3] = [0.2989, 0.587, 0.114];

/// Number of pixels processed at a time: few enough for the L1 cache, many enough for any vector
/// unit.
const BLOCK: usize = 64;

/// The channels of a block of pixels.
struct Block {
    red: [f32; BLOCK],
    green: [f32; BLOCK],
    blue: [f32; BLOCK],
}

impl Step {
    /// Returns true if the result for a pixel depends only on that pixel.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Brightness { .. }
            | Self::Saturation { .. }
            | Self::Hue { .. }
            | Self::Grayscale
            | Self::Solarize { .. }
            | Self::Normalize { .. } => true,
            Self::Flip | Self::Rotate { .. } | Self::Contrast { .. } | Self::Blur { .. } => false,
        }
    }
}

simd! {
    /// Computes the mean luma of a planar view.
    pub(crate) fn mean_luma(view: &[f32]) -> f32 {
        let pixels = view.len() / 3;
        let mut total = 0.0;
        let mut block = Block::default();
        for start in (0..pixels).step_by(BLOCK) {
            let count = BLOCK.min(pixels - start);
            block.read(view, start, count);
            total += block.sum_of_luma(count);
        }
        (total / pixels as f64) as f32
    }
}

simd! {
    /// Applies `steps` to a planar view; the first may be contrast, about the given `mean`. If
    /// `sum` is true, returns the mean luma of the result.
    pub(crate) fn colours(steps: &[Step], mean: f32, sum: bool, view: &mut [f32]) -> Option<f32> {
        let pixels = view.len() / 3;
        let mut total = 0.0;
        let mut block = Block::default();
        for start in (0..pixels).step_by(BLOCK) {
            let count = BLOCK.min(pixels - start);
            block.read(view, start, count);
            for step in steps {
                block.apply(step, mean);
            }
            block.write(view, start, count);
            if sum {
                total += block.sum_of_luma(count);
            }
        }
        sum.then_some((total / pixels as f64) as f32)
    }
}

impl Default for Block {
    fn default() -> Self {
        Self { red: [0.0; BLOCK], green: [0.0; BLOCK], blue: [0.0; BLOCK] }
    }
}

impl Block {
    #[inline(always)]
    fn read(&mut self, view: &[f32], start: usize, count: usize) {
        let planes = view.chunks_exact(view.len() / 3);
        for (channel, plane) in self.channels().into_iter().zip(planes) {
            channel[..count].copy_from_slice(&plane[start..start + count]);
        }
    }

    #[inline(always)]
    fn write(&mut self, view: &mut [f32], start: usize, count: usize) {
        let planes = view.chunks_exact_mut(view.len() / 3);
        for (channel, plane) in self.channels().into_iter().zip(planes) {
            plane[start..start + count].copy_from_slice(&channel[..count]);
        }
    }

    #[inline(always)]
    fn sum_of_luma(&self, count: usize) -> f64 {
        let mut lumas = [0.0; BLOCK];
        self.luma(&mut lumas);
        lumas[count..].fill(0.0);
        // Eight partial sums can be vectorised; a single running sum cannot.
        let mut sums = [0.0f32; 8];
        for eight in lumas.chunks_exact(8) {
            for (sum, luma) in sums.iter_mut().zip(eight) {
                *sum += luma;
            }
        }
        sums.iter().map(|sum| f64::from(*sum)).sum()
    }

    #[inline(always)]
    fn apply(&mut self, step: &Step, mean: f32) {
        match *step {
            Step::Brightness { factor } => self.each(|value| unit(factor * value)),
            Step::Contrast { factor } => {
                let rest = (1.0 - factor) * mean;
                self.each(|value| unit(factor * value + rest));
            }
            Step::Saturation { factor } => {
                let mut lumas = [0.0; BLOCK];
                self.luma(&mut lumas);
                for channel in self.channels() {
                    for (value, luma) in channel.iter_mut().zip(&lumas) {
                        *value = unit(factor * *value + (1.0 - factor) * luma);
                    }
                }
            }
            Step::Hue { shift } => self.turn_hue(shift),
            Step::Grayscale => {
                let mut lumas = [0.0; BLOCK];
                self.luma(&mut lumas);
                for channel in self.channels() {
                    *channel = lumas;
                }
            }
            Step::Solarize { threshold } => self.each(|value| {
                // Exactly `1 - value` or `value`, without the masked store into which the
                // conditional expression would be compiled.
                let inverted = if value >= threshold { 1.0 } else { 0.0 };
                inverted + (1.0 - 2.0 * inverted) * value
            }),
            Step::Normalize { mean, std } => {
                for (channel, (mean, std)) in self.channels().into_iter().zip(mean.iter().zip(&std))
                {
                    for value in channel {
                        *value = (*value - mean) / std;
                    }
                }
            }
            Step::Flip | Step::Rotate { .. } | Step::Blur { .. } => {
                unreachable!("{step:?} moves pixels")
            }
        }
    }

    #[inline(always)]
    fn channels(&mut self) -> [&mut [f32; BLOCK]; 3] {
        [&mut self.red, &mut self.green, &mut self.blue]
    }

    #[inline(always)]
    fn each(&mut self, change: impl Fn(f32) -> f32) {
        for channel in self.channels() {
            for value in channel {
                *value = change(*value);
            }
        }
    }

    #[inline(always)]
    fn luma(&self, lumas: &mut [f32; BLOCK]) {
        let [r, g, b] = LUMA;
        for (i, luma) in lumas.iter_mut().enumerate() {
            *luma = r * self.red[i] + g * self.green[i] + b * self.blue[i];
        }
    }

    /// Shifts the hue in the HSV hexcone (Smith 1978), without distinguishing its six sectors. With
    /// the hue `h` in `[0, 6)`, the value `v` and the chroma `c`, channel `n` is `v - c *
    /// clamp(min(k, 4 - k), 0, 1)`, `k = (n + h) mod 6`, where `n` is 5 for red, 3 for green and 1
    /// for blue.
    #[inline(always)]
    fn turn_hue(&mut self, shift: f32) {
        let turn = 6.0 * shift;
        for i in 0..BLOCK {
            let (red, green, blue) = (self.red[i], self.green[i], self.blue[i]);
            let value = larger(larger(red, green), blue);
            let chroma = value - smaller(smaller(red, green), blue);
            let per_chroma = 1.0 / if chroma > 0.0 { chroma } else { 1.0 };
            let hue = if value == red {
                (green - blue) * per_chroma
            } else if value == green {
                (blue - red) * per_chroma + 2.0
            } else {
                (red - green) * per_chroma + 4.0
            };
            let hue = wrap(hue + turn);
            self.red[i] = unit(value - chroma * ramp(wrap(hue + 5.0)));
            self.green[i] = unit(value - chroma * ramp(wrap(hue + 3.0)));
            self.blue[i] = unit(value - chroma * ramp(wrap(hue + 1.0)));
        }
    }
}

/// Wraps a hue from `[-6, 12)` into `[0, 6)`.
#[inline(always)]
fn wrap(hue: f32) -> f32 {
    let hue = if hue < 0.0 { hue + 6.0 } else { hue };
    if hue >= 6.0 { hue - 6.0 } else { hue }
}

#[inline(always)]
fn ramp(k: f32) -> f32 {
    unit(smaller(k, 4.0 - k))
}

/// Maximum in a single instruction; `f32::max` needs more because it handles NaN.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
fn smaller(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[inline(always)]
fn unit(value: f32) -> f32 {
    smaller(larger(value, 0.0), 1.0)
}
