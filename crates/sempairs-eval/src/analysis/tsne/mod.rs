//! t-SNE: a two-dimensional map of embeddings that preserves neighbourhoods.

mod affinities;

use rayon::prelude::*;

use crate::linalg::project;
use affinities::affinities;

/// Number of principal components in which distances are computed, and the perplexity, both as in
/// van der Maaten and Hinton (2008), sections 4.2 and 2.
const COMPONENTS: usize = 30;
const PERPLEXITY: f64 = 30.0;
/// Early exaggeration: factor of the attractive forces in the first steps. The learning rate
/// `max(n / (4 * 12), 50)` is recommended by Belkina et al. (2019) and the default of scikit-learn.
const EXAGGERATION: f32 = 12.0;
const EXAGGERATED_STEPS: usize = 250;
const STEPS: usize = 1000;
/// Number of values processed per SIMD instruction.
const LANES: usize = 16;

/// Exact t-SNE (van der Maaten and Hinton, "Visualizing data using t-SNE", 2008) in two dimensions,
/// on the first 30 principal components, with a perplexity of 30, or `(n - 1) / 3` for fewer than
/// 91 rows.
///
/// The map is initialised with the first two principal components, scaled to a standard deviation
/// of 1e-4 (Kobak and Berens, 2019), which preserves the global structure. The result is
/// bit-identical for the same values and seed, for any number of threads. Time and memory are
/// quadratic in n; the function is intended for up to about 1500 rows.
///
/// # Shapes
/// - values: `[n, dim]`, row-major
/// - output: n points, centred at the origin
///
/// # Panics
///
/// If the number of values is not a multiple of `dim`, or a value is infinite or NaN.
pub fn tsne(values: &[f32], dim: usize, seed: u64) -> Vec<[f32; 2]> {
    assert!(dim > 0 && values.len().is_multiple_of(dim), "rows must have {dim} values");
    assert!(values.iter().all(|x| x.is_finite()), "values must be finite");
    let n = values.len() / dim;
    if n < 4 {
        // There are too few rows for a perplexity, so the points are placed on a line.
        return (0..n).map(|i| [i as f32 - (n - 1) as f32 / 2.0, 0.0]).collect();
    }
    let (rows, components) = project(values, dim, COMPONENTS, seed);
    let perplexity = PERPLEXITY.min((n - 1) as f64 / 3.0);
    let affinities = affinities(&rows, components, perplexity, n.next_multiple_of(LANES));
    let mut map = Map::start(&rows, components, n);
    let rate = (n as f32 / EXAGGERATION / 4.0).max(50.0);
    for step in 0..STEPS {
        let (exaggeration, momentum) =
            if step < EXAGGERATED_STEPS { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        map.step(&affinities, exaggeration, momentum, rate);
    }
    map.x.iter().zip(&map.y).take(n).map(|(&x, &y)| [x, y]).collect()
}

/// State of the optimisation. Coordinates are padded to a multiple of [`LANES`] with points that
/// are so far away that their forces are zero.
struct Map {
    n: usize,
    x: Vec<f32>,
    y: Vec<f32>,
    velocity: Vec<[f32; 2]>,
    gain: Vec<[f32; 2]>,
}

/// Coordinate of the padding, small enough that squared distances are finite in f32.
const FAR: f32 = 1e15;

impl Map {
    fn start(rows: &[f64], components: usize, n: usize) -> Self {
        let column = |c: usize| rows.iter().skip(c).step_by(components);
        let std = (column(0).map(|x| x * x).sum::<f64>() / n as f64).sqrt();
        let scale = if std > 0.0 { 1e-4 / std } else { 0.0 };
        let padded = |mut column: Vec<f32>| {
            column.resize(n.next_multiple_of(LANES), FAR);
            column
        };
        // Equal points would get equal forces and never separate, so each point gets an offset far
        // below the standard deviation.
        let apart = |i: usize, turn: f64| 1e-8 * ((i as f64) * 2.4 + turn).cos();
        let x = column(0).enumerate().map(|(i, x)| (x * scale + apart(i, 0.0)) as f32).collect();
        let y: Vec<f32> = match components {
            1 => (0..n).map(|i| apart(i, 1.0) as f32).collect(),
            _ => column(1).enumerate().map(|(i, y)| (y * scale + apart(i, 1.0)) as f32).collect(),
        };
        let (velocity, gain) = (vec![[0.0; 2]; n], vec![[1.0; 2]; n]);
        Self { n, x: padded(x), y: padded(y), velocity, gain }
    }

    /// One step of gradient descent with momentum and adaptive gains, with the authors' settings.
    fn step(&mut self, affinities: &[f32], exaggeration: f32, momentum: f32, rate: f32) {
        let gradient = self.gradient(affinities, exaggeration);
        for (i, slopes) in gradient.into_iter().enumerate() {
            for (axis, coordinate) in [&mut self.x[i], &mut self.y[i]].into_iter().enumerate() {
                let (slope, velocity) = (slopes[axis], &mut self.velocity[i][axis]);
                let gain = &mut self.gain[i][axis];
                let turned = slope * *velocity < 0.0;
                *gain = if turned { *gain + 0.2 } else { (*gain * 0.8).max(0.01) };
                *velocity = momentum * *velocity - rate * *gain * slope;
                *coordinate += *velocity;
            }
        }
        for points in [&mut self.x, &mut self.y] {
            let points = &mut points[..self.n];
            let mean = points.iter().map(|&p| f64::from(p)).sum::<f64>() / points.len() as f64;
            points.iter_mut().for_each(|p| *p -= mean as f32);
        }
    }

    /// `dC/dy_i = 4 sum_j (p_ij - q_ij) w_ij (y_i - y_j)`, with `w = 1 / (1 + |y_i - y_j|^2)` and
    /// `q = w / sum w`.
    fn gradient(&self, affinities: &[f32], exaggeration: f32) -> Vec<[f32; 2]> {
        let width = self.x.len();
        let forces: Vec<Forces> = affinities
            .par_chunks_exact(width)
            .enumerate()
            .map(|(i, row)| self.forces(i, row))
            .collect();
        let total: f64 = forces.iter().map(|f| f64::from(f.weight)).sum();
        let of = |f: &Forces, axis: usize| {
            4.0 * (exaggeration * f.attraction[axis] - f.repulsion[axis] / total as f32)
        };
        forces.iter().map(|f| [of(f, 0), of(f, 1)]).collect()
    }

    fn forces(&self, i: usize, affinities: &[f32]) -> Forces {
        let (x, y) = (self.x[i], self.y[i]);
        let mut sums = [[0f32; LANES]; 5];
        let others = self.x.chunks_exact(LANES).zip(self.y.chunks_exact(LANES));
        for ((xs, ys), p) in others.zip(affinities.chunks_exact(LANES)) {
            for lane in 0..LANES {
                let (dx, dy) = (x - xs[lane], y - ys[lane]);
                let w = 1.0 / (1.0 + dx * dx + dy * dy);
                let (attraction, repulsion) = (p[lane] * w, w * w);
                sums[0][lane] += w;
                sums[1][lane] += attraction * dx;
                sums[2][lane] += attraction * dy;
                sums[3][lane] += repulsion * dx;
                sums[4][lane] += repulsion * dy;
            }
        }
        let [weight, ax, ay, rx, ry] = sums.map(|lanes| lanes.iter().sum::<f32>());
        // Subtracts the weight of the point with itself, which is 1.
        Forces { weight: weight - 1.0, attraction: [ax, ay], repulsion: [rx, ry] }
    }
}

/// Forces of all other points on one point.
struct Forces {
    weight: f32,
    attraction: [f32; 2],
    repulsion: [f32; 2],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clouds, random};

    #[test]
    fn neighbourhoods_are_preserved() {
        let features = clouds(300, 50, 5, 0.5, 1);
        let map = tsne(&features.values, 50, 0);
        assert!(map.iter().flatten().all(|x| x.is_finite()));
        let right = (0..300).filter(|&i| {
            let distance = |j: &usize| {
                let [dx, dy] = [map[i][0] - map[*j][0], map[i][1] - map[*j][1]];
                dx * dx + dy * dy
            };
            let others = (0..300).filter(|&j| j != i);
            let nearest = others.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap();
            features.labels[nearest] == features.labels[i]
        });
        assert!(right.count() >= 298);
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        let values = random(120 * 8, 2);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| tsne(&values, 8, 3))
        };
        assert_eq!(on(1), on(3));
    }

    /// The loss is the Kullback-Leibler divergence `sum p ln(p / q)`.
    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let n = 20;
        let rows: Vec<f64> = random(n * 3, 4).into_iter().map(f64::from).collect();
        let width = n.next_multiple_of(LANES);
        let p = affinities(&rows, 3, 5.0, width);
        let mut map = Map::start(&rows, 3, n);
        for (i, (x, y)) in map.x.iter_mut().zip(&mut map.y).take(n).enumerate() {
            (*x, *y) = (rows[3 * i] as f32, rows[3 * i + 1] as f32);
        }
        let divergence = |map: &Map| {
            let w = |i: usize, j: usize| {
                let (dx, dy) = (map.x[i] - map.x[j], map.y[i] - map.y[j]);
                1.0 / (1.0 + f64::from(dx).powi(2) + f64::from(dy).powi(2))
            };
            let pairs = || (0..n * n).map(|ij| (ij / n, ij % n)).filter(|(i, j)| i != j);
            let total: f64 = pairs().map(|(i, j)| w(i, j)).sum();
            let terms = pairs().map(|(i, j)| (f64::from(p[i * width + j]), w(i, j) / total));
            terms.map(|(p, q)| p * (p / q).ln()).sum::<f64>()
        };
        let gradient = map.gradient(&p, 1.0);
        for (i, [found, _]) in gradient.into_iter().enumerate() {
            let kept = map.x[i];
            map.x[i] = kept + 1e-3;
            let high = divergence(&map);
            map.x[i] = kept - 1e-3;
            let slope = (high - divergence(&map)) / 2e-3;
            map.x[i] = kept;
            assert!((slope - f64::from(found)).abs() < 2e-5, "{i}: {slope}");
        }
    }

    #[test]
    fn few_rows_and_equal_rows_give_finite_points() {
        assert!(tsne(&[], 4, 0).is_empty());
        assert_eq!(tsne(&[1.0, 2.0, 3.0], 1, 0), [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]]);
        for values in [vec![1.0; 60], random(5 * 6, 1), random(40, 1)] {
            for dim in [1, 2, 5] {
                assert!(tsne(&values, dim, 0).iter().flatten().all(|x| x.is_finite()));
            }
        }
    }
}
