//! Test that compiles every kernel to PTX for compute capability 8.0, without a GPU.
//!
//! The PTX is written to the folder that `SEMPAIRS_PTX` names, for `ptxas`; see scripts/ptx.sh.

use std::ffi::CStr;
use std::sync::Arc;

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::Compiler;
use burn_cubecl::cubecl::cuda::compiler::CudaBackend;
use burn_cubecl::cubecl::cuda::{CudaCompilationOptions, CudaCompiler, CudaRepresentation};
use burn_cubecl::cubecl::features::Features;
use burn_cubecl::cubecl::ir::nvidia::SmArch;
use burn_cubecl::cubecl::ir::{DeviceIdentity, HardwareProperties, MemoryDeviceProperties};
use burn_cubecl::cubecl::prelude::*;

use super::launch::elem_type;
use super::layers::convolution::{filters, unroll};
use super::layers::windows::WindowsCompilationArg;
use super::layers::{batch_norm, pooling};
use super::matmul_tile::{SIDE, UNITS};
use super::tokens::rows::Lanes;
use super::tokens::{gelu, heads, layer_norm, softmax};
use super::views::{resample, run};
use super::{
    adamw, average, log_sum_exp, running, sgd, similarity_gradient, soft_cross_entropy,
    squared_energy,
};

/// Properties of an A100 as the CUDA runtime reports them.
fn properties() -> Arc<DeviceProperties> {
    let hardware = HardwareProperties {
        load_width: 128,
        vector_register_count: None,
        plane_size_min: 32,
        plane_size_max: 32,
        max_bindings: 1024,
        max_shared_memory_size: 163 * 1024,
        max_cube_count: (i32::MAX as u32, 65_535, 65_535),
        max_units_per_cube: 1024,
        max_cube_dim: (1024, 1024, 64),
        num_streaming_multiprocessors: Some(108),
        num_tensor_cores: Some(4),
        min_tensor_cores_dim: Some(8),
        num_cpu_cores: None,
        last_level_cache_size: None,
        max_vector_size: VectorSize::MAX,
        cube_mma_reserved_shared_memory: 0,
    };
    Arc::new(DeviceProperties::new(
        Features::default(),
        MemoryDeviceProperties::new(u64::MAX, 256),
        hardware,
        cubecl::profile::TimingMethod::Device,
        DeviceIdentity { name: "A100".into(), fingerprint: "A100".into(), physical: None },
    ))
}

fn settings(cube_dim: CubeDim) -> KernelSettings {
    KernelSettings::new(cube_dim.into(), ExecutionMode::Unchecked, AddressType::U32)
}

fn buffer() -> BufferCompilationArg {
    BufferCompilationArg { inplace: None }
}

fn list<C: LaunchArg<CompilationArg = BufferCompilationArg>>() -> SequenceCompilationArg<C> {
    (0..32).map(|_| buffer()).collect()
}

/// The PTX of a kernel, compiled through LLVM as on a GPU.
fn ptx(kernel: KernelDefinition) -> String {
    let options =
        CudaCompilationOptions { arch: Some(SmArch::new(80, false)), ..Default::default() };
    match CudaCompiler::new(CudaBackend::Llvm).compile(kernel, &options).expect("a kernel compiles")
    {
        // SAFETY: the text is zero-terminated.
        CudaRepresentation::Llvm(module) => {
            unsafe { CStr::from_ptr(module.ptx.as_ptr()) }.to_str().expect("PTX is ASCII").into()
        }
        CudaRepresentation::Cpp(_) => unreachable!("LLVM was asked for"),
    }
}

/// Defines a kernel from its name, function, cube dimensions, arguments (`b` for a buffer, `s` for
/// a scalar) and comptime arguments.
macro_rules! kernel {
    ($name:expr, $kernel:path, $dim:expr, [$($arg:tt)*] $(, $comptime:expr)*) => {
        ($name, <$kernel>::new(
            settings($dim),
            properties(),
            Arc::default(),
            $(kernel!(@ $arg),)*
            $($comptime),*
        ).define())
    };
    (@ b) => { buffer() };
    (@ l) => { list() };
    (@ s) => { () };
    (@ w) => { WindowsCompilationArg {
        first: (), pictures: (), height: (), width: (), rows: (), columns: (),
        stride_y: (), stride_x: (), padding_y: (), padding_x: (),
    } };
}

