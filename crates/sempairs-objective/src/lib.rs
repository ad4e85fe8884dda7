//! Self-supervised objectives: losses, projection and prediction heads, and the [`Method`] trait
//! that combines them with a backbone.
//!
//! | method | positive or target | what prevents collapse |
//! |---|---|---|
//! | [`SimClr`] | the other view of the pair | negatives: all other views of the batch |
//! | [`Dcl`] | the other view of the pair | the same, without the positive in the denominator |
//! | [`SupCon`] | all views of the same class | negatives: all other views of the batch |
//! | [`MoCo`] | the momentum encoder's key of the other view | negatives: keys of earlier steps |
//! | [`NnClr`] | the nearest neighbour in a support set | negatives: predictions of the batch |
//! | [`Byol`] | the target network's projection of the other view | predictor, target network |
//! | [`SimSiam`] | the projection of the other view | predictor and stop-gradient |
//! | [`Swav`] | the other view's assignment to prototypes | equipartition over prototypes |
//! | [`Dino`] | the teacher's distribution over prototypes | centring and sharpening |
//! | [`BarlowTwins`] | the same component of the other view | decorrelation of components |
//! | [`VicReg`] | the other view of the pair | variance and covariance regularisation |
//!
//! Each method consists of a configuration with a `check`, a loss as a free function of tensors,
//! and a module that holds the networks and their momentum encoders. Methods do not depend on data
//! loaders, optimisers or logging. They do not distinguish whether the two [`Views`] come from one
//! picture or from a semantic pair: view one is made of the left picture, view two of the right
//! picture.
//!
//! A method of your own is made of the same parts: [`Encoder`], [`Projector`],
//! [`seeded_predictor`], [`normalize`], [`log_sum_exp`], [`stop_gradient`], and the state below.
//!
//! The position in the run is given by a [`Clock`]; values that change over the run are a
//! [`Schedule`]. Queues ([`Queue`]), momentum encoders ([`Ema`]), centres and prototypes belong to
//! the module and so to its record in a checkpoint.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod heads;
mod limits;
mod losses;
mod methods;
mod state;
mod views;

pub use heads::{
    Activation, DinoHead, Encoder, HeadNorm, Projector, ProjectorConfig, seeded_predictor,
};
pub use losses::{Reduction, log_sum_exp, normalize, nt_xent, sinkhorn, stop_gradient};
pub use methods::{
    BarlowTwins, BarlowTwinsConfig, BatchSplit, Byol, ByolConfig, Dcl, DclConfig, Dino, DinoConfig,
    Loss, Method, MethodFactory, MoCo, MoCoConfig, NEIGHBOUR_ACCURACY, Negatives, NeighbourLoss,
    NnClr, NnClrConfig, SimClr, SimClrConfig, SimSiam, SimSiamConfig, SupCon, SupConConfig, Swav,
    SwavConfig, SwavQueue, TEACHER_ENTROPY, TeacherTemperature, VarianceTerm, VicReg, VicRegConfig,
    VicRegWeights, barlow_twins_loss, byol_loss, decoupled_loss, dino_loss, info_nce,
    nearest_neighbours, next_centre, nnclr_loss, simsiam_loss, sup_con_loss, swav_loss,
    vicreg_loss,
};
pub use sempairs_data::ConfigError;
pub use state::{Clock, Ema, Queue, Schedule};
pub use views::Views;
