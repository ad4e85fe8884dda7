use std::fmt;
use std::sync::Arc;

use sempairs_data::{Fingerprint, Identity, PictureSource};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Pictures supplied by a program.
///
/// The serialised form consists of the numbers of pictures and classes and a hash of their names.
/// It distinguishes different pictures but cannot be deserialised.
#[derive(Clone)]
pub struct OwnPictures(pub Arc<dyn PictureSource>);

impl OwnPictures {
    fn identity(&self) -> Identity {
        Fingerprint::Names.of(&self.0, Identity::new())
    }
}

impl PartialEq for OwnPictures {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.identity() == other.identity()
    }
}

impl fmt::Debug for OwnPictures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pictures, classes) = (self.0.len(), self.0.classes().len());
        write!(f, "OwnPictures({pictures} pictures of {classes} classes)")
    }
}

#[derive(Serialize)]
struct Written {
    pictures: usize,
    classes: usize,
    identity: String,
}

impl Serialize for OwnPictures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (pictures, classes) = (self.0.len(), self.0.classes().len());
        Written { pictures, classes, identity: self.identity().to_string() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OwnPictures {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "pictures of kind `own` are supplied by a program and cannot be read from a file",
        ))
    }
}
