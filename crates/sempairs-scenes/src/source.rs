use std::sync::Arc;

use rayon::prelude::*;

use super::{Class, Distribution, Factor, Factors, SceneSplit, render};
use sempairs_data::{DataError, Key, Nuisances, Picture, PictureSource, Side};
use sempairs_internal::progress_bar;

/// A source of scenes with `per_class` pictures of every class of a split, class by class.
///
/// A picture depends only on the split, the seed, its class and its number within the class. The
/// pictures of a smaller source are therefore the first ones of each class in a larger source.
#[derive(Clone, Debug)]
pub struct SceneSource {
    split: SceneSplit,
    classes: Vec<Class>,
    names: Vec<String>,
    per_class: usize,
    size: usize,
    seed: u64,
    distribution: Distribution,
    /// The pixels of all pictures, if they are kept in memory.
    drawn: Option<Arc<[u8]>>,
}

impl SceneSource {
    /// Creates a source of scenes of side `size`, which are rendered whenever they are read.
    ///
    /// # Panics
    ///
    /// Panics if `size` is 0.
    pub fn new(split: SceneSplit, per_class: usize, size: usize, seed: u64) -> Self {
        assert!(size > 0, "a picture must have at least one pixel");
        let classes = Class::of(split);
        Self {
            split,
            names: classes.iter().map(|class| class.name().to_string()).collect(),
            classes,
            per_class,
            size,
            seed,
            distribution: split.distribution(),
            drawn: None,
        }
    }

    /// Replaces the distribution of the nuisance factors.
    pub fn with_distribution(mut self, distribution: Distribution) -> Self {
        self.distribution = distribution;
        self.drawn = None;
        self
    }

    /// Renders all pictures once, on all cores, and keeps them in memory: `3 size^2` bytes each. A
    /// progress bar is shown on a terminal.
    pub fn in_memory(mut self) -> Self {
        let mut pixels = vec![0; 3 * self.size * self.size * self.len()];
        let bar = progress_bar("rendering scenes", self.len() as u64);
        pixels.par_chunks_exact_mut(3 * self.size * self.size).enumerate().for_each(
            |(index, place)| {
                place.copy_from_slice(self.draw(index).pixels());
                bar.inc(1);
            },
        );
        self.drawn = Some(pixels.into());
        self
    }

    fn draw(&self, index: usize) -> Picture<'static> {
        render(self.scene_class(index), &self.factors(index), self.size)
    }

    /// The split.
    pub fn split(&self) -> SceneSplit {
        self.split
    }

    /// The distribution of the nuisance factors.
    pub fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// Side of the pictures in pixels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of pictures per class.
    pub fn per_class(&self) -> usize {
        self.per_class
    }

    /// The class of a picture.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn scene_class(&self, index: usize) -> Class {
        assert!(index < self.len(), "index {index} is out of range for {} pictures", self.len());
        self.classes[index / self.per_class]
    }

    /// The key under which a picture's factors are drawn.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn key(&self, index: usize) -> Key {
        let class = self.scene_class(index);
        let number = (index % self.per_class) as u64;
        Key {
            seed: self.seed,
            epoch: self.split as u64,
            picture: ((class as u64) << 40) | number,
            side: Side::Left,
        }
    }

    /// The factors of a picture.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn factors(&self, index: usize) -> Factors {
        Factors::draw(&self.distribution, self.key(index))
    }

    /// Renders the picture's scene with only `factor` drawn again; each value of `again` gives
    /// another draw.
    ///
    /// # Panics
    ///
    /// Panics if `index` is out of range.
    pub fn redrawn(&self, index: usize, factor: Factor, again: u32) -> Picture<'static> {
        let key = self.key(index);
        let anew = Key { epoch: key.epoch | u64::from(again) << 32, side: Side::Right, ..key };
        let factors = self.factors(index).redraw(factor, &self.distribution, anew);
        render(self.scene_class(index), &factors, self.size)
    }

    /// Semantic pairs: each picture of the first half of a class with its own partner from the
    /// second half. The instances and nuisance factors of the two are independent.
    ///
    /// If the number of pictures per class is odd, the last one has no partner.
    pub fn curated_pairs(&self) -> Vec<(usize, usize)> {
        let half = self.per_class / 2;
        (0..self.classes.len())
            .flat_map(|class| (0..half).map(move |i| (class, i)))
            .map(|(class, i)| {
                let left = class * self.per_class + i;
                (left, left + half)
            })
            .collect()
    }
}

impl PictureSource for SceneSource {
    fn len(&self) -> usize {
        self.classes.len() * self.per_class
    }

    fn classes(&self) -> &[String] {
        &self.names
    }

    fn class(&self, index: usize) -> Option<usize> {
        (index < self.len()).then(|| index / self.per_class)
    }

    fn name(&self, index: usize) -> String {
        let class = self.scene_class(index).name();
        format!("{}/{class}/{:06}", self.split.name(), index % self.per_class)
    }

    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        Ok(match &self.drawn {
            Some(pixels) => {
                let bytes = 3 * self.size * self.size;
                Picture::new(self.size, self.size, &pixels[index * bytes..][..bytes])
            }
            None => self.draw(index),
        })
    }

    fn nuisances(&self, index: usize) -> Option<Nuisances> {
        Some(Factors::kinds(&self.distribution, self.key(index)))
    }
}
