//! A backbone behind a type that does not depend on the type of the network.

use std::any::Any;
use std::fmt;

use burn::module::{
    Content, Devices, Flag, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper,
    ModuleVisitor, Param,
};
use burn::tensor::{Bool, Device, Float, Int, Tensor};
use sempairs_backbone::{Backbone, VisionTransformer};

/// A backbone of any type on the heap, itself a [`Backbone`].
///
/// The traits of Burn's modules have generic methods, so `dyn Backbone` is not possible. This type
/// replaces it where the type of the network must not appear, as in
/// [`EvaluationProtocol::predict`](crate::EvaluationProtocol::predict). Visitors and mappers see
/// the parameters, names and container types of the network inside, so that its identity and its
/// weights files are the same as without the box.
///
/// # Panics
///
/// Visiting and mapping panic for a parameter with more than 8 dimensions.
pub struct BoxedBackbone(Box<dyn DynBackbone>);

impl BoxedBackbone {
    /// Boxes a clone of a backbone. As every clone of a module, it shares the running statistics of
    /// batch normalisation with the original; [`Module::valid`] copies them.
    pub fn new<B: Backbone>(backbone: &B) -> Self {
        Self(Box::new(backbone.clone()))
    }
}

/// The dyn-compatible form of [`Backbone`].
trait DynBackbone: Send {
    fn copied(&self) -> Box<dyn DynBackbone>;
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn dyn_forward(&self, images: Tensor<4>) -> Tensor<2>;
    fn dyn_forward_dropping(&self, images: Tensor<4>, draw: u64) -> Tensor<2>;
    fn dyn_features(&self) -> usize;
    fn dyn_transformer(&self) -> Option<&VisionTransformer>;
    fn dyn_collect_devices(&self, devices: Devices) -> Devices;
    fn dyn_fork(self: Box<Self>, device: &Device) -> Box<dyn DynBackbone>;
    fn dyn_to_device(self: Box<Self>, device: &Device) -> Box<dyn DynBackbone>;
    fn dyn_train(self: Box<Self>) -> Box<dyn DynBackbone>;
    fn dyn_valid(&self) -> Box<dyn DynBackbone>;
    fn dyn_materialize(self: Box<Self>) -> Box<dyn DynBackbone>;
    fn dyn_visit(&self, visitor: &mut dyn DynVisitor);
    fn dyn_map(self: Box<Self>, mapper: &mut dyn DynMapper) -> Box<dyn DynBackbone>;
}

impl<B: Backbone> DynBackbone for B {
    fn copied(&self) -> Box<dyn DynBackbone> {
        Box::new(self.clone())
    }
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
    fn dyn_forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward(images)
    }
    fn dyn_forward_dropping(&self, images: Tensor<4>, draw: u64) -> Tensor<2> {
        self.forward_dropping(images, draw)
    }
    fn dyn_features(&self) -> usize {
        self.features()
    }
    fn dyn_transformer(&self) -> Option<&VisionTransformer> {
        self.transformer()
    }
    fn dyn_collect_devices(&self, devices: Devices) -> Devices {
        self.collect_devices(devices)
    }
    fn dyn_fork(self: Box<Self>, device: &Device) -> Box<dyn DynBackbone> {
        Box::new((*self).fork(device))
    }
    fn dyn_to_device(self: Box<Self>, device: &Device) -> Box<dyn DynBackbone> {
        Box::new((*self).to_device(device))
    }
    fn dyn_train(self: Box<Self>) -> Box<dyn DynBackbone> {
        Box::new((*self).train())
    }
    fn dyn_valid(&self) -> Box<dyn DynBackbone> {
        Box::new(self.valid())
    }
    fn dyn_materialize(self: Box<Self>) -> Box<dyn DynBackbone> {
        Box::new((*self).materialize())
    }
    fn dyn_visit(&self, visitor: &mut dyn DynVisitor) {
        self.visit(&mut Visitor(visitor));
    }
    fn dyn_map(self: Box<Self>, mapper: &mut dyn DynMapper) -> Box<dyn DynBackbone> {
        Box::new((*self).map(&mut Mapper(mapper)))
    }
}

impl Clone for BoxedBackbone {
    fn clone(&self) -> Self {
        Self(self.0.copied())
    }
}

impl fmt::Debug for BoxedBackbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(f)
    }
}

impl ModuleDisplayDefault for BoxedBackbone {
    fn content(&self, content: Content) -> Option<Content> {
        content.optional()
    }
}

impl ModuleDisplay for BoxedBackbone {}

impl Backbone for BoxedBackbone {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.0.dyn_forward(images)
    }

    fn forward_dropping(&self, images: Tensor<4>, draw: u64) -> Tensor<2> {
        self.0.dyn_forward_dropping(images, draw)
    }

    fn features(&self) -> usize {
        self.0.dyn_features()
    }

    fn transformer(&self) -> Option<&VisionTransformer> {
        self.0.dyn_transformer()
    }
}

