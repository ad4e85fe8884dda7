//! Reading of mutated files in child processes, which may crash.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::memory;
use crate::mutate::mutate;
use crate::random::Random;
use crate::readers::{Bench, READERS, Reader};

/// Maximum time for reading a file.
const TIME: Duration = Duration::from_secs(10);
const BYTES: usize = 1 << 30;

/// First argument of a child process that reads files.
pub const ARGUMENT: &str = "--worker";

/// Number of files that were read and rejected, and other outcomes.
#[derive(Default)]
pub struct Counts {
    pub read: u64,
    pub refused: u64,
    pub failures: Vec<String>,
}

/// Mutated file with this index; it may be valid by chance.
fn input(reader: &Reader, seeds: &[Vec<u8>], seed: u64, number: u64) -> Vec<u8> {
    let mut random = Random::new(seed, number);
    let mut bytes = mutate(seeds, reader.is_text, &mut random);
    if let Some(repair) = reader.repair
        && random.below(4) > 0
    {
        repair(&mut bytes);
    }
    // Records have a fixed length, which most mutations change.
    if reader.name == "cifar" && random.below(4) > 0 {
        bytes.resize(2 * 3073, 5);
    }
    bytes
}

/// Main function of the child process started by [`run`].
pub fn work(arguments: &[String]) {
    let [name, seed, first, end, folder] = arguments else { panic!("five arguments") };
    let [seed, first, end] = [seed, first, end].map(|text| text.parse::<u64>().unwrap());
    let reader = READERS.iter().find(|reader| reader.name == name).unwrap();
    let (seeds, folder) = (reader.seeds(), Path::new(folder));
    let bench = Bench::new(folder);
    let at = File::create(folder.join("at")).unwrap();
    static PANIC: Mutex<String> = Mutex::new(String::new());
    std::panic::set_hook(Box::new(|info| {
        *PANIC.lock().unwrap_or_else(|lock| lock.into_inner()) =
            info.to_string().replace('\n', " ");
    }));
    static STARTED: AtomicU64 = AtomicU64::new(u64::MAX);
    let clock = Instant::now();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let started = Duration::from_millis(STARTED.load(Relaxed));
            if clock.elapsed().saturating_sub(started) > TIME {
                println!("failure it takes longer than {} seconds", TIME.as_secs());
                std::process::abort();
            }
        }
    });
    let (mut read, mut refused) = (0, 0);
    for number in first..end {
        let bytes = input(reader, &seeds, seed, number);
        at.write_all_at(&number.to_le_bytes(), 0).unwrap();
        STARTED.store(clock.elapsed().as_millis() as u64, Relaxed);
        let before = memory::reset();
        let verdict = catch_unwind(AssertUnwindSafe(|| (reader.read)(&bench, &bytes)));
        STARTED.store(u64::MAX, Relaxed);
        let taken = memory::peak_since(before);
        let fail = |what: String| {
            println!("failure {what}{}", keep(reader.name, seed, number, &bytes));
        };
        if taken > BYTES {
            fail(format!("it takes {} MiB", taken >> 20));
        }
        match verdict {
            Ok(Ok(())) => read += 1,
            Ok(Err(reason)) if reason.trim().is_empty() => fail("it says nothing".into()),
            Ok(Err(_)) => refused += 1,
            Err(_) => fail(PANIC.lock().map_or(String::new(), |message| message.clone())),
        }
    }
    println!("counts {read} {refused}");
}

/// Saves a harmful file in the build folder and returns its path.
fn keep(name: &str, seed: u64, number: u64, bytes: &[u8]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults");
    let path = folder.join(format!("{name}-{seed}-{number}"));
    match fs::create_dir_all(&folder).and_then(|()| fs::write(&path, bytes)) {
        Ok(()) => format!(" ({})", path.display()),
        Err(error) => format!(" (number {number}, not written: {error})"),
    }
}

/// Has the files `0..count` read by child processes; a crashed one is replaced by another.
pub fn run(reader: &Reader, seed: u64, count: u64) -> Counts {
    const MOST: usize = 20;
    let folder = tempfile::tempdir_in(memory_disk()).unwrap();
    let mut counts = Counts::default();
    let mut first = 0;
    while first < count && counts.failures.len() < MOST {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([ARGUMENT, reader.name])
            .args([seed, first, count].map(|number| number.to_string()))
            .arg(folder.path())
            .env("RAYON_NUM_THREADS", "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let message = std::thread::spawn(move || {
            let mut message = Vec::new();
            stderr.read_to_end(&mut message).map(|_| String::from_utf8_lossy(&message).into_owned())
        });
        let out = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        for line in text.lines() {
            if let Some(failure) = line.strip_prefix("failure ") {
                counts.failures.push(failure.to_owned());
            } else if let Some(numbers) = line.strip_prefix("counts ") {
                let mut numbers = numbers.split(' ').map(|number| number.parse::<u64>().unwrap());
                counts.read += numbers.next().unwrap();
                counts.refused += numbers.next().unwrap();
            }
        }
        if out.status.success() {
            break;
        }
        let at = fs::read(folder.path().join("at")).unwrap_or_default();
        let number = at.try_into().map_or(first, u64::from_le_bytes);
        let bytes = input(reader, &reader.seeds(), seed, number);
        let message = message.join().unwrap().unwrap_or_default();
        let last = message.lines().last().unwrap_or_default();
        let kept = keep(reader.name, seed, number, &bytes);
        counts.failures.push(format!("the process ends with {}: {last}{kept}", out.status));
        // Earlier files are not counted again.
        first = number + 1;
    }
    counts
}

/// Folder on an in-memory file system, if there is one.
pub fn memory_disk() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
