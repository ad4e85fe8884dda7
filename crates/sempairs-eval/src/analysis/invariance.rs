//! Invariance of features to nuisance factors: similarity of pictures that differ in a single
//! factor.

use std::fmt;

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_backbone::Backbone;
use sempairs_data::{DataError, Key, Picture, PictureSource, Side};
use sempairs_internal::ProgressBar;
use sempairs_scenes::{Factor, SceneSource, render};
use serde::{Deserialize, Serialize};

use crate::EvalError;
use crate::features::check_finite;
use crate::features::embed_with;
use crate::features::unit_rows;
use crate::stats;

/// Similarity of a backbone's features for pictures that differ in a single factor, compared with
/// pictures of other classes.
///
/// Similarity is the cosine of features *after subtraction of their mean over the scenes*. Features
/// after a ReLU are not negative, so without centring all cosines are close to one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvarianceReport {
    /// The factors, in the order in which they were given.
    pub factors: Vec<FactorInvariance>,
    /// Mean cosine of two pictures of the same class, which differ in all factors.
    pub same_class: f64,
    /// Mean cosine of two pictures of different classes.
    pub other_classes: f64,
    /// Number of scenes.
    pub scenes: usize,
}

/// Invariance to one factor of an [`InvarianceReport`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorInvariance {
    /// Name of the factor.
    pub factor: String,
    /// Mean cosine of two pictures of a scene that differ in this factor.
    pub similarity: f64,
    /// 95 % confidence interval of that mean over the scenes.
    pub interval: Option<[f64; 2]>,
    /// Invariance index `(similarity - other_classes) / (1 - other_classes)`: 1 if the factor has
    /// no effect on the features, 0 if its effect is as large as that of the class.
    pub invariance: f64,
}

impl InvarianceReport {
    /// Compares the features of scenes with those of the same scenes after a change of one factor.
    ///
    /// # Shapes
    /// - scenes: `[n, dim]`, row-major
    /// - changed: for each factor its name and `[n, dim]`, the same scenes with this factor changed
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] unless there are at least two classes and a class with two scenes.
    ///
    /// # Panics
    ///
    /// If the number of rows is not the number of labels.
    pub fn new(
        scenes: &[f32],
        changed: &[(&str, &[f32])],
        labels: &[usize],
        dim: usize,
    ) -> Result<Self, EvalError> {
        let n = labels.len();
        assert_eq!(scenes.len(), n * dim, "one row of features per label");
        let mut mean = vec![0.0; dim];
        for row in scenes.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x) / n as f64);
        }
        let noise = ROUNDING * mean.iter().map(|x| x * x).sum::<f64>().sqrt();
        let centred = |rows: &[f32]| {
            let mut centred = rows.to_vec();
            for row in centred.chunks_exact_mut(dim) {
                row.iter_mut().zip(&mean).for_each(|(x, mean)| *x = (f64::from(*x) - mean) as f32);
                if cosine(row, row).sqrt() <= noise {
                    row.fill(0.0);
                }
            }
            unit_rows(&centred, dim)
        };
        let anchors = centred(scenes);
        let [same_class, other_classes] = between_pictures(&anchors, labels, dim)?;
        let factor = |&(factor, rows): &(&str, &[f32])| {
            assert_eq!(rows.len(), n * dim, "one row of changed features per scene");
            let changed = centred(rows);
            let pairs = anchors.chunks_exact(dim).zip(changed.chunks_exact(dim));
            let cosines: Vec<f64> = pairs.map(|(a, b)| cosine(a, b)).collect();
            let found = stats::mean(&cosines);
            FactorInvariance {
                factor: factor.to_owned(),
                similarity: found.mean,
                interval: found.low.zip(found.high).map(<[f64; 2]>::from),
                invariance: (found.mean - other_classes) / (1.0 - other_classes).max(ROUNDING),
            }
        };
        let factors = changed.iter().map(factor).collect();
        Ok(Self { factors, same_class, other_classes, scenes: n })
    }

    /// A table of the invariance indices of several backbones, with a row per factor:
    ///
    /// ```text
    /// invariance        SP     AP
    /// background     0.812  0.433
    /// ```
    ///
    /// # Panics
    ///
    /// If the reports do not have the same factors.
    pub fn side_by_side(reports: &[(&str, &Self)]) -> String {
        let width = |name: &str| name.len().max(6) + 2;
        let mut table = format!("{:<14}", "invariance");
        for (name, _) in reports {
            table += &format!("{name:>width$}", width = width(name));
        }
        let Some((_, first)) = reports.first() else { return table };
        for (i, row) in first.factors.iter().enumerate() {
            table += &format!("\n{:<14}", row.factor);
            for (name, report) in reports {
                let other = &report.factors[i];
                assert_eq!(other.factor, row.factor, "reports must have the same factors");
                table += &format!("{:>width$.3}", other.invariance, width = width(name));
            }
        }
        table
    }
}

