use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sempairs::Error;
use sempairs::data::{FlatSource, FolderSource, PictureSource};

/// A folder of pictures.
#[derive(Args)]
pub struct FolderFlags {
    /// A folder of class folders.
    pub folder: PathBuf,
    /// The folder holds pictures without classes.
    #[arg(long)]
    pub flat: bool,
}

impl FolderFlags {
    pub fn open(&self) -> Result<Arc<dyn PictureSource>, Error> {
        Ok(match self.flat {
            true => Arc::new(FlatSource::open(&self.folder)?),
            false => Arc::new(FolderSource::open(&self.folder)?),
        })
    }
}
