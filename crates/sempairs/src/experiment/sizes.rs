//! Checks of products of sizes: tensors, networks and batches. Each factor has been checked before.

use sempairs_backbone::BackboneFactory;
use sempairs_data::ConfigError;
use sempairs_train::limits::STEPS;

use super::Objective;
use super::kept::Kept;
use super::limits::{MAX_BATCH_BYTES, MAX_PARAMETERS, MAX_SCORES, MAX_VALUES};
use super::study::Study;

/// Returns an error if a tensor, the network or a batch would be too large.
pub(super) fn check<M: Objective, B: BackboneFactory>(
    experiment: &Study<M, B>,
) -> Result<(), ConfigError> {
    let kept = experiment.method.kept(experiment.backbone.features());
    for tensor in &kept {
        if tensor.values() > MAX_VALUES {
            let Kept { key, rows, columns, .. } = tensor;
            let reason = format!(
                "makes a tensor of {rows} by {columns} values; the maximum is {MAX_VALUES} values"
            );
            return Err(ConfigError::new(format!("method.{key}"), reason));
        }
    }
    let heads = kept.iter().filter(|tensor| tensor.learned).map(Kept::values);
    let all = heads.fold(experiment.backbone.parameters(), u64::saturating_add);
    if all > MAX_PARAMETERS {
        let reason = format!(
            "makes a network of {all} parameters with the backbone; the maximum is {MAX_PARAMETERS}"
        );
        return Err(ConfigError::new("method.projector", reason));
    }
    batch(experiment)?;
    length(experiment)
}

fn batch<M, B>(experiment: &Study<M, B>) -> Result<(), ConfigError> {
    let (views, batch) = (&experiment.views, experiment.training.batch);
    let pixels = |size: usize, count: usize| (size as u64).pow(2).saturating_mul(count as u64);
    let locals = views.locals.as_ref().map_or(0, |locals| pixels(locals.size, locals.count));
    let pair = pixels(views.size, 2).saturating_add(locals);
    // Three channels of four bytes.
    let bytes = pair.saturating_mul(12).saturating_mul(batch as u64);
    if bytes > MAX_BATCH_BYTES {
        let (gigabytes, most) = (bytes >> 30, MAX_BATCH_BYTES >> 30);
        let reason = format!(
            "is {batch}: the views of a batch take {gigabytes} GiB; the maximum is {most} GiB"
        );
        return Err(ConfigError::new("training.batch", reason));
    }
    Ok(())
}

fn length<M, B>(experiment: &Study<M, B>) -> Result<(), ConfigError> {
    let evaluations = &experiment.evaluation;
    for (index, evaluation) in evaluations.iter().enumerate() {
        let Some(every) = evaluation.every else { continue };
        let key = format!("{}.every", evaluations.key(index));
        ConfigError::unless_within(key.as_str(), every, STEPS)?;
        if let Some(steps) = experiment.training.steps
            && steps / every > MAX_SCORES
        {
            let scores = steps / every;
            let reason = format!(
                "is {every}: a run of {steps} steps would be scored {scores} times; the maximum \
                 is {MAX_SCORES}"
            );
            return Err(ConfigError::new(key, reason));
        }
    }
    Ok(())
}