impl fmt::Display for InvarianceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14}{:>8}{:>20}{:>12}", "factor", "cosine", "95 %", "invariance")?;
        for row in &self.factors {
            let interval = match row.interval {
                Some([low, high]) => format!("[{low:+.3}, {high:+.3}]"),
                None => "-".into(),
            };
            let FactorInvariance { factor, similarity, invariance, .. } = row;
            writeln!(f, "{factor:<14}{similarity:>+8.3}{interval:>20}{invariance:>12.3}")?;
        }
        writeln!(f, "{:<14}{:>+8.3}", "same class", self.same_class)?;
        write!(f, "{:<14}{:>+8.3}", "other classes", self.other_classes)
    }
}

/// Centred features whose norm is at most this fraction of the norm of the mean are rounding errors
/// of f32. They are set to zero, so that collapsed features have no direction instead of a random
/// one.
const ROUNDING: f64 = 1e-6;

/// Invariance of a backbone's features to each of the [factors](Factor::ALL) of synthetic scenes,
/// from every scene of a source and the same scene with one factor redrawn.
///
/// A factor is redrawn from the distribution of the source until the picture changes, since a draw
/// can repeat the previous value, such as no occlusion.
///
/// # Errors
///
/// As [`InvarianceReport::new`], and [`EvalError::NotFinite`].
///
/// # Panics
///
/// If `batch` is zero.
pub fn invariance<B: Backbone>(
    backbone: &B,
    scenes: &SceneSource,
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
) -> Result<InvarianceReport, EvalError> {
    invariance_with(backbone, scenes, pipeline, device, batch, &ProgressBar::hidden())
}

/// [`invariance`] with a progress bar that counts pictures.
pub(crate) fn invariance_with<B: Backbone>(
    backbone: &B,
    scenes: &SceneSource,
    pipeline: &Pipeline,
    device: &Device,
    batch: usize,
    progress: &ProgressBar,
) -> Result<InvarianceReport, EvalError> {
    pipeline.check().map_err(|error| error.under("pipeline"))?;
    let n = scenes.len();
    let read = |index: usize| match index / n {
        0 => scenes.read(index),
        factor => Ok(changed(scenes, Factor::ALL[factor - 1], index % n)?),
    };
    let pictures = n * (1 + Factor::ALL.len());
    let values = embed_with(backbone, pictures, &read, pipeline, device, batch, progress)?;
    let dim = backbone.features();
    check_finite(&values)?;
    let (anchors, rest) = values.split_at(n * dim);
    let names = Factor::ALL.iter().map(|factor| factor.name());
    let changed: Vec<(&str, &[f32])> = names.zip(rest.chunks(n * dim)).collect();
    let labels: Vec<usize> = (0..n).filter_map(|index| scenes.class(index)).collect();
    InvarianceReport::new(anchors, &changed, &labels, dim)
}

/// A scene with one factor redrawn.
fn changed(
    scenes: &SceneSource,
    factor: Factor,
    index: usize,
) -> Result<Picture<'static>, DataError> {
    /// Maximum number of draws; after that the picture is used although it did not change.
    const DRAWS: u64 = 16;
    let (key, class, factors) =
        (scenes.key(index), scenes.scene_class(index), scenes.factors(index));
    let before = scenes.read(index)?;
    let mut after = None;
    for draw in 0..DRAWS {
        // Scenes themselves are only drawn from keys of the left side.
        let key = Key { side: Side::Right, epoch: key.epoch + (draw << 32), ..key };
        let redrawn = factors.redraw(factor, scenes.distribution(), key);
        let picture = render(class, &redrawn, scenes.size());
        let differs = picture != before;
        after = Some(picture);
        if differs {
            break;
        }
    }
    Ok(after.expect("at least one draw"))
}

