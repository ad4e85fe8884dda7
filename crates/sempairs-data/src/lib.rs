//! Pictures and pairs of pictures: where they come from, which goes with which, and a decoded cache.
//!
//! This crate knows no tensors. A [`PictureSource`] hands out 8-bit RGB [`Picture`]s by index; a
//! [`Pairing`] says which picture is whose partner; together they make a [`PairDataset`], which is what
//! a loader reads.
//!
//! - [`sources`]: folders, CIFAR, STL-10, and parts and sums of other sources;
//! - [`pairing`] and [`manifest`]: drawn pairs and curated ones;
//! - [`cache`]: pictures decoded once, to one memory-mapped file;
//! - [`validate()`] and [`validate_headers()`]: what to do with pictures that cannot be decoded;
//! - [`interrupt`]: a request that what is under way end early.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod cache;
mod decode;
mod error;
pub mod interrupt;
mod jpeg;
mod key;
mod left_out;
pub mod manifest;
pub mod pairing;
mod paper_classes;
mod picture;
mod source;
pub mod sources;
mod stamp;
mod validate;

pub use cache::CachedSource;
pub use decode::{MAX_FILE_BYTES, MAX_PIXELS, decode};
pub use error::DataError;
pub use key::{Key, Side};
pub use left_out::LeftOut;
pub use manifest::Manifest;
pub use pairing::{Pair, PairDataset, Pairing};
pub use paper_classes::{PaperClass, paper_classes};
pub use picture::Picture;
pub use source::PictureSource;
pub use sources::{
    CifarKind, CifarSource, Concat, FlatSource, FolderSource, Split, Stl10Source, Stl10Split,
    Subset,
};
pub use stamp::Stamp;
pub use validate::{BadPicture, OnBadPicture, validate, validate_headers};
