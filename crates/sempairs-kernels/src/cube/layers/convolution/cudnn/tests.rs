//! Tests of the plans on a mock device that records its calls.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;

use burn::tensor::DType;
use cudarc::cudnn::sys::cudnnConvolutionFwdAlgo_t as Forward;
use cudarc::cudnn::sys::cudnnMathType_t as Math;

use super::plan::{Algorithm, CAP, Call, Candidate, Device, Plan, Plans, Refusal, convolve};
use super::problem::{Description, Pass, Problem};

/// A part of a buffer, standing for a tensor.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    buffer: usize,
    offset: usize,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Reserved(usize),
    Ranked(Description, [Part; 3]),
    Measured(Description, [Part; 3], Part),
    Attempted(Call<Part>),
    Enqueued(Call<Part>),
}

/// A mock device that offers the given algorithms and fails to run some of them.
struct Recorder {
    offers: Result<Vec<Candidate>, String>,
    refuses: Vec<Algorithm>,
    stream: Cell<u64>,
    events: RefCell<Vec<Event>>,
}

impl Recorder {
    fn new(offers: &[Candidate]) -> Self {
        Self {
            offers: Ok(offers.to_vec()),
            refuses: Vec::new(),
            stream: Cell::new(0),
            events: RefCell::default(),
        }
    }

    fn record(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }

    /// The calls since the last call of this function.
    fn events(&self) -> Vec<Event> {
        self.events.take()
    }

    /// The buffer that `reserve` returns, numbered 1,000 plus its size.
    fn reserved(bytes: usize) -> Part {
        Part { buffer: 1_000 + bytes, offset: 0, bytes }
    }
}

impl Device for Recorder {
    type Buffer = Part;

    fn stream(&self) -> u64 {
        self.stream.get()
    }

    fn reserve(&self, bytes: usize) -> Part {
        self.record(Event::Reserved(bytes));
        Self::reserved(bytes)
    }

    fn rank(
        &self,
        description: &Description,
        operands: &[Part; 3],
    ) -> Result<Vec<Candidate>, String> {
        self.record(Event::Ranked(*description, operands.clone()));
        self.offers.clone()
    }

    fn measure(
        &self,
        description: &Description,
        operands: &[Part; 3],
        workspace: Part,
    ) -> Result<Vec<Candidate>, String> {
        self.record(Event::Measured(*description, operands.clone(), workspace));
        self.offers.clone()
    }

    fn attempt(&self, call: Call<Part>) -> Result<(), String> {
        let refused = self.refuses.contains(&call.plan.algorithm);
        let reason = format!("refused {:?}", call.plan.algorithm);
        self.record(Event::Attempted(call));
        if refused { Err(reason) } else { Ok(()) }
    }

    fn enqueue(&self, call: Call<Part>) {
        self.record(Event::Enqueued(call));
    }
}

const GEMM: Algorithm = Algorithm::Forward(Forward::CUDNN_CONVOLUTION_FWD_ALGO_GEMM);
const IMPLICIT: Algorithm = Algorithm::Forward(Forward::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM);
const FFT: Algorithm = Algorithm::Forward(Forward::CUDNN_CONVOLUTION_FWD_ALGO_FFT);

fn candidate(algorithm: Algorithm, workspace: usize) -> Candidate {
    Candidate {
        algorithm,
        works: true,
        deterministic: true,
        workspace,
        math: Math::CUDNN_TENSOR_OP_MATH,
    }
}

fn problem(channels: usize) -> Problem {
    let (x, filters) = ([2, channels, 8, 8], [4, channels, 3, 3]);
    Problem::new(Pass::Forward, DType::BF16, x, filters, [1, 1], [1, 1]).unwrap()
}

/// Parts of one buffer.
fn operands() -> [Part; 3] {
    [0, 512, 4_096].map(|offset| Part { buffer: 7, offset, bytes: 256 })
}

fn plan(problem: &Problem, candidate: &Candidate) -> Plan {
    let description = Description { math: candidate.math, ..problem.description() };
    Plan { description, algorithm: candidate.algorithm, workspace: candidate.workspace }
}

fn convolve_on(
    device: &Recorder,
    plans: &Mutex<Plans<Part>>,
    problem: &Problem,
) -> Result<(), Refusal> {
    convolve(plans, device, problem, operands(), false)
}

/// The algorithms that were attempted, in order.
fn attempted(device: &Recorder) -> Vec<Algorithm> {
    let algorithm = |event| match event {
        Event::Attempted(call) => Some(call.plan.algorithm),
        _ => None,
    };
    device.events().into_iter().filter_map(algorithm).collect()
}

#[test]
fn a_plan_is_chosen_once_and_reused() {
    let offered = candidate(GEMM, 0);
    let (device, plans) = (Recorder::new(&[offered]), Mutex::default());
    let (one, other) = (problem(16), problem(32));
    let call =
        |problem| Call { plan: plan(problem, &offered), operands: operands(), workspace: None };
    let ranked = |problem: &Problem| Event::Ranked(problem.description(), operands());

    assert_eq!(convolve_on(&device, &plans, &one), Ok(()));
    assert_eq!(device.events(), [ranked(&one), Event::Attempted(call(&one))]);
    for _ in 0..2 {
        assert_eq!(convolve_on(&device, &plans, &one), Ok(()));
        assert_eq!(device.events(), [Event::Enqueued(call(&one))]);
    }
    assert_eq!(convolve_on(&device, &plans, &other), Ok(()));
    assert_eq!(device.events(), [ranked(&other), Event::Attempted(call(&other))]);
}

