//! GELU activation.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::ForwardTokenOps;
use crate::precision::{cast_like, widen};
use crate::reference;
use crate::support::supports_tokens;

/// Gaussian error linear unit, `y = x · Φ(x)` with `Φ(x) = (1 + erf(x / √2)) / 2` (Hendrycks
/// and Gimpel, arXiv 1606.08415).
///
/// # Shapes
/// - `x`, output: any
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !supports_tokens(&x) {
        let like = x.clone().detach();
        return cast_like(reference::gelu(widen(x)), &like);
    }
    Tensor::from_dispatch(Dispatch::fused_gelu(x.into_dispatch()))
}
