//! Line search for a step length that satisfies the strong Wolfe conditions.

use crate::linalg::dot;

/// Constants of the Wolfe conditions for quasi-Newton methods (Nocedal and Wright 2006, section
/// 3.1).
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// Relative increase of the value that counts as a rounding error. Near the minimum the decrease of
/// a step is below the rounding errors of f32 products long before the gradient vanishes; Hager and
/// Zhang, "A new conjugate gradient method with guaranteed descent" (2005), relax the condition for
/// the same reason.
const ROUNDING: f64 = 1e-7;
/// Maximum number of function evaluations.
const TRIALS: usize = 25;

/// A point on the line with the value and the gradient of the function.
pub(crate) struct LinePoint {
    pub(crate) step: f64,
    pub(crate) point: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) gradient: Vec<f64>,
}

impl LinePoint {
    /// Returns true if the value and all components of the gradient are finite.
    pub(crate) fn is_finite(&self) -> bool {
        self.value.is_finite() && self.gradient.iter().all(|g| g.is_finite())
    }
}

/// Searches along `direction` for a step length `a` with
///
/// - `f(x + a p) <= f(x) + 1e-4 a p'g`, up to rounding (sufficient decrease), and
/// - `|p'g(x + a p)| <= 0.9 |p'g|` (curvature),
///
/// by bracketing and zooming with cubic interpolation (Nocedal and Wright 2006, algorithms 3.5 and
/// 3.6). After 25 evaluations it returns the best point with sufficient decrease, `None` if there
/// is none.
pub(crate) fn search(
    from: &LinePoint,
    direction: &[f64],
    first: f64,
    function: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<LinePoint> {
    let slope = dot(&from.gradient, direction);
    if slope.is_nan() || slope >= 0.0 {
        return None;
    }
    // The better end of the bracket and the other end, each as (step, value, slope).
    let mut low = (0.0, from.value, slope);
    let mut other: Option<(f64, f64, f64)> = None;
    let mut best: Option<LinePoint> = None;
    let mut step = first;
    let slack = ROUNDING * from.value.abs();
    for _ in 0..TRIALS {
        let along = from.point.iter().zip(direction);
        let point: Vec<f64> = along.map(|(x, p)| x + step * p).collect();
        let mut gradient = vec![0.0; point.len()];
        let value = function(&point, &mut gradient);
        let here = (step, value, dot(&gradient, direction));
        let probed = LinePoint { step, point, value, gradient };
        let decreased = value <= from.value + DECREASE * step * slope + slack;
        if !decreased || !probed.is_finite() || value > low.1 + slack {
            other = Some(here);
        } else {
            best = Some(probed);
            if here.2.abs() <= -CURVATURE * slope {
                return best;
            }
            let uphill = match other {
                Some(other) => here.2 * (other.0 - low.0) >= 0.0,
                None => here.2 >= 0.0,
            };
            if uphill {
                other = Some(low);
            }
            low = here;
        }
        step = match other {
            Some(other) => between(low, other),
            None => 2.0 * step,
        };
        if step == low.0 {
            break;
        }
    }
    best.filter(|best| best.step > 0.0)
}

/// The minimum of the cubic interpolation of two points with their slopes (Nocedal and Wright 2006,
/// equation 3.59), or their midpoint if the minimum lies outside or within a tenth of the interval
/// from an end.
fn between(low: (f64, f64, f64), other: (f64, f64, f64)) -> f64 {
    let ((a, fa, da), (b, fb, db)) = (low, other);
    let middle = 0.5 * (a + b);
    let d1 = da + db - 3.0 * (fa - fb) / (a - b);
    let d2 = (b - a).signum() * (d1 * d1 - da * db).sqrt();
    let cubic = b - (b - a) * (db + d2 - d1) / (db - da + 2.0 * d2);
    let margin = 0.1 * (b - a).abs();
    let inside = cubic > a.min(b) + margin && cubic < a.max(b) - margin;
    if inside { cubic } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(f: impl Fn(f64) -> (f64, f64), first: f64) -> (f64, (f64, f64), LinePoint) {
        let (value, slope) = f(0.0);
        let from = LinePoint { step: 0.0, point: vec![0.0], value, gradient: vec![slope] };
        let mut function = |x: &[f64], g: &mut [f64]| {
            let (value, slope) = f(x[0]);
            g[0] = slope;
            value
        };
        let found = search(&from, &[1.0], first, &mut function).expect("a step");
        (found.point[0], (value, slope), found)
    }

    #[test]
    fn both_conditions_hold_from_any_first_step() {
        // Moré and Thuente's first test function with beta = 2, and a quartic with a far minimum.
        let more = |a: f64| {
            let q = a * a + 2.0;
            (-a / q, (a * a - 2.0) / (q * q))
        };
        let quartic = |a: f64| ((a - 30.0).powi(4), 4.0 * (a - 30.0).powi(3));
        for first in [1e-3, 0.1, 1.0, 10.0, 1e3] {
            for f in [&more as &dyn Fn(f64) -> (f64, f64), &quartic] {
                let (a, (value, slope), found) = along(f, first);
                assert!(found.value <= value + DECREASE * a * slope, "{first}");
                assert!(found.gradient[0].abs() <= CURVATURE * slope.abs(), "{first}");
            }
        }
    }

    #[test]
    fn an_ascent_direction_has_no_step_and_infinite_values_are_avoided() {
        let from = LinePoint { step: 0.0, point: vec![0.0], value: 0.0, gradient: vec![1.0] };
        assert!(search(&from, &[1.0], 1.0, &mut |_, _| unreachable!()).is_none());
        let (a, ..) = along(|a| if a > 1.0 { (f64::INFINITY, 0.0) } else { (-a, -1.0 + a) }, 64.0);
        assert!(a > 0.0 && a <= 1.0);
    }
}
