//! Correction of p-values for the number of tests.

/// The p-values of a family of tests, adjusted by Holm's step-down method: the probability of any
/// false rejection is at most α if all hypotheses with an adjusted p-value of at most α are
/// rejected, whatever the dependence between the tests.
///
/// With the p-values sorted, `p_(1) <= .. <= p_(m)`:
///
/// `adjusted_(i) = max_{j <= i} min(1, (m - j + 1) p_(j))`
///
/// Missing p-values, `None` or NaN, stay missing and do not count as tests. Source: Holm, "A simple
/// sequentially rejective multiple test procedure" (Scandinavian Journal of Statistics, 1979).
///
/// ```
/// # use sempairs_eval::stats::holm;
/// assert_eq!(holm(&[Some(0.5), None, Some(0.125)]), [Some(0.5), None, Some(0.25)]);
/// ```
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let known = |(index, p): (usize, &Option<f64>)| Some((index, (*p)?));
    let tests = p_values.iter().enumerate().filter_map(known);
    let mut tests: Vec<(usize, f64)> = tests.filter(|(_, p)| !p.is_nan()).collect();
    tests.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let mut adjusted = vec![None; p_values.len()];
    let mut largest = 0f64;
    for (rank, (index, p)) in tests.iter().enumerate() {
        let hypotheses = (tests.len() - rank) as f64;
        largest = largest.max((hypotheses * p).min(1.0));
        adjusted[*index] = Some(largest);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[Option<f64>], expected: &[Option<f64>]) {
        let near = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12,
            (a, b) => a == b,
        };
        assert_eq!(found.len(), expected.len());
        assert!(found.iter().zip(expected).all(near), "{found:?}, {expected:?}");
    }

    /// Sorted: 0.005 · 4, 0.01 · 3, 0.03 · 2, and 0.04 · 1, which is raised to 0.06.
    #[test]
    fn adjusted_p_values_match_those_computed_by_hand() {
        let found = holm(&[Some(0.01), Some(0.04), Some(0.03), Some(0.005)]);
        close(&found, &[Some(0.03), Some(0.06), Some(0.06), Some(0.02)]);
    }

    #[test]
    fn missing_p_values_stay_missing_and_do_not_count() {
        let found = holm(&[None, Some(0.02), Some(f64::NAN), Some(0.01), None]);
        close(&found, &[None, Some(0.02), None, Some(0.02), None]);
        close(&holm(&[None]), &[None]);
        close(&holm(&[]), &[]);
    }

    #[test]
    fn adjusted_p_values_are_at_most_one_and_keep_their_order() {
        let p = [0.9, 0.001, 0.5, 0.2, 0.2, 0.04].map(Some);
        let found = holm(&p);
        close(&found, &[1.0, 0.006, 1.0, 0.8, 0.8, 0.2].map(Some));
        close(&holm(&[Some(0.3)]), &[Some(0.3)]);
    }
}
