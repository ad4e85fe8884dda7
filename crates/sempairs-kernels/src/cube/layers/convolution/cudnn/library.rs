//! Finding cuDNN, which is loaded at run time.

use std::ffi::c_void;
use std::sync::LazyLock;

use cudarc::cudnn::sys;

/// The versions whose functions are called here: 9.1 is the first of the bindings' layout, and the
/// next major one may lack them.
const VERSIONS: std::ops::Range<usize> = 90_100..100_000;

/// Every function that is called. The bindings panic at one that is missing, so that none is called
/// before all are found.
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
    // SAFETY: opening cuDNN runs its initialisers, which is what is wanted.
    if !unsafe { sys::is_culib_present() } {
        return Err("libcudnn.so.9 is not found; LD_LIBRARY_PATH is to name its folder".into());
    }
    // SAFETY: the library was there a moment ago.
    let library = unsafe { sys::culib() };
    for function in FUNCTIONS {
        // SAFETY: the symbol is looked up and not used.
        if unsafe { library.get::<*const c_void>(function) }.is_err() {
            return Err(format!("the library that was found has no {function}"));
        }
    }
    // SAFETY: the function was found.
    accepted(unsafe { sys::cudnnGetVersion() })
}

/// Whether a version, written `10,000 · major + 100 · minor + patch` since 9.0, is one of
/// [`VERSIONS`].
fn accepted(version: usize) -> Result<(), String> {
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(format!("version {version} is not of 9.1 to 9.99"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_9_1_and_from_10_on_are_refused() {
        for version in [8_907, 90_000, 100_000] {
            assert!(accepted(version).unwrap_err().contains(&version.to_string()));
        }
        for version in [90_100, 91_002, 92_804] {
            assert_eq!(accepted(version), Ok(()));
        }
    }

    /// What the next test runs as a process of its own, since a library that was opened once stays
    /// open.
    #[test]
    #[ignore = "run by `a_process_without_the_library_says_so`"]
    fn absent() {
        let found = usable().unwrap_err();
        assert!(found.contains("LD_LIBRARY_PATH"), "{found}");
    }

    #[test]
    fn a_process_without_the_library_says_so() {
        let empty = std::env::temp_dir().join(format!("no-cudnn-{}", std::process::id()));
        std::fs::create_dir_all(&empty).unwrap();
        let known = std::process::Command::new("ldconfig").arg("-p").output();
        if known.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).contains("libcudnn.so")) {
            sempairs_internal::note!("left out: cuDNN is among the system's libraries");
            return;
        }
        let test = concat!(module_path!(), "::absent").split_once("::").unwrap().1;
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored"])
            .env("LD_LIBRARY_PATH", &empty)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{said}");
        std::fs::remove_dir(&empty).unwrap();
    }
}
