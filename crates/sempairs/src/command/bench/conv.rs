//! The command `sempairs bench conv`.

use std::time::Instant;

use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use clap::Args;
use sempairs::Error;
use sempairs::backbone::{Convolution, NetworkConfig};
use sempairs::experiment::limits::MAX_SIDE;
use sempairs::kernels::conv2d;
use sempairs::train::Precision;
use sempairs_internal::say;
use serde_json::json;

use super::arguments::{MAX_BATCH, MAX_TIMED, check_batch, network, precision};
use super::median::median;
use crate::command::flags::{DeviceFlag, up_to};

/// Arguments of `sempairs bench conv`.
#[derive(Args)]
pub struct ConvArgs {
    /// Residual network whose convolutions are timed.
    #[arg(long, default_value = "resnet50")]
    backbone: String,
    /// Number of pictures per batch; 512 corresponds to the two views of 256 pairs.
    #[arg(long, default_value = "512", value_parser = up_to(2 * MAX_BATCH))]
    batch: usize,
    /// Side length of a picture in pixels.
    #[arg(long, default_value = "64", value_parser = up_to(MAX_SIDE))]
    size: usize,
    /// Dtype of the convolutions: f32 or bf16.
    #[arg(long, default_value = "f32", value_parser = precision)]
    precision: Precision,
    /// Number of samples, of which the median is reported.
    #[arg(long, default_value = "10", value_parser = up_to(MAX_TIMED))]
    samples: usize,
    /// Number of calls of a pass per sample.
    #[arg(long, default_value = "10", value_parser = up_to(1000))]
    calls: usize,
    /// Time only these shapes, named as in the output: 64-256k1s1i16 has 64 input channels, 256
    /// output channels, kernel size 1, stride 1, and input feature maps with side length 16.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    shapes: Vec<String>,
    /// Instead of timing, compare with f32 on the CPU, and report the maximum difference relative
    /// to the largest absolute value. A small batch is sufficient.
    #[arg(long)]
    errors: bool,
    #[command(flatten)]
    device: DeviceFlag,
}

const PASSES: [&str; 3] = ["forward", "input", "weight"];

impl ConvArgs {
    pub fn run(self) -> Result<(), Error> {
        check_batch(self.batch.div_ceil(2), self.size)?;
        let NetworkConfig::Residual(config) = network(&self.backbone, None, self.size)?.network()
        else {
            let reason = format!("`{}` is not a residual network", self.backbone);
            return Err(Error::invalid("--backbone", reason));
        };
        // Distinct shapes with their numbers of occurrences.
        let mut shapes: Vec<(Convolution, usize)> = Vec::new();
        for convolution in config.convolutions(self.size) {
            match shapes.iter_mut().find(|(known, _)| *known == convolution) {
                Some((_, count)) => *count += 1,
                None => shapes.push((convolution, 1)),
            }
        }
        for wanted in &self.shapes {
            if !shapes.iter().any(|(shape, _)| name(shape) == *wanted) {
                let names = shapes.iter().map(|(shape, _)| name(shape)).collect::<Vec<_>>();
                let reason = format!("there is no `{wanted}`, only {}", names.join(", "));
                return Err(Error::invalid("--shapes", reason));
            }
        }
        if !self.shapes.is_empty() {
            shapes.retain(|(shape, _)| self.shapes.contains(&name(shape)));
        }
        let device = self.device.open()?;
        self.precision.check(&device)?;
        if self.errors { self.compare(&shapes, &device) } else { self.time(&shapes, &device) }
    }

    fn compare(&self, shapes: &[(Convolution, usize)], device: &Device) -> Result<(), Error> {
        let dtype = self.precision.dtype();
        for (shape, _) in shapes {
            let inputs = Inputs::new(shape, self.batch, dtype);
            let ours = inputs.passes(shape, device, dtype);
            let exact = inputs.passes(shape, &Device::flex(), DType::F32);
            for ((pass, ours), exact) in PASSES.into_iter().zip(ours).zip(exact) {
                // Null if a value is not finite, since JSON cannot represent NaN.
                let error = largest_difference(&ours, &exact);
                say!(
                    "{}",
                    json!({
                        "shape": name(shape),
                        "pass": pass,
                        "batch": self.batch,
                        "precision": self.precision,
                        "device": self.device.device,
                        "error": error,
                    })
                );
            }
        }
        Ok(())
    }

