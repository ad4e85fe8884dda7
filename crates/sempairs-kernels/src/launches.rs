//! Counting and timing of the kernels that are launched on a CubeCL device.
//!
//! One observation is active per process; a nested one suspends the outer one. Work of libraries
//! such as cuDNN on the same stream is not observed and appears as time between kernels.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn_cubecl::cubecl::config::{TypeNameFormatLevel, type_name_format};
use burn_cubecl::cubecl::future::block_on;
use burn_cubecl::cubecl::logging::{
    LaunchObservation, LaunchObserver, ProfileDuration, TimingRequest,
};
use burn_cubecl::cubecl::profile::Instant;

/// Launches of one kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Name of the kernel, without its module path and type parameters.
    pub name: String,
    /// Number of launches.
    pub launches: usize,
    /// Total device time in seconds; 0 if launches were only counted.
    pub seconds: f64,
}

/// Result of [`time`].
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Kernels, the longest total time first.
    pub kernels: Vec<Kernel>,
    /// Seconds on the device from the start of the first launch to the end of the last.
    pub span: f64,
    /// Number of launches without a device time.
    pub untimed: usize,
}

/// Counts the kernels that `work` launches, the most frequent first.
pub fn count(work: impl FnOnce()) -> Vec<Kernel> {
    let log = observe(TimingRequest::None, work);
    let mut kernels = total(log.launched.iter().map(|name| (*name, 0.0)));
    kernels.sort_by(|a, b| b.launches.cmp(&a.launches).then_with(|| a.name.cmp(&b.name)));
    kernels
}

/// Times the kernels that `work` launches.
///
/// Every launch is surrounded by two timestamps, which costs host time, so that the span is longer
/// than without profiling. Kernels that are compiled for the first time add to the span; run the
/// work once before.
pub fn time(work: impl FnOnce()) -> Profile {
    let epoch = Instant::now();
    let log = observe(TimingRequest::Deferred, work);
    let launches = log.launched.len();
    let (mut times, mut start, mut end) = (Vec::new(), f64::INFINITY, 0f64);
    for (name, measured) in log.profiled {
        if let Some(ticks) = block_on(measured.resolve()) {
            start = start.min(ticks.start_duration_since(epoch).as_secs_f64());
            end = end.max(ticks.end_duration_since(epoch).as_secs_f64());
            times.push((name, ticks.duration().as_secs_f64()));
        }
    }
    let untimed = launches - times.len();
    let mut kernels = total(times.into_iter());
    kernels.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.name.cmp(&b.name)));
    Profile { kernels, span: (end - start).max(0.0), untimed }
}

/// Sums launches by kernel name, over all type parameters.
fn total(launches: impl Iterator<Item = (&'static str, f64)>) -> Vec<Kernel> {
    let mut kernels: HashMap<String, Kernel> = HashMap::new();
    for (path, seconds) in launches {
        let name = type_name_format(path, TypeNameFormatLevel::Short);
        let kernel =
            kernels.entry(name.clone()).or_insert(Kernel { name, launches: 0, seconds: 0.0 });
        kernel.launches += 1;
        kernel.seconds += seconds;
    }
    kernels.into_values().collect()
}

#[derive(Default)]
struct Log {
    launched: Vec<&'static str>,
    profiled: Vec<(&'static str, ProfileDuration)>,
}

struct Observer {
    timing: TimingRequest,
    log: Mutex<Log>,
}

impl LaunchObserver for Observer {
    fn launched(&self, kernel: &'static str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).launched.push(kernel);
    }

    fn timing(&self) -> TimingRequest {
        self.timing
    }

    fn profiled(&self, kernel: &'static str, profile: ProfileDuration) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).profiled.push((kernel, profile));
    }
}

fn observe(timing: TimingRequest, work: impl FnOnce()) -> Log {
    let observer = Arc::new(Observer { timing, log: Mutex::default() });
    let watching = LaunchObservation::new(observer.clone());
    work();
    drop(watching);
    std::mem::take(&mut observer.log.lock().unwrap_or_else(PoisonError::into_inner))
}
