mod check;
mod classes;
mod own;
mod scenes;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sempairs_data::cache::CachedSource;
use sempairs_data::sources::{
    CifarKind, CifarSource, FlatSource, FolderSource, Split, Stl10Source, Stl10Split, Subset,
};
use sempairs_data::{ConfigError, OnBadPicture, PictureSource, validate};
use sempairs_internal::{counted, note};
use sempairs_scenes::SceneSplit;
use serde::{Deserialize, Serialize};

pub use classes::Classes;
pub use own::OwnPictures;

use crate::Error;

/// A source of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pictures {
    /// The built-in synthetic scenes, which are rendered on demand.
    Scenes {
        /// Split of the scenes, which determines classes and nuisance factors.
        split: SceneSplit,
        /// Number of pictures per class.
        per_class: usize,
        /// Side length in pixels.
        size: usize,
        /// Random seed of the scenes.
        #[serde(default)]
        seed: u64,
        /// Fields of the split's [`Distribution`](sempairs_scenes::Distribution) to override, such
        /// as `occluded = 0.2`.
        #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
        nuisances: toml::Table,
    },
    /// A folder with one subfolder per class.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Classes to use; all if omitted. A cache contains only these classes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        classes: Option<Classes>,
        /// Cache of decoded pictures with this short side, built if the file does not exist.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<Cache>,
        /// What to do with a picture that cannot be decoded.
        #[serde(default)]
        on_bad_picture: OnBadPicture,
    },
    /// A folder of pictures without classes.
    Flat {
        /// The folder.
        path: PathBuf,
        /// Cache of decoded pictures, as for `folder`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<Cache>,
        /// What to do with a picture that cannot be decoded, as for `folder`.
        #[serde(default)]
        on_bad_picture: OnBadPicture,
    },
    /// CIFAR-10 in its binary format.
    Cifar10 {
        /// Folder with the files of the data set.
        path: PathBuf,
        /// Split of the data set.
        split: Split,
    },
    /// CIFAR-100 in its binary format, with its fine classes.
    Cifar100 {
        /// Folder with the files of the data set.
        path: PathBuf,
        /// Split of the data set.
        split: Split,
    },
    /// STL-10 in its binary format.
    Stl10 {
        /// Folder with the files of the data set.
        path: PathBuf,
        /// Split of the data set.
        split: Stl10Split,
    },
    /// Pictures supplied by a program.
    Own(OwnPictures),
}

impl<S: PictureSource + 'static> From<Arc<S>> for Pictures {
    fn from(source: Arc<S>) -> Self {
        Self::Own(OwnPictures(source))
    }
}

impl From<Arc<dyn PictureSource>> for Pictures {
    fn from(source: Arc<dyn PictureSource>) -> Self {
        Self::Own(OwnPictures(source))
    }
}

/// A cache of decoded pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The file.
    pub path: PathBuf,
    /// Length in pixels that the shorter side of a larger picture is reduced to.
    pub short_side: usize,
}

impl Pictures {
    /// Built-in scenes: `per_class` of each class, `size` by `size` pixels.
    pub fn scenes(split: SceneSplit, per_class: usize, size: usize) -> Self {
        Self::Scenes { split, per_class, size, seed: 0, nuisances: toml::Table::new() }
    }

    /// A folder with one subfolder per class, without a cache.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::Folder { path, classes: None, cache: None, on_bad_picture: OnBadPicture::Error }
    }

    /// Opens the source, limited to the first `per_class` pictures of each class if given.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] with the file and the reason.
    pub fn open(&self, per_class: Option<usize>) -> Result<Arc<dyn PictureSource>, Error> {
        if let Self::Scenes { per_class: all, .. } = self {
            if let Some(wanted) = per_class.filter(|wanted| wanted > all) {
                let reason = format!("is {wanted}, but each class has {}", counted(*all, "scene"));
                return Err(ConfigError::new("arms.per_class", reason).into());
            }
            // A larger source begins every class with the pictures of a smaller one.
            let scenes =
                self.scene_source(per_class.unwrap_or(*all), 0)?.expect("these are scenes");
            return Ok(Arc::new(scenes.in_memory()));
        }
        let all = self.open_all()?;
        Ok(match per_class {
            Some(count) => Arc::new(Subset::first_per_class(all, count)?),
            None => all,
        })
    }

    fn open_all(&self) -> Result<Arc<dyn PictureSource>, Error> {
        Ok(match self {
            Self::Scenes { .. } => unreachable!("`open` draws scenes itself"),
            Self::Folder { path, classes, cache, on_bad_picture } => {
                let mut source: Arc<dyn PictureSource> = Arc::new(FolderSource::open(path)?);
                if let Some(classes) = classes {
                    source = Arc::new(classes.of(source)?);
                }
                decoded(source, cache.as_ref(), *on_bad_picture, path)?
            }
            Self::Flat { path, cache, on_bad_picture } => {
                let source = Arc::new(FlatSource::open(path)?);
                decoded(source, cache.as_ref(), *on_bad_picture, path)?
            }
            Self::Cifar10 { path, split } => {
                Arc::new(CifarSource::open_folder(CifarKind::Cifar10, path, *split)?)
            }
            Self::Cifar100 { path, split } => {
                Arc::new(CifarSource::open_folder(CifarKind::Cifar100, path, *split)?)
            }
            Self::Stl10 { path, split } => Arc::new(Stl10Source::open(path, *split)?),
            Self::Own(OwnPictures(source)) => source.clone(),
        })
    }
}

