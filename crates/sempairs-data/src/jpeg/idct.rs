//! Inverse discrete cosine transform (T.81, annex A.3.3) in integer arithmetic.
//!
//! The algorithm is that of Loeffler, Ligtenberg and Moschytz (1989) with twelve fractional bits,
//! columns before rows. The results are bit-identical to those of stb_image and zune-jpeg.

use super::frame::SIDE;
use super::sequential::Block;

/// Dequantises and transforms `block` and writes its 64 samples to `out`, whose rows are `stride`
/// bytes apart. Only the first `coded` coefficients, in coding order, may be non-zero. Resets
/// `block` to zero.
#[inline]
pub(super) fn idct(
    block: &mut Block,
    coded: usize,
    quantiser: &[i32; 64],
    out: &mut [u8],
    stride: usize,
) {
    let out = &mut out[..7 * stride + SIDE];
    if coded <= 1 {
        let dc = i32::from(block[0]).wrapping_mul(quantiser[0]);
        let value = (dc.wrapping_add(4 + 1024) >> 3).clamp(0, 255) as u8;
        for row in out.chunks_mut(stride) {
            row[..SIDE].fill(value);
        }
        block[0] = 0;
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { avx2::transform(block, quantiser, out, stride) };
        *block = [0; 64];
        return;
    }
    transform(block, quantiser, out, stride);
    *block = [0; 64];
}

/// Constant added before the last shift: half a unit for rounding, and 128 for the level shift.
const LAST: i32 = 512 + 65536 + (128 << 17);

/// Eight values that are transformed in parallel.
type Lanes = [i32; 8];

