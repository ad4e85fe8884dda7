//! Synthetic features and pictures for the tests.

use burn::tensor::Device;
use rand::RngExt;
use sempairs_backbone::{ResNet, ResNetConfig};
use sempairs_data::{DataError, Key, Picture, PictureSource, Side};

use crate::Features;

/// Approximately standard normal values: sums of twelve uniform values minus 6.
pub(crate) fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Key { seed, epoch: 0, picture: 0, side: Side::Left }.rng(0);
    (0..count).map(|_| (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0).collect()
}

/// Gaussian clusters, one per class, around random standard normal centres, with standard deviation
/// `std`. Classes alternate.
pub(crate) fn clouds(n: usize, dim: usize, classes: usize, std: f32, seed: u64) -> Features {
    let centres = random(classes * dim, 1000);
    let mut values = random(n * dim, seed);
    for (i, row) in values.chunks_exact_mut(dim).enumerate() {
        let centre = &centres[i % classes * dim..][..dim];
        row.iter_mut().zip(centre).for_each(|(x, centre)| *x = *x * std + centre);
    }
    Features {
        values,
        dim,
        labels: (0..n).map(|i| i % classes).collect(),
        classes: (0..classes).map(|class| format!("class {class}")).collect(),
    }
}

/// Pictures of a single colour each. The two classes alternate.
pub(crate) struct Plain {
    pub(crate) colours: Vec<[u8; 3]>,
    pub(crate) classes: Vec<String>,
    pub(crate) labelled: bool,
}

impl Plain {
    pub(crate) fn new(colours: &[[u8; 3]]) -> Self {
        let classes = vec!["even".into(), "odd".into()];
        Self { colours: colours.to_vec(), classes, labelled: true }
    }
}

impl PictureSource for Plain {
    fn len(&self) -> usize {
        self.colours.len()
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        self.labelled.then_some(index % 2)
    }
    fn name(&self, index: usize) -> String {
        format!("plain {index}")
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        Ok(Picture::new(40, 30, self.colours[index].repeat(40 * 30)))
    }
}

/// A small ResNet.
pub(crate) fn network(seed: u64, device: &Device) -> ResNet {
    ResNetConfig::resnet10_narrow().init_seeded(device, seed)
}
