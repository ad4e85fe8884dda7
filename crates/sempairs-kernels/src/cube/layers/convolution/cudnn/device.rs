//! cuDNN on the stream on which CubeCL launches its kernels.
//!
//! CubeCL has no way to ask for its stream. Its parts are public, though: [`DeviceHandle`] gives
//! work to the thread of a running server, in order with launches, and there the server's streams
//! and memory can be reached. The versions of Burn and CubeCL are pinned, since nothing promises
//! that they stay so.

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
    /// On the thread of a device. Left to the end of the process; see [`Session`].
    static SESSIONS: RefCell<HashMap<DeviceId, &'static mut Session>> = RefCell::default();
}

/// A CUDA device.
pub(super) struct Cuda {
    client: Client,
    server: DeviceHandle<Server>,
    stream: StreamId,
}

impl Cuda {
    /// The device of a client of the CUDA runtime, and the stream of what is written.
    pub(super) fn new(client: &Client, written: &Handle) -> Self {
        let server = DeviceHandle::new(client.service_id().device);
        Self { client: client.clone(), server, stream: written.stream }
    }

    /// Makes `work` on the device's thread and waits for it, though not for what it put on the
    /// stream.
    fn now<R: Send>(
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
        self.now(operands, None, |session, _, _| session.rank(description))
    }

    fn measure(
        &self,
        description: &Description,
        operands: &[Handle; 3],
        workspace: Handle,
    ) -> Result<Vec<Candidate>, String> {
        self.now(operands, Some(workspace), |session, addresses, address| {
            let workspace = Workspace { address, bytes: CAP };
            // SAFETY: the operands are of the description's problem, and the workspace has `CAP`
            // bytes.
            unsafe { session.measure(description, addresses, workspace) }
        })
    }

    fn attempt(&self, Call { plan, operands, workspace }: Call<Handle>) -> Result<(), String> {
        self.now(&operands, workspace, move |session, addresses, address| {
            run(session, &plan, addresses, address)
        })
    }

    fn enqueue(&self, Call { plan, operands, workspace }: Call<Handle>) {
        let (bound, stream) = (Bound::new(operands, workspace), self.stream);
        self.server.submit(move |server| {
            // A failure is on the output, and whoever reads it is told.
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
    // SAFETY: the operands are of the description's problem, and the workspace has what the plan
    // asks for. They are bound until the call is on the stream, and memory that is freed then is
    // used again by later work of the stream.
    unsafe { session.run(&plan.description, plan.algorithm, addresses, workspace) }
}

/// Operands on their way to the device's thread.
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

/// Makes `work` on the device's thread with the addresses of the operands and of the workspace (0
/// for none).
fn on_stream<R>(
    server: &mut Server,
    stream: StreamId,
    Bound { reads, writes }: Bound,
    work: impl FnOnce(&mut Session, Addresses, u64) -> Result<R, String>,
) -> Result<R, ServerError> {
    // Makes the device's context current, and fails if what is read was never written because
    // something failed.
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
            // Waits for the streams that operands come from. As long as it is held, so is their
            // memory, and what it leaves behind when dropped holds it until the work that was put
            // on the stream is done.
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
                unsafe { session.on(queue.cast()) }?;
                work(session, addresses, workspace)
            })
            // The one public way to an error of no particular kind.
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
            // SAFETY: nothing gets here before the library was found usable.
            let session = unsafe { Session::new() }?;
            work(place.insert(Box::leak(Box::new(session))))
        }
    })
}
