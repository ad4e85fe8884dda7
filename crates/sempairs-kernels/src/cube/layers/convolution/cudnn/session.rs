//! The calls to cuDNN.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_void};
use std::mem::zeroed;
use std::ptr::{from_ref, null_mut};

use cudarc::cudnn::{result, sys};

use super::plan::{Algorithm, Candidate};
use super::problem::{Description, Layout, Pass};

/// Length of the lists that cuDNN fills: more than its algorithms for one pass, each with and
/// without tensor cores.
const ENTRIES: usize = 16;

/// Device addresses of the two inputs, in the order in which [`Pass`] names them, and of the
/// output.
pub(super) type Addresses = [u64; 3];

/// Workspace of an algorithm: its device address, 0 for none, and its size in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workspace {
    pub(super) address: u64,
    pub(super) bytes: usize,
}

impl Workspace {
    fn pointer(self) -> *mut c_void {
        self.address as *mut c_void
    }
}

/// A cuDNN handle of one device, with its descriptors.
///
/// Sessions live as long as the process: a handle must not be destroyed after its CUDA context, and
/// the thread of a device may outlive the context.
pub(super) struct Session {
    handle: sys::cudnnHandle_t,
    stream: sys::cudaStream_t,
    descriptors: HashMap<Description, Descriptors>,
}

impl Session {
    /// A session for the device whose context is current on this thread.
    ///
    /// # Errors
    ///
    /// cuDNN's message, for example if there is no working driver.
    ///
    /// # Safety
    ///
    /// The library is [`usable`](super::library::usable).
    pub(super) unsafe fn new() -> Result<Self, String> {
        let handle = with_message(result::create_handle())?;
        Ok(Self { handle, stream: null_mut(), descriptors: HashMap::new() })
    }

    /// Selects the stream of the following calls.
    ///
    /// # Safety
    ///
    /// The stream is alive and belongs to the device of this session.
    pub(super) unsafe fn set_stream(&mut self, stream: sys::cudaStream_t) -> Result<(), String> {
        if self.stream != stream {
            // SAFETY: by the contract of this function.
            with_message(unsafe { result::set_stream(self.handle, stream) })?;
            self.stream = stream;
        }
        Ok(())
    }

    fn descriptors(&mut self, description: &Description) -> Result<(), String> {
        if !self.descriptors.contains_key(description) {
            // SAFETY: a session exists, so the library is usable.
            let descriptors = unsafe { Descriptors::new(description) }?;
            self.descriptors.insert(*description, descriptors);
        }
        Ok(())
    }

    /// Algorithms for a convolution, the one that cuDNN expects to be fastest first.
    pub(super) fn rank(&mut self, description: &Description) -> Result<Vec<Candidate>, String> {
        self.descriptors(description)?;
        let (handle, Descriptors { x, filters, y, convolution }) =
            (self.handle, &self.descriptors[description]);
        let (x, filters, y, convolution) = (x.0, filters.0, y.0, convolution.0);
        // SAFETY: handle and descriptors are alive, and the lists have the length that is passed.
        unsafe {
            match description.pass {
                Pass::Forward => candidates(Algorithm::Forward, |room, number, list| {
                    sys::cudnnGetConvolutionForwardAlgorithm_v7(
                        handle,
                        x,
                        filters,
                        convolution,
                        y,
                        room,
                        number,
                        list,
                    )
                }),
                Pass::Input => candidates(Algorithm::Input, |room, number, list| {
                    sys::cudnnGetConvolutionBackwardDataAlgorithm_v7(
                        handle,
                        filters,
                        y,
                        convolution,
                        x,
                        room,
                        number,
                        list,
                    )
                }),
                Pass::Weight => candidates(Algorithm::Weight, |room, number, list| {
                    sys::cudnnGetConvolutionBackwardFilterAlgorithm_v7(
                        handle,
                        x,
                        y,
                        convolution,
                        filters,
                        room,
                        number,
                        list,
                    )
                }),
            }
        }
    }

