//! Image sources, pairs of images, and a cache of decoded images.
//!
//! This crate does not depend on tensors. It finds and decodes images, and determines which image
//! is paired with which:
//!
//! - [`PictureSource`] is the trait of an indexed collection of 8-bit RGB images ([`Picture`]). The
//!   module [`sources`] implements it for folders ([`FolderSource`], [`FlatSource`]), CIFAR
//!   ([`CifarSource`]) and STL-10 ([`Stl10Source`]), and for parts and concatenations of other
//!   sources ([`Subset`], [`Concat`]). A rectangle of a picture ([`Region`]) can be read without
//!   the rest of it ([`read_region`](PictureSource::read_region)).
//! - [`Pairing`] is the rule that gives every image its partner: the image itself, a random image
//!   of the same class, or the rows of a CSV file ([`Manifest`]).
//! - [`PairDataset`] is a source with its pairs. A data loader reads its batches from it. Partners
//!   may change from epoch to epoch, by a [`Share`] that may change over the run.
//! - [`CachedSource`] holds the images of a source, decoded once, in one memory-mapped file.
//! - [`validate()`] and [`validate_headers()`] find the images of a source that cannot be decoded.
//! - [`interrupt`] lets a program stop a long operation early.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use sempairs_data::{FolderSource, OnBadPicture, PairDataset, Pairing, validate};
//!
//! // One folder per class: pets/cat/*.jpg, pets/dog/*.jpg, ...
//! let source = Arc::new(FolderSource::open("pets")?);
//! let (good, bad) = validate(source, OnBadPicture::Skip)?;
//! eprintln!("{} images cannot be decoded", bad.len());
//!
//! // Semantic pairs: each image with another one of its class.
//! let pairs = Pairing::RandomInClass.pairs(&good, 0)?;
//! let data = PairDataset::new(Arc::new(good), pairs);
//! let left = data.source().read(data.pair(0).left)?;
//! println!("{} x {} pixels", left.width(), left.height());
//! # Ok::<(), sempairs_data::DataError>(())
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cache;
mod config_error;
mod decode;
mod error;
mod exclusion;
mod file_stamp;
mod fingerprint;
mod identity;
pub mod interrupt;
mod jpeg;
mod limits;
pub mod manifest;
mod nuisances;
mod pair;
pub mod pairing;
mod paper_classes;
mod picture;
mod region;
mod rng_key;
mod source;
pub mod sources;
mod validate;

pub use cache::CachedSource;
pub use config_error::ConfigError;
pub use decode::{decode, decode_region};
pub use error::DataError;
pub use exclusion::Exclusion;
pub use file_stamp::Stamp;
pub use fingerprint::Fingerprint;
pub use identity::Identity;
pub use limits::{MAX_FILE_BYTES, MAX_PIXELS};
pub use manifest::Manifest;
pub use nuisances::Nuisances;
pub use pair::Pair;
pub use pairing::{DisjointPairs, Moment, PairDataset, Pairing, Ramp, Share, ShortClass};
pub use paper_classes::{PaperClass, paper_classes};
pub use picture::{MAX_VIEW_SIDE, Picture};
pub use region::{Region, RegionPicture};
pub use rng_key::{Key, Side};
pub use source::PictureSource;
pub use sources::{
    CifarKind, CifarSource, Concat, FlatSource, FolderSource, Split, Stl10Source, Stl10Split,
    Subset,
};
pub use validate::{BadPicture, OnBadPicture, validate, validate_headers};
