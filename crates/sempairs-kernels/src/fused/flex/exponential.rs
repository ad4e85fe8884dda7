//! Exponentials without branches or function calls, so that loops over them are vectorised.

use std::f32::consts::{LN_2, LOG2_E};

/// `eˣ` for `x ≤ 0`, accurate to two units in the last place; 0 below −87, near the smallest normal
/// number. NaN stays NaN.
#[inline(always)]
pub(super) fn exp_nonpositive(x: f32) -> f32 {
    /// Adding and subtracting 1.5·2²³ rounds to an integer.
    const WHOLE: f32 = 12_582_912.0;
    /// Rounding error of the single-precision `LN_2`.
    const LN_2_REST: f32 = (LN_2 as f64 - std::f64::consts::LN_2) as f32;
    let clamped = if x < -87.0 { -87.0 } else { x };
    let power = clamped.mul_add(LOG2_E, WHOLE) - WHOLE;
    let rest = power.mul_add(LN_2_REST, power.mul_add(-LN_2, clamped));
    // Taylor series; |rest| is at most ln 2 / 2, where the truncation error is 4e-8 of the value.
    let mut series = 1.0 / 720.0;
    for term in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = rest.mul_add(series, term);
    }
    // SAFETY: `power` lies in −126..=0 and is not NaN. For NaN the power does not matter, since the
    // series is NaN.
    let power: i32 = unsafe { if power.is_nan() { 0.0 } else { power }.to_int_unchecked() };
    let value = series * f32::from_bits(((power + 127) << 23) as u32);
    if x < -87.0 { 0.0 } else { value }
}

/// `Φ(x) = (1 + erf(x / √2)) / 2` and the density `φ(x) = e^(−x²/2) / √(2π)`.
///
/// The error function is approximation 7.1.26 of Abramowitz and Stegun, with an absolute error of
/// at most 1.5e-7.
#[inline(always)]
pub(super) fn normal(x: f32) -> [f32; 2] {
    const DENSITY: f32 = 0.398_942_3; // 1 / √(2π)
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let e = exp_nonpositive(-0.5 * x * x);
    let t = 1.0 / z.mul_add(0.327_591_1, 1.0);
    let mut series = 1.061_405_4;
    for term in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        series = t.mul_add(series, term);
    }
    let tail = 0.5 * series * t * e; // 1 − Φ(|x|)
    [if x < 0.0 { tail } else { 1.0 - tail }, DENSITY * e]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_match_double_precision() {
        for i in 0..200_000 {
            let x = -(i as f32) * 5e-4;
            let (ours, exact) = (f64::from(exp_nonpositive(x)), f64::from(x).exp());
            if x < -87.0 {
                assert_eq!(ours, 0.0, "{x}");
            } else {
                assert!((ours / exact - 1.0).abs() < 3e-7, "e^{x} is {exact}, not {ours}");
            }
        }
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert_eq!(exp_nonpositive(f32::NEG_INFINITY), 0.0);
        assert!(exp_nonpositive(f32::NAN).is_nan());
    }

    /// Values of Φ from tables.
    #[test]
    fn the_normal_distribution_matches_tables() {
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_7),
            (-1.0, 0.158_655_3),
            (1.96, 0.975_002_1),
            (-3.0, 0.001_349_9),
        ] {
            let [ours, _] = normal(x);
            assert!((ours - expected).abs() < 3e-7, "Φ({x}) is {expected}, not {ours}");
        }
        assert_eq!(normal(40.0)[0], 1.0);
        assert_eq!(normal(-40.0), [0.0, 0.0]);
        assert!((normal(1.0)[1] - 0.241_970_72).abs() < 1e-7);
        assert!(normal(f32::NAN)[0].is_nan());
    }
}
