/// A moment of a run, on which the partners of [mixed](crate::Pairing::Mixed) pairs depend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The run's random seed.
    pub seed: u64,
    /// Index of the epoch, from 0.
    pub epoch: u64,
    /// Completed fraction of the run, from 0 to 1.
    pub progress: f64,
}
