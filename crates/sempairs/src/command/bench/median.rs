/// The median; for an even number of values the mean of the two middle ones.
pub(super) fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    let (below, above) = ((times.len() - 1) / 2, times.len() / 2);
    (times[below] + times[above]) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_two_middle_values() {
        assert_eq!(median(&mut [3.0]), 3.0);
        assert_eq!(median(&mut [5.0, 1.0, 3.0]), 3.0);
        assert_eq!(median(&mut [7.0, 1.0, 2.0, 4.0]), 3.0);
    }
}
