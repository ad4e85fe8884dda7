//! Convolution by cubek's implicit GEMM, which computes the entries of the im2col matrix on the fly
//! instead of storing it.
//!
//! The algorithm is fixed (synchronous cyclic loads, matrix instructions through CMMA) and the tile
//! sizes follow from the shapes, so that a result does not depend on timing. Accumulators have 32
//! bits for f32, f16 and bf16; factors of f32 are rounded to TF32. The weight gradient is one
//! product without split-K and is returned in 32 bits.
//!
//! Every function returns `None` if cubek refuses the convolution, for example on a device without
//! matrix instructions for the type; the caller then uses another path.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn::tensor::DType;
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::ops::permute_nchw_to_nhwc;
use burn_cubecl::tensor::CubeTensor;
use cubek::convolution::components::ConvSetupError;
use cubek::convolution::{
    AcceleratedTileKind, ConvAlgorithm, ConvolutionArgs, ConvolutionInputs, Strategy, launch_ref,
};
use cubek::matmul::definition::{MatmulElems, MatmulGlobalElems};
use cubek::std::InputBinding;
use sempairs_internal::note;

use super::super::super::launch::{elem_type, empty};
use super::super::layout::{channels_last, maps};
use super::shape::Convolution;

/// Output in the type of `x`, channels innermost.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`; `weight`: `[c_out, c_in, k_h, k_w]` in 32 bits
/// - output: `[n, c_out, h', w']`
pub(super) fn forward(
    x: &CubeTensor,
    weight: &CubeTensor,
    convolution: &Convolution,
) -> Option<CubeTensor> {
    let &Convolution { pictures, c_out, output: [h, w], .. } = convolution;
    let dtype = x.dtype;
    let x = channels_last(x.clone());
    let weight = into_contiguous(permute_nchw_to_nhwc(cast(weight.clone(), dtype)));
    let y = empty(&x, [pictures, h, w, c_out], dtype);
    let inputs = ConvolutionInputs::Forward {
        input: input(&x),
        weight: input(&weight),
        bias: None,
        out: y.clone().binding(),
    };
    launch(inputs, [&x, &weight, &y], convolution).then(|| maps(y))
}

/// `∂L/∂weight` in 32 bits.
///
/// # Shapes
/// - `x`: `[n, c_in, h, w]`; `gradient`: `[n, c_out, h', w']` of the same type
/// - output: `[c_out, c_in, k_h, k_w]`
pub(super) fn weight_gradient(
    x: &CubeTensor,
    gradient: &CubeTensor,
    convolution: &Convolution,
) -> Option<CubeTensor> {
    let &Convolution { c_in, c_out, kernel: [k_h, k_w], .. } = convolution;
    let (x, gradient) = (channels_last(x.clone()), channels_last(gradient.clone()));
    let dw = empty(&x, [c_out, k_h, k_w, c_in], DType::F32);
    let inputs = ConvolutionInputs::BackwardWeight {
        input: input(&x),
        out_grad: input(&gradient),
        weight_grad: dw.clone().binding(),
    };
    launch(inputs, [&x, &gradient, &dw], convolution).then(|| maps(dw))
}

fn input(tensor: &CubeTensor) -> InputBinding {
    InputBinding::new(tensor.clone().binding(), elem_type(tensor.dtype))
}

/// Launches a convolution of `[lhs, rhs, out]` with 32-bit accumulators; `false` if cubek refuses.
fn launch(inputs: ConvolutionInputs, tensors: [&CubeTensor; 3], convolution: &Convolution) -> bool {
    let [lhs, rhs, out] = tensors.map(|tensor| elem_type(tensor.dtype));
    let strategy = Strategy::Inferred {
        algorithm: ConvAlgorithm::SimpleSyncCyclic,
        tile_kind: AcceleratedTileKind::Cmma,
    };
    let &Convolution { stride, padding, .. } = convolution;
    let arguments = ConvolutionArgs { stride, padding, dilation: [1, 1] };
    // The accumulators of 16-bit outputs have 32 bits.
    let dtypes = MatmulElems::from_globals(&MatmulGlobalElems { lhs, rhs, out });
    match launch_ref::<2>(&strategy, &tensors[2].client, inputs, arguments, dtypes) {
        Ok(()) => true,
        Err(refusal) => {
            log_once(&refusal);
            false
        }
    }
}

/// Logs a reason the first time it occurs.
fn log_once(refusal: &ConvSetupError) {
    static LOGGED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let reason = format!("{refusal:?}").trim_end().to_string();
    if LOGGED.lock().unwrap_or_else(PoisonError::into_inner).insert(reason.clone()) {
        note!("a convolution is computed without implicit GEMM: {reason}");
    }
}

/// Runs only with `SEMPAIRS_DEVICE=wgpu`.
#[cfg(all(test, feature = "wgpu"))]
mod tests {
    use burn::tensor::{Device, DeviceKind, Tensor};

    use super::super::super::super::lists::primitive;
    use super::super::gemm;
    use super::*;

    /// With matrix instructions the result equals that of `gemm`; without them cubek refuses.
    #[test]
    fn on_wgpu_implicit_gemm_equals_gemm_or_is_refused() {
        let device = Device::wgpu(DeviceKind::DefaultDevice);
        let tensor = |shape: [usize; 4]| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|i| (i * 7 % 11) as f32 / 8.0 - 0.5).collect();
            let x = primitive(&Tensor::<1>::from_floats(values.as_slice(), &device));
            let (client, device, dtype) = (x.client.clone(), x.device.clone(), x.dtype);
            CubeTensor::new_contiguous(client, device, shape.into(), x.handle, dtype)
        };
        let (x, weight) = (tensor([2, 16, 9, 7]), tensor([24, 16, 3, 3]));
        let convolution = Convolution::new([2, 16, 9, 7], [24, 16, 3, 3], [2, 2], [1, 1]);
        let gradient = tensor([2, 24, 5, 4]);
        let pairs = [
            (
                forward(&x, &weight, &convolution),
                gemm::forward(x.clone(), weight.clone(), &convolution),
            ),
            (
                weight_gradient(&x, &gradient, &convolution),
                gemm::weight_gradient(x, gradient, &convolution),
            ),
        ];
        for (implicit, gemm) in pairs {
            let Some(implicit) = implicit else { continue };
            let floats = |tensor: CubeTensor| {
                let tensor = super::super::super::super::lists::float_tensor::<4>(tensor);
                tensor.into_data().try_to_vec::<f32>().unwrap()
            };
            for (implicit, gemm) in floats(implicit).into_iter().zip(floats(gemm)) {
                assert!((implicit - gemm).abs() < 2e-2 * gemm.abs().max(1.0), "{implicit} {gemm}");
            }
        }
    }
}
