//! Every objective is compared with PyTorch, with its formula in double precision and with closed
//! forms; gradient descent lowers it; and each method is trained, saved and continued.

mod compare;
mod oracle;
#[path = "../reference/mod.rs"]
mod reference;
mod training;

mod barlow_twins;
mod byol;
mod config;
mod dcl;
mod dino;
mod ema;
mod information;
mod learning;
mod moco;
mod nnclr;
mod peculiar;
mod queue;
mod resume;
mod simclr;
mod simsiam;
mod sup_con;
mod swav;
mod vicreg;
