//! Networks that see whole views and small crops.

use burn::tensor::Tensor;
use sempairs_backbone::Backbone;

/// The features of both whole views and of all small crops. Pictures of one size pass in one batch, so that
/// BatchNorm sees whole views apart from crops, as in the authors' code of SwAV (arXiv 2006.09882) and DINO
/// (arXiv 2104.14294). A network of stochastic depth drops by `draw`, if there is one.
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

/// What belongs to each view, of rows that lie view by view.
///
/// # Shapes
/// - rows: `[views b, d]`
/// - output: `[b, d]` each
pub(crate) fn by_view(rows: Tensor<2>, b: usize) -> Vec<Tensor<2>> {
    let [total, _] = rows.dims();
    (0..total / b).map(|view| rows.clone().narrow(0, view * b, b)).collect()
}
