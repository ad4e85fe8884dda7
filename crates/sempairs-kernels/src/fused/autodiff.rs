//! Gradient tracking of the fused operations over any backend that has them.

use std::sync::{Arc, Mutex};

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata};
use burn::tensor::DType;

use super::ops::{BackwardOps, ForwardOps, Statistics, Wanted};

type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

#[derive(Debug)]
struct Convolution;

#[derive(Debug, Clone)]
struct ConvolutionState {
    x: NodeId,
    weight: NodeId,
    input: [usize; 4],
    filters: [usize; 4],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl<B: BackwardOps> Backward<B, 2> for Convolution {
    type State = ConvolutionState;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, weight_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let ConvolutionState { x, weight, input, filters, stride, padding } = ops.state;
        // Retrieved even if unused: the checkpointer counts retrievals.
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(weight);
        if let Some(node) = weight_node {
            let dw = B::conv2d_weight_gradient(x, gradient.clone(), filters, stride, padding);
            grads.register::<B>(node.id, dw);
        }
        if let Some(node) = x_node {
            let dx = B::conv2d_input_gradient(weight, gradient, input, stride, padding);
            grads.register::<B>(node.id, dx);
        }
    }
}

#[derive(Debug)]
struct BatchNorm;

#[derive(Debug, Clone)]
struct BatchNormState<B: Backend> {
    x: NodeId,
    relu_output: Option<FloatTensor<B>>,
    statistics: Statistics<B>,
}

impl<B: BackwardOps> Backward<B, 3> for BatchNorm {
    type State = BatchNormState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state.x);
        let wanted = Wanted { x: x_node.is_some(), skip: false };
        let BatchNormState { relu_output, statistics, .. } = ops.state;
        let d = B::batch_norm_gradient(x, relu_output, statistics, gradient, wanted);
        let found = [(x_node, d.x), (weight_node, Some(d.weight)), (bias_node, Some(d.bias))];
        for (node, gradient) in found {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct BatchNormAddRelu;

impl<B: BackwardOps> Backward<B, 4> for BatchNormAddRelu {
    type State = BatchNormState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, skip_node, weight_node, bias_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state.x);
        let wanted = Wanted { x: x_node.is_some(), skip: skip_node.is_some() };
        let BatchNormState { relu_output, statistics, .. } = ops.state;
        let d = B::batch_norm_gradient(x, relu_output, statistics, gradient, wanted);
        let found = [
            (x_node, d.x),
            (skip_node, d.skip),
            (weight_node, Some(d.weight)),
            (bias_node, Some(d.bias)),
        ];
        for (node, gradient) in found {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct GlobalAveragePool;

impl<B: BackwardOps> Backward<B, 1> for GlobalAveragePool {
    type State = ([usize; 4], DType);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = x_node {
            let (input, dtype) = ops.state;
            let dx = B::global_average_pool_gradient(gradient, input, dtype);
            grads.register::<B>(node.id, dx);
        }
    }
}

#[derive(Debug)]
struct MaxPool;

#[derive(Debug, Clone)]
struct MaxPoolState<B: Backend> {
    x: NodeId,
    y: FloatTensor<B>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl<B: BackwardOps> Backward<B, 1> for MaxPool {
    type State = MaxPoolState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let MaxPoolState { x, y, kernel, stride, padding } = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        if let Some(node) = x_node {
            let dx = B::max_pool2d_gradient(x, y, gradient, kernel, stride, padding);
            grads.register::<B>(node.id, dx);
        }
    }
}

#[derive(Debug)]
struct Linear;

#[derive(Debug, Clone)]
struct LinearState {
    x: NodeId,
    weight: NodeId,
}

impl<B: BackwardOps> Backward<B, 3> for Linear {
    type State = LinearState;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node, weight_node, bias_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state.x);
        let weight = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state.weight);
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, B::linear_bias_gradient(gradient.clone()));
        }
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, B::linear_weight_gradient(x, gradient.clone()));
        }
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::linear_input_gradient(weight, gradient));
        }
    }
}

/// Backward step of one of the two outputs of `fork`.
#[derive(Debug)]
struct ForkOutput;

/// Gradient of the output whose backward step ran first, until that of the other arrives.
#[derive(Debug)]
struct PendingGradient<B: Backend>(Mutex<Option<FloatTensor<B>>>);

impl<B: Backend> Drop for PendingGradient<B> {
    fn drop(&mut self) {
        let lost = self.0.get_mut().is_ok_and(|gradient| gradient.is_some());
        assert!(
            !lost || std::thread::panicking(),
            "fork: only one of the two outputs contributed to the loss"
        );
    }
}

impl<B: BackwardOps> Backward<B, 1> for ForkOutput {
    type State = Arc<PendingGradient<B>>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let Some(node) = x_node else { return };
        let mut pending = ops.state.0.lock().expect("no holder of the lock panics");
        match pending.take() {
            None => *pending = Some(gradient),
            Some(other) => grads.register::<B>(node.id, B::sum_of_maps(other, gradient)),
        }
    }
}

