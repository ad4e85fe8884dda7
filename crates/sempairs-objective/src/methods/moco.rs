use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, assert_shape};
use sempairs_backbone::{Backbone, seeded_normal};
use serde::{Deserialize, Serialize};

use crate::limits::{GROUPS, QUEUES, TEMPERATURES};
use crate::losses::stop_gradient;
use crate::{
    Clock, ConfigError, Ema, Encoder, HeadNorm, Loss, Method, Negatives, ProjectorConfig, Queue,
    Schedule, Views, normalize,
};

/// Groups of a batch for the statistics of BatchNorm.
///
/// Statistics over a whole batch leak information between queries and keys. The authors trained on
/// eight devices, each normalising its own part of the batch, and shuffled the keys among the
/// devices (arXiv 1911.05722, section 3.3). On one device the groups pass through the network one
/// after the other, and each updates the running statistics once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum BatchSplit {
    /// The whole batch is one group.
    #[default]
    Whole,
    /// Queries and keys are split into equal groups in their order.
    Split {
        /// Number of groups, each of at least two pairs.
        groups: usize,
    },
    /// As [`Split`](Self::Split), with the keys in a new random order at every step: shuffling BN.
    Shuffled {
        /// Number of groups, each of at least two pairs.
        groups: usize,
    },
}

impl BatchSplit {
    fn groups(self) -> usize {
        match self {
            Self::Whole => 1,
            Self::Split { groups } | Self::Shuffled { groups } => groups,
        }
    }
}

/// Hyper-parameters of MoCo v2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoCoConfig {
    /// Temperature `t` of [`info_nce`].
    pub temperature: f64,
    /// Number of keys in the queue: a multiple of the batch size and less than the number of pairs.
    pub queue: usize,
    /// Momentum of the key encoder.
    pub momentum: Schedule,
    /// Groups of a batch for BatchNorm.
    #[serde(default)]
    pub batch_norm: BatchSplit,
    /// Projection head.
    pub projector: ProjectorConfig,
}

impl MoCoConfig {
    /// Values of MoCo v2 for ImageNet (arXiv 2003.04297; the authors' code with
    /// `--mlp --moco-t 0.2`): temperature 0.2, 65,536 keys, momentum 0.999, a head 2048-128 without
    /// BatchNorm, eight shuffled groups.
    pub fn paper() -> Self {
        Self {
            temperature: 0.2,
            queue: 65_536,
            momentum: Schedule::Constant { value: 0.999 },
            batch_norm: BatchSplit::Shuffled { groups: 8 },
            projector: ProjectorConfig::new([2048], 128, HeadNorm::None),
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::unless_within("temperature", self.temperature, TEMPERATURES)?;
        ConfigError::unless_within("queue", self.queue, QUEUES)?;
        ConfigError::unless_within("batch_norm.groups", self.batch_norm.groups(), GROUPS)?;
        self.momentum.check_momentum("momentum")?;
        self.projector.check("projector")
    }

    /// Returns an error if the queue or the groups do not fit batches of `batch` pairs out of
    /// `pairs`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the queue size is not a multiple of the batch size or not less
    /// than the number of pairs, or if the groups are not equal or have a single pair.
    pub fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        check_data(self.queue, self.batch_norm, batch, pairs)
    }

    /// Builds the method from a backbone with a newly initialised head, a key encoder, and a queue
    /// of random unit vectors. The seed determines head and queue.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> MoCo<B> {
        let query = Encoder::new(backbone, &self.projector, seed, device);
        MoCo {
            key: Ema::new(&query),
            query,
            queue: Queue::new(self.queue, self.projector.output, seed, device),
            size: self.queue,
            seed,
            temperature: self.temperature,
            momentum: self.momentum,
            batch_norm: self.batch_norm,
        }
    }
}

fn check_data(
    queue: usize,
    split: BatchSplit,
    batch: usize,
    pairs: usize,
) -> Result<(), ConfigError> {
    let groups = split.groups();
    if groups > 1 && (!batch.is_multiple_of(groups) || batch / groups < 2) {
        let reason =
            format!("must divide the batch size, {batch}, into equal groups of at least 2 pairs");
        return Err(ConfigError::new("batch_norm.groups", format!("{reason}, not {groups}")));
    }
    Queue::check("queue", queue, batch, pairs)
}

