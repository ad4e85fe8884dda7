//! What features ignore: the likeness of pictures that differ in one factor alone.

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

/// How alike a backbone's features are for pictures that differ in one factor alone, against pictures of
/// other classes.
///
/// Likeness is the cosine of features *centred by their mean over the scenes*: features that come out of
/// a rectifier are all positive, so that as they are any two pictures have a cosine near one, and the cosine
/// would measure what all pictures share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvarianceReport {
    /// The factors, in the order they were given.
    pub factors: Vec<FactorInvariance>,
    /// The mean cosine of two pictures of the same class, in which every factor differs.
    pub same_class: f64,
    /// The mean cosine of two pictures of different classes.
    pub other_classes: f64,
    /// Scenes, each of which is shown once more for every factor.
    pub scenes: usize,
}

/// One factor of an [`InvarianceReport`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorInvariance {
    /// The factor's name.
    pub factor: String,
    /// The mean cosine of the two pictures of a scene that differ in this factor.
    pub similarity: f64,
    /// The 95 % interval of that mean over the scenes.
    pub interval: Option<[f64; 2]>,
    /// `(similarity - other_classes) / (1 - other_classes)`: 1 if the factor changes nothing, 0 if it
    /// changes as much as the class does.
    pub invariance: f64,
}

impl InvarianceReport {
    /// Compares features of scenes with those of the same scenes after a change.
    ///
    /// # Shapes
    /// - scenes: `[n, dim]`, row-major
    /// - changed: the name of each factor with `[n, dim]`, the same scenes but for this factor
    ///
    /// # Errors
    ///
    /// [`EvalError::TooFew`] unless there are two classes and a class with two scenes.
    ///
    /// # Panics
    ///
    /// If the numbers of rows and labels differ.
    pub fn new(
        scenes: &[f32],
        changed: &[(&str, &[f32])],
        labels: &[usize],
        dim: usize,
    ) -> Result<Self, EvalError> {
        let n = labels.len();
        assert_eq!(scenes.len(), n * dim, "a row of features for every label");
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
            assert_eq!(rows.len(), n * dim, "a changed picture for every scene");
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

    /// Several backbones' indices side by side, a row for each factor:
    ///
    /// ```text
    /// invariance        SP     AP
    /// background     0.812  0.433
    /// ```
    ///
    /// # Panics
    ///
    /// If the reports are not of the same factors.
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
                assert_eq!(other.factor, row.factor, "reports of the same factors");
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

/// What is left of features in f32 after their mean is taken away is no more than rounding if it is this
/// share of it: collapsed features have no direction, rather than a random one.
const ROUNDING: f64 = 1e-6;

/// Shows a backbone every scene of a source, and again with one factor drawn anew, for each
/// of the [factors](Factor::ALL).
///
/// A factor is drawn from the source's own distribution until the picture really changes: what
/// is drawn may be what was there, such as no occlusion.
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
    pipeline.check()?;
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

/// A scene with one factor drawn anew.
fn changed(
    scenes: &SceneSource,
    factor: Factor,
    index: usize,
) -> Result<Picture<'static>, DataError> {
    /// Draws after which the factor counts as one that cannot change.
    const DRAWS: u64 = 16;
    let (key, class, factors) =
        (scenes.key(index), scenes.scene_class(index), scenes.factors(index));
    let before = scenes.read(index)?;
    let mut after = None;
    for draw in 0..DRAWS {
        // The right side of a key is never drawn for a scene itself.
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

/// The mean cosines of different pictures of the same and of different classes, over all such pairs:
/// `|sum_i z_i|^2` adds up the cosines of all pairs, and the same sum over a class those within it.
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
        let what = "two classes and two scenes of a class for the invariance".into();
        return Err(EvalError::TooFew { what, found: n });
    }
    let same = (within - alone) / pairs_within as f64;
    Ok([same, (square(&total) - within) / pairs_across as f64])
}

/// The dot product of rows of length one.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clouds, random};

    #[test]
    fn the_sums_are_those_over_all_pairs() {
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
    fn one_for_what_changes_nothing_and_zero_for_what_changes_the_class() {
        let features = clouds(400, 16, 10, 0.2, 1);
        // A large common component must not make everything look alike.
        let common = |values: &[f32]| values.iter().map(|x| x + 50.0).collect::<Vec<_>>();
        let scenes = common(&features.values);
        let noise = random(400 * 16, 9);
        let shaken: Vec<f32> = scenes.iter().zip(&noise).map(|(x, e)| x + 0.5 * e).collect();
        // Every scene becomes one of the next class, of the nine others in turn.
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
    fn collapsed_features_are_no_nan_and_single_classes_an_error() {
        let flat = vec![3.0; 20 * 4];
        let labels: Vec<usize> = (0..20).map(|i| i % 2).collect();
        let report = InvarianceReport::new(&flat, &[("x", &flat)], &labels, 4).unwrap();
        assert_eq!((report.factors[0].invariance, report.other_classes), (0.0, 0.0));
        let one = InvarianceReport::new(&flat, &[], &[0; 20], 4).unwrap_err();
        assert!(one.to_string().contains("two classes"));
    }

    #[test]
    fn reads_as_a_table() {
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
