//! Fault injection: a disk that fails at each operation, and damaged files for every reader.
//!
//! Started by `scripts/faults.sh`; takes about ten minutes, or one minute with `--short`. All
//! inputs are determined by `--seed N`. Prints what was tested, and exits with 1 if a case ended in
//! any other way than with a result or a clear error.

mod command;
mod disk;
mod memory;
mod mutate;
mod random;
mod readers;
mod repair;
mod worker;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use readers::READERS;

#[global_allocator]
static MEMORY: memory::Counted = memory::Counted;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == worker::ARGUMENT) {
        worker::work(&arguments[1..]);
        return ExitCode::SUCCESS;
    }
    let is_short = arguments.iter().any(|argument| argument == "--short");
    let seed = arguments.iter().skip_while(|argument| *argument != "--seed").nth(1);
    let seed = seed.map_or(1, |seed| seed.parse().expect("--seed takes a number"));
    let only = arguments.iter().skip_while(|argument| *argument != "--only").nth(1);
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    let started = Instant::now();
    let mut failures = Vec::new();
    if wanted("disk") {
        let disk = disk::run(is_short);
        let faults: usize = disk.faults.values().sum();
        println!(
            "disk: {faults} faults at {} operations {:?}, {} failures, {} s",
            disk.operations,
            disk.faults,
            disk.failures.len(),
            started.elapsed().as_secs()
        );
        failures.extend(disk.failures);
    }
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(reader) = READERS.get(next.fetch_add(1, Relaxed)) {
                    if !wanted(reader.name) {
                        continue;
                    }
                    let (begun, tries) =
                        (Instant::now(), reader.tries / [1, 40][usize::from(is_short)]);
                    let counts = worker::run(reader, seed, tries);
                    println!(
                        "{}: {tries} files: {} read, {} refused, {} failures, {} s",
                        reader.name,
                        counts.read,
                        counts.refused,
                        counts.failures.len(),
                        begun.elapsed().as_secs()
                    );
                    let named =
                        counts.failures.iter().map(|what| format!("{}: {what}", reader.name));
                    found.lock().unwrap().extend(named);
                }
            });
        }
    });
    failures.extend(found.into_inner().unwrap());
    if wanted("command") {
        let begun = Instant::now();
        let counts = command::run(seed, if is_short { 5 } else { 60 });
        println!(
            "command: {} ended well, {} with an error, {} failures, {} s",
            counts.ended,
            counts.refused,
            counts.failures.len(),
            begun.elapsed().as_secs()
        );
        failures.extend(counts.failures);
    }
    failures.iter().for_each(|failure| println!("FAILURE {failure}"));
    println!("{} failures in {} s", failures.len(), started.elapsed().as_secs());
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