/// Mean cosine over all pairs of different pictures of the same class, and over all pairs of
/// pictures of different classes. They follow from `|sum_i z_i|^2`, the sum of the cosines over all
/// pairs, taken over all pictures and over each class.
fn between_pictures(unit: &[f32], labels: &[usize], dim: usize) -> Result<[f64; 2], EvalError> {
    let classes = labels.iter().max().map_or(0, |last| last + 1);
    let mut sums = vec![0.0; classes * dim];
    let mut counts = vec![0usize; classes];
    let mut alone = 0.0;
    for (row, &label) in unit.chunks_exact(dim).zip(labels) {
        let sum = &mut sums[label * dim..][..dim];
        sum.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x));
        counts[label] += 1;
        alone += cosine(row, row);
    }
    let square = |sum: &[f64]| sum.iter().map(|x| x * x).sum::<f64>();
    let within: f64 = sums.chunks_exact(dim).map(square).sum();
    let total: Vec<f64> = (0..dim).map(|j| sums.iter().skip(j).step_by(dim).sum()).collect();
    let n = labels.len();
    let pairs_within: usize = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
    let pairs_across: usize = counts.iter().map(|count| count * (n - count)).sum();
    if pairs_within == 0 || pairs_across == 0 {
        let what = "invariance needs two classes and two scenes of a class".into();
        return Err(EvalError::TooFew { what, found: n });
    }
    let same = (within - alone) / pairs_within as f64;
    Ok([same, (square(&total) - within) / pairs_across as f64])
}

/// Cosine similarity of rows of unit norm: their dot product.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clouds, random};

    #[test]
    fn mean_cosines_are_over_all_pairs() {
        let features = clouds(30, 6, 4, 1.0, 1);
        let unit = unit_rows(&features.values, 6);
        let [same, other] = between_pictures(&unit, &features.labels, 6).unwrap();
        let mut sums = [(0.0, 0); 2];
        for i in 0..30 {
            for j in (0..30).filter(|&j| j != i) {
                let across = usize::from(features.labels[i] != features.labels[j]);
                sums[across].0 += cosine(&unit[6 * i..][..6], &unit[6 * j..][..6]);
                sums[across].1 += 1;
            }
        }
        assert!((same - sums[0].0 / f64::from(sums[0].1)).abs() < 1e-9);
        assert!((other - sums[1].0 / f64::from(sums[1].1)).abs() < 1e-9);
    }

    #[test]
    fn invariance_is_one_without_a_change_and_zero_for_a_change_of_class() {
        let features = clouds(400, 16, 10, 0.2, 1);
        // A large common component must not affect similarities.
        let common = |values: &[f32]| values.iter().map(|x| x + 50.0).collect::<Vec<_>>();
        let scenes = common(&features.values);
        let noise = random(400 * 16, 9);
        let shaken: Vec<f32> = scenes.iter().zip(&noise).map(|(x, e)| x + 0.5 * e).collect();
        // Every scene is replaced by one of another class; the nine other classes alternate.
        let mut other = Vec::new();
        for i in 0..400 {
            let step = 1 + (i / 10) % 9;
            other.extend_from_slice(&scenes[(i + step) % 400 * 16..][..16]);
        }
        let changed = [("nothing", &scenes[..]), ("noise", &shaken), ("class", &other)];
        let report = InvarianceReport::new(&scenes, &changed, &features.labels, 16).unwrap();
        let [nothing, noise, class] = [0, 1, 2].map(|i| report.factors[i].invariance);
        assert!((nothing - 1.0).abs() < 1e-5);
        assert!(noise < 0.97 && noise > 0.5, "{noise}");
        assert!(class.abs() < 0.05, "{class}");
        assert!(report.same_class > 0.8 && report.other_classes < 0.0);
    }

    #[test]
    fn collapsed_features_give_no_nan_and_a_single_class_is_an_error() {
        let flat = vec![3.0; 20 * 4];
        let labels: Vec<usize> = (0..20).map(|i| i % 2).collect();
        let report = InvarianceReport::new(&flat, &[("x", &flat)], &labels, 4).unwrap();
        assert_eq!((report.factors[0].invariance, report.other_classes), (0.0, 0.0));
        let one = InvarianceReport::new(&flat, &[], &[0; 20], 4).unwrap_err();
        assert!(one.to_string().contains("two classes"));
    }

    #[test]
    fn reports_are_displayed_as_tables() {
        let row = |factor: &str, similarity| FactorInvariance {
            factor: factor.into(),
            similarity,
            interval: Some([similarity - 0.1, similarity + 0.1]),
            invariance: (similarity + 0.05) / 1.05,
        };
        let report = InvarianceReport {
            factors: vec![row("background", 0.5), row("pose", 0.25)],
            same_class: 0.125,
            other_classes: -0.05,
            scenes: 9,
        };
        assert_eq!(
            report.to_string(),
            "factor          cosine                95 %  invariance\n\
             background      +0.500    [+0.400, +0.600]       0.524\n\
             pose            +0.250    [+0.150, +0.350]       0.286\n\
             same class      +0.125\n\
             other classes   -0.050"
        );
        assert_eq!(
            InvarianceReport::side_by_side(&[("SP", &report), ("random", &report)]),
            "invariance          SP  random\n\
             background       0.524   0.524\n\
             pose             0.286   0.286"
        );
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<InvarianceReport>(&json).unwrap(), report);
    }
}
