use std::fmt;

/// Reason why a picture of the underlying source was excluded from a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exclusion {
    /// The picture cannot be read or decoded, and such pictures are
    /// [skipped](crate::OnBadPicture::Skip).
    Undecodable,
    /// Only some pictures of each class were chosen, and this is not one of them.
    PerClass,
    /// The picture's class is not among the chosen classes.
    OtherClass,
    /// The picture is not among the chosen indices.
    Unchosen,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undecodable => "cannot be decoded",
            Self::PerClass => "is outside `per_class`",
            Self::OtherClass => "does not belong to any of the chosen `classes`",
            Self::Unchosen => "is not in the chosen subset",
        })
    }
}
