//! Presets: every file is a valid recipe that an experiment can start from, and differences from it
//! are reported.

use std::process::Command;

use sempairs::experiment::{Experiment, read_grid};
use sempairs::presets::{PRESETS, Preset};

/// Experiment that takes all settings from its preset.
fn experiment(preset: &str, more: &str) -> String {
    format!(
        r#"
name = "preset"
preset = "{preset}"
seeds = [0]
{more}

[pictures]
kind = "scenes"
split = "pretrain"
per_class = 400
size = 32

[[arms]]
name = "ap"
pairing = {{ kind = "same" }}

[evaluation]
dataset = "unseen scenes"
train = {{ kind = "scenes", split = "downstream_train", per_class = 10, size = 32 }}
test = {{ kind = "scenes", split = "downstream_test", per_class = 10, size = 32 }}
"#
    )
}

fn read(preset: &str, more: &str, overrides: &[&str]) -> Experiment {
    let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
    let mut all = read_grid(&experiment(preset, more), "file.toml", &overrides)
        .unwrap_or_else(|error| panic!("{error}"));
    all.remove(0)
}

fn refusal(preset: &str, more: &str, overrides: &[&str]) -> String {
    let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
    read_grid(&experiment(preset, more), "file.toml", &overrides).unwrap_err().to_string()
}

#[test]
fn every_preset_is_valid_and_every_file_is_a_preset() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let mut files = Vec::new();
    for family in std::fs::read_dir(&folder).unwrap() {
        let family = family.unwrap().path();
        for file in std::fs::read_dir(&family).unwrap() {
            let file = file.unwrap().path().with_extension("");
            files.push(file.strip_prefix(&folder).unwrap().display().to_string());
        }
    }
    let mut names: Vec<String> = PRESETS.iter().map(|preset| preset.name.to_owned()).collect();
    files.sort();
    names.sort();
    assert_eq!(files, names);
    for preset in PRESETS {
        let read = read(preset.name, "", &[]);
        assert_eq!(read.difference(), Some(Vec::new()), "{}", preset.name);
        assert_eq!(read.method, preset.recipe().method);
        assert!(preset.title().len() > 10 && preset.text.starts_with("# "), "{}", preset.name);
        let again = Experiment::parse(&read.to_toml(), "written again");
        assert_eq!(again.unwrap_or_else(|error| panic!("{error}")), read);
    }
    // Presets of the study's own settings.
    for preset in PRESETS.iter().filter(|preset| preset.name.starts_with("paper/")) {
        let recipe = preset.recipe();
        assert_eq!((recipe.training.batch, recipe.views.size), (256, 64), "{}", preset.name);
    }
}

