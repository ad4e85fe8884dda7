//! What changes over a run: the step, schedules, momentum copies, queues.

mod clock;
mod ema;
mod queue;
mod schedule;

pub use clock::Clock;
pub use ema::Ema;
pub use queue::Queue;
pub use schedule::Schedule;
