//! The device named by the environment variable `SEMPAIRS_DEVICE`.

use burn::tensor::Device;

/// The device: `flex` (the default), `wgpu`, `vulkan` or `cuda`, the last three with an optional
/// `:N` for the N-th GPU, as in the option `--device`.
///
/// # Panics
///
/// Panics for an unknown name, or if the feature of the backend is not compiled in.
pub fn named() -> Device {
    let name = name();
    let (backend, number) = match name.split_once(':') {
        Some((backend, number)) => (backend, Some(number.parse::<usize>())),
        None => (name.as_str(), None),
    };
    let number = number.transpose().unwrap_or_else(|_| panic!("SEMPAIRS_DEVICE={name}: no number"));
    match (backend, number) {
        ("flex", None) => Device::flex(),
        #[cfg(feature = "wgpu")]
        ("wgpu", number) => Device::wgpu(kind(number)),
        #[cfg(feature = "vulkan")]
        ("vulkan", number) => Device::vulkan(kind(number)),
        #[cfg(feature = "cuda")]
        ("cuda", number) => Device::cuda(number.unwrap_or(0)),
        _ => panic!("SEMPAIRS_DEVICE={name} is unknown or its feature is not compiled in"),
    }
}

/// The name of the backend without the number.
pub fn backend() -> String {
    let name = name();
    name.split(':').next().unwrap_or_default().to_owned()
}

fn name() -> String {
    std::env::var("SEMPAIRS_DEVICE").unwrap_or_else(|_| "flex".into())
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn kind(number: Option<usize>) -> burn::tensor::DeviceKind {
    use burn::tensor::DeviceKind;
    number.map_or(DeviceKind::DefaultDevice, DeviceKind::DiscreteGpu)
}
