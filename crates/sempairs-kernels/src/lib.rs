//! Fused tensor operations for self-supervised learning, each with a reference implementation.
//!
//! - CPU (Burn's Flex backend, 32-bit floats): convolution, batch and layer normalisation, pooling,
//!   linear layers, GELU and attention, with hand-written gradients.
//! - GPU (CubeCL; features `wgpu`, `vulkan`, `cuda`): the same layers, contrastive and distillation
//!   losses, optimiser steps over lists of parameters, and augmentation of a batch
//!   (docs/kernels.md).
//!
//! Every function has the same value and gradient as the function of the same name in
//! [`mod@reference`]. The reference implementation runs on every other backend and data type, and
//! everywhere under `SEMPAIRS_PLAIN=1`.
//!
//! # Memory layout
//! On the CPU the fused operations return tensors with the batch axis innermost in memory, on GPUs
//! with the channel axis innermost; shapes stay `[n, c, h, w]`. Other Burn operations can be used
//! in between: only those that need row-major order copy the tensor.
//!
//! # Precision
//! With 16-bit inputs, matrix products take 16-bit factors and accumulate in 32 bits; weights are
//! cast to the type of the input. Normalisation, softmax and losses are computed in 32 bits.
//!
//! # Determinism
//! Results are bit-identical from run to run on one device, and on the CPU for any number of
//! threads.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod attention;
mod batch_norm;
mod conv2d;
#[cfg(feature = "cube")]
mod cube;
mod fork;
mod fused;
mod gelu;
#[cfg(feature = "cube")]
pub mod launches;
mod layer_norm;
mod linear;
mod off_diagonal;
mod optimizer_step;
pub mod peak;
mod plain;
mod pool;
mod precision;
pub mod reference;
mod running;
mod similarity;
mod soft_cross_entropy;
mod step_rule;
mod support;
mod vectors;
mod views;

pub use attention::attention;
pub use batch_norm::{batch_norm, batch_norm_add_relu, batch_norm_relu};
pub use conv2d::{check_sums, conv2d};
pub use fork::fork;
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use off_diagonal::{off_diagonal_energy, redundancy};
pub use optimizer_step::{adamw, moving_averages, sgd};
pub use pool::{global_average_pool, max_pool2d};
pub use running::running_statistics;
pub use similarity::{info_nce_from_embeddings, log_sum_exp, log_sum_exp_of_others};
pub use soft_cross_entropy::soft_cross_entropy;
pub use step_rule::{AdamW, Ratio, Sgd};
pub use views::views;