impl Module for BoxedBackbone {
    fn collect_devices(&self, devices: Devices) -> Devices {
        self.0.dyn_collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        Self(self.0.dyn_fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        Self(self.0.dyn_to_device(device))
    }

    fn train(self) -> Self {
        Self(self.0.dyn_train())
    }

    fn valid(&self) -> Self {
        Self(self.0.dyn_valid())
    }

    fn materialize(self) -> Self {
        Self(self.0.dyn_materialize())
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.0.dyn_visit(visitor);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        Self(self.0.dyn_map(mapper))
    }
}

/// The dyn-compatible form of [`ModuleVisitor`]: a parameter is a `Param<Tensor<D, _>>` of some
/// rank D.
trait DynVisitor {
    fn float(&mut self, param: &dyn Any);
    fn int(&mut self, param: &dyn Any);
    fn bool(&mut self, param: &dyn Any);
    fn flag(&mut self, flag: &Param<Flag>);
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
}

/// The dyn-compatible form of [`ModuleMapper`], as [`DynVisitor`].
trait DynMapper {
    fn float(&mut self, param: Box<dyn Any>) -> Box<dyn Any>;
    fn int(&mut self, param: Box<dyn Any>) -> Box<dyn Any>;
    fn bool(&mut self, param: Box<dyn Any>) -> Box<dyn Any>;
    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag>;
    fn enter(&mut self, name: &str, container_type: &str);
    fn exit(&mut self, name: &str, container_type: &str);
}

/// Calls a generic method with a parameter downcast to its rank.
macro_rules! visit_by_rank {
    ($visit:expr, $param:expr, $kind:ty: $($rank:literal)*) => {
        $(if let Some(param) = $param.downcast_ref::<Param<Tensor<$rank, $kind>>>() {
            return $visit(param);
        })*
    };
}

/// [`visit_by_rank`] for a mapper, which consumes the parameter and returns one of the same rank.
macro_rules! map_by_rank {
    ($map:expr, $param:expr, $kind:ty: $($rank:literal)*) => {{
        let param = $param;
        $(let param = match param.downcast::<Param<Tensor<$rank, $kind>>>() {
            Ok(param) => return Box::new($map(*param)),
            Err(other) => other,
        };)*
        drop(param);
    }};
}

const RANKS: &str = "a parameter has at most 8 dimensions";

impl<V: ModuleVisitor> DynVisitor for V {
    fn float(&mut self, param: &dyn Any) {
        visit_by_rank!(|param| self.visit_float(param), param, Float: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn int(&mut self, param: &dyn Any) {
        visit_by_rank!(|param| self.visit_int(param), param, Int: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn bool(&mut self, param: &dyn Any) {
        visit_by_rank!(|param| self.visit_bool(param), param, Bool: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn flag(&mut self, flag: &Param<Flag>) {
        self.visit_flag(flag);
    }
    fn enter(&mut self, name: &str, container_type: &str) {
        self.enter_module(name, container_type);
    }
    fn exit(&mut self, name: &str, container_type: &str) {
        self.exit_module(name, container_type);
    }
}

impl<M: ModuleMapper> DynMapper for M {
    fn float(&mut self, param: Box<dyn Any>) -> Box<dyn Any> {
        map_by_rank!(|param| self.map_float(param), param, Float: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn int(&mut self, param: Box<dyn Any>) -> Box<dyn Any> {
        map_by_rank!(|param| self.map_int(param), param, Int: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn bool(&mut self, param: Box<dyn Any>) -> Box<dyn Any> {
        map_by_rank!(|param| self.map_bool(param), param, Bool: 1 2 3 4 5 6 7 8);
        panic!("{RANKS}");
    }
    fn flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.map_flag(flag)
    }
    fn enter(&mut self, name: &str, container_type: &str) {
        self.enter_module(name, container_type);
    }
    fn exit(&mut self, name: &str, container_type: &str) {
        self.exit_module(name, container_type);
    }
}

/// The generic form of a [`DynVisitor`].
struct Visitor<'a>(&'a mut dyn DynVisitor);

impl ModuleVisitor for Visitor<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.float(param);
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.0.int(param);
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.0.bool(param);
    }
    fn visit_flag(&mut self, flag: &Param<Flag>) {
        self.0.flag(flag);
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

/// The generic form of a [`DynMapper`].
struct Mapper<'a>(&'a mut dyn DynMapper);

/// Downcasts a parameter to the rank that it had before mapping.
fn unboxed<T: 'static>(param: Box<dyn Any>) -> T {
    *param.downcast().expect("a mapper keeps the rank of a parameter")
}

impl ModuleMapper for Mapper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        unboxed(self.0.float(Box::new(param)))
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        unboxed(self.0.int(Box::new(param)))
    }
    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        unboxed(self.0.bool(Box::new(param)))
    }
    fn map_flag(&mut self, flag: Param<Flag>) -> Param<Flag> {
        self.0.flag(flag)
    }
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.0.enter(name, container_type);
    }
    fn exit_module(&mut self, name: &str, container_type: &str) {
        self.0.exit(name, container_type);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::network;
    use crate::weights_identity;

    #[test]
    fn boxing_preserves_identity_and_outputs() {
        let device = Device::flex();
        let network = network(3, &device);
        let boxed = BoxedBackbone::new(&network);
        assert_eq!(weights_identity(&boxed), weights_identity(&network));
        assert_eq!(Module::num_params(&boxed), Module::num_params(&network));
        assert_eq!(boxed.features(), network.features());
        let images = || Tensor::<4>::ones([2, 3, 16, 16], &device);
        let outputs = |features: Tensor<2>| features.into_data();
        let expected = outputs(network.valid().forward(images()));
        assert_eq!(outputs(boxed.valid().forward(images())), expected);
    }

    #[test]
    fn mapping_changes_the_network_inside_but_not_a_copy() {
        struct Zero;
        impl ModuleMapper for Zero {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|value| value.zeros_like())
            }
        }
        let device = Device::flex();
        let boxed = BoxedBackbone::new(&network(3, &device));
        let before = weights_identity(&boxed);
        // A clone would share the running statistics.
        let zeroed = boxed.valid().map(&mut Zero);
        assert_ne!(weights_identity(&zeroed), before);
        assert_eq!(weights_identity(&boxed), before);
        let output = zeroed.valid().forward(Tensor::ones([1, 3, 16, 16], &device));
        assert!(output.into_data().iter::<f32>().all(|x| x == 0.0));
    }
}
