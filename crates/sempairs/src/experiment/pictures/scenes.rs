use sempairs_data::{ConfigError, PictureSource};
use sempairs_scenes::{Distribution, SceneSource};

use super::Pictures;
use crate::Error;
use crate::experiment::limits::{MAX_SCENE_BYTES, MAX_SIDE};
use crate::experiment::read_error;

impl Pictures {
    /// Returns the built-in scenes with `per_class` scenes per class and a seed increased by
    /// `further`; `None` for other kinds of pictures.
    ///
    /// # Errors
    /// [`Error::Config`] for unknown nuisance factors, and for scenes that are larger than
    /// [`MAX_SIDE`] or take more than [`MAX_SCENE_BYTES`].
    pub fn scene_source(
        &self,
        per_class: usize,
        further: u64,
    ) -> Result<Option<SceneSource>, Error> {
        Ok(self.drawn("pictures", per_class, further)?)
    }

    /// As [`scene_source`](Self::scene_source); `key` is the key of the pictures in the experiment.
    pub(in crate::experiment) fn drawn(
        &self,
        key: &str,
        per_class: usize,
        further: u64,
    ) -> Result<Option<SceneSource>, ConfigError> {
        let Self::Scenes { split, size, seed, nuisances, per_class: all } = self else {
            return Ok(None);
        };
        ConfigError::unless_within(format!("{key}.size"), *size, 1..=MAX_SIDE)?;
        let scenes = SceneSource::new(*split, per_class, *size, seed.wrapping_add(further));
        let most = MAX_SCENE_BYTES / (3 * size * size * scenes.classes().len());
        if !(1..=most).contains(&per_class.max(*all)) {
            let (count, gigabytes) = (per_class.max(*all), MAX_SCENE_BYTES >> 30);
            let reason = format!(
                "must be from 1 to {most} (the limit is {gigabytes} GiB of scenes), not {count}"
            );
            return Err(ConfigError::new(format!("{key}.per_class"), reason));
        }
        if nuisances.is_empty() {
            return Ok(Some(scenes));
        }
        let key = format!("{key}.nuisances");
        let built_in = toml::Table::try_from(split.distribution());
        let mut distribution = built_in.map_err(|e| ConfigError::new(key.as_str(), e))?;
        distribution.extend(nuisances.clone());
        let distribution: Distribution =
            read_error::read(distribution, &[]).map_err(|wrong| wrong.error.under(&key))?;
        distribution.check().map_err(|error| error.under(&key))?;
        Ok(Some(scenes.with_distribution(distribution)))
    }
}
