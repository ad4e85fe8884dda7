use std::collections::HashSet;
use std::fs;
use std::path::Path;

use sempairs::Error;
use sempairs::data::paper_classes;
use sempairs_internal::{nearest, suggestion};

/// Classes that pairs are asked for.
pub struct Asked {
    classes: Vec<Class>,
    /// Names of classes that have no folder in any data set.
    without_folder: Vec<String>,
}

struct Class {
    /// Name of the class folder.
    folder: String,
    /// What the class shows, if the folder's name does not say it.
    shows: Option<String>,
}

impl Asked {
    /// The classes of the paper for the word `paper`; otherwise those in a file with a class folder
    /// in each line, in which empty lines and lines that begin with `#` are ignored.
    pub fn read(classes: &Path) -> Result<Self, Error> {
        if classes == Path::new("paper") {
            return Ok(Self::of_the_paper());
        }
        let text = fs::read_to_string(classes).map_err(|error| Error::io(classes, error))?;
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let name = line.trim();
            if name.is_empty() || name.starts_with('#') {
                continue;
            }
            if !seen.insert(name) {
                let place = format!("{}, line {}", classes.display(), number + 1);
                return Err(Error::invalid(place, format!("class `{name}` is listed twice")));
            }
            names.push(Class { folder: name.to_owned(), shows: None });
        }
        if names.is_empty() {
            return Err(Error::invalid(classes.display().to_string(), "lists no class"));
        }
        Ok(Self { classes: names, without_folder: Vec::new() })
    }

    fn of_the_paper() -> Self {
        let (mut classes, mut without_folder) = (Vec::new(), Vec::new());
        for class in paper_classes() {
            match class.wnid {
                Some(folder) => classes.push(Class { folder, shows: Some(class.name) }),
                None => without_folder.push(class.name),
            }
        }
        Self { classes, without_folder }
    }

    /// Number of classes, also of those without a folder.
    pub fn count(&self) -> usize {
        self.classes.len() + self.without_folder.len()
    }

    /// The asked classes among those `there`, in the order of the latter.
    pub fn found(&self, there: &[String]) -> Vec<String> {
        let asked: HashSet<&str> = self.classes.iter().map(|class| class.folder.as_str()).collect();
        there.iter().filter(|class| asked.contains(class.as_str())).cloned().collect()
    }

    /// A line for each asked class that is not among those `there`.
    pub fn missing(&self, there: &[String]) -> Vec<String> {
        let has: HashSet<&str> = there.iter().map(String::as_str).collect();
        let missing = self.classes.iter().filter(|class| !has.contains(class.folder.as_str()));
        let lines = missing.map(|Class { folder, shows }| match shows {
            Some(shows) => format!("{folder} ({shows}): no such class folder"),
            None => {
                let near = nearest(folder, there.iter().map(String::as_str));
                format!("{folder}: no such class folder{}", suggestion(near))
            }
        });
        let nowhere = self.without_folder.iter();
        lines.chain(nowhere.map(|name| format!("{name}: not a class of ImageNet-1K"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_file_lists_one_class_in_each_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("classes.txt");
        let read = |text: &str| {
            fs::write(&file, text).unwrap();
            Asked::read(&file)
        };
        let asked = read("# two classes\nzebra\n\n  cat \n").unwrap();
        assert_eq!(asked.count(), 2);
        let there = strings(&["cat", "dog"]);
        assert_eq!(asked.found(&there), ["cat"]);
        assert_eq!(asked.missing(&there), ["zebra: no such class folder"]);
        let near = asked.missing(&strings(&["cat", "zebar"]));
        assert_eq!(near, ["zebra: no such class folder; did you mean `zebar`?"]);

        let message = |text: &str| read(text).err().expect("an error").to_string();
        let twice = message("cat\ndog\ncat\n");
        assert!(twice.contains("classes.txt, line 3") && twice.contains("`cat`"), "{twice}");
        assert!(message("# none\n").contains("lists no class"));
    }

    #[test]
    fn the_classes_of_the_paper_are_found_by_wordnet_id() {
        let asked = Asked::read(Path::new("paper")).unwrap();
        assert_eq!(asked.count(), 175);
        let there = strings(&["n02058221", "zebra"]);
        assert_eq!(asked.found(&there), ["n02058221"]);
        let missing = asked.missing(&there);
        assert_eq!(missing.len(), 174);
        assert!(missing.contains(&"n01698640 (American_alligator): no such class folder".into()));
        assert!(missing.contains(&"tadpole: not a class of ImageNet-1K".into()));
    }
}