/// InfoNCE loss: the cross-entropy of identifying the key of each query among the keys of a queue.
///
/// With `q_i` and `k_i` the rows of `queries` and `keys`, each L2-normalised, and `n_j` those of
/// `queue`:
///
/// `L = -1/b sum_i log( exp(q_i . k_i / t) / (exp(q_i . k_i / t) + sum_j exp(q_i . n_j / t)) )`
///
/// Keys and queue get no gradient. Source: He et al., "Momentum Contrast for Unsupervised Visual
/// Representation Learning" (arXiv 1911.05722), equation 1.
///
/// # Shapes
/// - queries, keys: `[b, d]`
/// - queue: `[k, d]`, rows of unit norm
/// - output: `[1]`, in nats
///
/// # Panics
///
/// If the shapes differ or the temperature is not positive.
pub fn info_nce(
    queries: Tensor<2>,
    keys: Tensor<2>,
    queue: Tensor<2>,
    temperature: f64,
) -> Tensor<1> {
    let [b, d] = queries.dims();
    let [k, _] = queue.dims();
    assert_shape!(keys, [b, d]);
    assert_shape!(queue, [k, d]);
    assert!(temperature > 0.0, "the temperature must be positive, not {temperature}");
    let [queries, keys] = [normalize(queries), normalize(stop_gradient(keys))];
    sempairs_kernels::info_nce_from_embeddings(queries, keys, stop_gradient(queue), temperature)
        .sum()
        / b as f64
}

/// MoCo v2: the left view is the query, the right view the key, encoded by a momentum encoder. The
/// negatives are the keys of earlier steps.
///
/// Source: He et al. (arXiv 1911.05722); Chen et al., "Improved Baselines with Momentum Contrastive
/// Learning" (arXiv 2003.04297).
#[derive(Module, Debug)]
pub struct MoCo<B: Backbone> {
    query: Encoder<B>,
    key: Ema<Encoder<B>>,
    queue: Queue,
    size: usize,
    seed: u64,
    temperature: f64,
    #[module(skip)]
    momentum: Schedule,
    #[module(skip)]
    batch_norm: BatchSplit,
}

impl<B: Backbone> MoCo<B> {
    /// The keys in the queue, detached.
    ///
    /// # Shapes
    /// - output: `[queue, d]`
    pub fn queue(&self) -> Tensor<2> {
        self.queue.rows()
    }

    fn keys(&self, images: Tensor<4>, clock: Clock) -> Tensor<2> {
        let groups = self.batch_norm.groups();
        let BatchSplit::Shuffled { .. } = self.batch_norm else {
            return in_groups(&self.key, images, groups);
        };
        let device = images.device();
        let index = |rows: Vec<i32>| Tensor::<1, Int>::from_data(rows.as_slice(), &device);
        let order = shuffle(images.dims()[0], self.seed, clock.step);
        let mut back = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            back[*from as usize] = to as i32;
        }
        in_groups(&self.key, images.select(0, index(order)), groups).select(0, index(back))
    }
}

/// The outputs of a network for a batch that is processed in equal groups, one after the other.
fn in_groups<B: Backbone>(encoder: &Encoder<B>, images: Tensor<4>, groups: usize) -> Tensor<2> {
    if groups == 1 {
        return encoder.forward(images);
    }
    let parts = images.chunk(groups, 0);
    Tensor::cat(parts.into_iter().map(|part| encoder.forward(part)).collect(), 0)
}

/// A random permutation of `0..count`, determined by seed and step.
fn shuffle(count: usize, seed: u64, step: usize) -> Vec<i32> {
    let draws = seeded_normal(count, seed, &format!("shuffle.{step}"));
    let mut order: Vec<i32> = (0..count as i32).collect();
    order.sort_by(|a, b| draws[*a as usize].total_cmp(&draws[*b as usize]));
    order
}

impl<B: Backbone> Method for MoCo<B> {
    type Backbone = B;

    fn loss(&self, views: Views, clock: Clock) -> Loss {
        let queries = in_groups(&self.query, views.left, self.batch_norm.groups());
        let keys = normalize(stop_gradient(self.keys(views.right, clock)));
        let queue = self.queue.rows();
        let value = info_nce(queries.clone(), keys.clone(), queue, self.temperature);
        self.queue.push(keys, clock.step);
        Loss::new(value, queries)
    }

    fn after_step(self, clock: Clock) -> Self {
        let key = self.key.follow(&self.query, self.momentum.at(clock));
        Self { key, ..self }
    }

    fn backbone(&self) -> &B {
        &self.query.backbone
    }

    fn negatives(&self) -> Negatives {
        Negatives::Queue { keys: self.size }
    }

    fn chance(&self, _batch: usize) -> Option<f64> {
        Some(((1 + self.size) as f64).ln())
    }

    fn information_bound(&self, loss: f64, batch: usize, step: usize) -> Option<f64> {
        // Until the queue is full, random vectors that are no views are among the candidates.
        let full = step * batch >= self.size;
        full.then(|| ((1 + self.size) as f64).ln() - loss)
    }

    fn check_data(&self, batch: usize, pairs: usize) -> Result<(), ConfigError> {
        check_data(self.size, self.batch_norm, batch, pairs)
    }
}
