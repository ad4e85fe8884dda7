use std::path::PathBuf;
use std::sync::Arc;

use sempairs_data::cache::CachedSource;
use sempairs_data::scenes::{Distribution, SceneSource, Split as SceneSplit};
use sempairs_data::sources::{
    CifarKind, CifarSource, FlatSource, FolderSource, Split, Stl10Source, Stl10Split, Subset,
};
use sempairs_data::{OnBadPicture, PictureSource, screen};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::suggest::explain;

/// Where pictures come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Pictures {
    /// The built-in scenes: drawn, not downloaded.
    Scenes {
        /// Which classes and nuisances.
        split: SceneSplit,
        /// Pictures of each class.
        per_class: usize,
        /// Pixels along a side.
        size: usize,
        /// Of the drawing.
        #[serde(default)]
        seed: u64,
        /// Fields of the split's [`Distribution`] that are other than built in, such as `occluded = 0.2`.
        #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
        nuisances: toml::Table,
    },
    /// A folder of class folders.
    Folder {
        /// The folder.
        path: PathBuf,
        /// A decoded cache with this short side is built, or used if it is there.
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
        /// As for `folder`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<Cache>,
        /// As for `folder`.
        #[serde(default)]
        on_bad_picture: OnBadPicture,
    },
    /// CIFAR-10 in its binary format.
    Cifar10 {
        /// The folder with its files.
        path: PathBuf,
        /// Which of them.
        split: Split,
    },
    /// CIFAR-100 in its binary format, with its fine classes.
    Cifar100 {
        /// The folder with its files.
        path: PathBuf,
        /// Which of them.
        split: Split,
    },
    /// STL-10 in its binary format.
    Stl10 {
        /// The folder with its files.
        path: PathBuf,
        /// Which of them.
        split: Stl10Split,
    },
}

/// Where a decoded cache lies, and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The file.
    pub path: PathBuf,
    /// Pixels that the shorter side of a picture is brought down to.
    pub short_side: usize,
}

impl Pictures {
    /// Opens them: the first `per_class` of each class, or all.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] with the file and the reason.
    pub fn open(&self, per_class: Option<usize>) -> Result<Arc<dyn PictureSource>, Error> {
        if let Self::Scenes { per_class: all, .. } = self {
            if per_class.is_some_and(|wanted| wanted > *all) {
                return Err(Error::experiment(
                    "`arms`",
                    format!("`per_class`: there are only {all} scenes of each class"),
                ));
            }
            // A larger source begins every class with the pictures of a smaller one.
            let scenes = self.scenes(per_class.unwrap_or(*all), 0)?.expect("these are scenes");
            return Ok(Arc::new(scenes.in_memory()));
        }
        let all = self.open_all()?;
        Ok(match per_class {
            Some(count) => Arc::new(Subset::first_per_class(all, count)?),
            None => all,
        })
    }

    /// So many built-in scenes of each class, drawn under a seed so much further than theirs; `None` for other
    /// pictures.
    ///
    /// # Errors
    ///
    /// [`Error::Experiment`] for nuisances that are none.
    pub fn scenes(&self, per_class: usize, further: u64) -> Result<Option<SceneSource>, Error> {
        let Self::Scenes { split, size, seed, nuisances, .. } = self else { return Ok(None) };
        let refuse = |reason: String| Error::experiment("`nuisances`", reason);
        if *size == 0 {
            return Err(Error::experiment("`pictures`", "`size` must be at least 1"));
        }
        let scenes = SceneSource::new(*split, per_class, *size, seed.wrapping_add(further));
        if nuisances.is_empty() {
            return Ok(Some(scenes));
        }
        let mut distribution =
            toml::Table::try_from(split.distribution()).map_err(|e| refuse(e.to_string()))?;
        distribution.extend(nuisances.clone());
        let distribution: Distribution = distribution
            .try_into()
            .map_err(|e: toml::de::Error| refuse(explain(&e.to_string())))?;
        distribution.check().map_err(|e| refuse(e.to_string()))?;
        Ok(Some(scenes.with_distribution(distribution)))
    }

    fn open_all(&self) -> Result<Arc<dyn PictureSource>, Error> {
        Ok(match self {
            Self::Scenes { .. } => unreachable!("`open` draws scenes itself"),
            Self::Folder { path, cache, on_bad_picture } => {
                decoded(Arc::new(FolderSource::open(path)?), cache.as_ref(), *on_bad_picture)?
            }
            Self::Flat { path, cache, on_bad_picture } => {
                decoded(Arc::new(FlatSource::open(path)?), cache.as_ref(), *on_bad_picture)?
            }
            Self::Cifar10 { path, split } => {
                Arc::new(CifarSource::open_folder(CifarKind::Cifar10, path, *split)?)
            }
            Self::Cifar100 { path, split } => {
                Arc::new(CifarSource::open_folder(CifarKind::Cifar100, path, *split)?)
            }
            Self::Stl10 { path, split } => Arc::new(Stl10Source::open(path, *split)?),
        })
    }
}

fn decoded(
    source: Arc<dyn PictureSource>,
    cache: Option<&Cache>,
    on_bad: OnBadPicture,
) -> Result<Arc<dyn PictureSource>, Error> {
    let (good, bad): (Arc<dyn PictureSource>, _) = match cache {
        Some(cache) => {
            let cached =
                CachedSource::open_or_build(&source, cache.short_side, &cache.path, on_bad)?;
            let bad = cached.bad().to_vec();
            (Arc::new(cached), bad)
        }
        None => {
            let (good, bad) = screen(source, on_bad)?;
            (Arc::new(good), bad)
        }
    };
    if !bad.is_empty() {
        eprintln!("{} pictures were left out:", bad.len());
        for picture in &bad {
            eprintln!("  {picture}");
        }
    }
    Ok(good)
}
