//! Selection of a device by name.

use burn::tensor::Device;
use sempairs_data::ConfigError;

use crate::Error;

/// The environment variable that selects the device if the flag `--device` is not given.
pub const VARIABLE: &str = "SEMPAIRS_DEVICE";

/// The backends: name, whether the Cargo feature of that name is enabled, and description.
pub const BACKENDS: [(&str, bool, &str); 4] = [
    ("flex", cfg!(feature = "flex"), "pure Rust on the CPU"),
    ("wgpu", cfg!(feature = "wgpu"), "any GPU, through WebGPU"),
    ("vulkan", cfg!(feature = "vulkan"), "any GPU with Vulkan, compiled to SPIR-V"),
    ("cuda", cfg!(feature = "cuda"), "NVIDIA GPUs"),
];

/// Opens a device by name: `flex`, `wgpu`, `vulkan` or `cuda`; the last three accept a suffix `:N`
/// for the N-th GPU, counted from 0.
///
/// # Errors
/// [`Error::Config`] for an unknown name, with the closest valid one; [`Error::Device`] for a
/// backend that was not compiled in, with the feature it needs; for an invalid number; and for a
/// GPU that is absent or does not work.
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
        let reason = format!("`{name}` is not a device; known devices are {}", names.join(", "));
        return Err(ConfigError::new("", reason).with_nearest(backend, names).into());
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
        ("wgpu", number) => open_and_test(name, || Device::wgpu(kind(number))),
        #[cfg(feature = "vulkan")]
        ("vulkan", number) => open_and_test(name, || Device::vulkan(kind(number))),
        #[cfg(feature = "cuda")]
        ("cuda", number) => {
            let number = number.unwrap_or(0);
            // Without a driver, opening a device panics on another thread, but listing devices does
            // not.
            let there = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec().len();
            match absent_cuda(name, number, there) {
                None => open_and_test(name, || Device::cuda(number)),
                Some(reason) => Err(Error::Device(reason)),
            }
        }
        _ => unreachable!("every compiled backend has a match arm"),
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan"))]
fn kind(number: Option<usize>) -> burn::tensor::DeviceKind {
    use burn::tensor::DeviceKind;
    number.map_or(DeviceKind::DefaultDevice, DeviceKind::DiscreteGpu)
}

/// The error of opening CUDA device `number` if `there` devices are present; `None` if it exists.
#[cfg(any(feature = "cuda", test))]
fn absent_cuda(name: &str, number: usize, there: usize) -> Option<String> {
    match there {
        0 => Some(format!(
            "`{name}`: no CUDA device was found; check that `nvidia-smi` lists a GPU, that the \
             driver's libcuda.so.1 is where the loader looks (LD_LIBRARY_PATH names further \
             folders), that a container was started with its GPUs, and that CUDA_VISIBLE_DEVICES \
             does not hide them"
        )),
        1 if number > 0 => Some(format!("`{name}`: there is one CUDA device here, cuda:0")),
        _ if number >= there => Some(format!(
            "`{name}`: there are {there} CUDA devices here, cuda:0 to cuda:{}",
            there - 1
        )),
        _ => None,
    }
}

/// Opens a device and tests it by adding two numbers, because without a driver or a GPU Burn panics
/// at the first operation.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn open_and_test(name: &str, device: impl FnOnce() -> Device) -> Result<Device, Error> {
    let sum = quietly(|| {
        let device = device();
        let ones = burn::tensor::Tensor::<1>::ones([2], &device);
        (ones.sum().into_scalar::<f32>(), device)
    });
    match sum {
        Ok((2.0, device)) => Ok(device),
        Ok((sum, _)) => Err(Error::Device(format!("`{name}`: 1 + 1 is {sum} on this device"))),
        Err(reason) => Err(Error::Device(format!(
            "`{name}` does not work here: {reason}; `sempairs devices` lists what there is"
        ))),
    }
}

