//! Every method lowers its loss on a single batch.

use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;
use sempairs_backbone::ResNet;
use sempairs_objective::*;

use super::training::{BATCH, backbone, dino, head, moco, pictures, swav};

/// The loss on one batch of pairs before and after overfitting it, less the entropy of the teacher
/// if there is one, which is a lower bound of the loss. The right view is the left one with small
/// changes.
fn learn<M: Method>(method: M) -> [f32; 2] {
    let batch = || {
        let left = pictures(16, 1);
        let right = left.clone() * 0.9 + pictures(16, 2) * 0.1;
        Views::pair(left, right).with_classes((0..BATCH as u32).collect())
    };
    let mut method = method.train();
    let mut optimizer = AdamWConfig::new().with_epsilon(1e-8).init();
    let mut losses = Vec::new();
    for step in 0..60 {
        let clock = Clock::new(60, 60).at(step);
        let loss = method.loss(batch(), clock);
        let entropy: f32 = loss
            .scalars
            .iter()
            .filter(|(name, _)| *name == TEACHER_ENTROPY)
            .map(|(_, entropy)| entropy.clone().into_scalar::<f32>())
            .sum();
        losses.push(loss.value.clone().into_scalar::<f32>() - entropy);
        let gradients = GradientsParams::from_grads(loss.value.backward(), &method);
        method = optimizer.step(2e-3, method, gradients).after_step(clock);
    }
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    [mean(&losses[..5]), mean(&losses[55..])]
}

#[test]
fn every_method_overfits_a_batch() {
    fn init<M: Method>(init: impl Fn(ResNet, u64, &Device) -> M) -> [f32; 2] {
        learn(init(backbone(), 0, &Device::flex()))
    }
    let (hidden, all, none) =
        (head(6, HeadNorm::Hidden), head(6, HeadNorm::All), head(6, HeadNorm::None));
    let simclr = SimClrConfig { projector: none.clone(), ..SimClrConfig::paper() };
    let dcl = DclConfig { projector: none.clone(), ..DclConfig::paper() };
    let sup_con = SupConConfig { projector: none, ..SupConConfig::paper() };
    let byol =
        ByolConfig { projector: hidden.clone(), predictor: hidden.clone(), ..ByolConfig::paper() };
    let simsiam = SimSiamConfig {
        projector: head(6, HeadNorm::PlainLast),
        predictor: hidden.clone(),
        ..SimSiamConfig::paper()
    };
    let barlow = BarlowTwinsConfig { projector: hidden.clone(), ..BarlowTwinsConfig::paper() };
    let vicreg = VicRegConfig { projector: hidden.clone(), ..VicRegConfig::code() };
    let nnclr =
        NnClrConfig { support: 16, projector: all, predictor: hidden, ..NnClrConfig::paper() };
    let swav = SwavConfig { queue: None, ..swav() };
    let moco = moco(BatchSplit::Whole);
    // A teacher with a small momentum approaches the uniform distribution.
    let momentum = Schedule::Cosine { start: 0.99, end: 1.0 };
    let dino = DinoConfig { momentum, ..dino(false) };
    for (name, [first, last]) in [
        ("simclr", init(|b, seed, device| simclr.init(b, seed, device))),
        ("dcl", init(|b, seed, device| dcl.init(b, seed, device))),
        ("sup_con", init(|b, seed, device| sup_con.init(b, seed, device))),
        ("moco", init(|b, seed, device| moco.init(b, seed, device))),
        ("byol", init(|b, seed, device| byol.init(b, seed, device))),
        ("simsiam", init(|b, seed, device| simsiam.init(b, seed, device))),
        ("swav", init(|b, seed, device| swav.init(b, seed, device))),
        ("dino", init(|b, seed, device| dino.init(b, seed, device))),
        ("barlow_twins", init(|b, seed, device| barlow.init(b, seed, device))),
        ("vicreg", init(|b, seed, device| vicreg.init(b, seed, device))),
        ("nnclr", init(|b, seed, device| nnclr.init(b, seed, device))),
    ] {
        println!("{name}: {first}, then {last}");
        assert!(last < first - 0.1 * first.abs(), "{name}: {first}, then {last}");
    }
}
