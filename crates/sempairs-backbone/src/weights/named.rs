use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::is_variant;

/// The names and shapes (as in PyTorch) of a module's tensors, in the order of its fields. Lazy
/// parameters are not initialised.
pub(super) fn shapes<M: Module>(module: &M) -> Vec<(String, Vec<usize>)> {
    struct Shapes(Path, Vec<(String, Vec<usize>)>);
    impl ModuleVisitor for Shapes {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.0.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let mut shape = param.lazy_shape().as_slice().to_vec();
            if self.0.transposed::<D>() {
                shape.reverse();
            }
            self.1.push((self.0.name(), shape));
        }
    }
    let mut visitor = Shapes(Path::default(), Vec::new());
    module.visit(&mut visitor);
    visitor.1
}

/// The names, shapes (as in PyTorch) and values of a module's tensors, in the order of its fields.
pub(super) fn values<M: Module>(module: &M) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    struct Values(Path, Vec<(String, Vec<usize>, Vec<f32>)>);
    impl ModuleVisitor for Values {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.0.exit(container);
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let mut tensor = param.transform_for_save().val();
            if self.0.transposed::<D>() {
                tensor = tensor.swap_dims(0, 1);
            }
            let data = tensor.into_data().convert::<f32>();
            let shape = data.shape().as_slice().to_vec();
            let values = data.try_into_vec().expect("the data were just converted to f32");
            self.1.push((self.0.name(), shape, values));
        }
    }
    let mut visitor = Values(Path::default(), Vec::new());
    module.visit(&mut visitor);
    visitor.1
}

/// Replaces all tensors of a module. `values` must have every tensor, with the right number of
/// values.
pub(super) fn replace<M: Module>(module: M, values: HashMap<String, Vec<f32>>) -> M {
    struct Replace(Path, HashMap<String, Vec<f32>>);
    impl ModuleMapper for Replace {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            self.0.exit(container);
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let values = self.1.remove(&self.0.name()).expect("the names were checked before");
            let mut shape = param.lazy_shape();
            let transposed = self.0.transposed::<D>();
            if transposed {
                shape = shape.swapped(0, 1).expect("a matrix has two axes");
            }
            let data = TensorData::new(values, shape);
            let mut tensor = Tensor::from_data(data, &param.lazy_device());
            if transposed {
                tensor = tensor.swap_dims(0, 1);
            }
            let id = param.id;
            param.transform_for_load(tensor, id)
        }
    }
    module.map(&mut Replace(Path::default(), values))
}

/// The path of fields from the module to a tensor, each with whether it belongs to a linear layer.
#[derive(Default)]
struct Path(Vec<(String, bool)>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        if !is_variant(container) {
            self.0.push((name.to_owned(), container == "Struct:Linear"));
        }
    }

    fn exit(&mut self, container: &str) {
        if !is_variant(container) {
            self.0.pop();
        }
    }

    fn name(&self) -> String {
        let fields: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        fields.join(".")
    }

    /// Returns true if a tensor with `D` axes is the weight of a linear layer.
    fn transposed<const D: usize>(&self) -> bool {
        D == 2 && self.0.last().is_some_and(|(_, linear)| *linear)
    }
}
