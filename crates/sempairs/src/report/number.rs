//! Number formats of the report: one format per kind of number, and a dash for values that are not
//! finite.

use sempairs_eval::stats::Estimate;

/// Placeholder for a missing number.
pub const MISSING: &str = "–";

/// Formats a number as `12.34`, with a typographic minus sign and no negative zero.
pub fn fixed(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.into();
    }
    let digits = format!("{:.decimals$}", value.abs());
    let zero = digits.bytes().all(|b| matches!(b, b'0' | b'.'));
    if value < 0.0 && !zero { format!("\u{2212}{digits}") } else { digits }
}

/// As [`fixed`], with a plus sign for positive numbers.
pub fn signed(value: f64, decimals: usize) -> String {
    let digits = fixed(value, decimals);
    if value > 0.0 && digits.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        format!("+{digits}")
    } else {
        digits
    }
}

/// Formats a fraction in [0, 1] as `54.32 %`.
pub fn percent(share: f64) -> String {
    if share.is_finite() { format!("{}\u{a0}%", fixed(100.0 * share, 2)) } else { MISSING.into() }
}

/// Formats a difference of fractions in percentage points, `+4.12`.
pub fn points(difference: f64) -> String {
    signed(100.0 * difference, 2)
}

/// Formats the 95 % interval of a fraction in percent: `[52.10, 56.54]`.
pub fn interval(of: &Estimate) -> Option<String> {
    let (low, high) = ends(of)?;
    Some(format!("[{}, {}]", fixed(100.0 * low, 2), fixed(100.0 * high, 2)))
}

/// The bounds of an interval, if both exist and are finite.
pub fn ends(of: &Estimate) -> Option<(f64, f64)> {
    of.low.zip(of.high).filter(|(low, high)| low.is_finite() && high.is_finite())
}

/// Formats a p-value: `0.012`, or `< 0.001`.
pub fn p_value(p: Option<f64>) -> String {
    match p.filter(|p| p.is_finite()) {
        None => MISSING.into(),
        Some(p) if p < 0.001 => "<\u{a0}0.001".into(),
        Some(p) => fixed(p, 3),
    }
}

/// Formats a count with thin spaces as thousands separators: `22 800`.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Formats a time in seconds: `45 s`, `12.3 min` or `4.50 h`.
pub fn duration(seconds: f64) -> String {
    match seconds.abs() {
        size if size < 100.0 => format!("{}\u{a0}s", fixed(seconds, 0)),
        size if size < 6000.0 => format!("{}\u{a0}min", fixed(seconds / 60.0, 1)),
        _ => format!("{}\u{a0}h", fixed(seconds / 3600.0, 2)),
    }
}

/// Formats a number of seeds: `1 seed`, `3 seeds`.
pub fn seeds(n: usize) -> String {
    if n == 1 { "1 seed".into() } else { format!("{n} seeds") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_format_per_kind() {
        assert_eq!(percent(0.5432), "54.32\u{a0}%");
        assert_eq!((fixed(-1.25, 1), fixed(-0.001, 2)), ("\u{2212}1.2".into(), "0.00".into()));
        assert_eq!([0.0412, -0.0412, 0.0].map(points), ["+4.12", "\u{2212}4.12", "0.00"]);
        assert_eq!([f64::NAN, f64::INFINITY].map(percent), [MISSING; 2]);
        assert_eq!(p_value(Some(0.00002)), "<\u{a0}0.001");
        assert_eq!(
            [7, 900, 22_800, 1_281_167].map(count).join(" "),
            "7 900 22\u{202f}800 1\u{202f}281\u{202f}167"
        );
    }

    #[test]
    fn times_have_a_unit_of_their_size() {
        let said = [7.4, 99.0, 447.0, 16_200.0].map(duration).join(", ");
        assert_eq!(said.replace('\u{a0}', " "), "7 s, 99 s, 7.5 min, 4.50 h");
    }

    #[test]
    fn half_an_interval_is_none() {
        let of = Estimate { mean: 0.5, low: Some(0.4), high: None, n: 2, p_value: None };
        assert_eq!(interval(&of), None);
        assert_eq!(interval(&Estimate { high: Some(0.6), ..of }).unwrap(), "[40.00, 60.00]");
        assert_eq!(interval(&Estimate { high: Some(f64::NAN), ..of }), None);
    }
}
