use sempairs_data::{ConfigError, Pairing};
use sempairs_internal::counted;

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

    /// Checks the values of a pairing, and as far as possible without opening the pictures that it
    /// can pair them; `per_class` is the number of pictures per class that the arm uses.
    ///
    /// Keys of errors are relative to the pairing.
    pub(in crate::experiment) fn check_pairing(
        &self,
        pairing: &Pairing,
        per_class: Option<usize>,
    ) -> Result<(), ConfigError> {
        let (table, rule) = pairing.rule();
        if let Some(file) = pairing.manifest() {
            names::path("file", file).map_err(|error| error.under(&table))?;
        }
        pairing.check()?;
        let pictures = match self {
            Self::Scenes { per_class: all, .. } => Some(per_class.unwrap_or(*all)),
            _ => per_class,
        };
        let error = match (rule, self) {
            (Pairing::Disjoint { per_class: pairs }, _)
                if pictures.is_some_and(|pictures| pictures / 2 < *pairs) =>
            {
                let (pairs, pictures) = (*pairs, pictures.unwrap_or(0));
                let needed = counted(2 * pairs, "picture");
                let reason = format!(
                    "is {pairs}: disjoint pairs need {needed} of a class, but the arm uses \
                     {pictures}"
                );
                ConfigError::new("per_class", reason)
            }
            // A program's own pictures may know the kinds, which is found out when they are paired.
            (Pairing::Contrasting, source)
                if !matches!(source, Self::Scenes { .. } | Self::Own(_)) =>
            {
                let reason = "pairs without a manifest need the kinds of background and pattern, \
                              which are known for the built-in scenes only; name a manifest with \
                              `file`";
                ConfigError::new("", reason)
            }
            _ => return Ok(()),
        };
        Err(error.under(&table))
    }
}
