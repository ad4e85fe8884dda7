use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Side of a pair: left or right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first picture of a pair, from which view one is made.
    Left,
    /// Its partner, from which view two is made.
    Right,
}

/// Key of a counter-based random number generator, similar to a PRNG key in JAX.
///
/// Every random draw depends on its key and its operation number alone. Two draws with the same key
/// and operation are therefore equal for any number of workers, on any device, and before and after
/// a resume.
///
/// The four fields are the seed of a ChaCha8 generator and the operation is its stream. Draws with
/// different keys or operations are independent and need no shared state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The experiment's random seed.
    pub seed: u64,
    /// The epoch (pass over the data).
    pub epoch: u64,
    /// The index of the pair in the order of the manifest, or of the picture if there are no pairs.
    pub picture: u64,
    /// The side of the pair.
    pub side: Side,
}

impl Key {
    /// Creates the generator for operation number `operation` under this key.
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
