use sempairs_data::ConfigError;

use super::{Cache, Classes, Pictures};
use crate::experiment::names;

/// Range of the short side of a cache, limited by the file format. Pictures are never enlarged.
const SHORT_SIDES: std::ops::RangeInclusive<usize> = 1..=u32::MAX as usize;

impl Pictures {
    /// Checks that all values are in their ranges; `key` is the key of the pictures in the
    /// experiment. Nothing is opened or rendered.
    pub(in crate::experiment) fn check(&self, key: &str) -> Result<(), ConfigError> {
        let (path, classes, cache) = match self {
            Self::Scenes { .. } => return self.drawn(key, 1, 0).map(drop),
            Self::Own(_) => return Ok(()),
            Self::Folder { path, classes, cache, .. } => (path, classes.as_ref(), cache.as_ref()),
            Self::Flat { path, cache, .. } => (path, None, cache.as_ref()),
            Self::Cifar10 { path, .. } | Self::Cifar100 { path, .. } | Self::Stl10 { path, .. } => {
                (path, None, None)
            }
        };
        names::path(&format!("{key}.path"), path)?;
        if let Some(Classes::Named(classes)) = classes {
            for (index, class) in classes.iter().enumerate() {
                names::text(&format!("{key}.classes[{index}]"), class)?;
            }
        }
        if let Some(Cache { path, short_side }) = cache {
            names::path(&format!("{key}.cache.path"), path)?;
            let key = format!("{key}.cache.short_side");
            ConfigError::unless_within(key, *short_side, SHORT_SIDES)?;
        }
        Ok(())
    }
}
