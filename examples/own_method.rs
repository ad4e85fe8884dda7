//! A method of your own in the comparison: alignment and uniformity on both kinds of pairs.
//!
//! With L2-normalised embeddings `x_i`, `y_i` of the two views of pair `i` of `n`, the loss is
//! `mean_i |x_i - y_i|² + w (U(x) + U(y)) / 2` with `U(z) = ln mean_{i≠j} exp(-t |z_i - z_j|²)`
//! (Wang and Isola, 2020, arXiv 2005.10242). The method is not part of the library; this file
//! contains its whole implementation.
//!
//! ```text
//! cargo run --example own_method
//! ```

use std::{path::PathBuf, process::ExitCode};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use clap::Parser;
use sempairs::augment::Augmentation;
use sempairs::backbone::{Architecture, Backbone, BackboneConfig, seed_parameters};
use sempairs::experiment::Pictures;
use sempairs::objective::{
    Clock, Loss, Method, MethodFactory, Projector, ProjectorConfig, Views, normalize,
};
use sempairs::scenes::SceneSplit;
use sempairs::{Error, Study, Training, device, run::Runner, signals::exit_code};
use serde::Serialize;

/// Hyperparameters; they are part of the identity of every run.
#[derive(Clone, Serialize)]
pub struct AlignUniform {
    t: f64,
    weight: f64,
    projector: ProjectorConfig,
}

/// Networks and loss.
#[derive(Module, Debug)]
pub struct AlignUniformMethod<B: Backbone> {
    backbone: B,
    projector: Projector,
    t: f64,
    weight: f64,
}

impl MethodFactory for AlignUniform {
    type Method<B: Backbone> = AlignUniformMethod<B>;

    fn name(&self) -> String {
        "align_uniform".into()
    }

    fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Self::Method<B> {
        let projector = self.projector.init(backbone.features(), device);
        let projector = seed_parameters(projector, seed);
        AlignUniformMethod { backbone, projector, t: self.t, weight: self.weight }
    }
}

impl<B: Backbone> Method for AlignUniformMethod<B> {
    type Backbone = B;

    fn loss(&self, views: Views, _clock: Clock) -> Loss {
        let n = views.batch();
        let z = normalize(self.projector.forward(self.backbone.forward(views.joined()))); // [2n, d]
        let [x, y] = [z.clone().narrow(0, 0, n), z.clone().narrow(0, n, n)];
        let align = (x.clone() - y.clone()).square().sum_dim(1).mean();
        let uniform = (uniformity(x, self.t) + uniformity(y, self.t)) / 2.0;
        Loss::new(align + uniform * self.weight, z)
    }

    fn backbone(&self) -> &B {
        &self.backbone
    }
}

/// Uniformity `U(z)`, using `|a - b|² = 2 - 2 a·b` for vectors with unit norm.
fn uniformity(z: Tensor<2>, t: f64) -> Tensor<1> {
    let [n, _] = z.dims();
    let kernel = ((z.clone().matmul(z.transpose()) - 1.0) * (2.0 * t)).exp();
    // The mean excludes the diagonal, whose elements are 1.
    ((kernel.sum() - n as f64) / (n * (n - 1)) as f64).log()
}

/// Comparison of augmented and semantic pairs of the built-in scenes, evaluated on unseen classes.
pub fn study(steps: usize) -> Study<AlignUniform> {
    let projector = ProjectorConfig { hidden: vec![512], ..ProjectorConfig::simclr() };
    let method = AlignUniform { t: 2.0, weight: 1.0, projector };
    let backbone = BackboneConfig::new(Architecture::Resnet10Narrow);
    let scenes = |split, per_class| Pictures::scenes(split, per_class, 40);
    Study::new("own_method", scenes(SceneSplit::Pretrain, 64), backbone, method)
        .seeds([0, 1, 2])
        .views(Augmentation::SimclrCifar, 32)
        .training(Training::adamw(64, steps, 2e-3))
        .evaluated_on(
            "unseen scenes",
            scenes(SceneSplit::DownstreamTrain, 30),
            scenes(SceneSplit::DownstreamTest, 30),
        )
}

#[derive(Parser)]
struct Args {
    /// Number of steps of each run.
    #[arg(long, default_value_t = 300)]
    steps: usize,
    /// Folder for all runs.
    #[arg(long, default_value = "runs")]
    runs: PathBuf,
}

fn compare(args: Args) -> Result<(), Error> {
    let (study, runner) =
        (study(args.steps), Runner::new(args.runs, device::open("flex")?, "flex"));
    runner.stop_on_signals()?;
    let comparison = runner.compare(&study)?;
    let files = runner.write_comparison(&study, &comparison)?;
    println!("{comparison}\n\n{}", files.report.display());
    Ok(())
}

fn main() -> ExitCode {
    exit_code(compare(Args::parse()))
}