/// Lists the devices that a backend finds on this machine, one line per device: the name for
/// [`open`], if the device has one, and the device's own name. Empty for `flex`, for backends that
/// are not compiled in, and without a driver. Under `wgpu` and `vulkan` only discrete GPUs have a
/// number; another GPU can only be the backend's default device. Every device is opened to read its
/// name.
pub fn hardware(backend: &str) -> Vec<String> {
    #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
    {
        use burn::tensor::DeviceType;
        let found = match backend {
            #[cfg(feature = "wgpu")]
            "wgpu" => DeviceType::Wgpu,
            #[cfg(feature = "vulkan")]
            "vulkan" => DeviceType::Vulkan,
            #[cfg(feature = "cuda")]
            "cuda" => DeviceType::Cuda,
            _ => return Vec::new(),
        };
        let list = || {
            let found = Device::enumerate(found).into_vec();
            let number = |device: &Device| {
                (0..found.len()).find(|number| numbered(backend, *number).as_ref() == Some(device))
            };
            let line = |device: &Device| {
                let name = device.identity().map_or("without a name".into(), |it| it.name);
                match number(device) {
                    Some(number) => format!("{backend}:{number}  {name}"),
                    None => format!("{backend}    {name}, no discrete GPU"),
                }
            };
            found.iter().map(line).collect()
        };
        quietly(list).unwrap_or_default()
    }
    #[cfg(not(any(feature = "wgpu", feature = "vulkan", feature = "cuda")))]
    {
        let _ = backend;
        Vec::new()
    }
}

/// The device of the N-th GPU of a backend, which need not exist.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn numbered(backend: &str, number: usize) -> Option<Device> {
    match backend {
        #[cfg(feature = "wgpu")]
        "wgpu" => Some(Device::wgpu(kind(Some(number)))),
        #[cfg(feature = "vulkan")]
        "vulkan" => Some(Device::vulkan(kind(Some(number)))),
        #[cfg(feature = "cuda")]
        "cuda" => Some(Device::cuda(number)),
        _ => None,
    }
}

/// Runs `work` without printing panics, and returns its result or the message of the first panic.
/// The first panic may be that of another thread, such as the thread of a device, whose end then
/// causes the panic of this thread.
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, OnceLock};
    let first = Arc::new(OnceLock::new());
    let hook = take_hook();
    set_hook(Box::new({
        let first = first.clone();
        move |panic| {
            let text = panic.payload_as_str().unwrap_or("no reason given");
            // The first line has the reason; further lines are details of the driver.
            first.get_or_init(|| text.lines().next().unwrap_or_default().to_owned());
        }
    }));
    let done = catch_unwind(AssertUnwindSafe(work));
    set_hook(hook);
    done.map_err(|_| first.get().cloned().unwrap_or_default())
}

/// The default backend: the first one that is compiled in.
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
    fn the_error_of_a_device_that_was_not_compiled_in_names_its_feature() {
        if cfg!(not(feature = "cuda")) {
            assert!(message("cuda:0").contains("--features cuda"));
        }
    }

    #[test]
    fn the_error_of_a_misspelt_device_suggests_the_right_name() {
        assert!(message("vulcan").contains("did you mean `vulkan`"));
        assert!(message("cuda:x").contains("`x` is not the number"));
        assert!(message("flex:1").contains("no numbered devices"));
    }

    #[test]
    fn absent_cuda_devices_are_reported() {
        let none = absent_cuda("cuda", 0, 0).unwrap();
        assert!(none.starts_with("`cuda`: no CUDA device was found; check that `nvidia-smi`"));
        assert_eq!(absent_cuda("cuda:0", 0, 1), None);
        assert_eq!(absent_cuda("cuda:7", 7, 8), None);
        assert!(absent_cuda("cuda:1", 1, 1).unwrap().ends_with("one CUDA device here, cuda:0"));
        assert!(absent_cuda("cuda:2", 2, 2).unwrap().ends_with("cuda:0 to cuda:1"));
    }

    #[cfg(any(feature = "wgpu", feature = "vulkan", feature = "cuda"))]
    #[test]
    fn the_first_panic_of_another_thread_is_reported() {
        let reason = quietly(|| {
            let lost = std::thread::spawn(|| panic!("no adapter of {}", "this kind")).join();
            lost.unwrap()
        });
        assert_eq!(reason.unwrap_err(), "no adapter of this kind");
    }

    #[test]
    fn hardware_is_listed_only_for_gpu_backends() {
        assert!(hardware("flex").is_empty() && hardware("abacus").is_empty());
        for (backend, compiled, _) in BACKENDS {
            let found = hardware(backend);
            assert!(compiled || found.is_empty(), "{found:?}");
            assert!(found.iter().all(|line| line.starts_with(backend)), "{found:?}");
        }
    }
}
