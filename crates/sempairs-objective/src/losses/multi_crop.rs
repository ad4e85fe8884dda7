//! Forward passes over global views and local crops.

use burn::tensor::Tensor;
use sempairs_backbone::Backbone;

/// Features of both global views and of all local crops. Pictures of one size are one batch, so
/// that BatchNorm statistics of global views and of crops are separate, as in the authors' code of
/// SwAV (arXiv 2006.09882) and DINO (arXiv 2104.14294). `draw` determines which blocks a network
/// with stochastic depth drops; `None` drops none.
///
/// # Shapes
/// - whole: `[b, 3, h, w]` each
/// - locals: `[b, 3, s, s]` each
/// - output: `[(2 + locals) b, features]`, view by view
pub(crate) fn features<B: Backbone>(
    backbone: &B,
    whole: [Tensor<4>; 2],
    locals: Vec<Tensor<4>>,
    draw: Option<u64>,
) -> Tensor<2> {
    let forward = |images: Tensor<4>, pass: u64| match draw {
        Some(draw) => backbone.forward_dropping(images, draw.rotate_left(1) ^ pass),
        None => backbone.forward(images),
    };
    let large = forward(Tensor::cat(whole.into(), 0), 0);
    if locals.is_empty() {
        return large;
    }
    Tensor::cat(vec![large, forward(Tensor::cat(locals, 0), 1)], 0)
}

/// Splits rows that are ordered by view into one tensor per view.
///
/// # Shapes
/// - rows: `[views b, d]`
/// - output: `[b, d]` each
pub(crate) fn by_view(rows: Tensor<2>, b: usize) -> Vec<Tensor<2>> {
    let [total, _] = rows.dims();
    (0..total / b).map(|view| rows.clone().narrow(0, view * b, b)).collect()
}
