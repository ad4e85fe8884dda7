use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Class, Distribution, Factor, Factors, render};
use sempairs_data::{DataError, Key, Picture, PictureSource, Side};
use sempairs_internal::progress_bar;

/// Which pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneSplit {
    /// The classes and nuisances to learn from.
    Pretrain,
    /// Other classes under other nuisances, to fit a probe on.
    DownstreamTrain,
    /// More pictures of those, to score it on.
    DownstreamTest,
}

impl SceneSplit {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            SceneSplit::Pretrain => "pretrain",
            SceneSplit::DownstreamTrain => "downstream-train",
            SceneSplit::DownstreamTest => "downstream-test",
        }
    }

    /// What its nuisances are drawn from.
    pub fn distribution(self) -> Distribution {
        match self {
            SceneSplit::Pretrain => Distribution::pretrain(),
            SceneSplit::DownstreamTrain | SceneSplit::DownstreamTest => Distribution::downstream(),
        }
    }
}

/// Built-in scenes as a source: `per_class` pictures of every class of a split, class after class.
///
/// A picture depends on the split, the seed, its class and its number within the class alone, so a
/// source with more pictures a class begins every class with the pictures of a smaller one.
#[derive(Clone, Debug)]
pub struct SceneSource {
    split: SceneSplit,
    classes: Vec<Class>,
    names: Vec<String>,
    per_class: usize,
    size: usize,
    seed: u64,
    distribution: Distribution,
    /// All the pictures, one after the other, once they are held in memory.
    drawn: Option<Arc<[u8]>>,
}

impl SceneSource {
    /// Scenes of side `size` that are drawn whenever they are read.
    ///
    /// # Panics
    ///
    /// If `size` is 0.
    pub fn new(split: SceneSplit, per_class: usize, size: usize, seed: u64) -> Self {
        assert!(size > 0, "a picture has at least one pixel");
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

    /// The same scenes under other nuisances.
    pub fn with_distribution(mut self, distribution: Distribution) -> Self {
        self.distribution = distribution;
        self.drawn = None;
        self
    }

    /// Draws everything once, on all cores: `3 size^2` bytes a picture. A progress bar shows on a terminal.
    pub fn in_memory(mut self) -> Self {
        let mut pixels = vec![0; 3 * self.size * self.size * self.len()];
        let bar = progress_bar("drawing scenes", self.len() as u64);
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

    /// Which split this is.
    pub fn split(&self) -> SceneSplit {
        self.split
    }

    /// What the nuisances are drawn from.
    pub fn distribution(&self) -> &Distribution {
        &self.distribution
    }

    /// The side of a picture in pixels.
    pub fn size(&self) -> usize {
        self.size
    }

    /// How many pictures a class has.
    pub fn per_class(&self) -> usize {
        self.per_class
    }

    /// The class of a picture.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn scene_class(&self, index: usize) -> Class {
        assert!(index < self.len(), "picture {index} of {}", self.len());
        self.classes[index / self.per_class]
    }

    /// What a picture's factors are drawn under.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
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
    /// If there is no such picture.
    pub fn factors(&self, index: usize) -> Factors {
        Factors::draw(&self.distribution, self.key(index))
    }

    /// The picture's scene with `factor` alone drawn anew, for the `again`-th time.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn redrawn(&self, index: usize, factor: Factor, again: u32) -> Picture<'static> {
        let key = self.key(index);
        let anew = Key { epoch: key.epoch | u64::from(again) << 32, side: Side::Right, ..key };
        let factors = self.factors(index).redraw(factor, &self.distribution, anew);
        render(self.scene_class(index), &factors, self.size)
    }

    /// Semantic pairs: the first half of each class's pictures, each with a partner of its own from
    /// the second half. Instance and nuisances of the two are independent draws.
    ///
    /// With an odd number of pictures a class the last one stays single.
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
}
