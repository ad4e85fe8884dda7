//! Linear scales of charts, and their ticks.

/// A linear map from values to coordinates of a drawing.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    values: [f64; 2],
    places: [f64; 2],
}

impl Scale {
    /// Creates the map from the interval `values` to the interval `places`.
    pub fn new(values: [f64; 2], places: [f64; 2]) -> Self {
        Self { values, places }
    }

    /// Coordinate of a value.
    pub fn at(&self, value: f64) -> f64 {
        let [low, high] = self.values;
        // If all values are equal, they are centred.
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        self.places[0] + share * (self.places[1] - self.places[0])
    }

    /// The interval of coordinates.
    pub fn places(&self) -> [f64; 2] {
        self.places
    }

    /// About `about` round values for ticks, and the number of decimals they need.
    pub fn ticks(&self, about: usize) -> (Vec<f64>, usize) {
        let [low, high] = self.values;
        let Some(step) = round_step(high - low, about) else { return (vec![low], 2) };
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let ticks = (0..=(last - first).max(0.0) as usize).map(|i| (first + i as f64) * step);
        (ticks.collect(), (-step.log10().floor()).max(0.0) as usize)
    }
}

/// The smallest of 1, 2, 5 times a power of ten that divides `span` into at most `about` parts.
fn round_step(span: f64, about: usize) -> Option<f64> {
    let least = span / about.max(1) as f64;
    if !(least > 0.0 && least.is_finite()) {
        return None;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= least * (1.0 - 1e-9))
}

/// The minimum and maximum of the finite values, extended on both sides by `room` times their
/// distance, or by 0.5 if they are equal.
pub fn range(values: impl IntoIterator<Item = f64>, room: f64) -> Option<[f64; 2]> {
    let finite = values.into_iter().filter(|x| x.is_finite());
    let ends = finite.fold(None, |ends: Option<[f64; 2]>, x| match ends {
        None => Some([x, x]),
        Some([low, high]) => Some([low.min(x), high.max(x)]),
    });
    ends.map(|[low, high]| {
        let room = if high > low { room * (high - low) } else { 0.5 };
        [low - room, high + room]
    })
}

/// Moves positions apart, keeping their order and with as little change as possible, until they are
/// at least `gap` apart. The result is between `low` and `high` if there is enough space.
pub fn spread(places: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    // Groups of neighbours at distance `gap`, each centred on the mean of its members' original
    // positions (pool-adjacent-violators algorithm).
    let mut groups: Vec<(f64, usize)> = Vec::new();
    for (rank, &i) in order.iter().enumerate() {
        let mut group = (places[i] - gap * rank as f64, 1);
        while let Some(&(wanted, size)) = groups.last().filter(|(wanted, _)| *wanted > group.0) {
            groups.pop();
            let total = wanted * size as f64 + group.0 * group.1 as f64;
            group = (total / (size + group.1) as f64, size + group.1);
        }
        groups.push(group);
    }
    let ceiling = (high - gap * places.len().saturating_sub(1) as f64).max(low);
    let wanted = groups.iter().flat_map(|&(wanted, size)| vec![wanted.clamp(low, ceiling); size]);
    let mut moved = vec![0.0; places.len()];
    for (rank, (&i, wanted)) in order.iter().zip(wanted).enumerate() {
        moved[i] = wanted + gap * rank as f64;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(values: [f64; 2], about: usize) -> (Vec<f64>, usize) {
        Scale::new(values, [0.0, 1.0]).ticks(about)
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks([0.0, 70.0], 6), (vec![0.0, 20.0, 40.0, 60.0], 0));
        assert_eq!(ticks([0.0, 1296.0], 6).0, [0.0, 500.0, 1000.0]);
        let (found, decimals) = ticks([0.13, 0.31], 4);
        assert_eq!((found.len(), decimals), (4, 2));
        assert!((found[0] - 0.15).abs() < 1e-12 && (found[3] - 0.3).abs() < 1e-12);
        assert_eq!(ticks([5.0, 5.0], 4).0, [5.0]);
        assert_eq!(ticks([-1.0, 1.0], 4).0, [-1.0, -0.5, 0.0, 0.5, 1.0]);
    }

    #[test]
    fn ranges_ignore_what_is_not_finite() {
        assert_eq!(range([f64::NAN, 2.0, f64::INFINITY, 4.0], 0.5), Some([1.0, 5.0]));
        assert_eq!(range([3.0], 0.1), Some([2.5, 3.5]));
        assert_eq!(range([f64::NAN], 0.1), None);
    }

    #[test]
    fn labels_move_apart_and_keep_their_order() {
        assert_eq!(spread(&[10.0, 50.0], 12.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 50.0], 12.0, 0.0, 100.0), [44.0, 56.0]);
        let moved = spread(&[98.0, 99.0, 3.0, 97.0], 12.0, 0.0, 100.0);
        assert_eq!(moved, [88.0, 100.0, 3.0, 76.0]);
        assert!(spread(&[], 12.0, 0.0, 1.0).is_empty());
    }
}
