use sempairs_data::Moment;
use sempairs_objective::Clock;

/// The moment of a run's step, for which
/// [`PairDataset::pair_at`](sempairs_data::PairDataset::pair_at) draws the partners of mixed pairs.
pub fn moment(seed: u64, clock: Clock) -> Moment {
    let progress = clock.step as f64 / clock.steps.max(1) as f64;
    Moment { seed, epoch: clock.epoch() as u64, progress }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_the_fraction_of_all_steps() {
        let at = |step| moment(7, Clock::new(4, 10).at(step));
        assert_eq!(at(0), Moment { seed: 7, epoch: 0, progress: 0.0 });
        assert_eq!(at(5), Moment { seed: 7, epoch: 1, progress: 0.5 });
        assert_eq!(at(9), Moment { seed: 7, epoch: 2, progress: 0.9 });
    }
}
