use std::sync::Arc;

use crate::{
    DataError, Exclusion, Nuisances, Picture, PictureSource, Region, RegionPicture, Stamp,
};

/// Concatenation of several sources; classes of the same name are merged.
#[derive(Clone)]
pub struct Concat {
    sources: Vec<Arc<dyn PictureSource>>,
    /// For each source, the index of its first picture.
    starts: Vec<usize>,
    len: usize,
    classes: Vec<String>,
    /// For each source and each of its classes, the index of the class in the concatenation.
    number: Vec<Vec<usize>>,
}

impl Concat {
    /// Concatenates `sources`. The classes of the first source come first.
    pub fn new(sources: Vec<Arc<dyn PictureSource>>) -> Self {
        let (mut starts, mut len) = (Vec::new(), 0);
        let (mut classes, mut number) = (Vec::<String>::new(), Vec::new());
        for source in &sources {
            starts.push(len);
            len += source.len();
            let numbers = source.classes().iter().map(|name| {
                classes.iter().position(|it| it == name).unwrap_or_else(|| {
                    classes.push(name.clone());
                    classes.len() - 1
                })
            });
            number.push(numbers.collect());
        }
        Self { sources, starts, len, classes, number }
    }

    /// The source of a picture and its index there.
    fn locate(&self, index: usize) -> (usize, usize) {
        assert!(index < self.len, "index {index} is out of range for {} pictures", self.len);
        let source = self.starts.partition_point(|&start| start <= index) - 1;
        (source, index - self.starts[source])
    }
}

impl PictureSource for Concat {
    fn len(&self) -> usize {
        self.len
    }
    fn classes(&self) -> &[String] {
        &self.classes
    }
    fn class(&self, index: usize) -> Option<usize> {
        let (source, index) = self.locate(index);
        self.sources[source].class(index).map(|class| self.number[source][class])
    }
    fn name(&self, index: usize) -> String {
        let (source, index) = self.locate(index);
        self.sources[source].name(index)
    }
    fn read(&self, index: usize) -> Result<Picture<'_>, DataError> {
        let (source, index) = self.locate(index);
        self.sources[source].read(index)
    }
    fn read_planned(
        &self,
        index: usize,
        plan: &mut dyn FnMut([usize; 2]) -> Region,
    ) -> Result<RegionPicture<'_>, DataError> {
        let (source, index) = self.locate(index);
        self.sources[source].read_planned(index, plan)
    }
    fn check_header(&self, index: usize) -> Result<(), DataError> {
        let (source, index) = self.locate(index);
        self.sources[source].check_header(index)
    }
    fn excluded(&self) -> Vec<(String, Exclusion)> {
        self.sources.iter().flat_map(|source| source.excluded()).collect()
    }
    fn stamp(&self, index: usize) -> Option<Stamp> {
        let (source, index) = self.locate(index);
        self.sources[source].stamp(index)
    }
    fn nuisances(&self, index: usize) -> Option<Nuisances> {
        let (source, index) = self.locate(index);
        self.sources[source].nuisances(index)
    }
}

impl std::fmt::Debug for Concat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Concat")
            .field("len", &self.len)
            .field("classes", &self.classes.len())
            .finish_non_exhaustive()
    }
}