    /// Algorithms for a convolution by measured time, the fastest first. Runs each of them and
    /// waits for the device.
    ///
    /// # Safety
    ///
    /// As for [`run`](Self::run).
    pub(super) unsafe fn measure(
        &mut self,
        description: &Description,
        [a, b, out]: Addresses,
        workspace: Workspace,
    ) -> Result<Vec<Candidate>, String> {
        self.descriptors(description)?;
        let (handle, Descriptors { x, filters, y, convolution }) =
            (self.handle, &self.descriptors[description]);
        let (x, filters, y, convolution) = (x.0, filters.0, y.0, convolution.0);
        let [a, b] = [a, b].map(|address| address as *const c_void);
        let (out, space, bytes) = (out as *mut c_void, workspace.pointer(), workspace.bytes);
        // SAFETY: as in `rank`; the addresses are valid by the contract of this function.
        unsafe {
            match description.pass {
                Pass::Forward => candidates(Algorithm::Forward, |room, number, list| {
                    sys::cudnnFindConvolutionForwardAlgorithmEx(
                        handle,
                        x,
                        a,
                        filters,
                        b,
                        convolution,
                        y,
                        out,
                        room,
                        number,
                        list,
                        space,
                        bytes,
                    )
                }),
                Pass::Input => candidates(Algorithm::Input, |room, number, list| {
                    sys::cudnnFindConvolutionBackwardDataAlgorithmEx(
                        handle,
                        filters,
                        a,
                        y,
                        b,
                        convolution,
                        x,
                        out,
                        room,
                        number,
                        list,
                        space,
                        bytes,
                    )
                }),
                Pass::Weight => candidates(Algorithm::Weight, |room, number, list| {
                    sys::cudnnFindConvolutionBackwardFilterAlgorithmEx(
                        handle,
                        x,
                        a,
                        y,
                        b,
                        convolution,
                        filters,
                        out,
                        room,
                        number,
                        list,
                        space,
                        bytes,
                    )
                }),
            }
        }
    }

    /// Enqueues a convolution.
    ///
    /// # Safety
    ///
    /// The addresses are those of tensors as in `description` and of a workspace of the given size,
    /// on the device of this session, and remain valid until the stream has finished the work.
    pub(super) unsafe fn run(
        &mut self,
        description: &Description,
        algorithm: Algorithm,
        [a, b, out]: Addresses,
        workspace: Workspace,
    ) -> Result<(), String> {
        self.descriptors(description)?;
        let (handle, Descriptors { x, filters, y, convolution }) =
            (self.handle, &self.descriptors[description]);
        let (x, filters, y, convolution) = (x.0, filters.0, y.0, convolution.0);
        let [a, b] = [a, b].map(|address| address as *const c_void);
        let (out, space, bytes) = (out as *mut c_void, workspace.pointer(), workspace.bytes);
        // With 32-bit accumulators the scale factors are 32-bit, whatever the type of the tensors.
        let (one, zero) = (1.0_f32, 0.0_f32);
        let (one, zero) = (from_ref(&one).cast(), from_ref(&zero).cast());
        // SAFETY: as in `rank`; the addresses are valid by the contract of this function.
        with_message(unsafe {
            match algorithm {
                Algorithm::Forward(algorithm) => result::convolution_forward(
                    handle,
                    one,
                    x,
                    a,
                    filters,
                    b,
                    convolution,
                    algorithm,
                    space,
                    bytes,
                    zero,
                    y,
                    out,
                ),
                Algorithm::Input(algorithm) => result::convolution_backward_data(
                    handle,
                    one,
                    filters,
                    a,
                    y,
                    b,
                    convolution,
                    algorithm,
                    space,
                    bytes,
                    zero,
                    x,
                    out,
                ),
                Algorithm::Weight(algorithm) => result::convolution_backward_filter(
                    handle,
                    one,
                    x,
                    a,
                    y,
                    b,
                    convolution,
                    algorithm,
                    space,
                    bytes,
                    zero,
                    filters,
                    out,
                ),
            }
        })
    }
}

/// An entry of one of cuDNN's lists of algorithms, which differ only in the algorithm type.
trait Entry {
    type Algorithm;
    fn candidate(&self, of: fn(Self::Algorithm) -> Algorithm) -> Candidate;
}

macro_rules! entry {
    ($($entry:ident of $algorithm:ident),*) => {$(
        impl Entry for sys::$entry {
            type Algorithm = sys::$algorithm;

            fn candidate(&self, of: fn(Self::Algorithm) -> Algorithm) -> Candidate {
                Candidate {
                    algorithm: of(self.algo),
                    works: self.status == sys::cudnnStatus_t::CUDNN_STATUS_SUCCESS,
                    deterministic: self.determinism == sys::cudnnDeterminism_t::CUDNN_DETERMINISTIC,
                    workspace: self.memory,
                    math: self.mathType,
                }
            }
        }
    )*};
}

entry!(
    cudnnConvolutionFwdAlgoPerf_t of cudnnConvolutionFwdAlgo_t,
    cudnnConvolutionBwdDataAlgoPerf_t of cudnnConvolutionBwdDataAlgo_t,
    cudnnConvolutionBwdFilterAlgoPerf_t of cudnnConvolutionBwdFilterAlgo_t
);