    fn time(&self, shapes: &[(Convolution, usize)], device: &Device) -> Result<(), Error> {
        let mut totals = [[0.0; 3]; 3];
        for (shape, count) in shapes {
            let times = self.time_passes(shape, device)?;
            for ((pass, time), total) in PASSES.into_iter().zip(times).zip(&mut totals) {
                let operations = shape.operations(self.batch);
                let sums = [time.device, time.clock, operations];
                for (total, part) in total.iter_mut().zip(sums) {
                    *total += *count as f64 * part;
                }
                self.print(&name(shape), pass, *count, sums);
            }
        }
        for (pass, sums) in PASSES.into_iter().zip(totals) {
            self.print("all", pass, shapes.iter().map(|(_, count)| count).sum(), sums);
        }
        Ok(())
    }

    fn print(&self, shape: &str, pass: &str, count: usize, [device, clock, operations]: [f64; 3]) {
        say!(
            "{}",
            json!({
                "shape": shape,
                "pass": pass,
                "count": count,
                "batch": self.batch,
                "precision": self.precision,
                "device": self.device.device,
                "seconds": device,
                "clock_s": clock,
                "gflop_per_s": operations / device / 1e9,
            })
        );
    }

    /// Times of the forward pass, the input gradient and the weight gradient. The time to create
    /// the incoming gradient (all ones, in the memory layout of the convolution's output) is
    /// measured separately and subtracted.
    fn time_passes(&self, shape: &Convolution, device: &Device) -> Result<[Time; 3], Error> {
        let dtype = self.precision.dtype();
        let tracked = device.clone().autodiff();
        let stopwatch = Stopwatch {
            samples: self.samples,
            calls: self.calls,
            queues: self.device.device != "flex",
            device,
        };
        // The memory layout of the outputs of fused operations.
        let order: [usize; 4] = if stopwatch.queues { [0, 2, 3, 1] } else { [1, 2, 3, 0] };
        let back: [isize; 4] = if stopwatch.queues { [0, 3, 1, 2] } else { [3, 0, 1, 2] };
        let random = |[n, c, side]: [usize; 3], device: &Device| {
            let shape = order.map(|dim| [n, c, side, side][dim]);
            let data = Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), device);
            data.cast(dtype).permute(back)
        };
        let (side, out) = (shape.side, shape.side_out());
        let filters = [shape.channels_out, shape.channels_in, shape.kernel, shape.kernel];
        let weight = |device: &Device| {
            Tensor::<4>::random(filters, Distribution::Uniform(-0.1, 0.1), device)
        };
        let convolve = |x: &Tensor<4>, weight: &Tensor<4>| {
            conv2d(x.clone(), weight.clone(), [shape.stride; 2], [shape.padding; 2])
        };
        let ordered = |y: Tensor<4>| y.permute(order.map(|dim| dim as isize));

        let (x, w) = (random([self.batch, shape.channels_in, side], device), weight(device));
        let forward = stopwatch.time(|| (), |()| convolve(&x, &w))?;
        drop((x, w));
        let (x, w) = (random([self.batch, shape.channels_in, side], &tracked), weight(&tracked));
        let y = random([self.batch, shape.channels_out, out], &tracked).require_grad();
        let ones = stopwatch.time(|| ordered(y.clone()), |y| y.backward())?;
        let of = |x: Tensor<4>, w: Tensor<4>| {
            let pass = stopwatch.time(|| ordered(convolve(&x, &w)), |y| y.backward())?;
            Ok::<_, Error>(pass.without(ones))
        };
        let input = of(x.clone().require_grad(), w.clone())?;
        Ok([forward, input, of(x, w.require_grad())?])
    }
}

