use std::path::PathBuf;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use clap::Args;
use sempairs::Error;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{LoadOptions, Misfit, Prefix, WeightsError, load};

/// A file of a backbone's weights.
#[derive(Args)]
pub struct WeightsFlags {
    /// The backbone's weights: `.safetensors` or PyTorch's `.pth`, under torchvision's or timm's names.
    #[arg(long)]
    pub weights: PathBuf,
    /// What stands before those names in the file, its last dot included, such as `module.encoder_q.`; `common`
    /// looks for the usual ones.
    #[arg(long, value_name = "TEXT|common")]
    prefix: Option<String>,
}

impl WeightsFlags {
    /// The network with the file's weights.
    pub fn load(&self, backbone: AnyBackbone) -> Result<AnyBackbone, Error> {
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
