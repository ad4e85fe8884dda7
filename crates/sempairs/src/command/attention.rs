use std::fs;
use std::path::PathBuf;

use clap::Args;
use sempairs::backbone::Backbone;
use sempairs::data::{Picture, decode};
use sempairs::experiment::bounds::MAX_SIDE;
use sempairs::run::Runner;
use sempairs::{Error, attention, png};
use sempairs_internal::say;

use super::weights::WeightsFlags;
use super::{DeviceFlag, ExperimentFlags, up_to};

/// Rows of a figure.
const MAX_PICTURES: usize = 1000;

/// Arguments of `sempairs attention`.
#[derive(Args)]
pub struct Attention {
    #[command(flatten)]
    experiment: ExperimentFlags,
    #[command(flatten)]
    weights: WeightsFlags,
    /// The PNG file to draw into: a row a picture with the picture, the attention of each head, and
    /// the picture lit by their mean.
    #[arg(long)]
    out: PathBuf,
    /// A picture to draw over; may be given again. Without any, pictures of the experiment's test
    /// set are.
    #[arg(long = "picture", value_name = "FILE")]
    pictures: Vec<PathBuf>,
    /// How many pictures of the test set.
    #[arg(long, default_value = "6", value_parser = up_to(MAX_PICTURES))]
    count: usize,
    /// Pixels along a side of what the network sees, a multiple of its patch; the views' if left
    /// out. More make finer maps.
    #[arg(long, value_parser = up_to(MAX_SIDE))]
    size: Option<usize>,
    /// Pixels along a side of a cell.
    #[arg(long, default_value = "144", value_parser = up_to(MAX_SIDE))]
    cell: usize,
    #[command(flatten)]
    device: DeviceFlag,
}

impl Attention {
    pub fn run(self) -> Result<(), Error> {
        let experiment = self.experiment.read_one()?;
        let flag = |name: &str, reason: String| Err(Error::experiment(name, reason));
        let device = self.device.open()?;
        let backbone = self.weights.load(experiment.backbone.init(&device))?;
        let Some(network) = backbone.transformer() else {
            let name = experiment.backbone.name.name();
            let file = self.experiment.experiment.display().to_string();
            return flag(&file, format!("`backbone.name`: a {name} has no attention to draw"));
        };
        let size = self.size.unwrap_or(experiment.views.size);
        if !size.is_multiple_of(network.patch()) {
            let patch = network.patch();
            return flag(
                "--size",
                format!("must be a multiple of the patch's {patch}, not {size}"),
            );
        }
        if let Err(reason) = experiment.backbone.check_attention(size) {
            return flag("--size", reason);
        }
        let view = attention::view(&experiment, size)?;
        let pictures = match self.pictures.is_empty() {
            true => {
                let runner = Runner::new("runs", device.clone(), &self.device.device);
                attention::test_pictures(&runner, &experiment, self.count)?
            }
            false => self.pictures.iter().map(open).collect::<Result<_, _>>()?,
        };
        let drawn = attention::figure(network, &pictures, &view, &device, self.cell)
            .map_err(|error| self.weights.blamed(error))?;
        png::write(&self.out, &drawn)?;
        say!("{}: {} pictures", self.out.display(), pictures.len());
        Ok(())
    }
}

fn open(path: &PathBuf) -> Result<Picture<'static>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::io(path, error))?;
    Ok(decode(&bytes, &path.display().to_string())?)
}
