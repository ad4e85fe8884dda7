//! GELU activation.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::fused::{self, ForwardTokenOps};
use crate::precision::{cast_like, widen};
use crate::reference;

/// Gaussian error linear unit, `y = x · Φ(x)` with `Φ(x) = (1 + erf(x / √2)) / 2` (Hendrycks
/// and Gimpel, arXiv 1606.08415).
///
/// # Shapes
/// - `x`, output: any
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if !fused::supports_tokens(&x) {
        let like = x.clone().detach();
        return cast_like(reference::gelu(widen(x)), &like);
    }
    Tensor::from_dispatch(Dispatch::fused_gelu(x.into_dispatch()))
}
