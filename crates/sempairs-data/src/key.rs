use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Which half of a pair a picture or a view is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The picture the pair is named after; view one.
    Left,
    /// Its partner; view two.
    Right,
}

/// What a random draw depends on, and nothing else: two draws with the same key and operation are the
/// same for any number of workers, on any device, before and after a resume.
///
/// The four words are the seed of a ChaCha8 generator and the operation is its stream, so draws for
/// different keys or operations are independent and need no shared state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The experiment's seed.
    pub seed: u64,
    /// The pass over the data.
    pub epoch: u64,
    /// The pair's number, in the order of the manifest.
    pub picture: u64,
    /// The side of the pair.
    pub side: Side,
}

impl Key {
    /// The generator for the `operation`-th thing drawn under this key.
    pub fn rng(&self, operation: u64) -> ChaCha8Rng {
        let mut seed = [0; 32];
        for (bytes, word) in
            seed.chunks_exact_mut(8).zip([self.seed, self.epoch, self.picture, self.side as u64])
        {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(operation);
        rng
    }
}
