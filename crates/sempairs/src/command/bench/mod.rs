//! The command `sempairs bench`.

mod arguments;
mod conv;
mod median;
mod peak;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use clap::{Args, Subcommand};
use sempairs::augment::{Augmentation, Interpolation};
use sempairs::backbone::{AnyBackbone, NetworkConfig, Stem};
use sempairs::data::{CachedSource, PairDataset, Pairing, PictureSource};
use sempairs::experiment::limits::{MAX_SIDE, MAX_THREADS};
use sempairs::objective::{Clock, Method, ProjectorConfig, Reduction, SimClr, SimClrConfig, Views};
use sempairs::train::{
    Batch, LoaderConfig, MadeOn, OptimizerConfig, PairLoader, Pipelines, Precision,
};
use sempairs::{ConfigError, Error};
use sempairs_internal::{progress_bar, say};
use serde_json::{Value, json};

use self::arguments::{MAX_BATCH, MAX_TIMED, check_batch, filter, network, precision, stem};
use self::median::median;
use super::flags::{DeviceFlag, up_to, zero_or_up_to};
use super::folder::FolderFlags;

/// Subcommands of `sempairs bench`.
#[derive(Subcommand)]
pub enum Bench {
    /// Time one SimCLR training step on random views: forward pass, NT-Xent loss, backward pass,
    /// and SGD with momentum.
    Step(Step),
    /// Time the loader: reading pictures and SimCLR's augmentation of their pairs.
    Loader(Loader),
    /// Time each convolution shape of a residual network: forward pass, input gradient and weight
    /// gradient. Prints one line of JSON per shape and pass, and one per pass for the whole
    /// network, to which each shape contributes as often as it occurs.
    Conv(conv::ConvArgs),
    /// Measure the peak speed of the CPU for each number of threads: multiply-adds in registers,
    /// the largest matrix products of the networks, and memory bandwidth. Prints one line of JSON
    /// per number of threads.
    Peak(peak::PeakArgs),
}

#[derive(Args)]
pub struct Step {
    /// Backbone: resnet18, resnet50 or resnet10_narrow; or vit_tiny, vit_small or vit_base with a
    /// patch size, such as vit_small_patch8.
    #[arg(long, default_value = "resnet50")]
    backbone: String,
    /// Stem of a residual network: imagenet, small or strided. By default that of the backbone.
    #[arg(long, value_parser = stem)]
    stem: Option<Stem>,
    /// Number of pairs per batch.
    #[arg(long, default_value = "32", value_parser = up_to(MAX_BATCH))]
    batch: usize,
    /// Side length of a view in pixels.
    #[arg(long, default_value = "64", value_parser = up_to(MAX_SIDE))]
    size: usize,
    /// Number of timed steps.
    #[arg(long, default_value = "10", value_parser = up_to(MAX_TIMED))]
    steps: usize,
    /// Number of warm-up steps before the timed ones.
    #[arg(long, default_value = "2", value_parser = zero_or_up_to(MAX_TIMED))]
    warmup: usize,
    /// Dtype of the network's matrix products and convolutions: f32 or bf16.
    #[arg(long, default_value = "f32", value_parser = precision)]
    precision: Precision,
    /// Number of CPU threads; 0 for one per core.
    #[arg(long, default_value = "0", value_parser = zero_or_up_to(MAX_THREADS))]
    threads: usize,
    /// After the timed steps, run one more in which the device times every kernel, and report the
    /// kernel times (not with flex).
    #[arg(long)]
    profile: bool,
    #[command(flatten)]
    device: DeviceFlag,
}

#[derive(Args)]
pub struct Loader {
    #[command(flatten)]
    source: FolderFlags,
    /// Side length of a view in pixels.
    #[arg(long, default_value = "64", value_parser = up_to(MAX_SIDE))]
    size: usize,
    /// Number of pairs per batch.
    #[arg(long, default_value = "256", value_parser = up_to(MAX_BATCH))]
    batch: usize,
    /// Number of timed batches.
    #[arg(long, default_value = "40", value_parser = up_to(MAX_TIMED))]
    batches: usize,
    /// Number of worker threads; 0 for one per core.
    #[arg(long, default_value = "0", value_parser = zero_or_up_to(MAX_THREADS))]
    workers: usize,
    /// Cache of the folder's decoded pictures, written by `sempairs cache`, to read the pictures
    /// from.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Pair each picture with another one of its class, so that two pictures are read per pair.
    #[arg(long)]
    semantic: bool,
    /// Resampling filter of the crop: bilinear or bicubic. By default that of SimCLR's
    /// augmentation, bicubic; other loaders have bilinear.
    #[arg(long, value_parser = filter)]
    filter: Option<Interpolation>,
    /// Augment on the device and include that in the time; without this flag the views are computed
    /// on the CPU and stay in host memory.
    #[arg(long)]
    on_device: bool,
    #[command(flatten)]
    device: DeviceFlag,
}

