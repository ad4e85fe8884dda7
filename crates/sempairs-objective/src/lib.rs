//! Self-supervised objectives: losses, heads and the [`Method`] that ties a backbone to them.
//!
//! A method is one file. It holds networks and their slow copies, computes its loss from two
//! [`Views`], and knows nothing of loaders, optimisers or logs. Whether the two views come from one
//! picture or from a semantic pair is no concern of it: the left picture makes view one, the right
//! picture view two.
//!
//! Time enters only as a [`Clock`], and everything that changes over time is a [`Schedule`].

mod barlow_twins;
mod byol;
mod clock;
mod cosine;
mod cross_entropy;
mod dcl;
mod dino;
mod dino_head;
mod ema;
mod encoder;
mod error;
mod log_sum_exp;
mod method;
mod moco;
mod multi_crop;
mod negatives;
mod nnclr;
mod nt_xent;
mod predictor;
mod projector;
mod queue;
mod schedule;
mod simclr;
mod simsiam;
mod sinkhorn;
mod stop_gradient;
mod sup_con;
mod swav;
mod vicreg;
mod views;

pub use barlow_twins::{BarlowTwins, BarlowTwinsConfig, barlow_twins_loss};
pub use byol::{Byol, ByolConfig, byol_loss};
pub use clock::Clock;
pub use dcl::{Dcl, DclConfig, decoupled_loss};
pub use dino::{Dino, DinoConfig, TeacherTemperature, dino_loss, next_centre};
pub use dino_head::DinoHead;
pub use ema::Ema;
pub use encoder::Encoder;
pub use error::ObjectiveError;
pub use method::{Loss, Method, TEACHER_ENTROPY};
pub use moco::{BatchSplit, MoCo, MoCoConfig, info_nce};
pub use negatives::Negatives;
pub use nnclr::{NeighbourLoss, NnClr, NnClrConfig, nearest_neighbours, nnclr_loss};
pub use nt_xent::{Reduction, normalize, nt_xent};
pub use projector::{Activation, HeadNorm, Projector, ProjectorConfig};
pub use queue::Queue;
pub use schedule::Schedule;
pub use simclr::{SimClr, SimClrConfig};
pub use simsiam::{SimSiam, SimSiamConfig, simsiam_loss};
pub use sinkhorn::sinkhorn;
pub use sup_con::{SupCon, SupConConfig, sup_con_loss};
pub use swav::{Swav, SwavConfig, SwavQueue, swav_loss};
pub use vicreg::{VarianceTerm, VicReg, VicRegConfig, VicRegWeights, vicreg_loss};
pub use views::Views;
