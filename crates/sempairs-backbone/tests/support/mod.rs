//! Shared code of the tests: tolerances, deterministic parameter values, and visitors of modules.

#![allow(dead_code, reason = "every test file is a crate of its own and uses a part")]

pub mod checkpoint;
pub mod layout;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use sempairs_backbone::is_variant;

/// The device named by `SEMPAIRS_DEVICE`.
pub fn device() -> Device {
    sempairs_testing::device!()
}

/// Tolerances of a device's results relative to torchvision: all but the angle are relative to the
/// largest absolute value of the tensor.
pub struct Bounds {
    pub features: f32,
    pub statistics: f32,
    pub gradients: f32,
    /// Tolerance of the first layer's gradient: one minus the cosine.
    pub angle: f32,
}

/// The tolerances of the device named by `SEMPAIRS_DEVICE`.
pub fn bounds() -> Bounds {
    match sempairs_testing::backend_name(&sempairs_testing::device_name("flex")) {
        "flex" => Bounds { features: 1e-4, statistics: 1e-5, gradients: 1e-3, angle: 5e-3 },
        // Tensor cores round the inputs of a convolution to ten bits (1 in 2,000). This changes the
        // sign of more ReLU inputs, and the angle grows with their number.
        "cuda" => Bounds { features: 5e-3, statistics: 5e-4, gradients: 5e-2, angle: 5e-2 },
        // Single precision, but with other orders of summation and fused or approximate operations.
        _ => Bounds { features: 1e-3, statistics: 1e-4, gradients: 1e-2, angle: 5e-3 },
    }
}

/// Fills a module with the deterministic values of the reference files.
pub fn closed_form<M: Module>(module: M) -> M {
    struct Fill(Vec<String>, Vec<bool>);
    impl ModuleMapper for Fill {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.0.push(name.to_owned());
            self.1.push(container == "Struct:Linear");
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.0.pop();
            self.1.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            // Indices and fan-in refer to PyTorch's shape, in which a linear weight is `[out, in]`.
            let transposed = D == 2 && self.1.last() == Some(&true);
            let mut shape = param.lazy_shape();
            if transposed {
                shape = shape.swapped(0, 1).unwrap();
            }
            let (name, field) = (self.0.join("."), self.0.last().unwrap().as_str());
            let fan_in: usize = shape.as_slice()[1..].iter().product();
            let (offset, scale) = match field {
                "weight" if D > 1 => (0.0, (6.0 / fan_in as f64).sqrt()),
                "weight" => (1.0, 0.1),
                "running_var" => (1.0, 0.5),
                "bias" | "running_mean" | "cls_token" | "pos_embed" => (0.0, 0.1),
                other => panic!("unknown parameter {other}"),
            };
            let key = crc32fast::hash(name.as_bytes());
            let value = |index: usize| (offset + scale * hashed(index as u32, key)) as f32;
            let values: Vec<f32> = (0..shape.num_elements()).map(value).collect();
            let (id, device) = (param.id, param.lazy_device());
            let mut tensor = Tensor::from_data(TensorData::new(values, shape), &device);
            if transposed {
                tensor = tensor.swap_dims(0, 1);
            }
            param.transform_for_load(tensor, id)
        }
    }
    module.map(&mut Fill(Vec::new(), Vec::new()))
}

fn hashed(index: u32, key: u32) -> f64 {
    let mut x = index.wrapping_mul(0x9E37_79B1).wrapping_add(key);
    x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
    x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
    x ^= x >> 16;
    f64::from(x) / f64::from(1_u32 << 31) - 1.0
}

/// The values of all tensors of a module, by name.
pub fn tensors<M: Module>(module: &M) -> BTreeMap<String, Vec<f32>> {
    struct Collect(Vec<String>, BTreeMap<String, Vec<f32>>);
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, container: &str) {
            if !is_variant(container) {
                self.0.push(name.to_owned());
            }
        }
        fn exit_module(&mut self, _name: &str, container: &str) {
            if !is_variant(container) {
                self.0.pop();
            }
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values = param.val().into_data().convert::<f32>().try_into_vec::<f32>().unwrap();
            self.1.insert(self.0.join("."), values);
        }
    }
    let mut collect = Collect(Vec::new(), BTreeMap::new());
    module.visit(&mut collect);
    collect.1
}

/// Visitor that finds the gradient of a parameter by name.
pub struct Gradients<'a> {
    path: Vec<String>,
    gradients: &'a burn::tensor::Gradients,
    wanted: &'a str,
    found: Option<TensorData>,
}

impl<'a> Gradients<'a> {
    /// The gradient of the parameter `wanted`.
    pub fn of<const D: usize, M: Module>(
        module: &M,
        gradients: &'a burn::tensor::Gradients,
        wanted: &'a str,
    ) -> Tensor<D> {
        let mut visitor = Self { path: Vec::new(), gradients, wanted, found: None };
        module.visit(&mut visitor);
        let data = visitor.found.unwrap_or_else(|| panic!("{wanted} has a gradient"));
        Tensor::from_data(data, &Device::flex())
    }
}

impl ModuleVisitor for Gradients<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.path.join(".") == self.wanted {
            self.found = param.val().grad(self.gradients).map(|gradient| gradient.into_data());
        }
    }
}