impl Bench {
    pub fn run(self) -> Result<(), Error> {
        match self {
            Self::Step(args) => args.run(),
            Self::Loader(args) => args.run(),
            Self::Conv(args) => args.run(),
            Self::Peak(args) => args.run(),
        }
    }
}

impl Step {
    fn run(self) -> Result<(), Error> {
        let network = network(&self.backbone, self.stem, self.size)?;
        check_batch(self.batch, self.size)?;
        // The global thread pool can only be configured before its first use.
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build_global()
            .map_err(|e| ConfigError::new("--threads", e))?;
        let plain = self.device.open()?;
        if self.profile && self.device.device == "flex" {
            let reason = "flex has no kernel timings; use a CPU profiler instead";
            return Err(Error::invalid("--profile", reason));
        }
        let (mut times, profile) = self.time(network.init_seeded(&plain, 0), &plain)?;
        let median = median(&mut times);
        let (peak, note) = match self.device.device.as_str() {
            "flex" => (peak_bytes(), "the largest resident size of the process"),
            // Device memory is not part of the process's resident size. The memory pool keeps freed
            // pages, so its size after the last step is the peak.
            _ => match plain.memory_pool_usage() {
                Some(pool) => (Some(pool.bytes_reserved), "reserved by the device's memory pool"),
                None => (None, "not available for this backend"),
            },
        };
        let stem = match network.network() {
            NetworkConfig::Residual(config) => Some(config.stem),
            NetworkConfig::Transformer(_) => None,
        };
        let line = json!({
            "sempairs": env!("CARGO_PKG_VERSION"),
            "backbone": self.backbone,
            "stem": stem,
            "batch": self.batch,
            "size": self.size,
            "steps": self.steps,
            "warmup": self.warmup,
            "precision": self.precision,
            "device": self.device.device,
            "threads": rayon::current_num_threads(),
            "gflop": network.training_operations(2 * self.batch, self.size) / 1e9,
            "median_s": median,
            "pairs_per_s": self.batch as f64 / median,
            "peak_bytes": peak,
            "peak_bytes_note": note,
            "profile": profile,
        });
        say!("{line}");
        Ok(())
    }

    /// Returns the seconds of each timed step, and the kernel profile of one further step if
    /// requested.
    fn time(
        &self,
        backbone: AnyBackbone,
        plain: &Device,
    ) -> Result<(Vec<f64>, Option<Value>), Error> {
        let device = plain.clone().autodiff();
        // The projection head is that of the PyTorch benchmark with which this one is compared.
        let simclr = SimClrConfig {
            temperature: 0.5,
            reduction: Reduction::Mean,
            projector: ProjectorConfig::simclr(),
        };
        let mut method = simclr.init(backbone, 0, plain).train();
        let mut optimizer = OptimizerConfig::sgd(0.0).init();
        let clock = Clock::new(1, 1);
        let view = || {
            let shape = [self.batch, 3, self.size, self.size];
            Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device)
        };
        self.precision.check(plain)?;
        let views = Views::pair(view(), view()).cast(self.precision.dtype());
        let mut times = Vec::new();
        let bar = progress_bar("timing steps", (self.warmup + self.steps) as u64);
        // The first step may take minutes, since it compiles the kernels.
        bar.tick();
        let mut step = |mut method: SimClr<AnyBackbone>| {
            let loss = method.loss(views.clone(), clock).value;
            let value = loss.clone().detach();
            let gradients = burn::optim::GradientsParams::from_grads(loss.backward(), &method);
            method = optimizer.step(0.01, method, gradients);
            // Reading the loss waits only for the forward pass, so the device is synchronised as
            // well.
            let loss = value.into_data().iter::<f32>().next().unwrap_or(f32::NAN);
            device.sync().map_err(|e| Error::Device(e.to_string()))?;
            match loss.is_finite() {
                true => Ok(method),
                false => Err(Error::Device(format!("the loss is {loss}"))),
            }
        };
        for number in 0..self.warmup + self.steps {
            let start = Instant::now();
            method = step(method)?;
            if number >= self.warmup {
                times.push(start.elapsed().as_secs_f64());
            }
            bar.inc(1);
        }
        let profile = match self.profile {
            true => Some(profile(|| step(method).map(drop))?),
            false => None,
        };
        Ok((times, profile))
    }
}

