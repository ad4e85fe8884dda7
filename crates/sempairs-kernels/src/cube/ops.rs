//! The operations as backend traits.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, backend_extension};

/// The forward operations, dispatched to the backend at run time.
#[backend_extension(Cube, Autodiff)]
pub trait LossOps: Backend {
    /// `log Σⱼ exp(scale · queriesᵢ · keysⱼ)`; see [`log_sum_exp`](crate::log_sum_exp).
    fn fused_log_sum_exp(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// Log-sum-exp over the other rows of one matrix; see
    /// [`log_sum_exp_of_others`](crate::log_sum_exp_of_others).
    fn fused_log_sum_exp_of_others(x: FloatTensor<Self>, scale: f64) -> FloatTensor<Self>;

    /// The cross-entropy of softmaxes of `scales[1] · (teacher − centre)` and
    /// `scales[0] · student`, followed by the log-sum-exps of student and teacher; see
    /// [`soft_cross_entropy`](crate::soft_cross_entropy).
    fn fused_soft_cross_entropy(
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        centre: FloatTensor<Self>,
        scales: [f64; 2],
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The energy of a square matrix; see [`off_diagonal_energy`](crate::off_diagonal_energy).
    fn fused_squared_energy(matrix: FloatTensor<Self>, energy: Energy) -> FloatTensor<Self>;
}

/// What is summed over a square matrix:
/// `off_diagonal · Σ_{i ≠ j} cᵢⱼ² + diagonal · Σᵢ (cᵢᵢ − target)²`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    pub(crate) off_diagonal: f64,
    pub(crate) diagonal: f64,
    pub(crate) target: f64,
}

/// The gradients of [`LossOps`], on a backend that executes kernels.
pub trait LossGradients: LossOps {
    /// `∂L/∂queries`, from the log-sum-exps and their gradients.
    fn log_sum_exp_gradient_of_queries(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        log_sum_exp: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// `∂L/∂keys`, from the log-sum-exps and their gradients.
    fn log_sum_exp_gradient_of_keys(
        queries: FloatTensor<Self>,
        keys: FloatTensor<Self>,
        log_sum_exp: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// `∂L/∂x` of the log-sum-exps in which every row is a query and a key of the other rows.
    fn log_sum_exp_of_others_gradient(
        x: FloatTensor<Self>,
        log_sum_exp: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        scale: f64,
    ) -> FloatTensor<Self>;

    /// `∂L/∂student`, from the log-sum-exps of student and teacher and the losses' gradients.
    fn soft_cross_entropy_gradient(
        inputs: [FloatTensor<Self>; 3],
        log_sum_exps: [FloatTensor<Self>; 2],
        gradient: FloatTensor<Self>,
        scales: [f64; 2],
    ) -> FloatTensor<Self>;

    /// `∂L/∂matrix`, from the energy's gradient.
    fn squared_energy_gradient(
        matrix: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        energy: Energy,
    ) -> FloatTensor<Self>;
}
