//! State that changes over a run: the clock, schedules, momentum encoders and queues.

mod clock;
mod ema;
mod queue;
mod schedule;

pub use clock::Clock;
pub use ema::Ema;
pub use queue::Queue;
pub use schedule::Schedule;
