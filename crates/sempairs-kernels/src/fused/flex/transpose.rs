//! Transposition of 16×16 blocks of floats, one cache line per row.

/// Rows and columns of a block.
pub(super) const SIDE: usize = 16;

/// Writes `to[i·to_row + j] = from[j·from_row + i]` for a whole block.
///
/// # Panics
/// If a side reaches beyond its slice.
#[inline(always)]
pub(super) fn square(from: &[f32], from_row: usize, to: &mut [f32], to_row: usize) {
    let last = SIDE - 1;
    assert!(last * from_row + SIDE <= from.len() && last * to_row + SIDE <= to.len());
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has these instructions, and both squares lie in their slices.
        return unsafe { avx512(from.as_ptr(), from_row, to.as_mut_ptr(), to_row) };
    }
    for i in 0..SIDE {
        for j in 0..SIDE {
            to[i * to_row + j] = from[j * from_row + i];
        }
    }
}

/// In registers: pairs of rows are interleaved twice, then quarters of registers are permuted.
///
/// # Safety
/// `from` has 16 rows of 16 floats with stride `from_row`, and `to` room for as many.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    use std::arch::x86_64::*;
    // SAFETY: by the contract of this function.
    let row = |j: usize| unsafe { _mm512_loadu_ps(from.add(j * from_row)) };
    // `quads[g][c]`: of the rows 4g to 4g + 3, the columns c, c + 4, c + 8 and c + 12.
    let mut quads = [[_mm512_setzero_ps(); 4]; 4];
    for (group, quad) in quads.iter_mut().enumerate() {
        let [a, b, c, d] = std::array::from_fn(|i| row(4 * group + i));
        let as_pd = |v| _mm512_castps_pd(v);
        let (ab_low, ab_high) = (as_pd(_mm512_unpacklo_ps(a, b)), as_pd(_mm512_unpackhi_ps(a, b)));
        let (cd_low, cd_high) = (as_pd(_mm512_unpacklo_ps(c, d)), as_pd(_mm512_unpackhi_ps(c, d)));
        *quad = [
            _mm512_castpd_ps(_mm512_unpacklo_pd(ab_low, cd_low)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(ab_low, cd_low)),
            _mm512_castpd_ps(_mm512_unpacklo_pd(ab_high, cd_high)),
            _mm512_castpd_ps(_mm512_unpackhi_pd(ab_high, cd_high)),
        ];
    }
    // SAFETY: by the contract of this function.
    let store = |i: usize, v| unsafe { _mm512_storeu_ps(to.add(i * to_row), v) };
    for c in 0..4 {
        let [a, b, d, e] = std::array::from_fn(|group| quads[group][c]);
        let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
        let (even2, odd2) =
            (_mm512_shuffle_f32x4::<0x88>(d, e), _mm512_shuffle_f32x4::<0xdd>(d, e));
        store(c, _mm512_shuffle_f32x4::<0x88>(even, even2));
        store(c + 8, _mm512_shuffle_f32x4::<0xdd>(even, even2));
        store(c + 4, _mm512_shuffle_f32x4::<0x88>(odd, odd2));
        store(c + 12, _mm512_shuffle_f32x4::<0xdd>(odd, odd2));
    }
}
