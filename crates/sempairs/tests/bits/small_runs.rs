//! Small experiments that together go through decoding, both kinds of networks, all optimisers and
//! all protocols.

/// One by name. `CACHE` in its text stands for the path of a decoded cache.
pub struct SmallRun {
    pub name: &'static str,
    head: &'static str,
    body: &'static str,
}

impl SmallRun {
    pub fn toml(&self, cache: &str) -> String {
        let name = self.name.replace(' ', "-");
        format!("name = \"{name}\"\nseeds = [3]\n{}\n{}", self.head, self.body)
            .replace("CACHE", cache)
    }
}

const SCENES: &str = r#"
pictures = { kind = "scenes", split = "pretrain", per_class = 3, size = 20 }
arms = [{ name = "sp", pairing = { kind = "random_in_class" } }]

[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
every = 4
protocols = [{ kind = "probe" }, { kind = "knn", k = 3 }]
"#;

const FOLDER: &str = r#"
pictures = { kind = "folder", path = "tests/fixtures/pictures" }
arms = [{ name = "sp", pairing = { kind = "random_in_class" } }]

[evaluation]
dataset = "drawn"
train = { kind = "folder", path = "tests/fixtures/pictures" }
test = { kind = "folder", path = "tests/fixtures/pictures" }
protocols = [{ kind = "fine_tune", epochs = 2, batch = 6, learning_rate = 0.01 }]
"#;

const CACHED: &str = r#"
arms = [{ name = "ap", pairing = { kind = "same" } }]

[pictures]
kind = "folder"
path = "tests/fixtures/pictures"
cache = { path = "CACHE", short_side = 24 }

[evaluation]
dataset = "drawn"
train.kind = "folder"
train.path = "tests/fixtures/pictures"
train.cache = { path = "CACHE", short_side = 24 }
test = { kind = "folder", path = "tests/fixtures/pictures" }
protocols = [{ kind = "sgd_moco", epochs = 3 }, { kind = "sgd_dino", epochs = 3, blocks = 2 }]
"#;

pub const SMALL_RUNS: [SmallRun; 5] = [
    SmallRun {
        name: "simclr adamw",
        head: SCENES,
        body: r#"
[views]
size = 16
preset = "simclr"

[backbone]
name = "resnet10_narrow"

[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [32], output = 16, norm = "all" }

[training]
batch = 16
steps = 8
optimizer = { name = "adamw", weight_decay = 1e-4 }
learning_rate = { base = 1e-3, warmup_steps = 3 }
log_every = 1
"#,
    },
    SmallRun {
        name: "byol lars",
        head: FOLDER,
        body: r#"
[views]
size = 16
preset = "byol"

[backbone]
name = "resnet10_narrow"
widths = [8, 8, 16, 16]

[method]
name = "byol"
momentum = { kind = "cosine", start = 0.9, end = 1.0 }
projector = { hidden = [16], output = 8, norm = "hidden" }
predictor = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 6
steps = 7
optimizer = { name = "lars", weight_decay = 1e-4, trust = 0.02, variant = "fair" }
learning_rate = { base = 0.3, scaling = "square_root", warmup_epochs = 1.0 }
log_every = 1
"#,
    },
    SmallRun {
        name: "moco sgd",
        head: CACHED,
        body: r#"
[views]
size = 16
preset = "simclr_cifar"

[backbone]
name = "resnet10_narrow"
widths = [8, 8, 16, 16]

[method]
name = "moco"
temperature = 0.2
queue = 12
momentum = { kind = "cosine", start = 0.9, end = 1.0 }
batch_norm = { kind = "shuffled", groups = 2 }
projector = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 6
steps = 8
optimizer = { name = "sgd", weight_decay = 1e-4 }
learning_rate = { base = 0.05 }
log_every = 1
"#,
    },
    SmallRun {
        name: "swav larc",
        head: SCENES,
        body: r#"
[views]
size = 16
preset = "simclr_cifar"
locals = { count = 2, size = 8, area = [0.05, 0.4] }

[backbone]
name = "resnet10_narrow"
widths = [8, 8, 16, 16]

[method]
name = "swav"
temperature = 0.1
epsilon = 0.05
iterations = 3
prototypes = 12
freeze_steps = 3
queue = { size = 16, from_epoch = 1 }
projector = { hidden = [16], output = 8, norm = "hidden" }

[training]
batch = 8
steps = 10
optimizer = { name = "lars", variant = "lightly", weight_decay = 1e-4, exclude_vectors = false }
learning_rate = { base = 0.6, end_factor = 1e-3 }
log_every = 1
"#,
    },
    SmallRun {
        name: "dino vit",
        head: CACHED,
        body: r#"
[views]
size = 16
preset = "byol"
locals = { count = 2, size = 8, area = [0.05, 0.4] }

[backbone]
name = "vit_tiny"
patch = 4
size = 16
dim = 12
depth = 2
heads = 3

[method]
name = "dino"
prototypes = 20
student_temperature = 0.1
teacher_temperature = { start = 0.04, end = 0.07, warmup_epochs = 2 }
centre_momentum = 0.9
freeze_epochs = 1
momentum = { kind = "cosine", start = 0.9, end = 1.0 }
projector = { hidden = [16], output = 8, norm = "none", activation = "gelu" }

[training]
batch = 6
steps = 8
optimizer.name = "adamw"
optimizer.weight_decay = 0.04
optimizer.final_weight_decay = 0.4
optimizer.exclude_vectors = true
learning_rate = { base = 1e-3, warmup_steps = 3 }
clip = 3.0
log_every = 1
"#,
    },
];
