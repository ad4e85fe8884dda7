//! cuDNN on the CUDA stream on which CubeCL launches its kernels.
//!
//! CubeCL has no function that returns its stream, but [`DeviceHandle`] runs a closure on the
//! thread of a running server, in order with launches, and there the server's streams and memory
//! are accessible. This interface is not a stable one, so the versions of Burn and CubeCL are
//! pinned.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use burn::backend::StreamId;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::cuda::CudaRuntime;
use burn_cubecl::cubecl::device::DeviceId;
use burn_cubecl::cubecl::device_handle::DeviceHandle;
use burn_cubecl::cubecl::server::{BufferBinding, Handle, ServerError, ServerStorage};
use cubecl_server::runtime::Runtime;
use cubecl_server::stream::{ExecuteScope, WriteScoped, failed_writing};

use super::plan::{CAP, Call, Candidate, Device, Plan};
use super::problem::Description;
use super::session::{Addresses, Session, Workspace};

type Server = <CudaRuntime as Runtime>::Server;

thread_local! {
    /// The sessions of the devices that this thread serves. They are leaked on purpose; see
    /// [`Session`].
    static SESSIONS: RefCell<HashMap<DeviceId, &'static mut Session>> = RefCell::default();
}

/// A CUDA device.
pub(super) struct Cuda {
    client: Client,
    server: DeviceHandle<Server>,
    stream: StreamId,
}

impl Cuda {
    /// The device of a client of the CUDA runtime, and the stream of the buffer `written`.
    pub(super) fn new(client: &Client, written: &Handle) -> Self {
        let server = DeviceHandle::new(client.service_id().device);
        Self { client: client.clone(), server, stream: written.stream }
    }

    /// Runs `work` on the device's thread and waits until it returns, but not for the work that it
    /// enqueues on the stream.
    fn run_blocking<R: Send>(
        &self,
        operands: &[Handle; 3],
        workspace: Option<Handle>,
        work: impl FnOnce(&mut Session, Addresses, u64) -> Result<R, String> + Send,
    ) -> Result<R, String> {
        let (bound, stream) = (Bound::new(operands.clone(), workspace), self.stream);
        self.server
            .submit_blocking(move |server| on_stream(server, stream, bound, work))
            .map_err(|_| "the device's thread has ended or panicked".to_string())?
            .map_err(|error| error.to_string())
    }
}

impl Device for Cuda {
    type Buffer = Handle;

    fn stream(&self) -> u64 {
        self.stream.value
    }

    fn reserve(&self, bytes: usize) -> Handle {
        self.client.empty(bytes)
    }

    fn rank(
        &self,
        description: &Description,
        operands: &[Handle; 3],
    ) -> Result<Vec<Candidate>, String> {
        self.run_blocking(operands, None, |session, _, _| session.rank(description))
    }

    fn measure(
        &self,
        description: &Description,
        operands: &[Handle; 3],
        workspace: Handle,
    ) -> Result<Vec<Candidate>, String> {
        self.run_blocking(operands, Some(workspace), |session, addresses, address| {
            let workspace = Workspace { address, bytes: CAP };
            // SAFETY: the operands have the shapes of the description, and the workspace has `CAP`
            // bytes.
            unsafe { session.measure(description, addresses, workspace) }
        })
    }

    fn attempt(&self, Call { plan, operands, workspace }: Call<Handle>) -> Result<(), String> {
        self.run_blocking(&operands, workspace, move |session, addresses, address| {
            run(session, &plan, addresses, address)
        })
    }

    fn enqueue(&self, Call { plan, operands, workspace }: Call<Handle>) {
        let (bound, stream) = (Bound::new(operands, workspace), self.stream);
        self.server.submit(move |server| {
            // An error is attached to the output buffer and reported when the buffer is read.
            let _ = on_stream(server, stream, bound, move |session, addresses, address| {
                run(session, &plan, addresses, address)
            });
        });
    }
}

fn run(
    session: &mut Session,
    plan: &Plan,
    addresses: Addresses,
    address: u64,
) -> Result<(), String> {
    let workspace = Workspace { address, bytes: plan.workspace };
    // SAFETY: the operands have the shapes of the description, and the workspace has the size that
    // the plan requires. They stay bound until the call is enqueued; memory that is freed after
    // that is reused only by later work on the same stream.
    unsafe { session.run(&plan.description, plan.algorithm, addresses, workspace) }
}

/// Buffer bindings of a call, to be resolved to addresses on the device's thread.
struct Bound {
    reads: [BufferBinding; 2],
    /// The output, and the workspace if there is one.
    writes: Vec<BufferBinding>,
}

impl Bound {
    fn new([a, b, out]: [Handle; 3], workspace: Option<Handle>) -> Self {
        let writes = std::iter::once(out).chain(workspace).map(Handle::binding).collect();
        Self { reads: [a.binding(), b.binding()], writes }
    }
}

/// Runs `work` with the addresses of the operands and of the workspace (0 for none). Must be called
/// on the device's thread.
fn on_stream<R>(
    server: &mut Server,
    stream: StreamId,
    Bound { reads, writes }: Bound,
    work: impl FnOnce(&mut Session, Addresses, u64) -> Result<R, String>,
) -> Result<R, ServerError> {
    // `get_resource` also makes the device's context current. It fails if the work that should have
    // written the buffer failed.
    for read in &reads {
        if let Err(error) = server.get_resource(read.clone(), stream) {
            failed_writing(server, stream, writes, error.clone());
            return Err(error);
        }
    }
    let device = reads[0].service.device;
    let all: Vec<_> = reads.iter().chain(&writes).cloned().collect();
    ExecuteScope::over(server, stream, writes)
        .execute(|server| {
            // Makes this stream wait for the streams of the operands. `streams` keeps their memory
            // alive, and after it is dropped the memory is kept until the enqueued work is done.
            let mut streams = server.write_streams().resolve(stream, all.iter())?;
            let mut address = |binding: &BufferBinding| {
                let memory = &mut streams.get(&binding.stream).memory_management_gpu;
                let (start, end) = (binding.offset_start, binding.offset_end);
                memory.get_resource(binding.memory.clone(), start, end).map(|resource| resource.ptr)
            };
            let addresses = [address(&all[0])?, address(&all[1])?, address(&all[2])?];
            let workspace = all.get(3).map(&mut address).transpose()?.unwrap_or(0);
            let queue = streams.current().sys;
            session(device, |session| {
                // SAFETY: the stream is the server's own.
                unsafe { session.set_stream(queue.cast()) }?;
                work(session, addresses, workspace)
            })
            // The only public constructor of a general error.
            .map_err(|reason| ServerError::graph_state(format!("cuDNN: {reason}")))
        })
        .into_result()
}

/// Calls `work` with the session of the device whose context is current.
fn session<R>(
    device: DeviceId,
    work: impl FnOnce(&mut Session) -> Result<R, String>,
) -> Result<R, String> {
    SESSIONS.with_borrow_mut(|sessions| match sessions.entry(device) {
        Entry::Occupied(session) => work(session.into_mut()),
        Entry::Vacant(place) => {
            // SAFETY: callers check that the library is usable before they get here.
            let session = unsafe { Session::new() }?;
            work(place.insert(Box::leak(Box::new(session))))
        }
    })
}
