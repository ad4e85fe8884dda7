//! Self-supervised objectives: losses, heads and the [`Method`] that ties a backbone to them.
//!
//! | method | attracts | keeps embeddings apart by |
//! |---|---|---|
//! | [`SimClr`] | the other view | all other views of the batch |
//! | [`Dcl`] | the other view | the same, without the positive pair |
//! | [`SupCon`] | all views of the class | all other views of the batch |
//! | [`MoCo`] | a momentum copy's key of the other view | the keys of earlier steps |
//! | [`NnClr`] | the other view's nearest neighbour among earlier steps | the predictions of the batch |
//! | [`Byol`] | a momentum copy's projection of the other view | a predictor and that copy |
//! | [`SimSiam`] | the other view's projection | a predictor and a stopped gradient |
//! | [`Swav`] | the other view's assignment to prototypes | equal shares for all prototypes |
//! | [`Dino`] | a momentum copy's distribution over prototypes | centring and sharpening it |
//! | [`BarlowTwins`] | each component to itself in the other view | no correlation between components |
//! | [`VicReg`] | the other view | variance of each component, no covariance between them |
//!
//! A method is one file: its constants, which a person writes and `check` examines; its loss, a function of tensors
//! that stands on its own; and a module that holds networks and their slow copies. It knows nothing of loaders,
//! optimisers or logs. Whether the two [`Views`] come from one picture or from a semantic pair is no concern of
//! it: the left picture makes view one, the right picture view two.
//!
//! Time enters only as a [`Clock`], and everything that changes over time is a [`Schedule`]. Queues ([`Queue`]),
//! momentum copies ([`Ema`]), centres and prototypes are part of the module, hence of its record.

#![deny(clippy::print_stdout, clippy::print_stderr)]

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
mod limits;
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
pub use nnclr::{
    NEIGHBOUR_ACCURACY, NeighbourLoss, NnClr, NnClrConfig, nearest_neighbours, nnclr_loss,
};
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
