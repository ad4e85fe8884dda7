//! All readers of external files, each with valid files to mutate.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use sempairs::backbone::AnyBackbone;
use sempairs::backbone::weights::{self, LoadOptions, Prefix};
use sempairs::data::{
    CachedSource, CifarKind, CifarSource, FolderSource, Manifest, PictureSource, Split,
    Stl10Source, Stl10Split, decode,
};
use sempairs::eval::{Features, Identity, read_scores};
use sempairs::experiment::{self, Experiment, MethodConfig};
use sempairs::train::{Checkpoints, MetricLog};

use crate::repair;

/// Result of a reader: success, or the reason why it rejects the file.
pub type Verdict = Result<(), String>;

pub struct Reader {
    pub name: &'static str,
    /// Seed files and folders of seed files, relative to the package.
    seeds: &'static [&'static str],
    pub is_text: bool,
    /// Number of mutations in the long check, chosen by their run time.
    pub tries: u64,
    /// Repairs checksums, so that the code after the checksum test is reached.
    pub repair: Option<fn(&mut [u8])>,
    pub read: fn(&Bench, &[u8]) -> Verdict,
}

macro_rules! pictures {
    ($name:literal) => {
        Reader {
            name: $name,
            seeds: &[concat!("tests/faults/seeds/", $name)],
            is_text: false,
            tries: 1_000_000,
            repair: None,
            read: |_, bytes| decode(bytes, "picture").map(drop).map_err(|e| e.to_string()),
        }
    };
}

const FIXTURES: &str = "tests/fixtures";

pub const READERS: &[Reader] = &[
    Reader {
        seeds: &[
            "tests/faults/seeds/jpeg",
            "tests/fixtures/pictures/disc",
            "../sempairs-data/tests/files",
        ],
        ..pictures!("jpeg")
    },
    Reader { repair: Some(repair::png), ..pictures!("png") },
    pictures!("gif"),
    pictures!("bmp"),
    pictures!("webp"),
    pictures!("tiff"),
    Reader {
        name: "manifest",
        seeds: &["tests/fixtures/pairs.csv"],
        is_text: true,
        tries: 300_000,
        repair: None,
        read: |bench, bytes| {
            let file = bench.put("pairs.csv", bytes);
            Manifest::read(&file, &bench.pictures).map(drop).map_err(|e| e.to_string())
        },
    },
    Reader {
        name: "cache",
        seeds: &["tests/fixtures/pictures.cache"],
        is_text: false,
        tries: 300_000,
        repair: Some(repair::cache),
        read: |bench, bytes| {
            let file = bench.put("pictures.cache", bytes);
            let cache = CachedSource::open(&file).map_err(|e| e.to_string())?;
            read_all(&cache)
        },
    },
    Reader {
        name: "experiment",
        seeds: &[
            "tests/faults/seeds/experiment",
            "experiments",
            "tests/fixtures/moco/experiment.toml",
            "tests/fixtures/dino/experiment.toml",
        ],
        is_text: true,
        tries: 200_000,
        repair: None,
        read: |bench, bytes| {
            let file = bench.put("experiment.toml", bytes);
            experiment::read(&file, &[]).map(drop).map_err(|e| e.to_string())
        },
    },
    Reader {
        name: "checkpoint",
        seeds: &["tests/fixtures/dino/step4.ckpt", "tests/fixtures/dino/step8.ckpt"],
        is_text: false,
        tries: 60_000,
        repair: Some(repair::checkpoint),
        read: |bench, bytes| {
            bench.put("latest.ckpt", bytes);
            let checkpoints = Checkpoints::new(&bench.folder, bench.run.clone());
            let checkpoint = checkpoints.load().map_err(|e| e.to_string())?;
            let checkpoint = checkpoint.ok_or("it is not there")?;
            let optimizer = bench.experiment.training.optimizer.init();
            let MethodConfig::Dino(config) = &bench.experiment.method else { unreachable!() };
            let device = sempairs::device::open("flex").map_err(|e| e.to_string())?;
            let method = config.init(bench.network.clone(), 0, &device).train();
            checkpoint.restore(method, optimizer).map(drop)
        },
    },
    Reader {
        name: "safetensors",
        seeds: &["tests/fixtures/dino/backbone.safetensors"],
        is_text: false,
        tries: 300_000,
        repair: None,
        read: |bench, bytes| bench.weights("backbone.safetensors", bytes),
    },
    Reader {
        name: "pth",
        seeds: &["tests/fixtures/dino/backbone.pth", "../sempairs-backbone/tests/torch_save"],
        is_text: false,
        tries: 200_000,
        repair: Some(repair::zip),
        read: |bench, bytes| bench.weights("backbone.pth", bytes),
    },
    Reader {
        name: "cifar",
        seeds: &["tests/fixtures/pictures.cache"],
        is_text: false,
        tries: 50_000,
        repair: Some(repair::records),
        read: |bench, bytes| {
            bench.put("test_batch.bin", bytes);
            let source = CifarSource::open_folder(CifarKind::Cifar10, &bench.folder, Split::Test);
            read_all(&source.map_err(|e| e.to_string())?)
        },
    },
    Reader {
        name: "stl10",
        seeds: &["tests/fixtures/pictures/box"],
        is_text: false,
        tries: 50_000,
        repair: Some(repair::labels),
        read: |bench, bytes| {
            // The first byte encodes the number of pictures and the size of a partial one; then
            // there are four labels.
            let first = bytes.first().map_or(0, |&first| usize::from(first));
            bench.put("test_X.bin", &vec![7; 3 * 96 * 96 * (first / 8 % 8) + first % 8 / 7]);
            bench.put("test_y.bin", bytes.get(1..5).unwrap_or_default());
            let source = Stl10Source::open(&bench.folder, Stl10Split::Test);
            read_all(&source.map_err(|e| e.to_string())?)
        },
    },
    Reader {
        name: "scores",
        seeds: &["tests/fixtures/scores.jsonl", "tests/fixtures/moco/scores.jsonl"],
        is_text: true,
        tries: 200_000,
        repair: None,
        read: |bench, bytes| {
            let file = bench.put("scores.jsonl", bytes);
            read_scores(&file).map(drop).map_err(|e| e.to_string())
        },
    },
    Reader {
        name: "metrics",
        seeds: &["tests/fixtures/moco/metrics.jsonl", "tests/fixtures/dino/metrics.jsonl"],
        is_text: true,
        tries: 200_000,
        repair: None,
        read: |bench, bytes| {
            let file = bench.put("metrics.jsonl", bytes);
            MetricLog::open(&file, 4).map(drop).map_err(|e| e.to_string())
        },
    },
    Reader {
        name: "features",
        seeds: &["tests/fixtures/features"],
        is_text: false,
        tries: 200_000,
        repair: None,
        read: |bench, bytes| {
            let file = bench.put("features.safetensors", bytes);
            Features::load(&file, Identity::new()).map(drop).map_err(|e| e.to_string())
        },
    },
];

