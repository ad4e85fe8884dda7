//! The methods and the [`Method`] trait that they implement.

mod barlow_twins;
mod byol;
mod dcl;
mod dino;
mod factory;
mod method;
mod moco;
mod negatives;
mod nnclr;
mod simclr;
mod simsiam;
mod sup_con;
mod swav;
mod vicreg;

pub use barlow_twins::{BarlowTwins, BarlowTwinsConfig, barlow_twins_loss};
pub use byol::{Byol, ByolConfig, byol_loss};
pub use dcl::{Dcl, DclConfig, decoupled_loss};
pub use dino::{Dino, DinoConfig, TeacherTemperature, dino_loss, next_centre};
pub use factory::MethodFactory;
pub use method::{Loss, Method, TEACHER_ENTROPY};
pub use moco::{BatchSplit, MoCo, MoCoConfig, info_nce};
pub use negatives::Negatives;
pub use nnclr::{
    NEIGHBOUR_ACCURACY, NeighbourLoss, NnClr, NnClrConfig, nearest_neighbours, nnclr_loss,
};
pub use simclr::{SimClr, SimClrConfig};
pub use simsiam::{SimSiam, SimSiamConfig, simsiam_loss};
pub use sup_con::{SupCon, SupConConfig, sup_con_loss};
pub use swav::{Swav, SwavConfig, SwavQueue, swav_loss};
pub use vicreg::{VarianceTerm, VicReg, VicRegConfig, VicRegWeights, vicreg_loss};
