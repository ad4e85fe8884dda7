use burn::tensor::{Device, Tensor, TensorData};

/// Resamples a position embedding from a square grid to another grid, with bicubic interpolation as
/// in `torch.nn.functional.interpolate` (without antialiasing, corners not aligned). The position
/// of the class token is not changed.
///
/// # Shapes
/// - positions: `[1, 1 + g², dim]`
/// - output: `[1, 1 + height * width, dim]`
///
/// # Panics
///
/// Panics if there is no position for a class token.
pub fn resample_positions(positions: Tensor<3>, [height, width]: [usize; 2]) -> Tensor<3> {
    let [_, tokens, dim] = positions.dims();
    let side = (tokens - 1).isqrt();
    if [height, width] == [side, side] {
        return positions;
    }
    let device = positions.device();
    let class = positions.clone().narrow(1, 0, 1);
    let grid = positions.narrow(1, 1, tokens - 1).reshape([side, side * dim]);
    // Each axis is resampled by a product with a matrix of four non-zero weights per row.
    let rows = cubic(side, height, &device).matmul(grid); // [height, side * dim]
    let rows = rows.reshape([height, side, dim]).swap_dims(0, 1).reshape([side, height * dim]);
    let grid = cubic(side, width, &device).matmul(rows).reshape([width, height, dim]);
    let grid = grid.swap_dims(0, 1).reshape([1, height * width, dim]);
    Tensor::cat(vec![class, grid], 1)
}

/// Matrix that resamples `from` values to `to`, with Keys's kernel with a = -0.75 as in PyTorch.
fn cubic(from: usize, to: usize, device: &Device) -> Tensor<2> {
    let mut weights = vec![0.0f32; to * from];
    for target in 0..to {
        let place = (target as f64 + 0.5) * from as f64 / to as f64 - 0.5;
        for tap in -1..=2 {
            let source = place.floor() + f64::from(tap);
            let weight = keys((place - source).abs());
            let source = source.clamp(0.0, (from - 1) as f64) as usize;
            weights[target * from + source] += weight as f32;
        }
    }
    Tensor::from_data(TensorData::new(weights, [to, from]), device)
}

/// Keys's cubic convolution kernel (1981) at distance `x`.
fn keys(x: f64) -> f64 {
    const A: f64 = -0.75;
    if x <= 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
    } else {
        0.0
    }
}