impl<B: BackwardOps, C: CheckpointStrategy> ForwardOps for Autodiff<B, C> {
    fn fused_conv2d(
        x: Tracked<B, C>,
        weight: Tracked<B, C>,
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Tracked<B, C> {
        let guards = [x.node(), weight.node()];
        let (input, filters) = (x.shape().dims(), weight.shape().dims());
        match Convolution.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = ConvolutionState {
                    x: prep.checkpoint(&x),
                    weight: prep.checkpoint(&weight),
                    input,
                    filters,
                    stride,
                    padding,
                };
                let y =
                    B::fused_conv2d(x.into_primitive(), weight.into_primitive(), stride, padding);
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_conv2d(
                x.into_primitive(),
                weight.into_primitive(),
                stride,
                padding,
            )),
        }
    }

    fn fused_batch_norm(
        x: Tracked<B, C>,
        weight: Tracked<B, C>,
        bias: Tracked<B, C>,
        epsilon: f64,
        with_relu: bool,
    ) -> (Tracked<B, C>, Tracked<B, C>, Tracked<B, C>) {
        let guards = [x.node(), weight.node(), bias.node()];
        let scale = weight.primitive().clone();
        let forward = |x: Tracked<B, C>| {
            let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
            B::fused_batch_norm(x.into_primitive(), weight, bias, epsilon, with_relu)
        };
        let (y, mean, variance) = match BatchNorm.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let node = prep.checkpoint(&x);
                let (y, mean, variance) = forward(x);
                let statistics = Statistics {
                    weight: scale,
                    mean: mean.clone(),
                    variance: variance.clone(),
                    epsilon,
                };
                let relu_output = with_relu.then(|| y.clone());
                let state = BatchNormState { x: node, relu_output, statistics };
                (prep.finish(state, y), mean, variance)
            }
            OpsKind::UnTracked(prep) => {
                let (y, mean, variance) = forward(x);
                (prep.finish(y), mean, variance)
            }
        };
        (y, untracked::<B, C>(mean), untracked::<B, C>(variance))
    }

    fn fused_batch_norm_add_relu(
        x: Tracked<B, C>,
        skip: Tracked<B, C>,
        weight: Tracked<B, C>,
        bias: Tracked<B, C>,
        epsilon: f64,
    ) -> (Tracked<B, C>, Tracked<B, C>, Tracked<B, C>) {
        let guards = [x.node(), skip.node(), weight.node(), bias.node()];
        let scale = weight.primitive().clone();
        let forward = |x: Tracked<B, C>| {
            let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
            let (x, skip) = (x.into_primitive(), skip.into_primitive());
            B::fused_batch_norm_add_relu(x, skip, weight, bias, epsilon)
        };
        let (y, mean, variance) =
            match BatchNormAddRelu.prepare::<C>(guards).compute_bound().stateful() {
                OpsKind::Tracked(mut prep) => {
                    let node = prep.checkpoint(&x);
                    let (y, mean, variance) = forward(x);
                    let statistics = Statistics {
                        weight: scale,
                        mean: mean.clone(),
                        variance: variance.clone(),
                        epsilon,
                    };
                    let relu_output = Some(y.clone());
                    let state = BatchNormState { x: node, relu_output, statistics };
                    (prep.finish(state, y), mean, variance)
                }
                OpsKind::UnTracked(prep) => {
                    let (y, mean, variance) = forward(x);
                    (prep.finish(y), mean, variance)
                }
            };
        (y, untracked::<B, C>(mean), untracked::<B, C>(variance))
    }

    fn fused_global_average_pool(x: Tracked<B, C>) -> Tracked<B, C> {
        let guards = [x.node()];
        let input = (x.shape().dims(), x.dtype());
        let y = B::fused_global_average_pool(x.into_primitive());
        match GlobalAveragePool.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(input, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn fused_max_pool2d(
        x: Tracked<B, C>,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Tracked<B, C> {
        let forward =
            |x: Tracked<B, C>| B::fused_max_pool2d(x.into_primitive(), kernel, stride, padding);
        match MaxPool.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let node = prep.checkpoint(&x);
                let y = forward(x);
                let state = MaxPoolState { x: node, y: y.clone(), kernel, stride, padding };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(x)),
        }
    }

    fn fused_linear(x: Tracked<B, C>, weight: Tracked<B, C>, bias: Tracked<B, C>) -> Tracked<B, C> {
        let guards = [x.node(), weight.node(), bias.node()];
        let forward = |x: Tracked<B, C>, weight: Tracked<B, C>| {
            B::fused_linear(x.into_primitive(), weight.into_primitive(), bias.into_primitive())
        };
        match Linear.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state =
                    LinearState { x: prep.checkpoint(&x), weight: prep.checkpoint(&weight) };
                prep.finish(state, forward(x, weight))
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(x, weight)),
        }
    }

    fn fused_fork(x: Tracked<B, C>) -> (Tracked<B, C>, Tracked<B, C>) {
        let pending = Arc::new(PendingGradient::<B>(Mutex::new(None)));
        let half = |x: &Tracked<B, C>| match ForkOutput
            .prepare::<C>([x.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prep) => prep.finish(pending.clone(), x.primitive().clone()),
            OpsKind::UnTracked(prep) => prep.finish(x.primitive().clone()),
        };
        (half(&x), half(&x))
    }
}

/// A value without a gradient, as a tensor of the autodiff backend.
fn untracked<B: Backend, C: CheckpointStrategy>(value: FloatTensor<B>) -> Tracked<B, C> {
    <Autodiff<B, C> as AutodiffBackend>::from_inner(value)
}
