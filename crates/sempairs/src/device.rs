//! From a name to a device.

use burn::tensor::Device;

use crate::Error;

/// The environment variable that names the device where no flag does.
pub const VARIABLE: &str = "SEMPAIRS_DEVICE";

/// The backends, each with the feature that compiles it in.
pub const BACKENDS: [(&str, bool, &str); 4] = [
    ("flex", cfg!(feature = "flex"), "pure Rust on the CPU"),
    ("wgpu", cfg!(feature = "wgpu"), "any GPU, through WebGPU"),
    ("vulkan", cfg!(feature = "vulkan"), "any GPU with Vulkan, compiled to SPIR-V"),
    ("cuda", cfg!(feature = "cuda"), "NVIDIA GPUs"),
];

/// The device of a name: `flex`, `wgpu`, `vulkan` or `cuda`, the last three with an optional `:N` for the
/// N-th GPU.
///
/// # Errors
///
/// [`Error::Device`] for an unknown name, with the nearest right one; for one that was not compiled in,
/// with the feature it needs; for a number that is none; for a GPU that is not there or does not compute.
pub fn open(name: &str) -> Result<Device, Error> {
    let (backend, number) = match name.split_once(':') {
        Some((backend, number)) => {
            let number: usize = number.parse().map_err(|_| {
                Error::Device(format!("`{name}`: `{number}` is not the number of a device"))
            })?;
            (backend, Some(number))
        }
        None => (name, None),
    };
    let Some((_, compiled, _)) = BACKENDS.iter().find(|(known, ..)| *known == backend) else {
        let names = BACKENDS.map(|(name, ..)| name);
        let near = crate::did_you_mean(backend, names);
        return Err(Error::Device(format!(
            "`{name}` is no device; there are {}{near}",
            names.join(", ")
        )));
    };
    if !compiled {
        return Err(Error::Device(format!(
            "`{name}` was not compiled in; build with `--features {backend}`"
        )));
    }
    match (backend, number) {
        #[cfg(feature = "flex")]
        ("flex", None) => Ok(Device::flex()),
        ("flex", Some(_)) => Err(Error::Device(format!("`{name}`: flex has no numbered devices"))),
        #[cfg(feature = "wgpu")]
        ("wgpu", number) => working(name, || Device::wgpu(kind(number))),
        #[cfg(feature = "vulkan")]
        ("vulkan", number) => working(name, || Device::vulkan(kind(number))),
        #[cfg(feature = "cuda")]
        ("cuda", number) => working(name, || Device::cuda(number.unwrap_or(0))),
        _ => unreachable!("every backend that is compiled in has an arm"),
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn kind(number: Option<usize>) -> burn::tensor::DeviceKind {
    use burn::tensor::DeviceKind;
    number.map_or(DeviceKind::DefaultDevice, DeviceKind::DiscreteGpu)
}

/// A device that has added two numbers. Without a driver or a GPU Burn panics at the first operation.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn working(name: &str, device: impl FnOnce() -> Device) -> Result<Device, Error> {
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let sum = catch_unwind(AssertUnwindSafe(|| {
        let device = device();
        let ones = burn::tensor::Tensor::<1>::ones([2], &device);
        (ones.sum().into_scalar::<f32>(), device)
    }));
    set_hook(hook);
    match sum {
        Ok((2.0, device)) => Ok(device),
        Ok((sum, _)) => Err(Error::Device(format!("`{name}`: 1 + 1 is {sum} on this device"))),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let reason =
                text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
            Err(Error::Device(format!("`{name}` does not work here: {reason}")))
        }
    }
}

/// The first backend of this build that needs nothing but the processor, else the first at all.
pub fn default_name() -> &'static str {
    BACKENDS.iter().find(|(_, compiled, _)| *compiled).map_or("flex", |(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str) -> String {
        open(name).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_device_that_was_not_compiled_in_names_its_feature() {
        if cfg!(not(feature = "cuda")) {
            assert!(message("cuda:0").contains("--features cuda"));
        }
    }

    #[test]
    fn a_misspelt_device_gets_the_right_name() {
        assert!(message("vulcan").contains("did you mean `vulkan`"));
        assert!(message("cuda:x").contains("`x` is not the number"));
        assert!(message("flex:1").contains("no numbered devices"));
    }
}
