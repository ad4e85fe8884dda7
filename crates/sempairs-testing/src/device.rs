/// The value of `SEMPAIRS_DEVICE`, or `default` if it is not set.
pub fn device_name(default: &str) -> String {
    std::env::var("SEMPAIRS_DEVICE").unwrap_or_else(|_| default.into())
}

/// The name of a device's backend: `cuda` for `cuda:1`.
pub fn backend_name(device: &str) -> &str {
    device.split(':').next().unwrap_or_default()
}

/// Opens a device by name: `flex`, `wgpu`, `vulkan` or `cuda`, the last three with an optional `:N`
/// for the N-th GPU, as in the option `--device`.
///
/// It is a macro because the features of the crate that calls it determine which names there are.
///
/// # Panics
///
/// Panics for an unknown name, or if the feature of the backend is not compiled in.
#[macro_export]
macro_rules! open_device {
    ($name:expr) => {{
        use $crate::burn::tensor::Device;
        let name: String = $name.into();
        let (backend, number) = match name.split_once(':') {
            Some((backend, number)) => (backend, Some(number.parse::<usize>())),
            None => (name.as_str(), None),
        };
        let number = number.transpose().unwrap_or_else(|_| panic!("device {name}: no number"));
        #[cfg(any(feature = "wgpu", feature = "vulkan"))]
        let kind = number.map_or(
            $crate::burn::tensor::DeviceKind::DefaultDevice,
            $crate::burn::tensor::DeviceKind::DiscreteGpu,
        );
        match (backend, number) {
            ("flex", None) => Device::flex(),
            #[cfg(feature = "wgpu")]
            ("wgpu", _) => Device::wgpu(kind),
            #[cfg(feature = "vulkan")]
            ("vulkan", _) => Device::vulkan(kind),
            #[cfg(feature = "cuda")]
            ("cuda", number) => Device::cuda(number.unwrap_or(0)),
            _ => panic!("the device {name} is unknown or its feature is not compiled in"),
        }
    }};
}

/// The device named by `SEMPAIRS_DEVICE`, which is `flex` if the variable is not set.
///
/// # Panics
///
/// As [`open_device!`].
#[macro_export]
macro_rules! device {
    () => {
        $crate::open_device!($crate::device_name("flex"))
    };
}

/// Name of the device for tests of GPU kernels: the one in `SEMPAIRS_DEVICE`, or else the default
/// GPU of a backend that is compiled in, so that no kernel is compared with itself.
#[macro_export]
macro_rules! gpu_name {
    () => {
        $crate::device_name(if cfg!(feature = "cuda") {
            "cuda"
        } else if cfg!(feature = "vulkan") {
            "vulkan"
        } else if cfg!(feature = "wgpu") {
            "wgpu"
        } else {
            "flex"
        })
    };
}

/// The device named by [`gpu_name!`].
///
/// # Panics
///
/// As [`open_device!`].
#[macro_export]
macro_rules! gpu {
    () => {
        $crate::open_device!($crate::gpu_name!())
    };
}