#[test]
fn the_first_admissible_algorithm_is_chosen() {
    let offers = [
        Candidate { works: false, ..candidate(FFT, 0) },
        Candidate { deterministic: false, ..candidate(FFT, 0) },
        candidate(FFT, CAP + 1),
        Candidate { math: Math::CUDNN_DEFAULT_MATH, ..candidate(IMPLICIT, CAP) },
        candidate(GEMM, 0),
    ];
    let (device, plans) = (Recorder::new(&offers), Mutex::default());
    let problem = problem(16);
    assert_eq!(convolve_on(&device, &plans, &problem), Ok(()));
    let call = Call {
        plan: plan(&problem, &offers[3]),
        operands: operands(),
        workspace: Some(Recorder::reserved(CAP)),
    };
    assert_eq!(call.plan.description.math, Math::CUDNN_DEFAULT_MATH);
    assert_eq!(device.events()[1..], [Event::Reserved(CAP), Event::Attempted(call)]);
}

#[test]
fn problems_without_a_deterministic_algorithm_are_refused() {
    let offers = [Candidate { deterministic: false, ..candidate(GEMM, 0) }];
    let (device, plans) = (Recorder::new(&offers), Mutex::default());
    let Err(Refusal::New(reason)) = convolve_on(&device, &plans, &problem(16)) else {
        panic!("an algorithm was chosen")
    };
    assert!(reason.contains("deterministic"), "{reason}");
    assert_eq!(attempted(&device), []);
    assert_eq!(convolve_on(&device, &plans, &problem(16)), Err(Refusal::Known));
    assert!(plans.lock().unwrap().is_refused(&problem(16)));
    assert!(!plans.lock().unwrap().is_refused(&problem(32)));
    assert_eq!(device.events(), []);
}

#[test]
fn the_next_algorithm_is_tried_if_one_fails() {
    let offers = [candidate(FFT, 0), candidate(IMPLICIT, 0), candidate(GEMM, 0)];
    let mut device = Recorder::new(&offers);
    device.refuses = vec![FFT];
    let plans = Mutex::default();
    assert_eq!(convolve_on(&device, &plans, &problem(16)), Ok(()));
    assert_eq!(attempted(&device), [FFT, IMPLICIT]);

    device.refuses = vec![FFT, IMPLICIT, GEMM];
    let last = Err(Refusal::New(format!("refused {GEMM:?}")));
    assert_eq!(convolve_on(&device, &plans, &problem(32)), last);
    assert_eq!(attempted(&device), [FFT, IMPLICIT, GEMM]);

    device.offers = Err("no driver".to_string());
    assert_eq!(
        convolve_on(&device, &plans, &problem(64)),
        Err(Refusal::New("no driver".to_string()))
    );
    // The failure of another problem does not change an existing plan.
    device.events();
    assert_eq!(convolve_on(&device, &plans, &problem(16)), Ok(()));
    assert!(
        matches!(&device.events()[..], [Event::Enqueued(call)] if call.plan.algorithm == IMPLICIT)
    );
}

#[test]
fn a_stream_has_one_workspace_that_grows() {
    let plans = Mutex::default();
    let first = |bytes: usize, channels: usize, stream: u64| {
        let device = Recorder::new(&[candidate(GEMM, bytes)]);
        device.stream.set(stream);
        assert_eq!(convolve_on(&device, &plans, &problem(channels)), Ok(()));
        let events = device.events();
        let Some(Event::Attempted(Call { workspace, .. })) = events.last() else {
            panic!("{events:?}")
        };
        let reserved = |event: &Event| matches!(event, Event::Reserved(_));
        (
            workspace.as_ref().map(|part| part.bytes),
            events.iter().filter(|event| reserved(event)).count(),
        )
    };
    assert_eq!(first(1_000, 1, 0), (Some(1_000), 1));
    assert_eq!(first(4_000, 2, 0), (Some(4_000), 1));
    assert_eq!(first(2_000, 3, 0), (Some(4_000), 0));
    assert_eq!(first(0, 4, 0), (None, 0));
    assert_eq!(first(2_000, 5, 1), (Some(2_000), 1));

    // The plan of the first problem needs fewer bytes than the workspace of the stream now has.
    let device = Recorder::new(&[]);
    assert_eq!(convolve_on(&device, &plans, &problem(1)), Ok(()));
    let events = device.events();
    let [Event::Enqueued(call)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((call.plan.workspace, &call.workspace), (1_000, &Some(Recorder::reserved(4_000))));
    // On a stream without a workspace one is reserved.
    device.stream.set(2);
    assert_eq!(convolve_on(&device, &plans, &problem(1)), Ok(()));
    assert_eq!(device.events()[0], Event::Reserved(1_000));
}

#[test]
fn the_workspace_of_a_measurement_is_not_kept() {
    let offered = candidate(GEMM, 1_000);
    let (device, plans) = (Recorder::new(&[offered]), Mutex::default());
    let problem = problem(16);
    assert_eq!(convolve(&plans, &device, &problem, operands(), true), Ok(()));
    let call = Call {
        plan: plan(&problem, &offered),
        operands: operands(),
        workspace: Some(Recorder::reserved(1_000)),
    };
    assert_eq!(
        device.events(),
        [
            Event::Reserved(CAP),
            Event::Measured(problem.description(), operands(), Recorder::reserved(CAP)),
            Event::Reserved(1_000),
            Event::Attempted(call),
        ]
    );
}