#[test]
fn the_keys_of_a_file_override_those_of_the_preset() {
    let more = "[training]\nsteps = 30\nbatch = 32\n[method]\nname = \"byol\"\n\
        predictor = { hidden = [64], output = 256 }\n[backbone]\n\
        name = \"vit_tiny\"\npatch = 4\nsize = 32";
    let read = read("small/byol", more, &["training.learning_rate.base=0.5"]);
    assert_eq!(read.training.steps, Some(30));
    assert_eq!(read.training.epochs, None, "steps replace epochs");
    assert_eq!(read.training.learning_rate.warmup_epochs, 10.0);
    let lines = read.difference().unwrap();
    for line in [
        "training.batch = 32 instead of 256",
        "training.epochs is not set, where the preset has 200",
        "training.steps = 30, which the preset does not set",
        "training.learning_rate.base = 0.5 instead of 1.0",
        "backbone.name = \"vit_tiny\" instead of \"resnet18\"",
        "backbone.stem is not set, where the preset has \"small\"",
        "method.predictor.hidden = [64] instead of [4096]",
    ] {
        assert!(lines.iter().any(|found| found == line), "no `{line}` in {lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.starts_with("method.projector")), "{lines:#?}");
    // Explicit views replace an augmentation given by name.
    let left = "[[views.left]]\nop = \"center_crop\"\nsize = 32";
    assert_eq!(self::read("small/barlow_twins", left, &[]).views.preset, None);
    let named = self::read("scenes/byol", "views = { preset = \"byol\" }", &["views.size=32"]);
    assert!(named.views.left.is_none() && named.views.pipelines().is_ok());
}

#[test]
fn a_grid_may_vary_the_preset() {
    let vary = "[[vary]]\nkey = \"preset\"\nvalues = [\"scenes/byol\", \"scenes/vicreg\"]";
    let text = format!("{}\n{vary}", experiment("scenes/simclr", ""));
    let grid = read_grid(&text, "grid.toml", &[]).unwrap();
    let names: Vec<&str> = grid.iter().map(|experiment| experiment.name.as_str()).collect();
    assert_eq!(names, ["preset-scenes-byol", "preset-scenes-vicreg"]);
    assert_ne!(grid[0].method, grid[1].method);
}

#[test]
fn an_element_of_a_list_of_the_preset_can_be_set() {
    let set = "views.left.0.area=[0.25, 1.0]";
    let of_preset = read("scenes/byol", "", &[]);
    let changed = read("scenes/byol", "", &[set]);
    let line = "views.left[0].area = [0.25, 1.0] instead of [0.5, 1.0]";
    assert_eq!(changed.difference(), Some(vec![line.to_owned()]));
    // Also in a file with other keys of the table, and with an index in brackets.
    let more = "[views]\nsize = 24";
    assert_eq!(read("scenes/byol", more, &["views.left[0].area=[0.25, 1.0]"]), changed);
    assert_eq!(read("scenes/byol", more, &[set, "views.left.0.area.0=0.5"]), of_preset);
    let message = refusal("scenes/byol", "", &["views.left.9.p=0.5"]);
    assert!(message.contains("`left` has no element 9"), "{message}");
    let message = refusal("scenes/byol", "", &["views.left.0.area=[2.0, 1.0]"]);
    assert!(message.starts_with("--set views.left.0.area=[2.0, 1.0]: "), "{message}");
    // A list of the file is not replaced, and neither preset has these.
    let left = "[[views.left]]\nop = \"center_crop\"\nsize = 32";
    let message = refusal("scenes/byol", left, &["views.left.1.p=0.5"]);
    assert!(message.contains("`left` has no element 1"), "{message}");
    refusal("scenes/byol", "", &["views.right.0.p=0.5"]);
    refusal("small/simclr", "", &["views.left.0.area=[0.25, 1.0]"]);

    // In a grid, and in a case that sets the preset as well.
    let vary = "[[vary]]\nkey = \"views.left.0.area\"\nvalues = [[0.25, 1.0], [0.5, 1.0]]\n\
        labels = [\"small\", \"large\"]";
    let text = format!("{}\n{vary}", experiment("scenes/byol", ""));
    let grid = read_grid(&text, "grid.toml", &[]).unwrap();
    assert_eq!(grid[0].views, changed.views);
    assert_eq!(grid[1].views, of_preset.views);
    let cases = "[[vary]]\nname = \"method\"\ncases = [{ label = \"byol\", set = { \
        \"backbone.widths.0\" = 8, preset = \"scenes/byol\", \
        \"views.left.0.area\" = [0.25, 1.0] } }]";
    let text = format!("{}\n{cases}", experiment("small/simclr", ""));
    let grid = read_grid(&text, "grid.toml", &[]).unwrap();
    assert_eq!(grid[0].views, changed.views);
    assert_eq!(grid[0].backbone.widths, Some([8, 32, 64, 128]));
}

#[test]
fn the_name_of_a_preset_is_not_part_of_the_identity_of_a_run() {
    let by_preset = read("scenes/simclr", "", &[]);
    let explicit = Experiment { preset: None, ..by_preset.clone() };
    let identity = |e: &Experiment| e.run_identity(&e.arms[0], 0).to_string();
    assert_eq!(identity(&by_preset), identity(&explicit));
    assert_eq!(explicit.difference(), None);
}

#[test]
fn errors_suggest_the_right_word_and_have_their_line() {
    let message = refusal("small/bjol", "", &[]);
    assert!(message.starts_with("file.toml: line 3: `preset`: "), "{message}");
    assert!(message.contains("did you mean `small/byol`?"), "{message}");
    let message = refusal("small/byol", "", &["preset=papr/byol"]);
    assert!(message.starts_with("--set preset=papr/byol: "), "{message}");
    assert!(message.contains("did you mean `paper/byol`?"), "{message}");
    let message = refusal("small/byol", "[training]\nbacth = 3", &[]);
    assert!(message.contains("did you mean `batch`?") && message.contains("line 6"), "{message}");
    let message = refusal("small/byol", "[training]\nbatch = 0", &[]);
    assert!(message.starts_with("file.toml: line 6: `training.batch`: "), "{message}");
    let without = "[views]\nsize = 16\nwithout = [\n\"resize\"]";
    let message = refusal("small/byol", without, &[]);
    assert!(message.starts_with("file.toml: line 8: `views.without[0]`: "), "{message}");
    // The blur that these views lack is in the preset, on no line of the file.
    let message = refusal("small/byol", "[views]\npreset = \"simclr_cifar\"", &[]);
    assert!(message.starts_with("file.toml: `views.without[0]`: "), "{message}");
    assert!(Preset::named("paper/dino").is_ok() && Preset::named("dino").is_err());
}

#[test]
fn the_command_lists_and_shows_presets() {
    let sempairs = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_sempairs")).args(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let (good, list, _) = sempairs(&["presets", "list"]);
    assert!(good && list.lines().count() == PRESETS.len());
    let (good, text, _) = sempairs(&["presets", "show", "paper/barlow_twins"]);
    assert!(good && text.contains("0.0048") && text.contains("arXiv 2103.03230"), "{text}");
    let (good, _, message) = sempairs(&["presets", "show", "paper/barlow"]);
    assert!(!good && message.contains("did you mean"), "{message}");
}
