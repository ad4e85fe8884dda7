//! Gradient tracking of the operations on tokens over any backend that has them.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

use super::token_ops::{BackwardTokenOps, ForwardTokenOps};

type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

#[derive(Debug)]
struct LayerNorm;

#[derive(Debug, Clone)]
struct LayerNormState<B: Backend> {
    x: NodeId,
    weight: FloatTensor<B>,
    epsilon: f64,
}

impl<B: BackwardTokenOps> Backward<B, 3> for LayerNorm {
    type State = LayerNormState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<B>(&ops.node);
        let LayerNormState { x, weight, epsilon } = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        let found = B::layer_norm_gradient(x, weight, gradient, epsilon);
        for (node, gradient) in ops.parents.into_iter().zip(found) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct Gelu;

impl<B: BackwardTokenOps> Backward<B, 1> for Gelu {
    type State = NodeId;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [x_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(ops.state);
        if let Some(node) = x_node {
            grads.register::<B>(node.id, B::gelu_gradient(x, gradient));
        }
    }
}

#[derive(Debug)]
struct Attention;

impl<B: BackwardTokenOps> Backward<B, 1> for Attention {
    type State = (NodeId, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [qkv_node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let (qkv, heads) = ops.state;
        let qkv = checkpointer.retrieve_node_output::<FloatTensor<B>>(qkv);
        if let Some(node) = qkv_node {
            grads.register::<B>(node.id, B::attention_gradient(qkv, gradient, heads));
        }
    }
}

impl<B: BackwardTokenOps, C: CheckpointStrategy> ForwardTokenOps for Autodiff<B, C> {
    fn fused_layer_norm(
        x: Tracked<B, C>,
        weight: Tracked<B, C>,
        bias: Tracked<B, C>,
        epsilon: f64,
    ) -> Tracked<B, C> {
        let guards = [x.node(), weight.node(), bias.node()];
        let scale = weight.primitive().clone();
        let forward = |x: Tracked<B, C>| {
            let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
            B::fused_layer_norm(x.into_primitive(), weight, bias, epsilon)
        };
        match LayerNorm.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = LayerNormState { x: prep.checkpoint(&x), weight: scale, epsilon };
                prep.finish(state, forward(x))
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(x)),
        }
    }

    fn fused_gelu(x: Tracked<B, C>) -> Tracked<B, C> {
        match Gelu.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = prep.checkpoint(&x);
                prep.finish(state, B::fused_gelu(x.into_primitive()))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_gelu(x.into_primitive())),
        }
    }

    fn fused_attention(qkv: Tracked<B, C>, heads: usize) -> Tracked<B, C> {
        match Attention.prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let state = (prep.checkpoint(&qkv), heads);
                prep.finish(state, B::fused_attention(qkv.into_primitive(), heads))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::fused_attention(qkv.into_primitive(), heads))
            }
        }
    }
}
