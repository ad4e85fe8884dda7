//! Losses on covariance and cross-correlation matrices.

#[cfg(feature = "cube")]
use burn::backend::Dispatch;
use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube::{self, Energy, LossOps};
use crate::reference;

/// Sum of squared off-diagonal entries, `Σ_{i ≠ j} cᵢⱼ²`.
///
/// The covariance term of VICReg without its division by `d`. Source: Bardes et al., "VICReg"
/// (2022), equation 4.
///
/// # Shapes
/// - `c`: `[d, d]`
/// - output: `[1]`, in 32 bits where the operation is fused
///
/// # Panics
/// If the matrix is not square.
pub fn off_diagonal_energy(c: Tensor<2>) -> Tensor<1> {
    square(&c);
    #[cfg(feature = "cube")]
    if cube::supports(&c) {
        return fused(c, Energy { off_diagonal: 1.0, diagonal: 0.0, target: 0.0 });
    }
    reference::off_diagonal_energy(c)
}

/// Barlow Twins loss of a cross-correlation matrix,
/// `Σᵢ (1 − cᵢᵢ)² + λ Σ_{i ≠ j} cᵢⱼ²`.
///
/// Source: Zbontar et al., "Barlow Twins: Self-Supervised Learning via Redundancy Reduction"
/// (2021), equation 1.
///
/// # Shapes
/// - `c`: `[d, d]`
/// - output: `[1]`, in 32 bits where the operation is fused
///
/// # Panics
/// If the matrix is not square.
pub fn redundancy(c: Tensor<2>, lambda: f64) -> Tensor<1> {
    square(&c);
    #[cfg(feature = "cube")]
    if cube::supports(&c) {
        return fused(c, Energy { off_diagonal: lambda, diagonal: 1.0, target: 1.0 });
    }
    reference::redundancy(c, lambda)
}

fn square(c: &Tensor<2>) {
    let [rows, columns] = c.dims();
    assert_eq!(rows, columns, "the matrix must be square");
}

#[cfg(feature = "cube")]
fn fused(c: Tensor<2>, energy: Energy) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::fused_squared_energy(c.into_dispatch(), energy))
}
