/// Recorded nuisance factors of a picture, as numbers of their kinds.
///
/// Pictures of one source with equal numbers have the same kind of background or pattern; the
/// numbers mean nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nuisances {
    /// Kind of the background, such as stripes or a skyline.
    pub background: u32,
    /// Kind of the pattern on the object's surface, such as dots.
    pub pattern: u32,
}

impl Nuisances {
    /// Returns true if the kinds of background and the kinds of pattern both differ.
    pub fn contrast(self, other: Self) -> bool {
        self.background != other.background && self.pattern != other.pattern
    }
}
