use burn::nn::Linear;
use burn::tensor::Tensor;

/// Applies a linear layer to all tokens of a batch as one matrix product.
pub(super) fn linear(layer: &Linear, x: Tensor<3>) -> Tensor<3> {
    let [batch, tokens, dim] = x.dims();
    let bias = layer.bias.as_ref().expect("the layers of a transformer have biases");
    let y =
        sempairs_kernels::linear(x.reshape([batch * tokens, dim]), layer.weight.val(), bias.val());
    let [_, width] = y.dims();
    y.reshape([batch, tokens, width])
}
