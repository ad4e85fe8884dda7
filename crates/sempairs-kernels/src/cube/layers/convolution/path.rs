//! The implementations of convolution, and the type in which each accumulates.

use std::str::FromStr;
use std::sync::LazyLock;

use burn::tensor::DType;
use sempairs_internal::note;

/// Environment variable that selects the path.
const VARIABLE: &str = "SEMPAIRS_CONV";

/// Implementation of convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Path {
    /// Matrix products: of the feature maps themselves for 1×1 kernels, of an im2col matrix for
    /// others.
    #[default]
    Gemm,
    /// cubek's implicit GEMM for the forward pass and the weight gradient, and
    /// [`Gemm`](Self::Gemm) for the input gradient and where cubek refuses.
    Implicit,
    /// Burn's direct kernels, which need no workspace and use no tensor cores.
    Direct,
    /// Burn's kernels with autotuning; another process may select others, with other rounding.
    #[cfg(feature = "tuned")]
    Tuned,
    /// cuDNN on CUDA devices, and [`Gemm`](Self::Gemm) where it does not support the convolution.
    #[cfg(feature = "cudnn")]
    Cudnn,
}

impl Path {
    const ALL: &[(&str, Self)] = &[
        ("gemm", Self::Gemm),
        ("direct", Self::Direct),
        ("implicit", Self::Implicit),
        #[cfg(feature = "tuned")]
        ("tuned", Self::Tuned),
        #[cfg(feature = "cudnn")]
        ("cudnn", Self::Cudnn),
    ];

    /// The path of this process, from `SEMPAIRS_CONV`; read once.
    pub(crate) fn from_env() -> Self {
        static CHOSEN: LazyLock<Path> = LazyLock::new(|| {
            let Ok(word) = std::env::var(VARIABLE) else { return Path::default() };
            word.parse().unwrap_or_else(|reason: String| {
                note!("{reason}; convolutions use the path {}", Path::default().name());
                Path::default()
            })
        });
        *CHOSEN
    }

    /// Name of the path as a value of the variable.
    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, path)| *path == self);
        found.expect("every path has a name").0
    }

    /// The accumulator type of this path for inputs of type `dtype`, in all three passes: forward,
    /// input gradient and weight gradient. With autotuning it is the narrowest type that may be
    /// selected.
    pub(crate) fn accumulator_type(self, dtype: DType) -> DType {
        match (self, dtype) {
            // The direct kernels accumulate in the type of the elements.
            (Self::Direct, dtype) => dtype,
            // Autotuning may select the direct kernels.
            #[cfg(feature = "tuned")]
            (Self::Tuned, dtype) => dtype,
            (_, DType::F64) => DType::F64,
            (_, _) => DType::F32,
        }
    }

    /// The reason why training in `dtype` is refused on this path, or `None` if it is allowed.
    pub(crate) fn refusal(self, dtype: DType) -> Option<String> {
        let sums = self.accumulator_type(dtype);
        (sums.size() < size_of::<f32>()).then(|| {
            let accumulates = if self == Self::Direct { "accumulates" } else { "may accumulate" };
            format!(
                "{VARIABLE}={} {accumulates} in {}, which has too few bits for the weight \
                 gradient, a sum of some hundred thousand terms; unset {VARIABLE}, or train in f32",
                self.name(),
                sums.name()
            )
        })
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let optional = [("cudnn", cfg!(feature = "cudnn")), ("tuned", cfg!(feature = "tuned"))];
        if optional.contains(&(word, false)) {
            return Err(format!("{VARIABLE}={word}: this build lacks the feature `{word}`"));
        }
        let found = Self::ALL.iter().find(|(name, _)| *name == word);
        found.map(|(_, path)| *path).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            format!("{VARIABLE}={word} is not one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed_by_name() {
        for (name, path) in Path::ALL {
            assert_eq!((name.parse(), path.name()), (Ok(*path), *name));
        }
        let reason = "gem".parse::<Path>().unwrap_err();
        assert!(reason.starts_with("SEMPAIRS_CONV=gem is not one of gemm, direct"), "{reason}");
        for (name, compiled) in
            [("cudnn", cfg!(feature = "cudnn")), ("tuned", cfg!(feature = "tuned"))]
        {
            let parsed = name.parse::<Path>();
            assert_eq!(parsed.is_ok(), compiled);
            if let Err(reason) = parsed {
                assert!(reason.ends_with(&format!("lacks the feature `{name}`")), "{reason}");
            }
        }
    }

    /// The table of docs/kernels.md.
    #[test]
    fn sixteen_bit_accumulators_are_refused() {
        let table = [
            (Path::Gemm, DType::F32, DType::F32),
            (Path::Gemm, DType::F16, DType::F32),
            (Path::Gemm, DType::BF16, DType::F32),
            (Path::Implicit, DType::F32, DType::F32),
            (Path::Implicit, DType::F16, DType::F32),
            (Path::Implicit, DType::BF16, DType::F32),
            (Path::Direct, DType::F32, DType::F32),
            (Path::Direct, DType::F16, DType::F16),
            (Path::Direct, DType::BF16, DType::BF16),
            #[cfg(feature = "tuned")]
            (Path::Tuned, DType::F32, DType::F32),
            #[cfg(feature = "tuned")]
            (Path::Tuned, DType::F16, DType::F16),
            #[cfg(feature = "tuned")]
            (Path::Tuned, DType::BF16, DType::BF16),
            #[cfg(feature = "cudnn")]
            (Path::Cudnn, DType::F32, DType::F32),
            #[cfg(feature = "cudnn")]
            (Path::Cudnn, DType::BF16, DType::F32),
        ];
        for (path, dtype, sums) in table {
            assert_eq!(path.accumulator_type(dtype), sums, "{path:?} of {dtype:?}");
            assert_eq!(path.refusal(dtype).is_some(), sums != DType::F32, "{path:?} of {dtype:?}");
        }
        let reason = Path::Direct.refusal(DType::BF16).unwrap();
        assert!(reason.starts_with("SEMPAIRS_CONV=direct accumulates in bf16"), "{reason}");
    }
}
