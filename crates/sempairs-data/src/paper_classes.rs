use serde::Deserialize;

/// A class of the paper's data set, "Enhancing Self-Supervised Learning with Semantic Pairs"
/// (arXiv 2510.08722).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperClass {
    /// The name, as ImageNet writes it.
    pub name: String,
    /// The name as the paper prints it; it differs for two classes.
    pub paper_name: String,
    /// The folder in ImageNet-1K; `None` for the two classes that ImageNet-1K does not have.
    pub wnid: Option<String>,
    /// The class's number in ImageNet-1K, from zero.
    pub imagenet_index: Option<usize>,
    /// The group that the paper lists the class in.
    pub group: String,
    /// Whether Tiny-ImageNet has the class too.
    pub in_tiny_imagenet: bool,
}

/// A line of the file; the columns that only a reader of the file wants are left out.
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

/// The classes that the paper prints, in its order, from `data/paper_classes.csv`.
///
/// The paper states 187 classes and prints 175 names. ImageNet-1K has 173 of them (it lacks
/// `lemon_shark` and `tadpole`, which are WordNet synsets without pictures there), so of the paper's
/// 157 pairs a class 173 x 157 = 27,161 can be built and not the 29,359 of 187 classes.
/// Tiny-ImageNet has 59. `crane` stands among the animals and is taken for the bird.
pub fn paper_classes() -> Vec<PaperClass> {
    const FILE: &str = include_str!("../data/paper_classes.csv");
    let lines = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize::<Line>();
    lines
        .map(|line| line.expect("the file that this crate was built with is well formed"))
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
    fn the_counts_are_the_ones_the_documentation_states() {
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
    fn what_imagenet_lacks_has_no_id() {
        let missing = paper_classes().into_iter().filter(|class| class.wnid.is_none());
        assert_eq!(missing.map(|class| class.name).collect::<Vec<_>>(), ["lemon_shark", "tadpole"]);
    }
}
