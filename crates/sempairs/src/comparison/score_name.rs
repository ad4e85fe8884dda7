use sempairs_eval::Score;

/// The name of a score: that of its data set and its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoreName<'a> {
    /// Name of the data set.
    pub dataset: &'a str,
    /// Name of the protocol.
    pub protocol: &'a str,
    /// Number of scores of a run before this one that have the same data set and protocol:
    /// protocols may differ in settings that are no part of their names.
    pub nth: usize,
}

impl<'a> ScoreName<'a> {
    /// A name that no score has.
    pub const NONE: ScoreName<'static> = ScoreName { dataset: "", protocol: "", nth: 0 };

    /// The first score with this data set and protocol.
    pub fn first([dataset, protocol]: [&'a str; 2]) -> Self {
        Self { dataset, protocol, nth: 0 }
    }

    /// The names of the scores of a run at one step, in their order.
    pub fn all(scores: &'a [Score]) -> impl Iterator<Item = Self> {
        scores.iter().enumerate().map(move |(i, score)| {
            let first = Self::first([&score.dataset, &score.protocol]);
            let nth = scores[..i].iter().filter(|before| first.is_of(before)).count();
            Self { nth, ..first }
        })
    }

    /// The score with this name among those of a run at one step.
    pub fn find<'s>(&self, scores: &'s [Score]) -> Option<&'s Score> {
        scores.iter().filter(|score| self.is_of(score)).nth(self.nth)
    }

    fn is_of(&self, score: &Score) -> bool {
        score.dataset == self.dataset && score.protocol == self.protocol
    }
}
