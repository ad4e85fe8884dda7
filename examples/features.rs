//! Weighted k-NN on the features of pretrained weights: `features WEIGHTS TRAIN TEST`.
//!
//! WEIGHTS is a file with the weights of a ResNet-18 under torchvision's parameter names
//! (`.safetensors` or `.pth`). TRAIN and TEST are folders with one folder of pictures per class.
//!
//! ```text
//! cargo run --example features -- resnet18.pth photos/train photos/test
//! ```

use std::error::Error;
use std::path::Path;

use sempairs::augment::Pipeline;
use sempairs::backbone::weights::{LoadOptions, Prefix, load};
use sempairs::backbone::{Architecture, BackboneConfig};
use sempairs::data::FolderSource;
use sempairs::eval::{EvaluationProtocol, Knn, Protocol, extract};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [weights, train, test] = &arguments[..] else { return Err("WEIGHTS TRAIN TEST".into()) };
    println!("{}", score(weights.as_ref(), train.as_ref(), test.as_ref())?);
    Ok(())
}

/// k-NN accuracy on the features of `test`, with those of `train` as neighbours.
pub fn score(weights: &Path, train: &Path, test: &Path) -> Result<String, Box<dyn Error>> {
    let device = sempairs::device::open("flex")?;
    let resnet = BackboneConfig::new(Architecture::Resnet18).init(&device);
    let resnet = load(resnet, weights, &LoadOptions { prefix: Prefix::Common })?;
    let view = Pipeline::evaluation(64);
    let features = |folder| extract(&resnet, &FolderSource::open(folder)?, &view, &device, 64);
    let (train, test) = (features(train)?, features(test)?);
    Ok(Protocol::Knn(Knn::default()).score("folder", "64 px", &train, &test)?.to_string())
}
