use std::fmt;

/// Why a picture is not among those of a source, though it is among those that the source was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeftOut {
    /// It cannot be read or decoded, and such pictures are [skipped](crate::OnBadPicture::Skip).
    Undecodable,
    /// So many pictures of each class were asked for, and it is none of them.
    PerClass,
    /// Other classes were asked for.
    OtherClass,
    /// Other pictures were chosen.
    Unchosen,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undecodable => "cannot be decoded",
            Self::PerClass => "is outside `per_class`",
            Self::OtherClass => "is of none of the chosen `classes`",
            Self::Unchosen => "is not in the chosen part",
        })
    }
}
