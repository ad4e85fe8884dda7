use std::path::Path;
use std::sync::Arc;

use rand::seq::SliceRandom;

use crate::{
    DataError, Exclusion, Key, Nuisances, Picture, PictureSource, Region, RegionPicture, Side,
    Stamp,
};

/// Operation number of the random draw in [`Subset::random_per_class`].
const DRAW: u64 = u64::from_be_bytes(*b"drawsome");

/// Some pictures of another source, in any order, optionally restricted to some of its classes.
#[derive(Clone)]
pub struct Subset {
    source: Arc<dyn PictureSource>,
    indices: Vec<usize>,
    /// Names of the classes, and for each class of the underlying source its index in the subset;
    /// `None` if the classes are those of the underlying source.
    classes: Option<(Vec<String>, Vec<Option<usize>>)>,
    /// The reason why the other pictures are excluded.
    why: Exclusion,
}

impl Subset {
    /// Selects the pictures at `indices` of `source`, with all its classes.
    ///
    /// # Panics
    ///
    /// Panics if an index is out of range.
    pub fn new(source: Arc<dyn PictureSource>, indices: Vec<usize>) -> Self {
        let len = source.len();
        assert!(indices.iter().all(|&index| index < len), "an index is not below {len}");
        Self { source, indices, classes: None, why: Exclusion::Unchosen }
    }

    /// Returns the same subset with another reason for excluding the rest.
    pub(crate) fn with_reason(self, why: Exclusion) -> Self {
        Self { why, ..self }
    }

    /// Selects the first `count` pictures, or all if there are fewer.
    pub fn first(source: Arc<dyn PictureSource>, count: usize) -> Self {
        let indices = (0..count.min(source.len())).collect();
        Self::new(source, indices)
    }

    /// Selects the first `count` pictures of each class, in the source's order.
    ///
    /// # Errors
    ///
    /// [`DataError::Classes`] for a class with fewer than `count` pictures.
    pub fn first_per_class(
        source: Arc<dyn PictureSource>,
        count: usize,
    ) -> Result<Self, DataError> {
        Self::per_class(source, count, |_, _| {})
    }

    /// Selects `count` random pictures of each class, without replacement, in the source's order.
    ///
    /// With the same seed, a selection with a smaller count is contained in one with a larger
    /// count. In a study of the number of labels, a larger number therefore only adds pictures.
    ///
    /// # Errors
    ///
    /// [`DataError::Classes`] for a class with fewer than `count` pictures.
    pub fn random_per_class(
        source: Arc<dyn PictureSource>,
        count: usize,
        seed: u64,
    ) -> Result<Self, DataError> {
        Self::per_class(source, count, |class, members| {
            let key = Key { seed, epoch: 0, picture: class as u64, side: Side::Left };
            members.shuffle(&mut key.rng(DRAW));
        })
    }

    fn per_class(
        source: Arc<dyn PictureSource>,
        count: usize,
        order: impl Fn(usize, &mut Vec<usize>),
    ) -> Result<Self, DataError> {
        let mut indices = Vec::new();
        for (class, mut members) in members(&*source).into_iter().enumerate() {
            if members.len() < count {
                let name = &source.classes()[class];
                let reason = format!("has {} pictures, but {count} are needed", members.len());
                return Err(DataError::class(source.location(), name, reason));
            }
            order(class, &mut members);
            indices.extend_from_slice(&members[..count]);
        }
        indices.sort_unstable();
        Ok(Self::new(source, indices).with_reason(Exclusion::PerClass))
    }

    /// Selects the pictures of the classes `names`, and numbers the classes in the given order.
    /// This also gives two sources the same numbering of the same classes.
    ///
    /// # Errors
    ///
    /// [`DataError::Classes`] for a name that is not a class of the source, or appears twice.
    pub fn of_classes<S: AsRef<str>>(
        source: Arc<dyn PictureSource>,
        names: &[S],
    ) -> Result<Self, DataError> {
        let mut number = vec![None; source.classes().len()];
        for (here, name) in names.iter().enumerate() {
            let wrong = |reason: &str| DataError::class(source.location(), name.as_ref(), reason);
            let there = source.classes().iter().position(|class| class == name.as_ref());
            let there = there.ok_or_else(|| wrong("the source has no such class"))?;
            if number[there].replace(here).is_some() {
                return Err(wrong("it is named twice"));
            }
        }
        let within = |&index: &usize| source.class(index).is_some_and(|it| number[it].is_some());
        let indices = (0..source.len()).filter(within).collect();
        let names = names.iter().map(|name| name.as_ref().to_string()).collect();
        let why = Exclusion::OtherClass;
        Ok(Self { source, indices, classes: Some((names, number)), why })
    }

    /// The index in the underlying source of the picture at `index`.
    pub fn index(&self, index: usize) -> usize {
        self.indices[index]
    }

    /// The underlying source.
    pub fn source(&self) -> &Arc<dyn PictureSource> {
        &self.source
    }
}

/// For each class, the indices of its pictures in the source's order.
pub(crate) fn members(source: &dyn PictureSource) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); source.classes().len()];
    for index in 0..source.len() {
        if let Some(class) = source.class(index) {
            members[class].push(index);
        }
    }
    members
}

impl PictureSource for Subset {
    fn len(&self) -> usize {
        self.indices.len()
    }
    fn classes(&self) -> &[String] {
        match &self.classes {
            Some((names, _)) => names,
            None => self.source.classes(),
        }
    }
    fn class(&self, index: usize) -> Option<usize> {
        let class = self.source.class(self.indices[index])?;
        match &self.classes {
            Some((_, number)) => number[class],
            None => Some(class),
        }
    }
    fn name(&self, index: usize) -> String {
        self.source.name(self.indices[index])
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        self.source.read(self.indices[index])
    }
    fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'_>, DataError> {
        self.source.read_planned(self.indices[index], plan)
    }
    fn check_header(&self, index: usize) -> Result<(), DataError> {
        self.source.check_header(self.indices[index])
    }
    fn location(&self) -> Option<&Path> {
        self.source.location()
    }
    fn excluded(&self) -> Vec<(String, Exclusion)> {
        let mut is_here = vec![false; self.source.len()];
        self.indices.iter().for_each(|&index| is_here[index] = true);
        let others = (0..is_here.len()).filter(|&index| !is_here[index]);
        let others = others.map(|index| (self.source.name(index), self.why));
        self.source.excluded().into_iter().chain(others).collect()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        self.source.stamp(self.indices[index])
    }
    fn nuisances(&self, index: usize) -> Option<Nuisances> {
        self.source.nuisances(self.indices[index])
    }
}

impl std::fmt::Debug for Subset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subset")
            .field("len", &self.indices.len())
            .field("classes", &self.classes().len())
            .finish_non_exhaustive()
    }
}
