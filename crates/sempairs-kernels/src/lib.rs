//! Operations on plain tensors, each with a fused twin: those of residual networks and vision transformers for the CPU, and
//! for GPUs losses, steps over all parameters, and the views of a batch (features `wgpu`, `vulkan`, `cuda`;
//! docs/kernels.md).
//!
//! A function of this crate means what its twin in [`mod@reference`] means, in value and in
//! gradient. On the Flex backend, tracked or not, 32-bit floats take a fused implementation:
//! convolution as one product of matrices for the whole batch, normalisation, rectifier and
//! residual sum in one pass a channel, and gradients written by hand. Everything else takes the
//! twin, and so does everything under `SEMPAIRS_PLAIN=1`.
//!
//! The fused operations hand tensors on with the batch innermost in memory. The shapes are as
//! ever, and any other operation of Burn may stand between two of them; only operations that put
//! a tensor into row-major order cost a copy.
//!
//! Where the input has 16 bits, products are made in 16 bits and everything else in 32: weights are cast to the type of
//! what they meet, normalisation and softmax widen their input and narrow their output.
//!
//! Results are the same bit for bit from run to run, and on the CPU on any number of threads of one machine.

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
mod pool;
mod precision;
pub mod reference;
mod running;
mod similarity;
mod soft_cross_entropy;
mod step;
mod views;

pub use attention::attention;
pub use batch_norm::{batch_norm, batch_norm_add_relu, batch_norm_relu};
pub use conv2d::{check_sums, conv2d};
pub use fork::fork;
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use off_diagonal::{off_diagonal_energy, redundancy};
pub use pool::{global_average_pool, max_pool2d};
pub use running::running_statistics;
pub use similarity::{info_nce, log_sum_exp, log_sum_exp_of_others};
pub use soft_cross_entropy::soft_cross_entropy;
pub use step::{AdamW, Descent, Ratio, adamw, descend, moving_averages};
pub use views::views;
