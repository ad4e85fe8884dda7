//! Which algorithm takes a convolution, and with how much memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cudarc::cudnn::sys;

use super::problem::{Description, Problem};

/// The most memory that an algorithm may ask for beside its tensors: 256 MiB.
pub(super) const CAP: usize = 256 << 20;

/// An algorithm of cuDNN's for one of the passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Forward(sys::cudnnConvolutionFwdAlgo_t),
    Input(sys::cudnnConvolutionBwdDataAlgo_t),
    Weight(sys::cudnnConvolutionBwdFilterAlgo_t),
}

/// An algorithm that cuDNN offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) algorithm: Algorithm,
    /// Whether cuDNN has it for these descriptors.
    pub(super) works: bool,
    pub(super) deterministic: bool,
    /// Bytes of memory beside its tensors.
    pub(super) workspace: usize,
    pub(super) math: sys::cudnnMathType_t,
}

/// How a convolution is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) description: Description,
    pub(super) algorithm: Algorithm,
    pub(super) workspace: usize,
}

/// A convolution of certain tensors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call<B> {
    pub(super) plan: Plan,
    /// The two that are read, and the one that is written.
    pub(super) operands: [B; 3],
    /// At least as many bytes as the plan asks for; none if it asks for none.
    pub(super) workspace: Option<B>,
}

/// A device with cuDNN, seen from the thread that asks for work on it.
pub(super) trait Device {
    /// Memory on the device.
    type Buffer: Clone;

    /// The stream that work is put on.
    fn stream(&self) -> u64;

    fn reserve(&self, bytes: usize) -> Self::Buffer;

    /// Algorithms for a convolution, the one that should be fastest first. Waits for the answer,
    /// not for the device.
    fn rank(
        &self,
        description: &Description,
        operands: &[Self::Buffer; 3],
    ) -> Result<Vec<Candidate>, String>;

    /// Algorithms for a convolution, the one that was fastest first, each with the whole of a
    /// workspace of [`CAP`] bytes. Waits for the device.
    fn measure(
        &self,
        description: &Description,
        operands: &[Self::Buffer; 3],
        workspace: Self::Buffer,
    ) -> Result<Vec<Candidate>, String>;

    /// Puts a convolution on the stream, and waits until cuDNN has taken or refused it.
    fn attempt(&self, call: Call<Self::Buffer>) -> Result<(), String>;

    /// Puts a convolution on the stream.
    fn enqueue(&self, call: Call<Self::Buffer>);
}

/// What is known of a device's convolutions.
pub(super) struct Plans<B> {
    known: HashMap<Problem, Option<Plan>>,
    /// For each stream the memory that its convolutions use one after another.
    workspaces: HashMap<u64, (usize, B)>,
}

impl<B> Default for Plans<B> {
    fn default() -> Self {
        Self { known: HashMap::new(), workspaces: HashMap::new() }
    }
}

impl<B> Plans<B> {
    /// Whether a problem was refused before.
    pub(super) fn refuse(&self, problem: &Problem) -> bool {
        matches!(self.known.get(problem), Some(None))
    }
}

/// Why there was no convolution.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// This problem was refused before.
    Known,
    /// Found out now, and why.
    New(String),
}

/// Puts a convolution on the device's stream. The first of its problem chooses the plan of all: the
/// fastest algorithm that is deterministic, fits in [`CAP`] and is taken, as cuDNN guesses, or as
/// it measures if `measured`.
///
/// # Errors
///
/// [`Refusal`] if there is none. What is written is undefined then, and nothing else has changed.
pub(super) fn convolve<D: Device>(
    plans: &Mutex<Plans<D::Buffer>>,
    device: &D,
    problem: &Problem,
    operands: [D::Buffer; 3],
    measured: bool,
) -> Result<(), Refusal> {
    let known = locked(plans).known.get(problem).copied();
    match known {
        Some(Some(plan)) => {
            let workspace = workspace(plans, device, plan.workspace);
            device.enqueue(Call { plan, operands, workspace });
            Ok(())
        }
        Some(None) => Err(Refusal::Known),
        None => {
            let first = first(plans, device, problem, operands, measured);
            locked(plans).known.insert(*problem, first.as_ref().ok().copied());
            first.map(|_| ()).map_err(Refusal::New)
        }
    }
}

fn first<D: Device>(
    plans: &Mutex<Plans<D::Buffer>>,
    device: &D,
    problem: &Problem,
    operands: [D::Buffer; 3],
    measured: bool,
) -> Result<Plan, String> {
    let description = problem.description();
    let candidates = if measured {
        device.measure(&description, &operands, device.reserve(CAP))?
    } else {
        device.rank(&description, &operands)?
    };
    let mut refused = "it has no deterministic algorithm within 256 MiB".to_string();
    for Candidate { algorithm, workspace: bytes, math, .. } in
        candidates.into_iter().filter(|candidate| {
            candidate.works && candidate.deterministic && candidate.workspace <= CAP
        })
    {
        let description = Description { math, ..description };
        let plan = Plan { description, algorithm, workspace: bytes };
        let workspace = workspace(plans, device, bytes);
        match device.attempt(Call { plan, operands: operands.clone(), workspace }) {
            Ok(()) => return Ok(plan),
            Err(reason) => refused = reason,
        }
    }
    Err(refused)
}

/// The stream's workspace, made larger if it has fewer bytes. Work that was put on the stream keeps
/// the memory it was given.
fn workspace<D: Device>(
    plans: &Mutex<Plans<D::Buffer>>,
    device: &D,
    bytes: usize,
) -> Option<D::Buffer> {
    if bytes == 0 {
        return None;
    }
    let stream = device.stream();
    let mut plans = locked(plans);
    match plans.workspaces.get(&stream) {
        Some((size, buffer)) if *size >= bytes => Some(buffer.clone()),
        _ => {
            // The smaller one is free before the larger is asked for.
            plans.workspaces.remove(&stream);
            let buffer = device.reserve(bytes);
            plans.workspaces.insert(stream, (bytes, buffer.clone()));
            Some(buffer)
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
