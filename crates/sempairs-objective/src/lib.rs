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

mod error;
mod heads;
mod limits;
mod losses;
mod methods;
mod state;
mod views;

pub use error::ObjectiveError;
pub use heads::{Activation, DinoHead, Encoder, HeadNorm, Projector, ProjectorConfig};
pub use losses::{Reduction, normalize, nt_xent, sinkhorn};
pub use methods::{
    BarlowTwins, BarlowTwinsConfig, BatchSplit, Byol, ByolConfig, Dcl, DclConfig, Dino, DinoConfig,
    Loss, Method, MethodFactory, MoCo, MoCoConfig, NEIGHBOUR_ACCURACY, Negatives, NeighbourLoss,
    NnClr, NnClrConfig, SimClr, SimClrConfig, SimSiam, SimSiamConfig, SupCon, SupConConfig, Swav,
    SwavConfig, SwavQueue, TEACHER_ENTROPY, TeacherTemperature, VarianceTerm, VicReg, VicRegConfig,
    VicRegWeights, barlow_twins_loss, byol_loss, decoupled_loss, dino_loss, info_nce,
    nearest_neighbours, next_centre, nnclr_loss, simsiam_loss, sup_con_loss, swav_loss,
    vicreg_loss,
};
pub use state::{Clock, Ema, Queue, Schedule};
pub use views::Views;
