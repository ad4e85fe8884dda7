use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use sempairs_data::PictureSource;
use sempairs_data::sources::Subset;

use super::Pictures;
use crate::Error;

/// A cache of opened picture sources by their settings. Opening a source may render thousands of
/// scenes or decode every file, so each source is opened once.
#[derive(Clone, Default)]
pub struct OpenSources(Arc<Mutex<HashMap<String, Arc<dyn PictureSource>>>>);

impl OpenSources {
    /// As [`Pictures::open`].
    ///
    /// # Errors
    ///
    /// As [`Pictures::open`].
    pub fn open(
        &self,
        pictures: &Pictures,
        per_class: Option<usize>,
    ) -> Result<Arc<dyn PictureSource>, Error> {
        match (pictures, per_class) {
            // Selecting the first pictures of each class is cheap except for scenes, which have to
            // be rendered.
            (Pictures::Scenes { .. }, _) | (_, None) => self.whole(pictures, per_class),
            (_, Some(count)) => {
                Ok(Arc::new(Subset::first_per_class(self.whole(pictures, None)?, count)?))
            }
        }
    }

    fn whole(
        &self,
        pictures: &Pictures,
        per_class: Option<usize>,
    ) -> Result<Arc<dyn PictureSource>, Error> {
        let key = serde_json::to_string(&(pictures, per_class)).expect("plain data");
        let mut opened = self.0.lock().expect("no panic while pictures are opened");
        if let Some(source) = opened.get(&key) {
            return Ok(source.clone());
        }
        let source = pictures.open(per_class)?;
        opened.insert(key, source.clone());
        Ok(source)
    }
}

impl fmt::Debug for OpenSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opened = self.0.lock().expect("no panic while pictures are opened");
        f.debug_set().entries(opened.keys()).finish()
    }
}
