//! Every objective against PyTorch's numbers, against its formula spelt out in double precision, in closed form, as
//! something an optimiser brings down, and as a method that trains, is saved and goes on.

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
