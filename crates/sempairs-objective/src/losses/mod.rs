//! Building blocks of losses: similarities, cross-entropies and the Sinkhorn-Knopp algorithm.

mod cosine_similarity;
mod cross_entropy;
mod log_sum_exp;
mod multi_crop;
mod nt_xent;
mod sinkhorn;
mod stop_gradient;

pub(crate) use cosine_similarity::mean_cosine;
pub(crate) use cross_entropy::cross_entropy_across;
pub use log_sum_exp::log_sum_exp;
pub(crate) use multi_crop::{by_view, features};
pub use nt_xent::{Reduction, normalize, nt_xent};
pub use sinkhorn::sinkhorn;
pub use stop_gradient::stop_gradient;
