//! Fused layers with hand-written gradients: for the Flex backend here, for CubeCL in `cube/layers`
//! and `cube/tokens`.
//!
//! Burn dispatches [`ForwardOps`] and [`ForwardTokenOps`]; [`ops::BackwardOps`] and
//! [`token_ops::BackwardTokenOps`] are their gradients. The module `support` says for which
//! tensors; all others go to the reference implementation.

mod autodiff;
mod flex;
pub(crate) mod ops;
mod step_ops;
mod token_autodiff;
pub(crate) mod token_ops;

pub(crate) use ops::ForwardOps;
pub(crate) use step_ops::StepOps;
pub(crate) use token_ops::ForwardTokenOps;