/// The candidates of a list that cuDNN fills. `fill` gets the length of the list, a pointer to the
/// number of entries, and the list.
fn candidates<E: Entry>(
    of: fn(E::Algorithm) -> Algorithm,
    fill: impl FnOnce(i32, *mut i32, *mut E) -> sys::cudnnStatus_t,
) -> Result<Vec<Candidate>, String> {
    let mut number = 0;
    // SAFETY: zero is a valid value of every field, including the enumerations.
    let mut list: [E; ENTRIES] = unsafe { zeroed() };
    with_message(fill(ENTRIES as i32, &mut number, list.as_mut_ptr()).result())?;
    Ok(list.iter().take(number.max(0) as usize).map(|entry| entry.candidate(of)).collect())
}

/// The descriptors of a convolution; they live as long as their session.
#[derive(Debug)]
struct Descriptors {
    x: Tensor,
    filters: Filters,
    y: Tensor,
    convolution: Convolution,
}

impl Descriptors {
    /// Creates the descriptors, which needs no device.
    ///
    /// # Safety
    ///
    /// The library is [`usable`](super::library::usable).
    unsafe fn new(description: &Description) -> Result<Self, String> {
        let convolution = Convolution(with_message(result::create_convolution_descriptor())?);
        // SAFETY: the descriptor was just created.
        unsafe {
            with_message(result::set_convolution2d_descriptor(
                convolution.0,
                description.padding[0],
                description.padding[1],
                description.stride[0],
                description.stride[1],
                description.dilation[0],
                description.dilation[1],
                sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION,
                description.compute,
            ))?;
            with_message(result::set_convolution_math_type(convolution.0, description.math))?;
        }
        Ok(Self {
            x: Tensor::new(&description.x)?,
            filters: Filters::new(&description.filters)?,
            y: Tensor::new(&description.y)?,
            convolution,
        })
    }
}

/// Owners of descriptors, which destroy them when dropped.
macro_rules! descriptor {
    ($($name:ident($kind:ident) freed by $free:ident),*) => {$(
        #[derive(Debug)]
        struct $name(sys::$kind);

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: the descriptor exists and is not used again. If destroying it fails, its
                // host memory is leaked.
                let _ = unsafe { result::$free(self.0) };
            }
        }
    )*};
}

descriptor!(
    Tensor(cudnnTensorDescriptor_t) freed by destroy_tensor_descriptor,
    Filters(cudnnFilterDescriptor_t) freed by destroy_filter_descriptor,
    Convolution(cudnnConvolutionDescriptor_t) freed by destroy_convolution_descriptor
);

impl Tensor {
    fn new(layout: &Layout) -> Result<Self, String> {
        let tensor = Self(with_message(result::create_tensor_descriptor())?);
        let Layout { dtype, format, dims } = *layout;
        // SAFETY: the descriptor was just created.
        with_message(unsafe { result::set_tensor4d_descriptor(tensor.0, format, dtype, dims) })?;
        Ok(tensor)
    }
}

impl Filters {
    fn new(layout: &Layout) -> Result<Self, String> {
        let filters = Self(with_message(result::create_filter_descriptor())?);
        let Layout { dtype, format, dims } = *layout;
        // SAFETY: the descriptor was just created.
        with_message(unsafe { result::set_filter4d_descriptor(filters.0, dtype, format, dims) })?;
        Ok(filters)
    }
}

