//! Selection of an algorithm and its workspace for each kind of convolution.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cudarc::cudnn::sys;

use super::problem::{Description, Problem};

/// Maximum workspace of an algorithm in bytes: 256 MiB.
pub(super) const CAP: usize = 256 << 20;

/// An algorithm of cuDNN for one of the passes.
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
    /// Whether the algorithm supports these descriptors.
    pub(super) works: bool,
    pub(super) deterministic: bool,
    /// Size of the workspace in bytes.
    pub(super) workspace: usize,
    pub(super) math: sys::cudnnMathType_t,
}

/// Descriptors, algorithm and workspace size of a convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) description: Description,
    pub(super) algorithm: Algorithm,
    pub(super) workspace: usize,
}

/// A plan together with the buffers it runs on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call<B> {
    pub(super) plan: Plan,
    /// The two inputs and the output.
    pub(super) operands: [B; 3],
    /// At least as large as the plan requires; `None` if it requires none.
    pub(super) workspace: Option<B>,
}

/// A device with cuDNN, as seen by the threads that submit work to it.
pub(super) trait Device {
    /// Memory on the device.
    type Buffer: Clone;

    /// The stream on which work is enqueued.
    fn stream(&self) -> u64;

    fn reserve(&self, bytes: usize) -> Self::Buffer;

    /// Algorithms for a convolution, the one that cuDNN expects to be fastest first. Does not wait
    /// for the device.
    fn rank(
        &self,
        description: &Description,
        operands: &[Self::Buffer; 3],
    ) -> Result<Vec<Candidate>, String>;

    /// Algorithms for a convolution by measured time, the fastest first. Each may use a workspace
    /// of
    /// [`CAP`] bytes. Waits for the device.
    fn measure(
        &self,
        description: &Description,
        operands: &[Self::Buffer; 3],
        workspace: Self::Buffer,
    ) -> Result<Vec<Candidate>, String>;

    /// Enqueues a convolution and waits until cuDNN has accepted or rejected the call.
    fn attempt(&self, call: Call<Self::Buffer>) -> Result<(), String>;

    /// Enqueues a convolution without waiting.
    fn enqueue(&self, call: Call<Self::Buffer>);
}

/// The plans and workspaces of a device.
pub(super) struct Plans<B> {
    known: HashMap<Problem, Option<Plan>>,
    /// Workspace of each stream with its size; the convolutions of a stream run one after another
    /// and share it.
    workspaces: HashMap<u64, (usize, B)>,
}

impl<B> Default for Plans<B> {
    fn default() -> Self {
        Self { known: HashMap::new(), workspaces: HashMap::new() }
    }
}

impl<B> Plans<B> {
    /// Whether a problem was refused before.
    pub(super) fn is_refused(&self, problem: &Problem) -> bool {
        matches!(self.known.get(problem), Some(None))
    }
}

/// The reason why cuDNN did not run a convolution.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// This problem was refused before.
    Known,
    /// This problem is refused for the first time, for this reason.
    New(String),
}

/// Enqueues a convolution on the device's stream.
///
/// The first call for a problem chooses the plan of all later ones: the fastest algorithm, by
/// cuDNN's heuristics or by measurement if `measured`, that is deterministic, needs at most [`CAP`]
/// bytes and runs without an error.
///
/// # Errors
///
/// [`Refusal`] if there is no such algorithm. The content of the output is then undefined.
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
            let plan = choose(plans, device, problem, operands, measured);
            locked(plans).known.insert(*problem, plan.as_ref().ok().copied());
            plan.map(|_| ()).map_err(Refusal::New)
        }
    }
}

fn choose<D: Device>(
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

/// The workspace of the current stream, replaced by a larger one if it has fewer than `bytes`.
/// Work that is already enqueued keeps the old one alive.
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
            // Released first, so that both need not fit at once.
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
