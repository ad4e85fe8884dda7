//! The operations on CubeCL tensors.

use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::log_sum_exp::log_sum_exp;
use super::ops::{Energy, LossGradients, LossOps};
use super::similarity_gradient::{Anchors, gradient as similarity_gradient};
use super::{soft_cross_entropy, squared_energy};

impl LossOps for CubeBackend {
    fn fused_log_sum_exp(queries: CubeTensor, keys: CubeTensor, scale: f64) -> CubeTensor {
        log_sum_exp(into_contiguous(queries), into_contiguous(keys), scale, false)
    }

    fn fused_log_sum_exp_of_others(x: CubeTensor, scale: f64) -> CubeTensor {
        let x = into_contiguous(x);
        log_sum_exp(x.clone(), x, scale, true)
    }

    fn fused_soft_cross_entropy(
        student: CubeTensor,
        teacher: CubeTensor,
        centre: CubeTensor,
        scales: [f64; 2],
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let [student, teacher, centre] = [student, teacher, centre].map(into_contiguous);
        soft_cross_entropy::forward(student, teacher, centre, scales).into()
    }

    fn fused_squared_energy(matrix: CubeTensor, energy: Energy) -> CubeTensor {
        squared_energy::forward(into_contiguous(matrix), energy)
    }
}

impl LossGradients for CubeBackend {
    fn log_sum_exp_gradient_of_queries(
        queries: CubeTensor,
        keys: CubeTensor,
        log_sum_exp: CubeTensor,
        gradient: CubeTensor,
        scale: f64,
    ) -> CubeTensor {
        let anchors = (Anchors::Rows, log_sum_exp, into_contiguous(gradient));
        similarity_gradient(into_contiguous(queries), into_contiguous(keys), anchors, scale)
    }

    fn log_sum_exp_gradient_of_keys(
        queries: CubeTensor,
        keys: CubeTensor,
        log_sum_exp: CubeTensor,
        gradient: CubeTensor,
        scale: f64,
    ) -> CubeTensor {
        let anchors = (Anchors::Columns, log_sum_exp, into_contiguous(gradient));
        similarity_gradient(into_contiguous(keys), into_contiguous(queries), anchors, scale)
    }

    fn log_sum_exp_of_others_gradient(
        x: CubeTensor,
        log_sum_exp: CubeTensor,
        gradient: CubeTensor,
        scale: f64,
    ) -> CubeTensor {
        let x = into_contiguous(x);
        let anchors = (Anchors::Both, log_sum_exp, into_contiguous(gradient));
        similarity_gradient(x.clone(), x, anchors, scale)
    }

    fn soft_cross_entropy_gradient(
        inputs: [CubeTensor; 3],
        log_sum_exps: [CubeTensor; 2],
        gradient: CubeTensor,
        scales: [f64; 2],
    ) -> CubeTensor {
        let [student, teacher, centre] = inputs.map(into_contiguous);
        let gradient = into_contiguous(gradient);
        soft_cross_entropy::gradient(student, teacher, centre, log_sum_exps, gradient, scales)
    }

    fn squared_energy_gradient(
        matrix: CubeTensor,
        gradient: CubeTensor,
        energy: Energy,
    ) -> CubeTensor {
        squared_energy::gradient(into_contiguous(matrix), into_contiguous(gradient), energy)
    }
}
