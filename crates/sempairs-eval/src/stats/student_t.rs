//! Tail probability and quantile of Student's t distribution, to about twelve digits.

/// Upper tail probability `P(T > t)` for `t >= 0`: half the regularised incomplete beta function
/// `I_x(v/2, 1/2)` at `x = v / (v + t^2)` (NIST DLMF 8.17; Abramowitz and Stegun 26.7.1).
pub(crate) fn upper_tail(t: f64, freedom: f64) -> f64 {
    assert!(
        t >= 0.0 && freedom > 0.0,
        "t must not be negative, degrees of freedom must be positive"
    );
    let x = freedom / (freedom + t * t);
    0.5 * incomplete_beta(freedom / 2.0, 0.5, x, t * t / (freedom + t * t))
}

/// Quantile: the `t` with `P(T <= t) = p`, for `0.5 <= p < 1`, by bisection. It is called once per
/// row of a table, so speed does not matter.
pub(crate) fn quantile(p: f64, freedom: f64) -> f64 {
    assert!((0.5..1.0).contains(&p), "p must be in [0.5, 1)");
    let tail = 1.0 - p;
    let mut high = 1.0;
    while upper_tail(high, freedom) > tail {
        high *= 2.0;
    }
    let mut low = 0.0;
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        if upper_tail(middle, freedom) > tail { low = middle } else { high = middle }
    }
}

/// Regularised incomplete beta function `I_x(a, b)`. `y = 1 - x` is an argument because the
/// subtraction would lose precision.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * y.ln()).exp();
    // The continued fraction converges fast on this side of the mean (DLMF 8.17.22).
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, y) / b
    }
}

/// Continued fraction of the incomplete beta function, by Lentz's method as modified by Thompson
/// and Barnett (1986).
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            d = 1.0 / guard(1.0 + coefficient * d);
            c = guard(1.0 + coefficient / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// `ln Γ(x)` for `x > 0`: Stirling's series (DLMF 5.11.1) after a shift of the argument above 15,
/// where the error of eight terms is below 1e-18.
fn ln_gamma(x: f64) -> f64 {
    // B_2k / (2k (2k - 1))
    const TERMS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let (mut z, mut shift) = (x, 0.0);
    while z < 15.0 {
        shift += z.ln();
        z += 1.0;
    }
    let square = 1.0 / (z * z);
    let series = TERMS.iter().rev().fold(0.0, |sum, term| sum * square + term) / z;
    (z - 0.5) * z.ln() - z + 0.5 * std::f64::consts::TAU.ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of R's `qt(0.975, v)`.
    #[test]
    fn quantiles_match_those_of_r() {
        for (freedom, expected) in [
            (1.0, 12.706_204_736_174_7),
            (2.0, 4.302_652_729_749_46),
            (3.0, 3.182_446_305_283_71),
            (4.0, 2.776_445_105_197_79),
            (9.0, 2.262_157_162_798_20),
            (29.0, 2.045_229_642_132_70),
            (100.0, 1.983_971_518_523_55),
            (1e6, 1.959_966_356_986_18),
        ] {
            let found = quantile(0.975, freedom);
            assert!((found / expected - 1.0).abs() < 2e-8, "{freedom}: {found} not {expected}");
        }
    }

    /// One and two degrees of freedom have closed forms: `tan(π(p - 1/2))` and
    /// `a sqrt(2 / (1 - a^2))` with `a = 2p - 1`.
    #[test]
    fn quantiles_match_the_closed_forms() {
        for p in [0.6, 0.75, 0.9, 0.975, 0.999] {
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            let a: f64 = 2.0 * p - 1.0;
            let two = a * (2.0 / (1.0 - a * a)).sqrt();
            assert!((quantile(p, 1.0) / cauchy - 1.0).abs() < 1e-11, "{p}");
            assert!((quantile(p, 2.0) / two - 1.0).abs() < 1e-11, "{p}");
        }
        assert!(quantile(0.5, 7.0).abs() < 1e-12);
    }

    #[test]
    fn ln_gamma_matches_known_values() {
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-14);
        assert!(ln_gamma(1.0).abs() < 1e-14);
        assert!((ln_gamma(11.0) - 3_628_800f64.ln()).abs() < 1e-13);
    }
}
