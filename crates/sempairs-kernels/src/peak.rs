//! Measurements of the peak speed of the CPU, to which the speed of an operation can be compared.

use std::hint::black_box;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use pulp::{Arch, Simd, WithSimd};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::vectors::vectorised;

/// Peak speeds of the CPU with some number of threads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Multiply-adds of 32-bit floats in registers, in floating-point operations per second; a
    /// multiply-add counts as two.
    pub multiply_adds: f64,
    /// Matrix products of [`linear`](crate::linear), in floating-point operations per second: the
    /// fastest of [`PRODUCTS`].
    pub products: f64,
    /// Size `[m, k, n]` of the fastest product.
    pub size: [usize; 3],
    /// Memory bandwidth of `a[i] = b[i] + s·c[i]` on three vectors of 64 MiB, in bytes per second:
    /// two reads and one write per element, without the read that a write may cause.
    pub bandwidth: f64,
}

/// Sizes `[m, k, n]` of the measured products: square ones, and those of the widest layer of a
/// ViT-S/8 for 32 images of 64 px.
pub const PRODUCTS: [[usize; 3]; 4] =
    [[512, 512, 512], [1024, 1024, 1024], [2080, 384, 1536], [2080, 1536, 384]];

/// Number of floats in each of the three vectors of the bandwidth measurement: 64 MiB.
const VECTOR: usize = 1 << 24;

/// Measures the peak speeds with `threads` threads, 0 for one per core. Each is the highest of
/// repeated measurements over `time`, since other load on the machine only lowers them.
///
/// # Errors
/// If the threads cannot be started.
pub fn peak(threads: usize, time: Duration) -> Result<Peak, ThreadPoolBuildError> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    let multiply_adds = multiply_adds(&pool, time);
    let (products, size) = PRODUCTS
        .into_iter()
        .map(|size| (product(&pool, size, time / PRODUCTS.len() as u32), size))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .expect("there are sizes");
    Ok(Peak { multiply_adds, products, size, bandwidth: bandwidth(&pool, time) })
}

/// Number of independent sums: hides the latency of a multiply-add, and fits the 16 registers of
/// AVX2.
const SUMS: usize = 12;

/// Multiply-adds whose operands stay in registers. Returns the number of operations.
struct Registers {
    rounds: usize,
}

impl WithSimd for Registers {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        // Fixed point 1, so that no operand becomes infinite or subnormal.
        let (factor, term) = (simd.splat_f32s(black_box(0.5)), simd.splat_f32s(black_box(0.5)));
        for _ in 0..self.rounds {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, term);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        2 * self.rounds * SUMS * S::F32_LANES
    }
}

fn multiply_adds(pool: &ThreadPool, time: Duration) -> f64 {
    let arch = Arch::new();
    // About a millisecond.
    let work = || arch.dispatch(Registers { rounds: 1 << 18 });
    best(time, || {
        let start = Instant::now();
        let operations: usize = pool.broadcast(|_| work()).into_iter().sum();
        operations as f64 / start.elapsed().as_secs_f64()
    })
}

fn product(pool: &ThreadPool, [m, k, n]: [usize; 3], time: Duration) -> f64 {
    let device = Device::flex();
    let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Default, &device);
    let (x, weight, bias) = (random([m, k]), random([k, n]), Tensor::<1>::zeros([n], &device));
    let operations = 2.0 * [m, k, n].map(|side| side as f64).iter().product::<f64>();
    best(time, || {
        let (x, weight, bias) = (x.clone(), weight.clone(), bias.clone());
        let start = Instant::now();
        let y = pool.install(|| crate::linear(x, weight, bias));
        let seconds = start.elapsed().as_secs_f64();
        black_box(y);
        operations / seconds
    })
}

fn bandwidth(pool: &ThreadPool, time: Duration) -> f64 {
    use rayon::prelude::*;

    let (b, c) = (vec![1.0_f32; VECTOR], vec![2.0_f32; VECTOR]);
    let mut a = vec![0.0_f32; VECTOR];
    let run = VECTOR / pool.current_num_threads().max(1);
    best(time, || {
        let start = Instant::now();
        pool.install(|| {
            let parts = b.par_chunks(run).zip(c.par_chunks(run));
            a.par_chunks_mut(run).zip(parts).for_each(|(a, (b, c))| {
                vectorised(
                    #[inline(always)]
                    || {
                        for (a, (&b, &c)) in a.iter_mut().zip(b.iter().zip(c)) {
                            *a = b + 3.0 * c;
                        }
                    },
                );
            });
        });
        let seconds = start.elapsed().as_secs_f64();
        black_box(&mut a);
        (3 * size_of::<f32>() * VECTOR) as f64 / seconds
    })
}

/// The highest of the speeds that repeated calls return within `time`; at least three calls.
fn best(time: Duration, mut speed: impl FnMut() -> f64) -> f64 {
    let start = Instant::now();
    let mut highest: f64 = 0.0;
    let mut calls = 0;
    while calls < 3 || start.elapsed() < time {
        highest = highest.max(speed());
        calls += 1;
    }
    highest
}
