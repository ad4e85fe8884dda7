use std::fs;
use std::path::PathBuf;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use clap::Args;
use sempairs::Error;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{LoadOptions, Misfit, Prefix, WeightsError, load};
use sempairs::eval::{Evaluate as _, ScoreLine, append_scores, read_scores, weights_identity};
use sempairs::run::Runner;

use super::{DeviceFlag, ExperimentFlags};

/// Arguments of `sempairs evaluate`.
#[derive(Args)]
pub struct Evaluate {
    #[command(flatten)]
    experiment: ExperimentFlags,
    /// The backbone's weights: `.safetensors` or PyTorch's `.pth`, under torchvision's or timm's names.
    #[arg(long)]
    weights: PathBuf,
    /// What stands before those names in the file, its last dot included, such as `module.encoder_q.`; `common`
    /// looks for the usual ones.
    #[arg(long, value_name = "TEXT|common")]
    prefix: Option<String>,
    /// A folder to keep the features in; with the same weights, views and pictures they are not computed again.
    #[arg(long, value_name = "FOLDER")]
    features: Option<PathBuf>,
    /// A file to add the scores to, a line of JSON each; a run's `scores.jsonl` will do.
    #[arg(long)]
    scores: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceFlag,
}

impl Evaluate {
    pub fn run(self) -> Result<(), Error> {
        let experiment = self.experiment.read_one()?;
        // A file of something else is found before the scores are paid for.
        if let Some(path) = self.scores.as_ref().filter(|path| path.exists()) {
            read_scores(path)?;
        }
        let device = self.device.open()?;
        let runner = Runner::new("runs", device.clone(), &self.device.device);
        let backbone = self.load(experiment.backbone.init(&device))?;
        let mut downstream = runner.downstream(&experiment)?;
        downstream.progress = true;
        if let Some(folder) = &self.features {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
            downstream.cache = Some(folder.clone());
        }
        let scores = downstream.run(&backbone, &device)?;
        for score in &scores {
            println!("{score}");
        }
        if let Some(path) = &self.scores {
            let weights = weights_identity(&backbone).to_string();
            let line = |score| ScoreLine {
                weights: Some(weights.clone()),
                file: Some(self.weights.display().to_string()),
                ..ScoreLine::from(score)
            };
            append_scores(path, scores.into_iter().map(line).collect())?;
        }
        Ok(())
    }

    fn load(&self, backbone: AnyBackbone) -> Result<AnyBackbone, Error> {
        let prefix = match self.prefix.as_deref() {
            None => Prefix::None,
            Some("common") => Prefix::Common,
            Some(text) => Prefix::Named(text.into()),
        };
        let tensors = count(&backbone);
        load(backbone, &self.weights, &LoadOptions { prefix })
            .map_err(|error| behind_a_prefix(error, tensors).into())
    }
}

/// How many tensors a network has.
fn count(network: &AnyBackbone) -> usize {
    struct Count(usize);
    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.0 += 1;
        }
    }
    let mut count = Count(0);
    network.visit(&mut count);
    count.0
}

/// Where a file has none of a network's tensors, a list of them all says little; `--prefix` may be what is
/// missing.
fn behind_a_prefix(error: WeightsError, tensors: usize) -> WeightsError {
    let WeightsError::Misfits { path, misfits } = error else { return error };
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    for misfit in &misfits {
        match misfit {
            Misfit::Missing { name } => missing.push(name.as_str()),
            Misfit::Extra { name } => extra.push(name.as_str()),
            _ => {}
        }
    }
    if missing.is_empty() || missing.len() < tensors {
        return WeightsError::Misfits { path, misfits };
    }
    let has_all = |prefix: &&str| {
        missing.iter().all(|name| extra.contains(&format!("{prefix}{name}").as_str()))
    };
    let prefixes = extra.iter().filter_map(|name| name.strip_suffix(missing[0])).filter(has_all);
    let found: Vec<String> = prefixes.map(|prefix| format!("--prefix {prefix}")).collect();
    let advice = match found.is_empty() {
        true => "if they stand there behind a prefix, give it with --prefix TEXT, or try --prefix common".into(),
        false => format!("they stand there behind a prefix: give {}", found.join(" or ")),
    };
    let reason =
        format!("it has no `{}`, nor any other of the network's tensors; {advice}", missing[0]);
    WeightsError::Format { path, reason }
}
