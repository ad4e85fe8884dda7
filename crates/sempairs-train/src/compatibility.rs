use sempairs_data::PairDataset;
use sempairs_objective::Method;

use crate::{Pipelines, TrainError};

/// Whether a method can learn from these pairs and views, in batches of so many.
///
/// # Errors
///
/// [`TrainError::Config`] if the pairs do not fill a batch, if the method needs classes and a
/// picture has none, or if there are small crops and it takes none; [`TrainError::Method`] with the
/// method's own reason.
pub fn check_method<M: Method>(
    method: &M,
    dataset: &PairDataset,
    pipelines: &Pipelines,
    batch: usize,
) -> Result<(), TrainError> {
    let pairs = dataset.len();
    if pairs < batch {
        let reason = format!("is {batch}, but there are only {pairs} pairs");
        return Err(TrainError::config("batch", reason));
    }
    if method.needs_classes()
        && let Some(pair) = (0..pairs).find(|&pair| dataset.class(pair).is_none())
    {
        let picture = dataset.source().name(dataset.pair(pair).left);
        let reason = format!("it learns from classes, and {picture} has none");
        return Err(TrainError::config("method", reason));
    }
    if pipelines.locals.is_some() && !method.takes_locals() {
        return Err(TrainError::config("views.locals", "the method takes no small crops"));
    }
    Ok(method.check_data(batch, pairs)?)
}
