//! The tests of this workspace that compute on the device named by `SEMPAIRS_DEVICE`, in one
//! executable: each links the compiler of the GPU's kernels, so that 13 would take as many times
//! the space and the time. In the crates, the same files are tests of their own, for the CPU.
//!
//! The counts of launches are of the whole process: run the tests of `launches` and
//! `step_launches` without others, one at a time.

#![allow(clippy::duplicate_mod, reason = "tests of one crate share support files")]

#[path = "../../../sempairs-kernels/tests/convolutions.rs"]
mod convolutions;
#[path = "../../../sempairs-train/tests/curves.rs"]
mod curves;
#[path = "../../../sempairs-kernels/tests/launches.rs"]
mod launches;
#[path = "../../../sempairs-kernels/tests/layers.rs"]
mod layers;
#[path = "../../../sempairs-kernels/tests/losses.rs"]
mod losses;
#[path = "../../../sempairs-objective/tests/objectives/main.rs"]
mod objectives;
#[path = "../../../sempairs-train/tests/optim.rs"]
mod optim;
#[path = "../../../sempairs-backbone/tests/reference.rs"]
mod reference;
#[path = "../../../sempairs-train/tests/step_launches.rs"]
mod step_launches;
#[path = "../../../sempairs-kernels/tests/steps.rs"]
mod steps;
#[path = "../../../sempairs-kernels/tests/tokens.rs"]
mod tokens;
#[path = "../../../sempairs-kernels/tests/views.rs"]
mod views;
#[path = "../../../sempairs-backbone/tests/vit.rs"]
mod vit;