#[inline(always)]
fn each(a: Lanes, b: Lanes, f: impl Fn(i32, i32) -> i32) -> Lanes {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

#[inline(always)]
fn add(a: Lanes, b: Lanes) -> Lanes {
    each(a, b, i32::wrapping_add)
}

#[inline(always)]
fn sub(a: Lanes, b: Lanes) -> Lanes {
    each(a, b, i32::wrapping_sub)
}

#[inline(always)]
fn mul(a: Lanes, factor: i32) -> Lanes {
    a.map(|value| value.wrapping_mul(factor))
}

/// Eight one-dimensional transforms over `rows[k][lane]` with index `k`. The factors are cosines
/// and sums of cosines, times 4096.
#[inline(always)]
fn pass(rows: [Lanes; 8], rounding: i32, shift: u32) -> [Lanes; 8] {
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    // Even part.
    let p1 = mul(add(r2, r6), 2217);
    let t2 = add(p1, mul(r6, -7567));
    let t3 = add(p1, mul(r2, 3135));
    let t0 = add(r0, r4).map(|value| value.wrapping_shl(12).wrapping_add(rounding));
    let t1 = sub(r0, r4).map(|value| value.wrapping_shl(12).wrapping_add(rounding));
    let even = [add(t0, t3), add(t1, t2), sub(t1, t2), sub(t0, t3)];
    // Odd part.
    let (p3, p4) = (add(r7, r3), add(r5, r1));
    let p5 = mul(add(p3, p4), 4816);
    let p1 = add(p5, mul(add(r7, r1), -3685));
    let p2 = add(p5, mul(add(r5, r3), -10497));
    let (p3, p4) = (mul(p3, -8034), mul(p4, -1597));
    let odd = [
        add(mul(r1, 6149), add(p1, p4)),
        add(mul(r3, 12586), add(p2, p3)),
        add(mul(r5, 8410), add(p2, p4)),
        add(mul(r7, 1223), add(p1, p3)),
    ];
    std::array::from_fn(|k| {
        let it = if k < 4 { add(even[k], odd[k]) } else { sub(even[7 - k], odd[7 - k]) };
        it.map(|value| value >> shift)
    })
}

fn transpose(rows: [Lanes; 8]) -> [Lanes; 8] {
    std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
}

/// Portable implementation, for processors without AVX2.
fn transform(block: &Block, quantiser: &[i32; 64], out: &mut [u8], stride: usize) {
    let rows = std::array::from_fn(|row| {
        std::array::from_fn(|column| {
            i32::from(block[8 * row + column]).wrapping_mul(quantiser[8 * row + column])
        })
    });
    let columns = transpose(pass(rows, 512, 10));
    let rows = transpose(pass(columns, LAST, 17));
    for (out, row) in out.chunks_mut(stride).zip(rows) {
        out[..SIDE].copy_from_slice(&row.map(|value| value.clamp(0, 255) as u8));
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::*;

    /// The same as [`transform`](super::transform), with AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) fn transform(block: &Block, quantiser: &[i32; 64], out: &mut [u8], stride: usize) {
        let row = |row: usize| {
            // SAFETY: both slices have eight elements.
            let (row, factor) = unsafe {
                (
                    _mm_loadu_si128(block[8 * row..8 * row + 8].as_ptr().cast()),
                    _mm256_loadu_si256(quantiser[8 * row..8 * row + 8].as_ptr().cast()),
                )
            };
            _mm256_mullo_epi32(_mm256_cvtepi16_epi32(row), factor)
        };
        let rows = [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)];
        let columns = transpose(pass::<10>(rows, _mm256_set1_epi32(512)));
        let columns = pass::<17>(columns, _mm256_set1_epi32(LAST));
        // Packs to 16 and then to 8 bits with saturation, separately in each 128-bit half: columns
        // 0 to 3 and 4 to 7, of rows 0 to 3 in the lower half and of rows 4 to 7 in the upper.
        let four = |at: usize| {
            let low = _mm256_packs_epi32(columns[at], columns[at + 1]);
            let high = _mm256_packs_epi32(columns[at + 2], columns[at + 3]);
            // Transposes the four by four bytes of each half.
            let order = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
            ));
            _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), order)
        };
        let (left, right) = (four(0), four(4));
        // Rows 0, 1, 4 and 5, and rows 2, 3, 6 and 7.
        let (first, second) =
            (_mm256_unpacklo_epi32(left, right), _mm256_unpackhi_epi32(left, right));
        let mut put = |row: usize, samples: i64| {
            out[row * stride..row * stride + SIDE].copy_from_slice(&samples.to_ne_bytes());
        };
        put(0, _mm256_extract_epi64::<0>(first));
        put(1, _mm256_extract_epi64::<1>(first));
        put(2, _mm256_extract_epi64::<0>(second));
        put(3, _mm256_extract_epi64::<1>(second));
        put(4, _mm256_extract_epi64::<2>(first));
        put(5, _mm256_extract_epi64::<3>(first));
        put(6, _mm256_extract_epi64::<2>(second));
        put(7, _mm256_extract_epi64::<3>(second));
    }

    /// The same as [`pass`](super::pass), which the compiler does not vectorise well.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn pass<const SHIFT: i32>(rows: [__m256i; 8], rounding: __m256i) -> [__m256i; 8] {
        let add = |a, b| _mm256_add_epi32(a, b);
        let sub = |a, b| _mm256_sub_epi32(a, b);
        let mul = |a, factor| _mm256_mullo_epi32(a, _mm256_set1_epi32(factor));
        let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
        let p1 = mul(add(r2, r6), 2217);
        let t2 = add(p1, mul(r6, -7567));
        let t3 = add(p1, mul(r2, 3135));
        let t0 = add(_mm256_slli_epi32::<12>(add(r0, r4)), rounding);
        let t1 = add(_mm256_slli_epi32::<12>(sub(r0, r4)), rounding);
        let even = [add(t0, t3), add(t1, t2), sub(t1, t2), sub(t0, t3)];
        let (p3, p4) = (add(r7, r3), add(r5, r1));
        let p5 = mul(add(p3, p4), 4816);
        let p1 = add(p5, mul(add(r7, r1), -3685));
        let p2 = add(p5, mul(add(r5, r3), -10497));
        let (p3, p4) = (mul(p3, -8034), mul(p4, -1597));
        let odd = [
            add(mul(r1, 6149), add(p1, p4)),
            add(mul(r3, 12586), add(p2, p3)),
            add(mul(r5, 8410), add(p2, p4)),
            add(mul(r7, 1223), add(p1, p3)),
        ];
        let sum = |k: usize| _mm256_srai_epi32::<SHIFT>(add(even[k], odd[k]));
        let difference = |k: usize| _mm256_srai_epi32::<SHIFT>(sub(even[k], odd[k]));
        let [d0, d1, d2, d3] = [difference(0), difference(1), difference(2), difference(3)];
        [sum(0), sum(1), sum(2), sum(3), d3, d2, d1, d0]
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn transpose(r: [__m256i; 8]) -> [__m256i; 8] {
        let pairs: [__m256i; 8] = [
            _mm256_unpacklo_epi32(r[0], r[1]),
            _mm256_unpackhi_epi32(r[0], r[1]),
            _mm256_unpacklo_epi32(r[2], r[3]),
            _mm256_unpackhi_epi32(r[2], r[3]),
            _mm256_unpacklo_epi32(r[4], r[5]),
            _mm256_unpackhi_epi32(r[4], r[5]),
            _mm256_unpacklo_epi32(r[6], r[7]),
            _mm256_unpackhi_epi32(r[6], r[7]),
        ];
        let fours = [
            _mm256_unpacklo_epi64(pairs[0], pairs[2]),
            _mm256_unpackhi_epi64(pairs[0], pairs[2]),
            _mm256_unpacklo_epi64(pairs[1], pairs[3]),
            _mm256_unpackhi_epi64(pairs[1], pairs[3]),
            _mm256_unpacklo_epi64(pairs[4], pairs[6]),
            _mm256_unpackhi_epi64(pairs[4], pairs[6]),
            _mm256_unpacklo_epi64(pairs[5], pairs[7]),
            _mm256_unpackhi_epi64(pairs[5], pairs[7]),
        ];
        [
            _mm256_permute2x128_si256::<0x20>(fours[0], fours[4]),
            _mm256_permute2x128_si256::<0x20>(fours[1], fours[5]),
            _mm256_permute2x128_si256::<0x20>(fours[2], fours[6]),
            _mm256_permute2x128_si256::<0x20>(fours[3], fours[7]),
            _mm256_permute2x128_si256::<0x31>(fours[0], fours[4]),
            _mm256_permute2x128_si256::<0x31>(fours[1], fours[5]),
            _mm256_permute2x128_si256::<0x31>(fours[2], fours[6]),
            _mm256_permute2x128_si256::<0x31>(fours[3], fours[7]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random blocks and quantisation tables.
    fn blocks() -> impl Iterator<Item = (Block, [i32; 64])> {
        let mut state = 1u64;
        let mut next = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as i32
        };
        (0..2000).map(move |round| {
            let width = 1 << (1 + round % 11);
            let block = std::array::from_fn(|_| (next() % width - width / 2) as i16);
            (block, std::array::from_fn(|_| 1 + next() % 255))
        })
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn avx2_gives_the_same_samples() {
        if !std::is_x86_feature_detected!("avx2") {
            return;
        }
        for (block, quantiser) in blocks() {
            let (mut plain, mut wide) = ([0; 64], [0; 64]);
            transform(&block, &quantiser, &mut plain, 8);
            // SAFETY: the processor has AVX2.
            unsafe { avx2::transform(&block, &quantiser, &mut wide, 8) };
            assert_eq!(plain, wide);
        }
    }

    #[test]
    fn a_block_with_only_a_dc_coefficient_gives_the_same_samples_as_the_full_transform() {
        for (mut block, quantiser) in blocks() {
            block[1..].fill(0);
            // Beyond the range of 8-bit samples, the full transform overflows.
            block[0] %= 2048;
            let quantiser = quantiser.map(|factor| factor.min(16));
            let (mut short, mut long) = ([0; 64], [0; 64]);
            transform(&block, &quantiser, &mut long, 8);
            idct(&mut block, 1, &quantiser, &mut short, 8);
            assert_eq!(short, long);
            assert_eq!(block, [0; 64]);
        }
    }

    #[test]
    fn samples_differ_from_the_exact_transform_by_less_than_0_6() {
        for (block, _) in blocks().filter(|(block, _)| block.iter().all(|it| it.abs() < 64)) {
            let mut out = [0; 64];
            transform(&block, &[1; 64], &mut out, 8);
            let cosine = |x: usize, u: usize| {
                let scale = if u == 0 { 0.5f64.sqrt() } else { 1.0 };
                scale * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos()
            };
            for (at, &sample) in out.iter().enumerate() {
                let (y, x) = (at / 8, at % 8);
                let sum: f64 = (0..64)
                    .map(|k| f64::from(block[k]) * cosine(y, k / 8) * cosine(x, k % 8) / 4.0)
                    .sum();
                let exact = (sum + 128.0).clamp(0.0, 255.0);
                assert!((f64::from(sample) - exact).abs() < 0.6, "{sample} and {exact}");
            }
        }
    }
}
