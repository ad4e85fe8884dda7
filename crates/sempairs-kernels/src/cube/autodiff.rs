//! Gradient tracking of the fused losses over any backend that has them.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend};

use super::ops::{Energy, LossGradients, LossOps};

type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

#[derive(Debug)]
struct LogSumExp;

#[derive(Debug, Clone)]
struct LogSumExpState<B: Backend> {
    queries: NodeId,
    keys: NodeId,
    log_sum_exp: FloatTensor<B>,
    scale: f64,
}

impl<B: LossGradients> Backward<B, 2> for LogSumExp {
    type State = LogSumExpState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [of_queries, of_keys] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let LogSumExpState { queries, keys, log_sum_exp, scale } = ops.state;
        // Retrieved even if unused: the checkpointer counts retrievals.
        let queries = checkpointer.retrieve_node_output::<FloatTensor<B>>(queries);
        let keys = checkpointer.retrieve_node_output::<FloatTensor<B>>(keys);
        if let Some(node) = of_queries {
            let (queries, keys) = (queries.clone(), keys.clone());
            let (sums, gradient) = (log_sum_exp.clone(), gradient.clone());
            let dx = B::log_sum_exp_gradient_of_queries(queries, keys, sums, gradient, scale);
            grads.register::<B>(node.id, dx);
        }
        if let Some(node) = of_keys {
            let dx = B::log_sum_exp_gradient_of_keys(queries, keys, log_sum_exp, gradient, scale);
            grads.register::<B>(node.id, dx);
        }
    }
}

#[derive(Debug)]
struct LogSumExpOfOthers;

#[derive(Debug, Clone)]
struct LogSumExpOfOthersState<B: Backend> {
    x: NodeId,
    log_sum_exp: FloatTensor<B>,
    scale: f64,
}

impl<B: LossGradients> Backward<B, 1> for LogSumExpOfOthers {
    type State = LogSumExpOfOthersState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let LogSumExpOfOthersState { x, log_sum_exp, scale } = ops.state;
        let x = checkpointer.retrieve_node_output::<FloatTensor<B>>(x);
        if let Some(node) = node {
            let dx = B::log_sum_exp_of_others_gradient(x, log_sum_exp, gradient, scale);
            grads.register::<B>(node.id, dx);
        }
    }
}

#[derive(Debug)]
struct SoftCrossEntropy;

#[derive(Debug, Clone)]
struct SoftCrossEntropyState<B: Backend> {
    student: NodeId,
    teacher: FloatTensor<B>,
    centre: FloatTensor<B>,
    log_sum_exps: [FloatTensor<B>; 2],
    scales: [f64; 2],
}

impl<B: LossGradients> Backward<B, 1> for SoftCrossEntropy {
    type State = SoftCrossEntropyState<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let SoftCrossEntropyState { student, teacher, centre, log_sum_exps, scales } = ops.state;
        let student = checkpointer.retrieve_node_output::<FloatTensor<B>>(student);
        if let Some(node) = node {
            let inputs = [student, teacher, centre];
            let ds = B::soft_cross_entropy_gradient(inputs, log_sum_exps, gradient, scales);
            grads.register::<B>(node.id, ds);
        }
    }
}

#[derive(Debug)]
struct SquaredEnergy;

impl<B: LossGradients> Backward<B, 1> for SquaredEnergy {
    type State = (NodeId, Energy);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let [node] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        let (matrix, energy) = ops.state;
        let matrix = checkpointer.retrieve_node_output::<FloatTensor<B>>(matrix);
        if let Some(node) = node {
            let dc = B::squared_energy_gradient(matrix, gradient, energy);
            grads.register::<B>(node.id, dc);
        }
    }
}

impl<B: LossGradients, C: CheckpointStrategy> LossOps for Autodiff<B, C> {
    fn fused_log_sum_exp(queries: Tracked<B, C>, keys: Tracked<B, C>, scale: f64) -> Tracked<B, C> {
        let guards = [queries.node(), keys.node()];
        let forward = |queries: Tracked<B, C>, keys: Tracked<B, C>| {
            B::fused_log_sum_exp(queries.into_primitive(), keys.into_primitive(), scale)
        };
        match LogSumExp.prepare::<C>(guards).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let nodes = (prep.checkpoint(&queries), prep.checkpoint(&keys));
                let y = forward(queries, keys);
                let log_sum_exp = y.clone();
                let state = LogSumExpState { queries: nodes.0, keys: nodes.1, log_sum_exp, scale };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(queries, keys)),
        }
    }

    fn fused_log_sum_exp_of_others(x: Tracked<B, C>, scale: f64) -> Tracked<B, C> {
        let forward = |x: Tracked<B, C>| B::fused_log_sum_exp_of_others(x.into_primitive(), scale);
        match LogSumExpOfOthers.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let node = prep.checkpoint(&x);
                let y = forward(x);
                let state = LogSumExpOfOthersState { x: node, log_sum_exp: y.clone(), scale };
                prep.finish(state, y)
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(x)),
        }
    }

    /// Teacher and centre are constants without a gradient.
    fn fused_soft_cross_entropy(
        student: Tracked<B, C>,
        teacher: Tracked<B, C>,
        centre: Tracked<B, C>,
        scales: [f64; 2],
    ) -> (Tracked<B, C>, Tracked<B, C>, Tracked<B, C>) {
        let (teacher, centre) = (teacher.into_primitive(), centre.into_primitive());
        let forward = |student: Tracked<B, C>| {
            let (teacher, centre) = (teacher.clone(), centre.clone());
            B::fused_soft_cross_entropy(student.into_primitive(), teacher, centre, scales)
        };
        let guards = [student.node()];
        let (losses, of_student, of_teacher) = match SoftCrossEntropy
            .prepare::<C>(guards)
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(mut prep) => {
                let node = prep.checkpoint(&student);
                let (losses, of_student, of_teacher) = forward(student);
                let log_sum_exps = [of_student.clone(), of_teacher.clone()];
                let state =
                    SoftCrossEntropyState { student: node, teacher, centre, log_sum_exps, scales };
                (prep.finish(state, losses), of_student, of_teacher)
            }
            OpsKind::UnTracked(prep) => {
                let (losses, of_student, of_teacher) = forward(student);
                (prep.finish(losses), of_student, of_teacher)
            }
        };
        let constant = <Self as AutodiffBackend>::from_inner;
        (losses, constant(of_student), constant(of_teacher))
    }

    fn fused_squared_energy(matrix: Tracked<B, C>, energy: Energy) -> Tracked<B, C> {
        let forward =
            |matrix: Tracked<B, C>| B::fused_squared_energy(matrix.into_primitive(), energy);
        match SquaredEnergy.prepare::<C>([matrix.node()]).compute_bound().stateful() {
            OpsKind::Tracked(mut prep) => {
                let node = prep.checkpoint(&matrix);
                prep.finish((node, energy), forward(matrix))
            }
            OpsKind::UnTracked(prep) => prep.finish(forward(matrix)),
        }
    }
}
