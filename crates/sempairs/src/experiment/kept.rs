/// A tensor that a method allocates: the key that sets its size, its shape, and whether it is a
/// learnable parameter.
#[doc(hidden)]
pub struct Kept {
    pub key: String,
    pub rows: usize,
    pub columns: usize,
    pub learned: bool,
}

impl Kept {
    pub(super) fn values(&self) -> u64 {
        (self.rows as u64).saturating_mul(self.columns as u64)
    }
}
