use sempairs_data::PairDataset;
use sempairs_internal::counted;
use sempairs_objective::Method;

use crate::{ConfigError, Pipelines};

/// Checks that there are enough pairs for a batch.
pub(crate) fn check_batch(dataset: &PairDataset, batch: usize) -> Result<(), ConfigError> {
    let pairs = dataset.len();
    match pairs < batch {
        true => {
            let reason = format!("is {batch}, but the data set has {}", counted(pairs, "pair"));
            Err(ConfigError::new("batch", reason))
        }
        false => Ok(()),
    }
}

/// Checks that a method can be trained on these pairs and views, with `batch` pairs per batch.
/// [`Trainer`](crate::Trainer) and [`PairLoader`](crate::PairLoader) check that there are enough
/// pairs for a batch.
///
/// # Errors
///
/// [`ConfigError`] if the method requires class labels and a picture has none, or if the pipelines
/// make local crops and the method does not use them; and if the method itself rejects the batch
/// size or the number of pairs, with a key such as `method.queue`.
pub fn check_method<M: Method>(
    method: &M,
    dataset: &PairDataset,
    pipelines: &Pipelines,
    batch: usize,
) -> Result<(), ConfigError> {
    let pairs = dataset.len();
    if method.needs_classes()
        && let Some(pair) = (0..pairs).find(|&pair| dataset.class(pair).is_none())
    {
        let picture = dataset.source().name(dataset.pair(pair).left);
        let reason = format!("the method requires class labels, but {picture} has none");
        return Err(ConfigError::new("method", reason));
    }
    if pipelines.locals.is_some() && !method.takes_locals() {
        let reason = "the method does not use local crops; remove this table";
        return Err(ConfigError::new("views.locals", reason));
    }
    method.check_data(batch, pairs).map_err(|error| error.under("method"))
}
