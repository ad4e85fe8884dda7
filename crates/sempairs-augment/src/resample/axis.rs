use crate::Interpolation;

/// Resampling weights along one axis: the input pixels of each output pixel, and their weights.
#[derive(Debug, Default)]
pub(crate) struct Axis {
    /// For each output pixel, the first input pixel and the begin and end of its weights; the
    /// weights are empty where the window lies outside the picture.
    pub(crate) taps: Vec<(usize, usize, usize)>,
    pub(crate) weights: Vec<f32>,
}

impl Axis {
    /// Computes the weights of `count` output pixels, starting at `first`, when `input` pixels are
    /// resized to `output`. They are those of PyTorch and Pillow, scaled to sum to `total`.
    pub(crate) fn weigh(
        &mut self,
        input: usize,
        output: usize,
        first: isize,
        count: usize,
        interpolation: Interpolation,
        total: f64,
    ) {
        self.taps.clear();
        self.weights.clear();
        let scale = input as f64 / output as f64;
        let wider = scale.max(1.0);
        let (kernel, support): (fn(f64) -> f64, f64) = match interpolation {
            Interpolation::Bilinear => (triangle, wider),
            Interpolation::Bicubic => (cubic, 2.0 * wider),
        };
        for index in first..first + count as isize {
            let begin = self.weights.len();
            if index < 0 || index >= output as isize {
                self.taps.push((0, begin, begin));
                continue;
            }
            let centre = scale * (index as f64 + 0.5);
            let low = (centre - support + 0.5).max(0.0) as usize;
            let high = ((centre + support + 0.5) as usize).min(input);
            let weights = (low..high).map(|pixel| kernel((pixel as f64 - centre + 0.5) / wider));
            self.weights.extend(weights.map(|weight| weight as f32));
            let weights = &mut self.weights[begin..];
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            weights
                .iter_mut()
                .for_each(|weight| *weight = (f64::from(*weight) * total / sum) as f32);
            self.taps.push((low, begin, self.weights.len()));
        }
    }

    /// The range of input pixels with a weight for any output pixel.
    pub(crate) fn span(&self) -> std::ops::Range<usize> {
        let seen = || self.taps.iter().filter(|tap| tap.1 < tap.2);
        let start = seen().map(|tap| tap.0).min().unwrap_or(0);
        let end = seen().map(|tap| tap.0 + tap.2 - tap.1).max().unwrap_or(0);
        start..end
    }
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// Cubic convolution kernel of Keys (1981) with a = -1/2.
fn cubic(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}