/// The kernels of the layers of a ResNet, with loads of `vector` values.
fn layers_of(dtype: ElemType, vector: usize) -> Vec<(&'static str, KernelDefinition)> {
    // Eight vectors per row, as for 64 channels of 16 bits.
    let width = 8;
    let block = CubeDim::new_2d(width as u32, (UNITS / width) as u32);
    let line = CubeDim::new_1d(UNITS as u32);
    let mut kernels = vec![
        kernel!(
            "batch_norm_moments", batch_norm::forward::moments_of_chunk::MomentsOfChunk,
            block, [b b b s s s], vector, width, dtype
        ),
        kernel!(
            "average_pool", pooling::average_pool::AveragePool,
            line, [b b s s s s], vector, dtype
        ),
        kernel!(
            "average_pool_gradient", pooling::average_pool_gradient::AveragePoolGradient,
            line, [b b s s s s], vector, dtype
        ),
        kernel!(
            "spread_rows", unroll::spread_rows::SpreadRows, line, [b b w s], vector, dtype
        ),
    ];
    for (name, scattered) in [("unroll", false), ("unroll_gradient", true)] {
        kernels.push(kernel!(
            name, unroll::unroll_windows::UnrollWindows,
            line, [b b w s s], vector, 3, 3, scattered, dtype
        ));
    }
    for (name, add, with_relu) in [
        ("batch_norm", false, false),
        ("batch_norm_relu", false, true),
        ("batch_norm_add_relu", true, true),
    ] {
        kernels.push(kernel!(
            name, batch_norm::forward::normalise::Normalise,
            block, [b b b b b b b s s s s], vector, width, add, with_relu, dtype
        ));
    }
    for (name, with_relu, keep) in [
        ("batch_norm_gradient_sums", false, false),
        ("batch_norm_relu_gradient_sums", true, false),
        ("batch_norm_add_relu_gradient_sums", true, true),
    ] {
        kernels.push(kernel!(
            name, batch_norm::gradient::gradient_sums_of_chunk::GradientSumsOfChunk,
            block, [b b b b b b b b s s s s], vector, width, with_relu, keep, dtype
        ));
    }
    for (name, with_relu) in [("batch_norm_gradient", false), ("batch_norm_relu_gradient", true)] {
        kernels.push(kernel!(
            name, batch_norm::gradient::gradient_of_input::GradientOfInput,
            block, [b b b b b b b b b s s s s s], vector, width, with_relu, dtype
        ));
    }
    kernels
}

/// The kernels of a vision transformer, for rows of 384 values and of 200 tokens.
fn tokens_of(dtype: ElemType) -> Vec<(&'static str, KernelDefinition)> {
    let line = CubeDim::new_1d(UNITS as u32);
    let [row, logits] = [384, 200].map(Lanes::of);
    vec![
        kernel!(
            "layer_norm", layer_norm::layer_norm_of_rows::LayerNormOfRows,
            line, [b b b b s s s], row.number, row.own, dtype
        ),
        kernel!(
            "layer_norm_gradient", layer_norm::layer_norm_gradient_of_rows::LayerNormGradientOfRows,
            line, [b b b b b s s s], row.number, row.own, dtype
        ),
        kernel!("gelu", gelu::gelu_of_values::GeluOfValues, line, [b b s], dtype),
        kernel!(
            "gelu_gradient", gelu::gelu_gradient_of_values::GeluGradientOfValues,
            line, [b b b s], dtype
        ),
        kernel!("split_three", heads::split_three::SplitThree, line, [b b b b s s s s s], dtype),
        kernel!("split_one", heads::split_one::SplitOne, line, [b b s s s s s], dtype),
        kernel!("join_three", heads::join_three::JoinThree, line, [b b b b s s s s s], dtype),
        kernel!("join_one", heads::join_one::JoinOne, line, [b b s s s s s], dtype),
        kernel!(
            "softmax", softmax::softmax_of_rows::SoftmaxOfRows,
            line, [b b s s s s], logits.number, logits.own, dtype
        ),
        kernel!(
            "softmax_gradient", softmax::softmax_gradient_of_rows::SoftmaxGradientOfRows,
            line, [b b b b s s s s], logits.number, logits.own, dtype
        ),
    ]
}