impl Reader {
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let mut files: Vec<PathBuf> = Vec::new();
        for path in self.seeds {
            match fs::read_dir(path) {
                Ok(entries) => {
                    let paths = entries.map(|entry| entry.unwrap().path());
                    files.extend(paths.filter(|path| path.is_file()));
                }
                Err(_) => files.push(path.into()),
            }
        }
        files.sort();
        let read = |path: &PathBuf| {
            fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        files.iter().map(read).collect()
    }
}

/// Additional inputs of the readers.
pub struct Bench {
    pub folder: PathBuf,
    pictures: FolderSource,
    experiment: Experiment,
    network: AnyBackbone,
    /// Run identity in the checkpoints that are mutated.
    run: String,
}

impl Bench {
    pub fn new(folder: &Path) -> Self {
        let fixture = Path::new(FIXTURES);
        let file = fixture.join("dino/experiment.toml");
        let experiment = experiment::read(&file, &[]).unwrap().remove(0);
        let device = sempairs::device::open("flex").unwrap();
        let scores = read_scores(&fixture.join("dino/scores.jsonl")).unwrap();
        Self {
            folder: folder.to_path_buf(),
            pictures: FolderSource::open(fixture.join("pictures")).unwrap(),
            network: experiment.backbone.init_seeded(&device, 0),
            experiment,
            run: scores[0].run.clone().unwrap(),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn weights(&self, name: &str, bytes: &[u8]) -> Verdict {
        let file = self.put(name, bytes);
        let load = |prefix| weights::load(self.network.clone(), &file, &LoadOptions { prefix });
        let common = load(Prefix::Common).map(drop).map_err(|e| e.to_string());
        load(Prefix::None).map(drop).map_err(|e| e.to_string()).and(common)
    }
}

fn read_all(source: &dyn PictureSource) -> Verdict {
    for index in 0..source.len() {
        source.read(index).map_err(|e| e.to_string())?;
    }
    Ok(())
}
