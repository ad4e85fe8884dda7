use sempairs_data::Picture;

/// Example pairs of an arm for the report.
#[derive(Clone, Debug, PartialEq)]
pub struct ExamplePairs {
    /// Name of the arm.
    pub arm: String,
    /// The two original pictures of each pair.
    pub pairs: Vec<[Picture<'static>; 2]>,
    /// The same pairs as network input: an augmented view of each picture.
    pub views: Vec<[Picture<'static>; 2]>,
}
