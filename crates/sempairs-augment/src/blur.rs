use crate::resample::weigh_rows;

/// Kernel weights below this value are dropped; even their sum changes no 8-bit value.
const NEGLIGIBLE: f32 = 1e-8;

/// Separable Gaussian blur with reflection at the border, and its buffers.
#[derive(Debug, Default)]
pub(crate) struct Blur {
    weights: Vec<f32>,
    padded: Vec<f32>,
    blurred: Vec<f32>,
}

impl Blur {
    /// Blurs every channel of a `[3, size, size]` view, along rows and then along columns, with the
    /// kernel `w[i] = exp(-(i - k/2)^2 / (2 sigma^2)) / sum`.
    pub(crate) fn run(&mut self, kernel: usize, sigma: f32, size: usize, view: &mut [f32]) {
        let half = self.weigh(kernel, sigma);
        assert!(kernel % 2 == 1, "a blur kernel of {kernel} pixels has no centre; it must be odd");
        assert!(half < size, "a blur kernel of {kernel} pixels is too large for a side of {size}");
        if half == 0 {
            return;
        }
        self.padded.resize(size + 2 * half, 0.0);
        self.blurred.resize(size * (size + 2 * half), 0.0);
        for plane in view.chunks_exact_mut(size * size) {
            // The rows above and below are reflected too, so that the second pass has no border.
            let middle = half * size..(half + size) * size;
            along_rows(plane, size, &self.weights, &mut self.padded, &mut self.blurred[middle]);
            for i in 1..=half {
                let row = |y: usize| y * size..(y + 1) * size;
                self.blurred.copy_within(row(half + i), row(half - i).start);
                self.blurred.copy_within(row(half + size - 1 - i), row(half + size - 1 + i).start);
            }
            along_columns(&self.blurred, size, &self.weights, plane);
        }
    }

    /// Computes the kernel weights, drops negligible ones at the ends, and returns half their
    /// number.
    fn weigh(&mut self, kernel: usize, sigma: f32) -> usize {
        let half = (kernel / 2) as f64;
        let density = |i: usize| (-0.5 * ((i as f64 - half) / f64::from(sigma)).powi(2)).exp();
        let sum: f64 = (0..kernel).map(density).sum();
        self.weights.clear();
        self.weights.extend((0..kernel).map(|i| (density(i) / sum) as f32));
        let light = self.weights.iter().take_while(|weight| **weight < NEGLIGIBLE).count();
        self.weights.truncate(kernel - light);
        self.weights.drain(..light);
        self.weights.len() / 2
    }
}

simd! {
    fn along_rows(
        plane: &[f32],
        size: usize,
        weights: &[f32],
        padded: &mut [f32],
        out: &mut [f32],
    ) {
        let half = weights.len() / 2;
        for (row, out) in plane.chunks_exact(size).zip(out.chunks_exact_mut(size)) {
            padded[half..half + size].copy_from_slice(row);
            for i in 1..=half {
                padded[half - i] = row[i];
                padded[half + size - 1 + i] = row[size - 1 - i];
            }
            // Shifting by one pixel per weight turns the row into overlapping rows of stride 1.
            weigh_rows::<f32, 8>(padded, 1, weights, out);
        }
    }
}

simd! {
    fn along_columns(rows: &[f32], size: usize, weights: &[f32], out: &mut [f32]) {
        for (y, out) in out.chunks_exact_mut(size).enumerate() {
            weigh_rows::<f32, 8>(&rows[y * size..], size, weights, out);
        }
    }
}
