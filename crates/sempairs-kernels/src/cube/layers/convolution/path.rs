//! The ways to compute a convolution, and what each adds up in.

use std::str::FromStr;
use std::sync::LazyLock;

use burn::tensor::DType;
use sempairs_data::note;

/// The variable that chooses a path.
const VARIABLE: &str = "SEMPAIRS_CONV";

/// A way to compute convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Path {
    /// Products of matrices: of the maps themselves for filters of one place, of unrolled maps for others.
    #[default]
    Gemm,
    /// Burn's direct kernels, which need no memory and use no tensor cores.
    Direct,
    /// NVIDIA's library on CUDA devices, and [`Gemm`](Self::Gemm) for what it does not take.
    #[cfg(feature = "cudnn")]
    Cudnn,
}

impl Path {
    const ALL: &[(&str, Self)] = &[
        ("gemm", Self::Gemm),
        ("direct", Self::Direct),
        #[cfg(feature = "cudnn")]
        ("cudnn", Self::Cudnn),
    ];

    /// The path that the process takes: that of `SEMPAIRS_CONV`, read once.
    pub(crate) fn of_process() -> Self {
        static CHOSEN: LazyLock<Path> = LazyLock::new(|| {
            let Ok(word) = std::env::var(VARIABLE) else { return Path::default() };
            word.parse().unwrap_or_else(|reason: String| {
                note!("{reason}; convolutions take the path {}", Path::default().name());
                Path::default()
            })
        });
        *CHOSEN
    }

    /// What the variable calls it.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, path)| *path == self);
        found.expect("every path has a name").0
    }

    /// The type in which this path adds the products of an operation on values of `dtype` up, each of its three passes:
    /// forward, and the gradients of input and filters.
    pub(crate) fn sums_in(self, dtype: DType) -> DType {
        match (self, dtype) {
            // The direct kernels add up in the type of the elements.
            (Self::Direct, dtype) => dtype,
            (_, DType::F64) => DType::F64,
            (_, _) => DType::F32,
        }
    }

    /// Why a network must not be trained on values of `dtype` by this path, if it must not.
    pub(crate) fn refusal(self, dtype: DType) -> Option<String> {
        let sums = self.sums_in(dtype);
        (sums.size() < size_of::<f32>()).then(|| {
            format!(
                "{VARIABLE}={} adds products up in {}, in which the gradient of a filter, a sum of up to some \
                 hundred thousand, means nothing; leave {VARIABLE} out, or train in f32",
                self.name(),
                sums.name()
            )
        })
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "cudnn" && !cfg!(feature = "cudnn") {
            return Err(format!("{VARIABLE}=cudnn: this build has not the feature `cudnn`"));
        }
        let found = Self::ALL.iter().find(|(name, _)| *name == word);
        found.map(|(_, path)| *path).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("{VARIABLE}={word} is none of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_known_by_its_name() {
        for (name, path) in Path::ALL {
            assert_eq!((name.parse(), path.name()), (Ok(*path), *name));
        }
        let reason = "gem".parse::<Path>().unwrap_err();
        assert!(reason.starts_with("SEMPAIRS_CONV=gem is none of gemm, direct"), "{reason}");
        assert_eq!("cudnn".parse::<Path>().is_ok(), cfg!(feature = "cudnn"));
    }

    /// The table of docs/kernels.md.
    #[test]
    fn sums_of_16_bits_are_refused() {
        let table = [
            (Path::Gemm, DType::F32, DType::F32),
            (Path::Gemm, DType::F16, DType::F32),
            (Path::Gemm, DType::BF16, DType::F32),
            (Path::Direct, DType::F32, DType::F32),
            (Path::Direct, DType::F16, DType::F16),
            (Path::Direct, DType::BF16, DType::BF16),
            #[cfg(feature = "cudnn")]
            (Path::Cudnn, DType::F32, DType::F32),
            #[cfg(feature = "cudnn")]
            (Path::Cudnn, DType::BF16, DType::F32),
        ];
        for (path, dtype, sums) in table {
            assert_eq!(path.sums_in(dtype), sums, "{path:?} of {dtype:?}");
            assert_eq!(path.refusal(dtype).is_some(), sums != DType::F32, "{path:?} of {dtype:?}");
        }
        let reason = Path::Direct.refusal(DType::BF16).unwrap();
        assert!(reason.starts_with("SEMPAIRS_CONV=direct adds products up in bf16"), "{reason}");
    }
}
