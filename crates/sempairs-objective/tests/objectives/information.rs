//! Lower bounds of the mutual information between two views.

use burn::tensor::Device;
use sempairs_objective::*;

use super::oracle::{tensor, values};
use super::training::{BATCH, backbone, dino, head, moco, swav};

/// The bound of a method with batches of [`BATCH`] pairs at a step.
fn bound<M: Method>(method: &M, loss: f64, step: usize) -> Option<f64> {
    method.information_bound(loss, BATCH, step)
}

#[test]
fn the_bound_is_the_logarithm_of_the_candidates_minus_the_loss() {
    let device = Device::flex();
    let near = |found: Option<f64>, expected: f64| {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, {expected}");
    };
    for (reduction, directions) in [(Reduction::Mean, 1.0), (Reduction::SumOfDirections, 2.0)] {
        let projector = head(6, HeadNorm::None);
        let config = SimClrConfig { reduction, projector, ..SimClrConfig::paper() };
        let simclr = config.init(backbone(), 0, &device);
        let chance = simclr.chance(BATCH).unwrap();
        near(bound(&simclr, chance, 0), 0.0);
        // The mean loss of an anchor is 1.5 nats.
        near(bound(&simclr, 1.5 * directions, 0), 15f64.ln() - 1.5);
    }
    for loss in [NeighbourLoss::Paper, NeighbourLoss::NtXent] {
        let projector = head(6, HeadNorm::All);
        let predictor = head(6, HeadNorm::Hidden);
        let config =
            NnClrConfig { support: 16, loss, projector, predictor, ..NnClrConfig::paper() };
        near(bound(&config.init(backbone(), 0, &device), 0.5, 0), 8f64.ln() - 0.5);
    }
    // The queue has 16 keys, so it is full after two batches of 8.
    let moco = moco(BatchSplit::Whole).init(backbone(), 0, &device);
    assert_eq!([0, 1].map(|step| bound(&moco, 1.0, step)), [None; 2]);
    near(bound(&moco, 1.0, 2), 17f64.ln() - 1.0);
    near(bound(&moco, moco.chance(BATCH).unwrap(), 30), 0.0);
}

#[test]
fn other_losses_give_no_bound() {
    let device = Device::flex();
    let (hidden, none) = (head(6, HeadNorm::Hidden), head(6, HeadNorm::None));
    let dcl = DclConfig { projector: none.clone(), ..DclConfig::paper() };
    let sup_con = SupConConfig { projector: none, ..SupConConfig::paper() };
    let barlow = BarlowTwinsConfig { projector: hidden.clone(), ..BarlowTwinsConfig::paper() };
    let byol = ByolConfig { projector: hidden.clone(), predictor: hidden, ..ByolConfig::paper() };
    assert_eq!(bound(&dcl.init(backbone(), 0, &device), 1.0, 100), None);
    assert_eq!(bound(&sup_con.init(backbone(), 0, &device), 1.0, 100), None);
    assert_eq!(bound(&barlow.init(backbone(), 0, &device), 1.0, 100), None);
    assert_eq!(bound(&byol.init(backbone(), 0, &device), 1.0, 100), None);
    assert_eq!(bound(&swav().init(backbone(), 0, &device), 1.0, 100), None);
    assert_eq!(bound(&dino(false).init(backbone(), 0, &device), 1.0, 100), None);
}

/// Views that show which of four equally frequent things their picture shows, and nothing else,
/// share ln 4 nats. With the best embeddings, one direction per thing, and 64 negatives the bound
/// is nearly that: about 0.024 nats lower, by the variance of the number of negatives of the same
/// kind.
#[test]
fn the_bound_of_the_best_embeddings_is_slightly_below_the_shared_information() {
    const KEYS: usize = 64;
    let device = Device::flex();
    let embeddings = |kinds: &[usize]| {
        let one_hot = |&kind: &usize| (0..4).map(move |k| f32::from(u8::from(k == kind)));
        let rows: Vec<f32> = kinds.iter().flat_map(one_hot).collect();
        tensor(&rows, kinds.len(), &device)
    };
    let kinds: Vec<usize> = (0..BATCH).map(|i| i % 4).collect();
    let mut losses = Vec::new();
    for seed in 0..200 {
        // The values are uniform in (-1, 1).
        let drawn = values(KEYS, seed + 1).into_iter().map(|x| ((x + 1.0) * 2.0) as usize % 4);
        let queue = embeddings(&drawn.collect::<Vec<_>>());
        let loss = info_nce(embeddings(&kinds), embeddings(&kinds), queue, 0.05);
        losses.push(f64::from(loss.into_scalar::<f32>()));
    }
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    let config = MoCoConfig { queue: KEYS, ..moco(BatchSplit::Whole) };
    let method = config.init(backbone(), 0, &device);
    let found = bound(&method, mean, KEYS / BATCH).unwrap();
    let shared = 4f64.ln();
    assert!(found < shared && found > shared - 0.05, "{found}, {shared}");
}
