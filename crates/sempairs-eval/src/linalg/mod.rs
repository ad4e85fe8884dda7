//! Matrix products, eigenvalues, principal components and L-BFGS in double precision.

mod eigen;
mod lbfgs;
mod line_search;
mod matmul;
mod pca;

pub(crate) use eigen::eigenvalues;
pub use lbfgs::{Lbfgs, Minimum, Stop};
pub(crate) use matmul::{Matrix, dot, multiply};
pub(crate) use pca::project;
