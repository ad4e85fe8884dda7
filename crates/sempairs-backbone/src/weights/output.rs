//! Tensors as they are written to a file.

/// A tensor to be written.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) shape: Vec<usize>,
    pub(super) values: Values,
}

/// The elements of a tensor.
pub(super) enum Values {
    Floats(Vec<f32>),
    /// A single 64-bit integer.
    Count(i64),
}

impl Entry {
    pub(super) fn bytes(&self) -> Vec<u8> {
        match &self.values {
            Values::Floats(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            Values::Count(count) => count.to_le_bytes().to_vec(),
        }
    }
}
