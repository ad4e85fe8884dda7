//! The operations of residual networks and vision transformers on plain tensors, each with a fused twin.
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
//! Results are the same bit for bit from run to run and on any number of threads of one machine.

mod attention;
mod batch_norm;
mod conv2d;
mod fork;
mod fused;
mod gelu;
mod layer_norm;
mod linear;
mod pool;
mod precision;
pub mod reference;

pub use attention::attention;
pub use batch_norm::{batch_norm, batch_norm_add_relu, batch_norm_relu};
pub use conv2d::conv2d;
pub use fork::fork;
pub use gelu::gelu;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use pool::{global_average_pool, max_pool2d};
