/// Compiles a function for the baseline processor and again for AVX2, and chooses at run time.
///
/// Neither version fuses multiplications with additions or reorders sums, so the results are
/// bit-identical.
macro_rules! simd {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            fn body($($arg: $type),*) $(-> $out)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $type),*) $(-> $out)? {
                    body($($arg),*)
                }
                if $crate::simd::has_avx2() {
                    // SAFETY: the processor has AVX2, as was just checked.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}

/// Returns true if the processor has AVX2. The standard library caches the result.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn has_avx2() -> bool {
    #[cfg(test)]
    if tests::BASELINE.get() {
        return false;
    }
    std::is_x86_feature_detected!("avx2")
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use std::cell::Cell;

    use sempairs_data::{Key, Picture, Side};

    use crate::{Augmentation, Scratch};

    thread_local! {
        /// Whether to use the baseline version on this thread.
        pub(super) static BASELINE: Cell<bool> = const { Cell::new(false) };
    }

    #[test]
    fn both_versions_give_bit_identical_views() {
        let (width, height) = (91, 67);
        let bytes =
            (0..3 * width * height).map(|i| ((i as u32).wrapping_mul(0x9E37_79B1) >> 24) as u8);
        let picture = Picture::new(width, height, bytes.collect::<Vec<_>>());
        let mut scratch = Scratch::default();
        for preset in [Augmentation::Paper, Augmentation::Dino, Augmentation::Swav] {
            for (pipeline, side) in preset.pipelines(45).iter().zip([Side::Left, Side::Right]) {
                for number in 0..30 {
                    let key = Key { seed: 1, epoch: 0, picture: number, side };
                    let plan = pipeline.plan(width, height, key);
                    let views = [true, false].map(|baseline| {
                        BASELINE.set(baseline);
                        let mut view = vec![0.0f32; 3 * 45 * 45];
                        plan.apply(&picture, &mut view, &mut scratch);
                        view.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                    });
                    let [baseline, avx2] = &views;
                    assert_eq!(baseline, avx2, "{plan:?}");
                }
            }
        }
    }
}