/// The name of a shape: input and output channels, kernel size, stride and input side length.
fn name(shape: &Convolution) -> String {
    let Convolution { channels_in, channels_out, kernel, stride, side, .. } = shape;
    format!("{channels_in}-{channels_out}k{kernel}s{stride}i{side}")
}

/// Seconds of one call.
#[derive(Clone, Copy)]
struct Time {
    /// Time on the device, without launch overhead of the host.
    device: f64,
    /// Wall-clock time in a sequence of calls.
    clock: f64,
}

impl Time {
    /// Subtracts a time. The result is at least a nanosecond, so that a rate can be computed.
    fn without(self, part: Self) -> Self {
        let less = |all: f64, part: f64| (all - part).max(1e-9);
        Self { device: less(self.device, part.device), clock: less(self.clock, part.clock) }
    }
}

/// Measures calls that a device executes asynchronously.
///
/// A pass may take less time on the device than the host needs to launch it. Each sample is
/// therefore measured twice: alone, and queued after matrix products that keep the device busy
/// until all calls of the sample are queued. The second time minus the time of the matrix products
/// alone is the device time.
struct Stopwatch<'a> {
    samples: usize,
    calls: usize,
    /// Whether calls return before the device has finished.
    queues: bool,
    device: &'a Device,
}

impl Stopwatch<'_> {
    /// Times one `call` with a value that `prepare` creates before the measurement.
    fn time<T, R>(&self, prepare: impl Fn() -> T, call: impl Fn(T) -> R) -> Result<Time, Error> {
        // The first call compiles the kernels.
        drop((call(prepare()), call(prepare())));
        let sample = |before: &dyn Fn()| {
            let prepared = (0..self.calls).map(|_| prepare()).collect();
            self.seconds(
                |prepared: Vec<T>| {
                    before();
                    prepared.into_iter().for_each(|it| drop(call(it)));
                },
                prepared,
            )
        };
        let alone = self.median(|| sample(&|| ()))?;
        let clock = alone / self.calls as f64;
        // Launch overhead is negligible for calls that take this long.
        if !self.queues || clock > 2e-3 {
            return Ok(Time { device: clock, clock });
        }
        let busy = self.busy(1.5 * alone)?;
        let wait = self.median(|| self.seconds(|()| busy(), ()))?;
        let both = self.median(|| sample(&busy))?;
        let device = ((both - wait) / self.calls as f64).clamp(1e-9, clock);
        Ok(Time { device, clock })
    }

    fn median(&self, sample: impl Fn() -> Result<f64, Error>) -> Result<f64, Error> {
        let mut times = (0..self.samples).map(|_| sample()).collect::<Result<Vec<_>, _>>()?;
        Ok(median(&mut times))
    }

    /// Seconds until `work` and everything it has queued are finished.
    fn seconds<T>(&self, work: impl FnOnce(T), of: T) -> Result<f64, Error> {
        let wait = || self.device.sync().map_err(|e| Error::Device(e.to_string()));
        wait()?;
        let start = Instant::now();
        work(of);
        wait()?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// A function that keeps the device busy for about `seconds` with few launches.
    fn busy(&self, seconds: f64) -> Result<impl Fn() + use<>, Error> {
        let mut side = 256;
        loop {
            let square =
                Tensor::<2>::random([side, side], Distribution::Uniform(-1.0, 1.0), self.device);
            let product = |square: Tensor<2>| drop(square.clone().matmul(square));
            self.seconds(product, square.clone())?;
            let one = self.seconds(product, square.clone())?;
            if one > 1e-3 || side >= 8192 {
                let products = (seconds / one).ceil().clamp(1.0, 50.0) as usize;
                return Ok(move || (0..products).for_each(|_| product(square.clone())));
            }
            side *= 2;
        }
    }
}

/// Inputs of a convolution, uniform in [-1, 1] and rounded to its dtype.
struct Inputs {
    x: TensorData,
    weight: TensorData,
    gradient: TensorData,
}