fn decoded(
    source: Arc<dyn PictureSource>,
    cache: Option<&Cache>,
    on_bad: OnBadPicture,
    folder: &Path,
) -> Result<Arc<dyn PictureSource>, Error> {
    // An experiment has up to three tables with a folder, so the path identifies the table.
    let explain = |error| {
        let setting = format!("`on_bad_picture = \"skip\"` beside `path = {:?}`", folder.display());
        on_bad.explain(error, &setting)
    };
    let (good, bad): (Arc<dyn PictureSource>, _) = match cache {
        Some(cache) => {
            let cached =
                CachedSource::open_or_build(&source, cache.short_side, &cache.path, on_bad)
                    .map_err(explain)?;
            let bad = cached.bad().to_vec();
            (Arc::new(cached), bad)
        }
        None => {
            let (good, bad) = validate(source, on_bad).map_err(explain)?;
            (Arc::new(good), bad)
        }
    };
    match bad.len() {
        0 => {}
        1 => note!("1 picture was left out:"),
        count => note!("{count} pictures were left out:"),
    }
    for picture in &bad {
        note!("  {picture}");
    }
    Ok(good)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A folder with two pictures of each of three classes, two of which are in the paper's list.
    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for class in ["n01698640", "n02058221", "zebra"] {
            std::fs::create_dir(root.path().join(class)).unwrap();
            for number in 0..2 {
                let picture = image::RgbImage::from_pixel(4, 4, image::Rgb([number; 3]));
                picture.save(root.path().join(class).join(format!("{number}.png"))).unwrap();
            }
        }
        root
    }

    fn pictures(root: &Path, rest: &str) -> Result<Pictures, toml::de::Error> {
        toml::from_str(&format!("kind = \"folder\"\npath = '{}'\n{rest}", root.display()))
    }

    #[test]
    fn a_folder_without_classes_is_written_as_it_always_was() {
        let pictures: Pictures = toml::from_str("kind = \"folder\"\npath = \"a\"").unwrap();
        let text = serde_json::to_string(&pictures).unwrap();
        assert_eq!(text, r#"{"kind":"folder","path":"a","on_bad_picture":"error"}"#);
    }

    #[test]
    fn a_folder_can_be_limited_to_some_classes() {
        let root = folder();
        let classes = |rest: &str| {
            let pictures = pictures(root.path(), rest).unwrap();
            let text = toml::to_string(&pictures).unwrap();
            assert_eq!(toml::from_str::<Pictures>(&text).unwrap(), pictures);
            let source = pictures.open(None).unwrap();
            assert!((0..source.len()).all(|index| source.class(index).is_some()));
            assert_eq!(source.len(), 2 * source.classes().len());
            source.classes().to_vec()
        };
        assert_eq!(classes(""), ["n01698640", "n02058221", "zebra"]);
        assert_eq!(classes("classes = \"paper\""), ["n01698640", "n02058221"]);
        assert_eq!(classes("classes = [\"zebra\", \"n01698640\"]"), ["zebra", "n01698640"]);
        let cached = "classes = [\"zebra\"]\ncache = { path = 'CACHE', short_side = 4 }";
        let file = root.path().join("a.cache").display().to_string();
        assert_eq!(classes(&cached.replace("CACHE", &file)), ["zebra"]);
    }

    #[test]
    fn a_wrong_class_is_named_with_the_nearest_right_one() {
        let root = folder();
        let open = |rest: &str| pictures(root.path(), rest).unwrap().open(None).err().unwrap();
        let message = open("classes = [\"zebar\"]").to_string();
        assert_eq!(
            message,
            format!(
                "{}: class `zebar`: no class of this folder; did you mean `zebra`?",
                root.path().display()
            )
        );
        assert!(open("classes = [\"zebra\", \"zebra\"]").to_string().contains("named twice"));
        let read = |rest: &str| pictures(root.path(), rest).unwrap_err().to_string();
        assert!(read("classes = \"papper\"").contains("\"papper\""));
        assert!(read("classes = []").contains("names no class"));
        assert!(read("classes = 3").contains("a list of class folders"));
        for class in ["n01698640", "n02058221"] {
            std::fs::remove_dir_all(root.path().join(class)).unwrap();
        }
        assert!(open("classes = \"paper\"").to_string().contains("WordNet"));
    }

    #[test]
    fn the_error_of_a_bad_picture_names_the_setting_that_leaves_it_out() {
        let root = folder();
        std::fs::write(root.path().join("zebra/2.png"), "no picture").unwrap();
        let cache = root.path().join("a.cache").display().to_string();
        let cache = format!("cache = {{ path = '{cache}', short_side = 4 }}\n");
        for rest in ["", &cache] {
            let open = |rest: &str| pictures(root.path(), rest).unwrap().open(None);
            let message = open(rest).err().unwrap().to_string();
            assert!(message.contains("2.png: cannot be decoded"), "{message}");
            let place = format!("`path = {:?}`", root.path().display());
            let end = format!("; `on_bad_picture = \"skip\"` beside {place} skips such pictures");
            assert!(message.ends_with(&end), "{message}");
            let skip = format!("{rest}on_bad_picture = \"skip\"");
            assert_eq!(open(&skip).unwrap().len(), 6);
        }
    }
}
