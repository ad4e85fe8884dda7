//! Properties of a machine that determine the last bits of a result: its instruction set and the
//! functions of its C library.

use crate::fnv::Fnv;

/// Instruction set that the kernels use: `pulp`, `gemm` and `macerator` all select the widest of
/// these that the CPU supports, and its width determines the order of summation.
pub fn instruction_set() -> Result<&'static str, String> {
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! all {
            ($($feature:tt),*) => { true $(&& std::is_x86_feature_detected!($feature))* };
        }
        let v3 = all!("avx2", "fma", "bmi1", "bmi2", "f16c", "lzcnt", "movbe", "popcnt");
        if v3 && all!("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl") {
            return Ok("x86_64 AVX-512");
        }
        if v3 && !all!("avx512f") {
            return Ok("x86_64 AVX2");
        }
    }
    Err(format!("a {} processor without a tested instruction set", std::env::consts::ARCH))
}

/// Hash of return values of the C library's functions, which differ in the last bit between
/// libraries.
pub fn math_library() -> u64 {
    let mut hash = Fnv::new();
    for step in 1..4000 {
        let x = f64::from(step) * 0.0037;
        let y = x as f32;
        for value in [x.exp(), (-x).exp(), x.ln(), x.sin(), x.cos(), x.tanh(), x.powf(1.7)] {
            hash.number(value.to_bits());
        }
        for value in [y.exp(), (-y).exp(), y.ln(), y.sin(), y.cos(), y.tanh(), y.powf(1.7)] {
            hash.number(value.to_bits().into());
        }
    }
    hash.value()
}
