use crate::{BlockKind, ResNetConfig, Stem};

/// Dimensions of a convolution of a residual network, with square kernel and feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Number of input channels.
    pub channels_in: usize,
    /// Number of output channels.
    pub channels_out: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zero padding on each side.
    pub padding: usize,
    /// Side of the input feature maps.
    pub side: usize,
}

impl Convolution {
    fn new(
        [channels_in, channels_out]: [usize; 2],
        kernel: usize,
        stride: usize,
        side: usize,
    ) -> Self {
        Self { channels_in, channels_out, kernel, stride, padding: kernel / 2, side }
    }

    /// Side of the output feature maps.
    pub fn side_out(&self) -> usize {
        (self.side + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Floating-point operations of a forward pass over a batch, or of the computation of either
    /// gradient: `2 n c_out h' w' c_in k²`. Products with the zero padding are included.
    pub fn operations(&self, batch: usize) -> f64 {
        let products = [
            batch,
            self.channels_out,
            self.side_out().pow(2),
            self.channels_in,
            self.kernel.pow(2),
        ];
        2.0 * products.map(|n| n as f64).iter().product::<f64>()
    }
}

impl ResNetConfig {
    /// All convolutions of the network for images of `size` pixels, in the order of its parameters.
    pub fn convolutions(&self, size: usize) -> Vec<Convolution> {
        let mut channels = self.widths[0];
        let (kernel, stride) = self.stem.kernel_and_stride();
        let stem = Convolution::new([3, channels], kernel, stride, size);
        let mut side = stem.side_out();
        if self.stem == Stem::Imagenet {
            side = side.div_ceil(2);
        }
        let mut all = vec![stem];
        for (stage, (&blocks, &width)) in self.layers.iter().zip(&self.widths).enumerate() {
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let out = self.block.channels_out(width);
                let after = side.div_ceil(stride);
                match self.block {
                    BlockKind::Basic => all.extend([
                        Convolution::new([channels, width], 3, stride, side),
                        Convolution::new([width, width], 3, 1, after),
                    ]),
                    BlockKind::Bottleneck => all.extend([
                        Convolution::new([channels, width], 1, 1, side),
                        Convolution::new([width, width], 3, stride, side),
                        Convolution::new([width, out], 1, 1, after),
                    ]),
                }
                if stride != 1 || channels != out {
                    all.push(Convolution::new([channels, out], 1, stride, side));
                }
                (channels, side) = (out, after);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::{Device, Tensor};

    use super::*;

    /// Shapes of the convolution weights, in the order of the network.
    #[derive(Default)]
    struct Filters(Vec<[usize; 4]>);

    impl ModuleVisitor for Filters {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 4 {
                self.0.push(param.val().shape().dims());
            }
        }
    }

    #[test]
    fn the_list_has_the_shapes_of_the_networks_weights_and_of_its_feature_map() {
        let device = Device::flex();
        let narrow = ResNetConfig { stem: Stem::Small, ..ResNetConfig::resnet10_narrow() };
        for (config, size) in [
            (ResNetConfig::resnet18(), 40),
            (ResNetConfig::resnet50(), 33),
            (ResNetConfig::resnet10_narrow(), 32),
            (narrow, 9),
        ] {
            let network = config.init(&device);
            let mut filters = Filters::default();
            network.visit(&mut filters);
            let list = config.convolutions(size);
            let listed = list.iter().map(|c| [c.channels_out, c.channels_in, c.kernel, c.kernel]);
            assert_eq!(listed.collect::<Vec<_>>(), filters.0);
            let map = network.forward_map(Tensor::zeros([1, 3, size, size], &device));
            let last = list.last().unwrap();
            assert_eq!(map.dims(), [1, last.channels_out, last.side_out(), last.side_out()]);
        }
    }

    /// 53 convolutions of 23 distinct sizes, 341.7 GFLOP for 512 images, computed by hand.
    #[test]
    fn a_resnet_50_at_64_pixels_has_convolutions_of_23_sizes() {
        let all = ResNetConfig::resnet50().convolutions(64);
        assert_eq!(all.len(), 53);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 23);
        let operations: f64 = all.iter().map(|convolution| convolution.operations(512)).sum();
        assert!((operations / 1e9 - 341.7).abs() < 0.1, "{operations}");
        let strided = Convolution::new([128, 128], 3, 2, 16);
        assert!(all.contains(&strided) && strided.side_out() == 8);
    }
}
