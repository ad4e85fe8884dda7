use serde::Deserialize;

/// A class of the data set of "Enhancing Self-Supervised Learning with Semantic Pairs" (arXiv
/// 2510.08722).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperClass {
    /// The class's name in ImageNet.
    pub name: String,
    /// The class's name as printed in the paper; it differs from `name` for two classes.
    pub paper_name: String,
    /// The class's folder in ImageNet-1K (WordNet ID); `None` for the two classes that ImageNet-1K
    /// does not contain.
    pub wnid: Option<String>,
    /// The class's index in ImageNet-1K, from zero.
    pub imagenet_index: Option<usize>,
    /// The group under which the paper lists the class.
    pub group: String,
    /// Whether Tiny-ImageNet contains the class.
    pub in_tiny_imagenet: bool,
}

/// A row of the CSV file, without the columns that are only for human readers.
#[derive(Deserialize)]
struct Line {
    wnid: String,
    name: String,
    category: String,
    imagenet_index: Option<usize>,
    paper_name: String,
    in_tiny_imagenet: String,
    in_imagenet1k: String,
}

/// The classes printed in the paper, in its order, read from `data/paper_classes.csv`.
///
/// The paper states 187 classes but prints 175 names. ImageNet-1K contains 173 of them (it lacks
/// `lemon_shark` and `tadpole`, which are WordNet synsets without pictures there). With the paper's
/// 157 pairs per class, 173 x 157 = 27,161 pairs can therefore be built, not the 29,359 of 187
/// classes. Tiny-ImageNet contains 59 of the classes. `crane` is listed among the animals, so it is
/// taken to be the bird.
pub fn paper_classes() -> Vec<PaperClass> {
    const FILE: &str = include_str!("../data/paper_classes.csv");
    let lines = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize::<Line>();
    lines
        .map(|line| line.expect("the CSV file is embedded at build time and is well formed"))
        .map(|line| PaperClass {
            wnid: (line.in_imagenet1k == "yes").then_some(line.wnid),
            name: line.name,
            paper_name: line.paper_name,
            imagenet_index: line.imagenet_index,
            group: line.category,
            in_tiny_imagenet: line.in_tiny_imagenet == "yes",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_counts_match_the_documentation() {
        let classes = paper_classes();
        assert_eq!(classes.len(), 175);
        let wnids: BTreeSet<_> = classes.iter().filter_map(|class| class.wnid.as_ref()).collect();
        assert_eq!(wnids.len(), 173);
        assert!(wnids.iter().all(|wnid| wnid.len() == 9 && wnid.starts_with('n')));
        assert_eq!(classes.iter().filter(|class| class.in_tiny_imagenet).count(), 59);
        let names: BTreeSet<_> = classes.iter().map(|class| &class.name).collect();
        assert_eq!(names.len(), 175);
        let indices: BTreeSet<_> = classes.iter().filter_map(|it| it.imagenet_index).collect();
        assert_eq!(indices.len(), 173);
        assert!(indices.last().is_some_and(|&last| last < 1000));
        let crane = classes.iter().find(|class| class.name == "crane").unwrap();
        assert_eq!((crane.wnid.as_deref(), crane.imagenet_index), (Some("n02012849"), Some(134)));
    }

    #[test]
    fn classes_missing_from_imagenet_have_no_id() {
        let missing = paper_classes().into_iter().filter(|class| class.wnid.is_none());
        assert_eq!(missing.map(|class| class.name).collect::<Vec<_>>(), ["lemon_shark", "tadpole"]);
    }
}