/// Converts an error to a message that includes cuDNN's last error string.
fn with_message<T>(result: Result<T, result::CudnnError>) -> Result<T, String> {
    result.map_err(|error| {
        let mut text = [0 as c_char; 256];
        // SAFETY: a call failed, so the library is loaded; the function writes at most the given
        // length and a terminating zero.
        let text = unsafe {
            sys::cudnnGetLastErrorString(text.as_mut_ptr(), text.len());
            CStr::from_ptr(text.as_ptr())
        };
        format!("{error:?}: {}", text.to_string_lossy())
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::cube::layers::convolution::cudnn::library;
    use crate::cube::layers::convolution::cudnn::problem::Problem;

    /// Input, filters, stride and padding of the kinds of convolutions in a ResNet-50 for images of
    /// 64 pixels.
    const CONVOLUTIONS: [([usize; 4], [usize; 4], usize, usize); 6] = [
        ([512, 3, 64, 64], [64, 3, 3, 3], 1, 1),
        ([512, 3, 64, 64], [64, 3, 7, 7], 2, 3),
        ([512, 64, 16, 16], [64, 64, 3, 3], 1, 1),
        ([512, 256, 16, 16], [128, 256, 1, 1], 1, 0),
        ([512, 128, 16, 16], [128, 128, 3, 3], 2, 1),
        ([512, 1024, 4, 4], [2048, 1024, 1, 1], 2, 0),
    ];

    #[test]
    #[ignore = "needs cuDNN, though no device; scripts/cudnn-check.sh runs it"]
    fn the_installed_library_returns_descriptors_unchanged() {
        library::usable().unwrap();
        // SAFETY: the library is usable.
        sempairs_internal::note!("cuDNN {}", unsafe { sys::cudnnGetVersion() });
        for dtype in [DType::F32, DType::BF16] {
            for pass in [Pass::Forward, Pass::Input, Pass::Weight] {
                for (x, filters, stride, padding) in CONVOLUTIONS {
                    let (stride, padding) = ([stride; 2], [padding; 2]);
                    let problem = Problem::new(pass, dtype, x, filters, stride, padding).unwrap();
                    let description = problem.description();
                    // SAFETY: the library is usable.
                    let descriptors = unsafe { Descriptors::new(&description) }.unwrap();
                    check(&description, &descriptors);
                }
            }
        }
    }

    fn check(description: &Description, Descriptors { x, filters, y, convolution }: &Descriptors) {
        for (layout, tensor) in [(&description.x, x), (&description.y, y)] {
            let [_, channels, height, width] = layout.dims;
            let (dtype, dims, strides) = tensor_of(tensor);
            assert_eq!((dtype, dims), (layout.dtype, layout.dims));
            assert_eq!(strides, [height * width * channels, 1, width * channels, channels]);
        }
        let mut dims = [0; 4];
        let [a, b, c, d] = dims.each_mut();
        let (mut dtype, mut format) =
            (sys::cudnnDataType_t::CUDNN_DATA_INT8, sys::cudnnTensorFormat_t::CUDNN_TENSOR_NCHW);
        // SAFETY: the descriptor is alive, and the other arguments are valid output pointers.
        unsafe { sys::cudnnGetFilter4dDescriptor(filters.0, &mut dtype, &mut format, a, b, c, d) }
            .result()
            .unwrap();
        assert_eq!(Layout { dtype, format, dims }, description.filters);

        let (mut padding, mut stride, mut dilation) = ([0; 2], [0; 2], [0; 2]);
        let ([a, b], [c, d], [e, f]) = (padding.each_mut(), stride.each_mut(), dilation.each_mut());
        let mut mode = sys::cudnnConvolutionMode_t::CUDNN_CONVOLUTION;
        let mut math = sys::cudnnMathType_t::CUDNN_FMA_MATH;
        // SAFETY: as above.
        unsafe {
            let convolution = convolution.0;
            sys::cudnnGetConvolution2dDescriptor(
                convolution,
                a,
                b,
                c,
                d,
                e,
                f,
                &mut mode,
                &mut dtype,
            )
            .result()
            .unwrap();
            sys::cudnnGetConvolutionMathType(convolution, &mut math).result().unwrap();
        }
        assert_eq!(mode, sys::cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION);
        assert_eq!(
            (padding, stride, dilation, dtype, math),
            (
                description.padding,
                description.stride,
                description.dilation,
                description.compute,
                description.math
            )
        );

        let mut output = [0; 4];
        let [a, b, c, d] = output.each_mut();
        // SAFETY: as above.
        unsafe {
            sys::cudnnGetConvolution2dForwardOutputDim(convolution.0, x.0, filters.0, a, b, c, d)
        }
        .result()
        .unwrap();
        assert_eq!(output, description.y.dims);
    }

    fn tensor_of(tensor: &Tensor) -> (sys::cudnnDataType_t, [i32; 4], [i32; 4]) {
        let (mut dims, mut strides) = ([0; 4], [0; 4]);
        let ([a, b, c, d], [e, f, g, h]) = (dims.each_mut(), strides.each_mut());
        let mut dtype = sys::cudnnDataType_t::CUDNN_DATA_INT8;
        // SAFETY: the descriptor is alive, and the other arguments are valid output pointers.
        unsafe { sys::cudnnGetTensor4dDescriptor(tensor.0, &mut dtype, a, b, c, d, e, f, g, h) }
            .result()
            .unwrap();
        (dtype, dims, strides)
    }

    #[test]
    #[ignore = "needs cuDNN, though no device; scripts/cudnn-check.sh runs it"]
    fn the_installed_library_reports_errors_with_a_message() {
        library::usable().unwrap();
        let description =
            Problem::new(Pass::Forward, DType::F32, [1, 2, 3, 4], [1, 2, 3, 3], [1, 1], [0, 0])
                .unwrap()
                .description();
        let x = Layout { dims: [1, -2, 3, 4], ..description.x };
        // SAFETY: the library is usable.
        let refused = unsafe { Descriptors::new(&Description { x, ..description }) }.unwrap_err();
        assert!(refused.starts_with("CudnnError(CUDNN_STATUS_BAD_PARAM"), "{refused}");
        // Without a device no session can be created, and the error has a message.
        // SAFETY: the library is usable.
        match unsafe { Session::new() } {
            Ok(_) => sempairs_internal::note!("there is a device"),
            Err(reason) => {
                sempairs_internal::note!("without a device: {reason}");
                assert!(reason.starts_with("CudnnError("), "{reason}");
            }
        }
    }
}