impl Inputs {
    fn new(shape: &Convolution, batch: usize, dtype: DType) -> Self {
        let Convolution { channels_in, channels_out, kernel, side, .. } = *shape;
        let (out, mut state) = (shape.side_out(), 0u64);
        let mut numbers = |shape: [usize; 4]| {
            let values =
                (0..shape.iter().product()).map(|_| uniform(&mut state)).collect::<Vec<_>>();
            TensorData::new(values, shape).convert_dtype(dtype).convert::<f32>()
        };
        Self {
            x: numbers([batch, channels_in, side, side]),
            weight: numbers([channels_out, channels_in, kernel, kernel]),
            gradient: numbers([batch, channels_out, out, out]),
        }
    }

    /// Returns the output and the gradients with respect to the input and the weight.
    fn passes(&self, shape: &Convolution, device: &Device, dtype: DType) -> [Vec<f32>; 3] {
        let device = device.clone().autodiff();
        let tensor =
            |data: &TensorData| Tensor::<4>::from_data(data.clone(), (&device, DType::F32));
        let x = tensor(&self.x).cast(dtype).require_grad();
        // The network's weights are f32 for every dtype of the activations.
        let weight = tensor(&self.weight).require_grad();
        let y = conv2d(x.clone(), weight.clone(), [shape.stride; 2], [shape.padding; 2]);
        let product = y.clone().cast(DType::F32) * tensor(&self.gradient);
        let mut gradients = product.sum().backward();
        let dx = x.grad_remove(&mut gradients).expect("x is tracked");
        let dw = weight.grad_remove(&mut gradients).expect("the weight is tracked");
        [y, dx, dw].map(|tensor| tensor.into_data().convert::<f32>().iter::<f32>().collect())
    }
}

/// The next pseudo-random number in [-1, 1] (SplitMix64, Steele et al. 2014).
fn uniform(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 40) as f32 / (1u64 << 23) as f32 - 1.0
}

/// The maximum absolute difference divided by the largest absolute exact value; `None` if a value
/// is not finite.
fn largest_difference(ours: &[f32], exact: &[f32]) -> Option<f64> {
    assert_eq!(ours.len(), exact.len(), "the results must have the same shape");
    let largest = exact.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let mut difference = 0f32;
    for (ours, exact) in ours.iter().zip(exact) {
        if !(ours.is_finite() && exact.is_finite()) {
            return None;
        }
        difference = difference.max((ours - exact).abs());
    }
    Some(f64::from(difference) / f64::from(largest.max(f32::MIN_POSITIVE)))
}

#[cfg(test)]
mod tests {
    use sempairs::backbone::ResNetConfig;

    use super::*;

    #[test]
    fn the_names_of_the_shapes_of_a_network_differ() {
        let all = ResNetConfig::resnet50().convolutions(64);
        assert_eq!(name(&all[0]), "3-64k7s2i64");
        let names: std::collections::HashSet<_> = all.iter().map(name).collect();
        assert_eq!(names.len(), 23);
    }

    #[test]
    fn differences_are_relative_to_the_largest_value() {
        assert_eq!(largest_difference(&[1.0, -4.0], &[1.0, -4.0]), Some(0.0));
        assert_eq!(largest_difference(&[1.5, -4.0], &[1.0, -4.0]), Some(0.125));
        assert_eq!(largest_difference(&[f32::NAN], &[1.0]), None);
    }

    #[test]
    fn passes_on_the_cpu_are_reproducible_and_differ_from_each_other() {
        let all = ResNetConfig::resnet10_narrow().convolutions(8);
        let inputs = Inputs::new(&all[1], 2, DType::F32);
        let passes = inputs.passes(&all[1], &Device::flex(), DType::F32);
        let again = inputs.passes(&all[1], &Device::flex(), DType::F32);
        for (pass, again) in passes.iter().zip(&again) {
            assert_eq!(largest_difference(pass, again), Some(0.0));
            assert!(pass.iter().any(|value| value.abs() > 0.1));
        }
        let lengths = passes.map(|pass| pass.len());
        assert_eq!(lengths, [2 * 32 * 4 * 4, 2 * 32 * 4 * 4, 32 * 32 * 9]);
    }
}
