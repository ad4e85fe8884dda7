//! Self-supervised objectives: losses, heads and the [`Method`] that ties a backbone to them.
//!
//! A method is one file. It holds networks and their slow copies, computes its loss from two
//! [`Views`], and knows nothing of loaders, optimisers or logs. Whether the two views come from one
//! picture or from a semantic pair is no concern of it: the left picture makes view one, the right
//! picture view two.
//!
//! Time enters only as a [`Clock`], and everything that changes over time is a [`Schedule`].

mod clock;
mod error;
mod method;
mod negatives;
mod nt_xent;
mod projector;
mod schedule;
mod simclr;
mod views;

pub use clock::Clock;
pub use error::ObjectiveError;
pub use method::{Loss, Method, TEACHER_ENTROPY};
pub use negatives::Negatives;
pub use nt_xent::{Reduction, normalize, nt_xent};
pub use projector::{Activation, HeadNorm, Projector, ProjectorConfig};
pub use schedule::Schedule;
pub use simclr::{SimClr, SimClrConfig};
pub use views::Views;