#[test]
fn every_kernel_compiles_for_compute_capability_8_0() {
    let square = CubeDim::new_2d(SIDE as u32, SIDE as u32);
    let line = CubeDim::new_1d(UNITS as u32);
    let mut kernels = vec![
        kernel!("join_chunks", log_sum_exp::join_chunks::JoinChunks, line, [b b s s]),
        kernel!("add_parts", squared_energy::add_parts::AddParts, line, [b b s]),
        kernel!("average", average::average_of_group::AverageOfGroup, line, [l l b s s], 64),
        kernel!(
            "shrink_columns",
            resample::shrink_columns::ShrinkColumns,
            line,
            [b b b s s]
        ),
        kernel!("views", run::views_of_batch::ViewsOfBatch, line, [b b b b b s s]),
    ];
    for of_decayed in [false, true] {
        let name = if of_decayed { "squares_of_decayed" } else { "squares" };
        kernels.push(kernel!(
            name, sgd::squares_of_group::SquaresOfGroup, line, [l l b s], of_decayed
        ));
    }
    for (name, ratio, nesterov, inside) in [
        ("step_sgd", sgd::NONE, false, false),
        ("step_nesterov", sgd::NONE, true, false),
        ("step_lars_google", sgd::OF_DECAYED, false, true),
        ("step_lars_fair", sgd::OF_DECAYED, false, false),
        ("step_lars_lightly", sgd::OF_PARTS, false, false),
        ("step_lars_clipped", sgd::LIMITED, false, false),
    ] {
        kernels.push(kernel!(
            name, sgd::step_of_group::StepOfGroup, line, [l l l b b b s s s s],
            ratio, nesterov, inside, 64
        ));
    }
    kernels.extend([
        kernel!(
            "batch_norm_join_gradient_sums",
            batch_norm::gradient::join_gradient_sums::JoinGradientSums,
            line, [b b b b s s]
        ),
        kernel!(
            "running_statistics", running::move_statistics::MoveStatistics,
            line, [b b b b b b s s s s]
        ),
    ]);
    kernels.extend([
        kernel!(
            "adamw", adamw::adamw_of_group::AdamwOfGroup,
            line, [l l l l b b b s s s s s s s], 64
        ),
        kernel!("layer_norm_add_groups", layer_norm::add_groups::AddGroups, line, [b b b s s]),
    ]);
    for add in [false, true] {
        let name = if add { "convolution_add_parts" } else { "convolution_join_parts" };
        kernels.push(kernel!(
            name, filters::join_parts::JoinParts, line, [b b b s s s s s], add
        ));
    }
    let mut texts: Vec<_> =
        kernels.into_iter().map(|(name, kernel)| (name.to_string(), ptx(kernel))).collect();

    for (dtype, suffix) in [
        (elem_type(DType::F32), "f32"),
        (elem_type(DType::F16), "f16"),
        (elem_type(DType::BF16), "bf16"),
    ] {
        let (mut kernels, mut gradients) = (Vec::new(), Vec::new());
        kernels.extend([
            kernel!(
                "soft_cross_entropy", soft_cross_entropy::cross_entropy_of_row::CrossEntropyOfRow,
                line, [b b b b b b s s s s], dtype
            ),
            kernel!(
                "soft_cross_entropy_gradient",
                soft_cross_entropy::gradient_of_logits::GradientOfLogits,
                line, [b b b b b b b s s s s], dtype
            ),
            kernel!(
                "energy", squared_energy::energy_of_rows::EnergyOfRows,
                line, [b b s s s s], dtype
            ),
            kernel!(
                "energy_gradient", squared_energy::gradient_of_matrix::GradientOfMatrix,
                line, [b b b s s s s], dtype
            ),
            kernel!(
                "add_chunks", similarity_gradient::add_chunks::AddChunks,
                line, [b b s s], dtype
            ),
        ]);
        for others in [false, true] {
            let name = if others { "log_sum_exp_of_others" } else { "log_sum_exp" };
            kernels.push(kernel!(
                name, log_sum_exp::log_sum_exp_of_chunk::LogSumExpOfChunk,
                square, [b b b s s s s s], others, dtype
            ));
        }
        for (of, rows, columns) in
            [("queries", true, false), ("keys", false, true), ("others", true, true)]
        {
            // Up to 64 values of a row for each slice.
            for slices in 1..=4 {
                gradients.push(kernel!(
                    format!("gradient_of_{of}_{}", 64 * slices),
                    similarity_gradient::gradient_of_chunk::GradientOfChunk,
                    square, [b b b b b s s s s s], rows, columns, rows && columns, slices, dtype
                ));
            }
        }
        // Vectors of 16 bytes, as the layers of a ResNet load them.
        let vector = 16 / dtype.size();
        let mut layers = layers_of(dtype, vector);
        layers.extend([
            kernel!(
                "batch_norm_join_moments", batch_norm::forward::join_moments::JoinMoments,
                line, [b b b b b s s s], dtype
            ),
            kernel!(
                "max_pool", pooling::max_pool::MaxPool,
                line, [b b w s], 3, 3, dtype
            ),
            kernel!(
                "max_pool_gradient", pooling::max_pool_gradient::MaxPoolGradient,
                line, [b b b b w s], 3, 3, dtype
            ),
        ]);
        for outputs in [false, true] {
            let name = if outputs { "filters_for_gradient" } else { "filters" };
            layers.push(kernel!(
                name, filters::arrange_filters::ArrangeFilters, line, [b b s s s s], outputs, dtype
            ));
        }
        let kernels = kernels.into_iter().chain(layers).chain(tokens_of(dtype));
        let kernels = kernels.map(|(name, kernel)| (name.to_string(), kernel));
        texts.extend(
            kernels
                .chain(gradients)
                .map(|(name, kernel)| (format!("{name}_{suffix}"), ptx(kernel))),
        );
    }

    for (name, text) in &texts {
        assert!(text.contains(".target sm_80"), "{name}: {text}");
        if let Some(folder) = std::env::var_os("SEMPAIRS_PTX") {
            std::fs::create_dir_all(&folder).expect("a folder for PTX");
            let path = std::path::Path::new(&folder).join(format!("{name}.ptx"));
            std::fs::write(path, text).expect("a file of PTX");
        }
    }
}
