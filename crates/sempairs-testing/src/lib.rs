//! Fixtures shared by the tests of the workspace: the device under test, generated pictures, files
//! of reference values, and pseudo-random numbers.
//!
//! It is a dev-dependency only and is not published.

mod device;
mod generated;
mod random;
mod reference;

pub use device::{backend_name, device_name};
pub use generated::Generated;
pub use random::random_values;
pub use reference::{Reference, assert_close, loss_tolerance};

#[doc(hidden)]
pub use burn;