/// Returns the kernel times of `work` as JSON.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn profile(work: impl FnOnce() -> Result<(), Error>) -> Result<Value, Error> {
    let mut done = Ok(());
    let seen = sempairs::kernels::launches::time(|| done = work());
    done?;
    let kernels = seen.kernels.iter();
    Ok(json!({
        "launches": kernels.clone().map(|kernel| kernel.launches).sum::<usize>(),
        "busy_s": kernels.clone().map(|kernel| kernel.seconds).sum::<f64>(),
        // Includes the timestamps between launches, so the idle share is larger than in the timed
        // steps.
        "span_s": seen.span,
        "untimed": seen.untimed,
        "kernels": kernels
            .map(|it| json!({ "name": it.name, "launches": it.launches, "seconds": it.seconds }))
            .collect::<Vec<_>>(),
    }))
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")))]
fn profile(_: impl FnOnce() -> Result<(), Error>) -> Result<Value, Error> {
    unreachable!("flex is the only device of this build, and has no kernel timings")
}

impl Loader {
    fn run(self) -> Result<(), Error> {
        check_batch(self.batch, self.size)?;
        let source: Arc<dyn PictureSource> = match &self.cache {
            None => self.source.open()?,
            Some(file) => Arc::new(CachedSource::open(file)?),
        };
        let pairing =
            if self.semantic { Pairing::RandomInClass } else { Pairing::Same { file: None } };
        let pairs = pairing.pairs(&*source, 0)?;
        let dataset = Arc::new(PairDataset::new(source, pairs));
        let per_epoch = dataset.len() / self.batch.max(1);
        if per_epoch == 0 {
            return Err(ConfigError::new("--batch", "is more than there are pictures").into());
        }
        // The Gaussian blur is included, as in the PyTorch loader with which this one is compared.
        let mut views = Augmentation::Simclr.pipelines(self.size);
        if let Some(filter) = self.filter {
            views = views.map(|view| view.with_interpolation(filter));
        }
        let mut pipelines = Pipelines::from(views);
        let device = if self.on_device {
            pipelines.made_on = MadeOn::Device;
            Some(self.device.open()?)
        } else {
            None
        };
        let clock = Clock::new(per_epoch, self.batches + 1);
        let config = LoaderConfig { workers: self.workers, ..LoaderConfig::default() };
        let mut loader = PairLoader::start(dataset, pipelines, self.batch, 0, clock, &config)?;
        let finish = |batch: Batch| match &device {
            None => Ok(batch.pairs.len()),
            Some(device) => {
                let pairs = batch.pairs.len();
                batch.views(device);
                device.sync().map_err(|e| Error::Device(e.to_string()))?;
                Ok::<_, Error>(pairs)
            }
        };
        // The first batch is not timed, since it includes thread start-up and kernel compilation.
        loader.next().transpose()?.map(finish).transpose()?;
        let start = Instant::now();
        let mut count = 0;
        let bar = progress_bar("timing batches", self.batches as u64);
        for batch in loader {
            count += finish(batch?)?;
            bar.inc(1);
        }
        let seconds = start.elapsed().as_secs_f64();
        drop(bar);
        let line = json!({
            "sempairs": env!("CARGO_PKG_VERSION"),
            "folder": self.source.folder,
            "cache": self.cache,
            "semantic": self.semantic,
            "filter": self.filter.unwrap_or(Interpolation::Bicubic),
            "made_on": if self.on_device { &self.device.device } else { "host" },
            "size": self.size,
            "workers": match self.workers {
                0 => rayon::current_num_threads(),
                workers => workers,
            },
            "batch": self.batch,
            "batches": self.batches,
            "pairs_per_s": count as f64 / seconds,
            "peak_bytes": peak_bytes(),
        });
        say!("{line}");
        Ok(())
    }
}

/// Peak resident set size of this process in bytes; `None` if the system does not report it.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}
