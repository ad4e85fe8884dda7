//! Limited-memory BFGS (L-BFGS) for smooth functions of many variables.
//!
//! The two-loop recursion is algorithm 7.4 of Nocedal and Wright, *Numerical Optimization* (2nd
//! edition, 2006), the line search their algorithms 3.5 and 3.6.

use std::collections::VecDeque;

use sempairs_data::interrupt;

use super::line_search::{self, LinePoint};
use crate::linalg::dot;

/// L-BFGS minimiser with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Number of correction pairs (step and gradient difference) that are kept. Nocedal and Wright
    /// recommend 3 to 20.
    pub memory: usize,
    /// Maximum number of iterations.
    pub iterations: usize,
    /// The minimisation has converged when no gradient component exceeds this value.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self { memory: 10, iterations: 200, tolerance: 1e-5 }
    }
}

/// Reason for the end of a minimisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No component of the gradient exceeds the tolerance.
    Converged,
    /// No step along the search direction lowers the value: the limit of numerical precision is
    /// reached.
    Precision,
    /// The maximum number of iterations is reached.
    Iterations,
    /// The value or the gradient at the start is infinite or NaN.
    NotFinite,
    /// The process was [interrupted](interrupt), so the point is not a minimum.
    Interrupted,
}

/// Result of a minimisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The last point.
    pub point: Vec<f64>,
    /// The function value at the point.
    pub value: f64,
    /// The largest absolute component of the gradient at the point.
    pub gradient: f64,
    /// Number of iterations.
    pub iterations: usize,
    /// Reason for the end.
    pub stop: Stop,
}

/// A correction pair: a step `s`, the change `y` of the gradient along it, and `1 / (y's)`.
struct Memory {
    s: Vec<f64>,
    y: Vec<f64>,
    rho: f64,
}

impl Lbfgs {
    /// Minimises a function from `start`. `function` takes a point, writes the gradient at the
    /// point to its second argument and returns the value.
    pub fn minimise(
        &self,
        start: Vec<f64>,
        mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Minimum {
        let mut memory: VecDeque<Memory> = VecDeque::with_capacity(self.memory);
        let mut gradient = vec![0.0; start.len()];
        let value = function(&start, &mut gradient);
        let mut here = LinePoint { step: 0.0, point: start, value, gradient };
        let mut iterations = 0;
        let stop = loop {
            // NaN in the gradient must not count as convergence.
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
            // Without correction pairs the norm of the gradient does not determine the step length.
            let first = match memory.is_empty() {
                true => (1.0 / dot(&here.gradient, &here.gradient).sqrt()).min(1.0),
                false => 1.0,
            };
            let Some(next) = line_search::search(&here, &direction, first, &mut function) else {
                if memory.is_empty() {
                    break Stop::Precision;
                }
                // Outdated correction pairs can give a bad direction, so the search is repeated
                // along the gradient.
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

/// The search direction `-H g`, with `H` the approximate inverse Hessian (two-loop recursion).
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

    /// Rosenbrock's function in `n` dimensions; its minimum is 0 at (1, ..., 1).
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
    fn finds_the_minimum_of_rosenbrocks_function() {
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
    fn values_that_are_not_finite_stop_the_minimisation() {
        for (value, slope) in [(f64::NAN, 0.0), (f64::INFINITY, 1.0), (1.0, f64::NAN)] {
            let broken = |_: &[f64], g: &mut [f64]| {
                g.fill(slope);
                value
            };
            let found = Lbfgs::default().minimise(vec![1.0; 3], broken);
            assert_eq!((found.iterations, found.stop), (0, Stop::NotFinite));
        }
        // The line search must avoid a region where the gradient is NaN.
        let undefined = |x: &[f64], g: &mut [f64]| {
            g[0] = if x[0] > 1.5 { f64::NAN } else { 2.0 * (x[0] - 1.0) };
            if x[0] > 1.5 { 0.0 } else { (x[0] - 1.0).powi(2) }
        };
        let found = Lbfgs::default().minimise(vec![-40.0], undefined);
        assert!((found.point[0] - 1.0).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn stops_immediately_at_a_minimum_and_after_the_maximum_of_iterations() {
        let at_once = Lbfgs::default().minimise(vec![1.0; 3], rosenbrock);
        assert_eq!((at_once.iterations, at_once.stop), (0, Stop::Converged));
        let short = Lbfgs { iterations: 3, ..Lbfgs::default() }.minimise(vec![-1.2; 3], rosenbrock);
        assert_eq!((short.iterations, short.stop), (3, Stop::Iterations));
    }
}
