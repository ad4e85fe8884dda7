//! Limited-memory BFGS for smooth functions of many variables.
//!
//! Nocedal and Wright, *Numerical Optimization* (2nd edition, 2006): the two-loop recursion is its
//! algorithm 7.4, the line search its algorithms 3.5 and 3.6.

use std::collections::VecDeque;

use sempairs_data::interrupt;

use super::line_search::{self, Probed};
use crate::linalg::dot;

/// When to stop, and how much to remember.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Pairs of steps and gradient changes kept; Nocedal and Wright find 3 to 20 to serve.
    pub memory: usize,
    /// Steps at most.
    pub iterations: usize,
    /// Stops once no component of the gradient is larger.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self { memory: 10, iterations: 200, tolerance: 1e-5 }
    }
}

/// Why the minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The gradient is below the tolerance.
    Converged,
    /// No step along the direction lowers the value: the precision of the function is exhausted.
    Precision,
    /// The steps are used up.
    Iterations,
    /// The value or the gradient is infinite or no number where the minimisation starts.
    NotFinite,
    /// The process was [asked to end](interrupt): the point is none that anyone asked for.
    Interrupted,
}

/// Where the minimisation ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The point.
    pub point: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The largest component of the gradient there.
    pub gradient: f64,
    /// Steps taken.
    pub iterations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// A step `s`, the change of the gradient `y` along it, and `1 / (y's)`.
struct Memory {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

impl Lbfgs {
    /// Minimises a function from `start`. `function` takes a point, writes the gradient there and returns the
    /// value.
    pub fn minimise(
        &self,
        start: Vec<f64>,
        mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Minimum {
        let mut memory: VecDeque<Memory> = VecDeque::with_capacity(self.memory);
        let mut gradient = vec![0.0; start.len()];
        let value = function(&start, &mut gradient);
        let mut here = Probed { step: 0.0, point: start, value, gradient };
        let mut iterations = 0;
        let stop = loop {
            // Comparisons with what is no number would pass for convergence.
            if !here.is_finite() {
                break Stop::NotFinite;
            }
            if interrupt::is_requested() {
                break Stop::Interrupted;
            }
            if largest(&here.gradient) <= self.tolerance {
                break Stop::Converged;
            }
            if iterations == self.iterations {
                break Stop::Iterations;
            }
            let direction = direction(&memory, &here.gradient);
            // Without a history the gradient's length says nothing about the step's.
            let first = match memory.is_empty() {
                true => (1.0 / dot(&here.gradient, &here.gradient).sqrt()).min(1.0),
                false => 1.0,
            };
            let Some(next) = line_search::search(&here, &direction, first, &mut function) else {
                if memory.is_empty() {
                    break Stop::Precision;
                }
                // A stale history can spoil the direction; the gradient itself cannot.
                memory.clear();
                continue;
            };
            let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
            let s: Vec<f64> = difference(&next.point, &here.point);
            let y: Vec<f64> = difference(&next.gradient, &here.gradient);
            let curvature = dot(&s, &y);
            if curvature > f64::EPSILON * dot(&y, &y) {
                if memory.len() == self.memory {
                    memory.pop_front();
                }
                memory.push_back(Memory { s, y, rho: 1.0 / curvature });
            }
            here = next;
            iterations += 1;
        };
        let gradient = largest(&here.gradient);
        Minimum { point: here.point, value: here.value, gradient, iterations, stop }
    }
}

/// `-H g`, with `H` the inverse Hessian that the memory stands for.
fn direction(memory: &VecDeque<Memory>, gradient: &[f64]) -> Vec<f64> {
    let mut q = gradient.to_vec();
    let mut alphas = Vec::with_capacity(memory.len());
    for Memory { s, y, rho } in memory.iter().rev() {
        let alpha = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some(Memory { y, rho, .. }) = memory.back() {
        let scale = 1.0 / (rho * dot(y, y));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (Memory { s, y, rho }, alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = rho * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q.iter_mut().for_each(|q| *q = -*q);
    q
}

fn largest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |largest, g| largest.max(g.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rosenbrock's valley in `n` dimensions; its minimum is 0 at (1, ..., 1).
    fn rosenbrock(x: &[f64], g: &mut [f64]) -> f64 {
        g.fill(0.0);
        let mut value = 0.0;
        for i in 0..x.len() - 1 {
            let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
            value += a * a + 100.0 * b * b;
            g[i] += -2.0 * a - 400.0 * x[i] * b;
            g[i + 1] += 200.0 * b;
        }
        value
    }

    #[test]
    fn finds_the_end_of_rosenbrocks_valley() {
        let lbfgs = Lbfgs { tolerance: 1e-9, ..Lbfgs::default() };
        for n in [2, 10] {
            let found = lbfgs.minimise(vec![-1.2; n], rosenbrock);
            assert_eq!(found.stop, Stop::Converged);
            assert!(found.point.iter().all(|x| (x - 1.0).abs() < 1e-7), "{found:?}");
        }
    }

    #[test]
    fn solves_an_ill_conditioned_quadratic() {
        let scales: Vec<f64> = (0..50).map(|i| 10f64.powf(f64::from(i) / 12.0)).collect();
        let found =
            Lbfgs { iterations: 2000, ..Lbfgs::default() }.minimise(vec![1.0; 50], |x, g| {
                for i in 0..50 {
                    g[i] = scales[i] * (x[i] - i as f64);
                }
                x.iter().zip(g).enumerate().map(|(i, (x, g))| 0.5 * (x - i as f64) * *g).sum()
            });
        assert_eq!(found.stop, Stop::Converged);
        for (i, x) in found.point.iter().enumerate() {
            assert!((x - i as f64).abs() <= 1e-5 / scales[i] * 1.01, "{i}: {x}");
        }
    }

    #[test]
    fn what_is_not_finite_is_no_minimum() {
        for (value, slope) in [(f64::NAN, 0.0), (f64::INFINITY, 1.0), (1.0, f64::NAN)] {
            let broken = |_: &[f64], g: &mut [f64]| {
                g.fill(slope);
                value
            };
            let found = Lbfgs::default().minimise(vec![1.0; 3], broken);
            assert_eq!((found.iterations, found.stop), (0, Stop::NotFinite));
        }
        // A hole beyond which nothing is known is not stepped into.
        let hole = |x: &[f64], g: &mut [f64]| {
            g[0] = if x[0] > 1.5 { f64::NAN } else { 2.0 * (x[0] - 1.0) };
            if x[0] > 1.5 { 0.0 } else { (x[0] - 1.0).powi(2) }
        };
        let found = Lbfgs::default().minimise(vec![-40.0], hole);
        assert!((found.point[0] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn stops_at_once_in_a_minimum_and_after_its_iterations() {
        let at_once = Lbfgs::default().minimise(vec![1.0; 3], rosenbrock);
        assert_eq!((at_once.iterations, at_once.stop), (0, Stop::Converged));
        let short = Lbfgs { iterations: 3, ..Lbfgs::default() }.minimise(vec![-1.2; 3], rosenbrock);
        assert_eq!((short.iterations, short.stop), (3, Stop::Iterations));
    }
}
