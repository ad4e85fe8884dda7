//! Loading of cuDNN at run time.

use std::ffi::c_void;
use std::sync::LazyLock;

use cudarc::cudnn::sys;

/// Supported versions: 9.1 is the first whose structures match the bindings, and the next major
/// version may remove functions.
const VERSIONS: std::ops::Range<usize> = 90_100..100_000;

/// Every function that is called. The bindings panic on a missing function, so all are looked up
/// before any is called.
const FUNCTIONS: [&str; 23] = [
    "cudnnGetVersion",
    "cudnnGetLastErrorString",
    "cudnnCreate",
    "cudnnSetStream",
    "cudnnCreateTensorDescriptor",
    "cudnnSetTensor4dDescriptor",
    "cudnnDestroyTensorDescriptor",
    "cudnnCreateFilterDescriptor",
    "cudnnSetFilter4dDescriptor",
    "cudnnDestroyFilterDescriptor",
    "cudnnCreateConvolutionDescriptor",
    "cudnnSetConvolution2dDescriptor",
    "cudnnSetConvolutionMathType",
    "cudnnDestroyConvolutionDescriptor",
    "cudnnGetConvolutionForwardAlgorithm_v7",
    "cudnnGetConvolutionBackwardDataAlgorithm_v7",
    "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
    "cudnnFindConvolutionForwardAlgorithmEx",
    "cudnnFindConvolutionBackwardDataAlgorithmEx",
    "cudnnFindConvolutionBackwardFilterAlgorithmEx",
    "cudnnConvolutionForward",
    "cudnnConvolutionBackwardData",
    "cudnnConvolutionBackwardFilter",
];

/// Whether cuDNN can be called in this process, and if not, why.
pub(super) fn usable() -> Result<(), &'static str> {
    static FOUND: LazyLock<Result<(), String>> = LazyLock::new(find);
    FOUND.as_ref().map_err(String::as_str).copied()
}

fn find() -> Result<(), String> {
    // SAFETY: loading cuDNN runs its initialisers, which have no preconditions.
    if !unsafe { sys::is_culib_present() } {
        return Err("libcudnn.so.9 was not found; add its folder to LD_LIBRARY_PATH".into());
    }
    // SAFETY: the library was just found.
    let library = unsafe { sys::culib() };
    for function in FUNCTIONS {
        // SAFETY: the symbol is looked up and not used.
        if unsafe { library.get::<*const c_void>(function) }.is_err() {
            return Err(format!("the cuDNN library has no function {function}"));
        }
    }
    // SAFETY: the function exists.
    check_version(unsafe { sys::cudnnGetVersion() })
}

/// Checks that a version, encoded as `10,000 · major + 100 · minor + patch` since 9.0, is in
/// [`VERSIONS`].
fn check_version(version: usize) -> Result<(), String> {
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(format!("version {version} is not supported; 9.1 to 9.99 are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_9_1_and_from_10_on_are_refused() {
        for version in [8_907, 90_000, 100_000] {
            assert!(check_version(version).unwrap_err().contains(&version.to_string()));
        }
        for version in [90_100, 91_002, 92_804] {
            assert_eq!(check_version(version), Ok(()));
        }
    }

    /// Run by the next test in a process of its own, because a library stays loaded once opened.
    #[test]
    #[ignore = "run by `a_missing_library_is_reported`"]
    fn absent() {
        let found = usable().unwrap_err();
        assert!(found.contains("LD_LIBRARY_PATH"), "{found}");
    }

    #[test]
    fn a_missing_library_is_reported() {
        let empty = std::env::temp_dir().join(format!("no-cudnn-{}", std::process::id()));
        std::fs::create_dir_all(&empty).unwrap();
        let known = std::process::Command::new("ldconfig").arg("-p").output();
        if known.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains("libcudnn.so")) {
            sempairs_internal::note!("skipped: cuDNN is installed system-wide");
            return;
        }
        let test = concat!(module_path!(), "::absent").split_once("::").unwrap().1;
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored"])
            .env("LD_LIBRARY_PATH", &empty)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && output.contains("1 passed"), "{output}");
        std::fs::remove_dir(&empty).unwrap();
    }
}
