//! The operations on tokens.

use burn::backend::Flex;

use super::super::token_ops::{BackwardTokenOps, ForwardTokenOps};
use super::{Value, attention, gelu, layer_norm};

impl ForwardTokenOps for Flex {
    fn fused_layer_norm(x: Value, weight: Value, bias: Value, epsilon: f64) -> Value {
        layer_norm::forward(&x, &weight, &bias, epsilon)
    }

    fn fused_gelu(x: Value) -> Value {
        gelu::forward(&x)
    }

    fn fused_attention(qkv: Value, heads: usize) -> Value {
        attention::forward(&qkv, heads)
    }
}

impl BackwardTokenOps for Flex {
    fn layer_norm_gradient(x: Value, weight: Value, gradient: Value, epsilon: f64) -> [Value; 3] {
        layer_norm::gradient(&x, &weight, &gradient, epsilon)
    }

    fn gelu_gradient(x: Value, gradient: Value) -> Value {
        gelu::gradient(&x, &gradient)
    }

    fn attention_gradient(qkv: Value, gradient: Value, heads: usize) -> Value {
        attention::gradient(&qkv, &gradient, heads)
    }
}
