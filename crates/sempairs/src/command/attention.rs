//! The command `sempairs attention`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use sempairs::backbone::Backbone;
use sempairs::data::{Picture, decode};
use sempairs::experiment::limits::MAX_SIDE;
use sempairs::run::Runner;
use sempairs::{ConfigError, Error, attention, png};
use sempairs_internal::{counted, say};

use super::flags::{DeviceFlag, ExperimentFlags, up_to};
use super::weights::WeightsFlags;

/// Maximum number of rows of a figure.
const MAX_PICTURES: usize = 1000;

/// Arguments of `sempairs attention`.
#[derive(Args)]
pub struct AttentionArgs {
    #[command(flatten)]
    experiment: ExperimentFlags,
    #[command(flatten)]
    weights: WeightsFlags,
    /// PNG file to write: one row per picture with the picture, the attention map of each head, and
    /// the picture overlaid with their mean.
    #[arg(long)]
    out: PathBuf,
    /// Picture to draw; may be repeated. Without it, pictures of the experiment's first test set
    /// are used.
    #[arg(long = "picture", value_name = "FILE")]
    pictures: Vec<PathBuf>,
    /// Number of pictures of the test set.
    #[arg(long, default_value = "6", value_parser = up_to(MAX_PICTURES))]
    count: usize,
    /// Side length of the network's input in pixels, a multiple of the patch size; the experiment's
    /// view size if omitted. Larger inputs give finer maps.
    #[arg(long, value_parser = up_to(MAX_SIDE))]
    size: Option<usize>,
    /// Side length of a cell in pixels.
    #[arg(long, default_value = "144", value_parser = up_to(MAX_SIDE))]
    cell: usize,
    #[command(flatten)]
    device: DeviceFlag,
}

impl AttentionArgs {
    pub fn run(self) -> Result<(), Error> {
        let (experiment, origins) = self.experiment.read_one()?;
        let device = self.device.open()?;
        let backbone = self.weights.load(experiment.backbone.init(&device))?;
        let Some(network) = backbone.transformer() else {
            let name = experiment.backbone.name.name();
            let reason = format!("a {name} has no attention to draw");
            return Err(origins.error(ConfigError::new("backbone.name", reason)));
        };
        let size = self.size.unwrap_or(experiment.views.size);
        if !size.is_multiple_of(network.patch()) {
            let patch = network.patch();
            let reason = format!("must be a multiple of the patch size {patch}, not {size}");
            return Err(Error::invalid("--size", reason));
        }
        let fits = experiment.backbone.check_attention(size);
        fits.map_err(|error| Error::config("--size", error))?;
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
        say!("{}: {}", self.out.display(), counted(pictures.len(), "picture"));
        Ok(())
    }
}

fn open(path: &PathBuf) -> Result<Picture<'static>, Error> {
    let bytes = fs::read(path).map_err(|error| Error::io(path, error))?;
    Ok(decode(&bytes, &path.display().to_string())?)
}
