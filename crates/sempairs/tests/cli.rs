//! Error messages of the command for invalid input, which must not leave partially written files.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const EXPERIMENT: &str = include_str!("../experiments/simclr_semantic.toml");

fn sempairs(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sempairs")).args(args).output().expect("the command starts")
}

/// Error message of a command that must fail.
fn refusal(args: &[&str]) -> String {
    // Files written before the command failed go to a separate folder.
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .args(args)
        .current_dir(folder.path())
        .output()
        .expect("the command starts");
    assert!(!output.status.success(), "{args:?} succeeded");
    assert!(!folder.path().join("runs").exists(), "{args:?} wrote a run");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("panicked"), "{message}");
    message
}

fn experiment(folder: &Path, edit: impl Fn(&str) -> String) -> String {
    let path = folder.join("experiment.toml");
    fs::write(&path, edit(EXPERIMENT)).unwrap();
    path.display().to_string()
}

#[test]
fn the_error_of_a_misspelt_key_has_its_line_and_the_right_key() {
    let folder = tempfile::tempdir().unwrap();
    for (right, wrong) in
        [("steps =", "stpes ="), ("temperature =", "temprature ="), ("split =", "splti =")]
    {
        let file = experiment(folder.path(), |text| text.replacen(right, wrong, 1));
        let message = refusal(&["pretrain", &file]);
        let [right, wrong] = [right, wrong].map(|key| key.trim_end_matches([' ', '=']));
        assert!(message.contains("experiment.toml"), "{message}");
        assert!(message.contains(&format!("`{wrong}`")), "{message}");
        assert!(message.contains(&format!("did you mean `{right}`")), "{message}");
    }
    let file = experiment(folder.path(), |text| text.replacen("batch =", "bacth =", 1));
    assert!(refusal(&["compare", &file]).contains("line "), "the message has no line");
}

#[test]
fn the_error_of_a_misspelt_flag_value_or_command_suggests_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(folder.path(), str::to_owned);
    assert!(refusal(&["pretrain", &file, "--sede", "1"]).contains("--seed"));
    assert!(refusal(&["pretrian", &file]).contains("pretrain"));
    assert!(refusal(&["pretrain", &file, "--device", "flax"]).contains("did you mean `flex`"));
    let output = Command::new(env!("CARGO_BIN_EXE_sempairs"))
        .args(["pretrain", &file])
        .env("SEMPAIRS_DEVICE", "flax")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    let named = message.contains("SEMPAIRS_DEVICE: `flax` is not a device");
    assert!(named && message.contains("did you mean `flex`"), "{message}");
    assert!(refusal(&["pretrain", &file, "--arm", "spp"]).contains("did you mean `sp`"));
    let message = refusal(&["bench", "step", "--backbone", "resnet5O"]);
    assert!(message.contains("did you mean `resnet50`"), "{message}");
    let message = refusal(&["bench", "step", "--backbone", "resnet10"]);
    assert!(message.contains("did you mean `resnet10_narrow`"), "{message}");
    let message = refusal(&["pretrain", &file, "--set", "training.stepps=3"]);
    assert!(message.contains("did you mean `steps`"), "{message}");
    if cfg!(not(feature = "cuda")) {
        assert!(refusal(&["pretrain", &file, "--device", "cuda:0"]).contains("--features cuda"));
    }
}

#[test]
fn errors_of_values_out_of_range_have_the_file_the_line_and_the_full_key() {
    let folder = tempfile::tempdir().unwrap();
    for (good, bad, key) in [
        ("name = \"simclr_semantic\"", "name = \"a/b\"", "name"),
        ("seeds = [0, 1, 2]", "seeds = []", "seeds"),
        ("seeds = [0, 1, 2]", "seeds = [1, 1]", "seeds[1]"),
        (
            "per_class = 800\n",
            "per_class = 800\nnuisances = { ocluded = 0.1 }\n",
            "pictures.nuisances",
        ),
        ("per_class = 100, size = 32", "per_class = 100, size = 0", "evaluation.train.size"),
        ("name = \"sp\"", "name = \"ap\"", "arms[1].name"),
        ("\"random_in_class\"", "\"wrong_fraction\", share = 2.0", "arms[1].pairing.share"),
        ("size = 24\n", "size = 0\n", "views.size"),
        ("size = 24\n", "size = 23\n", "views.size"),
        ("size = 24\n", "size = 24\nwithout = [\"random_resized_crop\"]\n", "views.without[0]"),
        ("size = 24\n", "size = 24\nwithout = [\"solarize\"]\n", "views.without[0]"),
        ("size = 24\n", "size = 24\npreset = \"simclr\"\n", "views"),
        ("\"horizontal_flip\", p = 0.5", "\"center_crop\", size = 24", "views.left[1]"),
        ("hue = 0.1", "hue = 0.7", "views.left[2].hue"),
        ("std = [0.5, 0.5,", "std = [0.5, 0.0,", "views.normalize.std"),
        ("widths = [16, 32,", "widths = [16, 0,", "backbone.widths[1]"),
        // These sizes are so large that an allocation would abort the process.
        ("widths = [16, 32,", "widths = [10000000, 32,", "backbone.widths[0]"),
        ("size = 24\n", "size = 1000000\n", "views.size"),
        (
            "per_class = 100, size = 32",
            "per_class = 100, size = 100000000",
            "evaluation.train.size",
        ),
        ("per_class = 800\n", "per_class = 9000000000000000000\n", "pictures.per_class"),
        (
            "invariance_scenes = 20",
            "invariance_scenes = 1000000000",
            "evaluation.invariance_scenes",
        ),
        ("widths = [16, 32, 64, 128]", "patch = 8", "backbone.patch"),
        ("\"resnet10_narrow\"\nwidths = [16, 32, 64, 128]", "\"vit_tiny\"", "backbone.patch"),
        (
            "\"resnet10_narrow\"\nwidths = [16, 32, 64, 128]",
            "\"vit_tiny\"\npatch = 16\nsize = 32",
            "views.size",
        ),
        (
            "\"resnet10_narrow\"\nwidths = [16, 32, 64, 128]",
            "\"vit_tiny\"\npatch = 8\nsize = 24\ndrop_path = 0.1",
            "backbone.drop_path",
        ),
        (
            "[backbone]",
            "[views.locals]\ncount = 0\nsize = 8\narea = [0.1, 0.4]\n[backbone]",
            "views.locals.count",
        ),
        (
            "[backbone]",
            "[views.locals]\ncount = 2\nsize = 0\narea = [0.1, 0.4]\n[backbone]",
            "views.locals.size",
        ),
        (
            "[backbone]",
            "[views.locals]\ncount = 2\nsize = 8\narea = [0.0, 0.4]\n[backbone]",
            "views.locals.area",
        ),
        (
            "[backbone]",
            "[views.locals]\ncount = 2\nsize = 8\narea = [0.1, 0.4]\nblur = 0.5\n[backbone]",
            "views.locals.blur",
        ),
        ("temperature = 0.2", "temperature = 0.0", "method.temperature"),
        ("hidden = [512]", "hidden = [512, 0]", "method.projector.hidden[1]"),
        ("output = 128", "output = 0", "method.projector.output"),
        ("batch = 64", "batch = 0", "training.batch"),
        ("\nsteps = 700", "\nsteps = 0", "training.steps"),
        ("\nsteps = 700", "\nepochs = 0", "training.epochs"),
        ("\nsteps = 700", "\nsteps = 700\nepochs = 3", "training"),
        ("weight_decay = 1e-4", "weight_decay = -1.0", "training.optimizer.weight_decay"),
        (
            "weight_decay = 1e-4",
            "weight_decay = 1e-4, final_weight_decay = -1.0",
            "training.optimizer.final_weight_decay",
        ),
        ("base = 3e-3", "base = 3e-3, vectors = 0.0", "training.learning_rate.vectors"),
        ("\nsteps = 700", "\nsteps = 700\nclip = -1.0", "training.clip"),
        ("base = 3e-3", "base = -1.0", "training.learning_rate.base"),
        ("every = 175", "every = 0", "evaluation.every"),
        ("invariance_scenes = 20", "invariance_scenes = 1", "evaluation.invariance_scenes"),
        ("[{ kind = \"probe\" }, {", "[{ kind = \"knn\", k = 0 }, {", "evaluation.protocols[0].k"),
    ] {
        let file = experiment(folder.path(), |text| {
            assert!(text.contains(good), "no `{good}`");
            text.replacen(good, bad, 1)
        });
        let message = refusal(&["pretrain", &file]);
        let place = message.split_once(&format!("{file}: ")).map_or("", |(_, rest)| rest);
        let place = place.split_once(&format!("`{key}`: ")).map(|(place, _)| place);
        let place = place.unwrap_or_else(|| panic!("{bad}: {message}"));
        let name = key.rsplit('.').next().unwrap().split('[').next().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        match place.strip_prefix("line ").and_then(|line| line.strip_suffix(": ")) {
            Some(line) => {
                let line = text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap();
                assert!(line.contains(name) || line.contains(bad), "{line}: {message}");
            }
            None => {
                assert_eq!(place, "", "{message}");
                assert!(!text.contains(&format!("\n{name} = ")), "no line: {message}");
            }
        }
    }
}

/// Errors that depend on the data are reported before a run writes any file.
#[test]
fn a_method_that_does_not_match_its_data_is_refused_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let simclr = "name = \"simclr\"\ntemperature = 0.2";
    let locals = "[views.locals]\ncount = 2\nsize = 8\narea = [0.1, 0.4]\n[backbone]";
    let momentum = "momentum = { kind = \"constant\", value = 0.9 }";
    let moco =
        |queue: usize| format!("name = \"moco\"\ntemperature = 0.2\nqueue = {queue}\n{momentum}");
    for (good, bad, key, reason) in [
        ("[backbone]", locals.to_owned(), "`views.locals`", "does not use local crops"),
        (simclr, moco(100), "`method.queue`", "multiple of the batch"),
        (simclr, moco(64_000), "`method.queue`", "smaller than the number of pairs"),
    ] {
        let file = experiment(folder.path(), |text| {
            assert!(text.contains(good), "no `{good}`");
            text.replacen(good, &bad, 1).replace("per_class = 100", "per_class = 2")
        });
        let message = refusal(&["pretrain", &file]);
        assert!(message.contains(&format!("{file}: line ")), "{message}");
        assert!(message.contains(key) && message.contains(reason), "{message}");
    }
    let pictures = folder.path().join("flat");
    fs::create_dir(&pictures).unwrap();
    let scenes = folder.path().join("scenes").display().to_string();
    assert!(
        sempairs(&["scenes", "--out", &scenes, "--per-class", "2", "--size", "16"])
            .status
            .success()
    );
    let mut number = 0;
    for class in fs::read_dir(&scenes).unwrap() {
        for file in fs::read_dir(class.unwrap().path()).unwrap() {
            fs::rename(file.unwrap().path(), pictures.join(format!("{number}.png"))).unwrap();
            number += 1;
        }
    }
    let file = experiment(folder.path(), |text| text.replace("\"simclr\"\n", "\"supcon\"\n"));
    let flat = format!("pictures={{ kind = \"flat\", path = \"{}\" }}", pictures.display());
    let arms = "arms=[{ name = \"ap\", pairing = { kind = \"same\" } }]";
    let small = ["--set", "training.batch=8", "--set", "evaluation.train.per_class=2"];
    let call = ["pretrain", &file, "--set", &flat, "--set", arms];
    let message = refusal(&[&call[..], &small].concat());
    let place = format!("{file}: line ");
    let reason = "`method`: the method requires class labels";
    assert!(message.contains(&place) && message.contains(reason), "{message}");
}

/// Settings that do not fit the number of pairs or the study to extend are found before any scene
/// is drawn, and are named with their place.
#[test]
fn errors_that_depend_on_data_name_the_line_or_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere").display().to_string();
    let with_extends = format!("extends = {nowhere:?}\nseeds = ");
    let file = experiment(folder.path(), str::to_owned);
    let few = "arms[0].per_class=2";
    let line = |start: &str, text: &str| {
        let line = text.lines().position(|line| line.starts_with(start)).unwrap();
        format!("{file}: line {}: ", line + 1)
    };
    let batch = |size: &str| format!("`training.batch`: is {size}, but arm `ap` has 40 pairs");
    let message = refusal(&["pretrain", &file, "--set", few]);
    let place = line("batch =", EXPERIMENT);
    assert!(message.contains(&format!("error: {place}{}", batch("64"))), "{message}");
    let message = refusal(&["compare", &file, "--set", few, "--set", "training.batch=50"]);
    assert!(message.contains(&format!("error: --set training.batch=50: {}", batch("50"))));

    let parent = format!("`extends`: there is no checkpoint in {nowhere}");
    let set = format!("extends={nowhere:?}");
    let message = refusal(&["pretrain", &file, "--set", &set]);
    assert!(message.contains(&format!("error: --set {set}: {parent}")), "{message}");

    let more = "\n[[vary]]\nkey = \"training.log_every\"\nvalues = [5, 7]\n";
    experiment(folder.path(), |text| text.replacen("seeds = ", &with_extends, 1) + more);
    let place = line("extends =", &fs::read_to_string(&file).unwrap());
    let message = refusal(&["compare", &file]);
    let name = "experiment `simclr_semantic-log_every=5`, ";
    assert!(message.contains(&format!("error: {name}{place}{parent}")), "{message}");
}

#[test]
fn errors_caused_by_a_flag_name_the_flag_instead_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(folder.path(), str::to_owned);
    for (set, reason) in [
        ("training.batch=0", "`training.batch`: must be from 2 to 65536, not 0"),
        ("training.batch=many", "`training.batch`: is the string \"many\""),
        ("training.epochs=3", "`training`: give `steps` or `epochs`"),
        ("training.step=3", "did you mean `steps`?"),
        ("trainig.steps=3", "did you mean `training`?"),
        ("training.learning_rate.base=-1", "`training.learning_rate.base`"),
        ("method.temprature=0.1", "did you mean `temperature`?"),
        ("seeds=[1, 1]", "`seeds[1]`"),
        ("arms=[]", "`arms`"),
        ("arms.1.pairing={ kind = \"wrong_fraction\", share = 2.0 }", "`arms[1].pairing.share`"),
        ("arms.7.name=x", "`arms` has no element 7"),
        ("views.without=[\"gaussian_blurr\"]", "did you mean `gaussian_blur`?"),
        ("pictures.nuisances.ocluded=0.1", "did you mean `occluded`?"),
        ("steps", "is not of the form key=value"),
    ] {
        // A valid `--set` does not change which source the error names.
        for flags in [["training.log_every=5", set], [set, "training.log_every=5"]] {
            let message = refusal(&["pretrain", &file, "--set", flags[0], "--set", flags[1]]);
            assert!(message.contains(&format!("--set {set}: ")), "{set}: {message}");
            assert!(message.contains(reason), "{set}: {message}");
            assert!(!message.contains("experiment.toml"), "{set}: {message}");
        }
    }
    let file = experiment(folder.path(), |text| text.replacen("batch =", "bacth =", 1));
    let message = refusal(&["pretrain", &file, "--set", "training.steps=3"]);
    assert!(message.contains(&format!("{file}: ")) && message.contains("line "), "{message}");
    assert!(message.contains("did you mean `batch`?"), "{message}");
}

#[test]
fn the_help_of_training_commands_explains_stopping_and_resuming() {
    for command in ["pretrain", "compare"] {
        let help = String::from_utf8(sempairs(&[command, "--help"]).stdout).unwrap();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ["Ctrl-C", "`q`", "checkpoint", "resumes", "--workers", "--ahead", "--plain"] {
            assert!(help.contains(word), "{command}: no {word} in {help}");
        }
        let message = refusal(&[command, "experiment.toml", "--ahead", "0"]);
        assert!(message.contains("--ahead"), "{message}");
    }
}

#[test]
fn errors_of_excessive_sizes_name_their_flag() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (scenes, manifest, sheet) = (at("scenes"), at("pairs.csv"), at("sheet.png"));
    assert!(sempairs(&["scenes", "--out", &scenes, "--per-class", "2"]).status.success());
    assert!(sempairs(&["pairs", "make", &scenes, "--out", &manifest]).status.success());
    let show = ["pairs", "show", &manifest, &scenes, "--out", &sheet];
    for (call, flag, value) in [
        (&["scenes", "--sheet", &sheet][..], "--size", "600000000"),
        (&["scenes", "--sheet", &sheet], "--per-class", "99999999999"),
        (&["scenes", "--sheet", &sheet, "--per-class", "1000"], "--size", "4096"),
        (&show, "--cell", "4000000"),
        (&show, "--cell", "4096"),
        (&show, "--count", "0"),
        (&["bench", "loader", &scenes], "--size", "100000000"),
        (&["bench", "step"], "--size", "100000000"),
        (&["pretrain", "experiment.toml"], "--ahead", "1000000000000000000"),
        (&["attention", "experiment.toml", "--out", &sheet], "--size", "100000000"),
        (&["attention", "experiment.toml", "--out", &sheet], "--cell", "100000000"),
        (&["attention", "experiment.toml", "--out", &sheet], "--count", "0"),
    ] {
        let message = refusal(&[call, &[flag, value]].concat());
        assert!(message.contains(flag), "{call:?} {flag} {value}: {message}");
    }
    assert!(!folder.path().join("sheet.png").exists());
}

#[test]
fn the_flags_of_the_loader_do_not_change_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(folder.path(), |text| {
        text.replace("per_class = 400", "per_class = 2")
            .replace("batch = 64", "batch = 8")
            .replace("\nsteps = 700", "\nsteps = 3")
            .replace("widths = [16, 32, 64, 128]", "widths = [8, 8, 8, 8]")
            .replace("per_class = 100", "per_class = 3")
            .replace("[{ kind = \"probe\" }, { kind = \"knn\" }]", "[{ kind = \"knn\", k = 3 }]")
            .replace("invariance_scenes = 20", "")
    });
    let weights = |name: &str, flags: &[&str]| {
        let runs = folder.path().join(name);
        let runs_flag = runs.display().to_string();
        let call = ["pretrain", &file, "--device", "flex", "--runs", &runs_flag];
        let call = [&call[..], flags].concat();
        let output = sempairs(&call);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read(runs.join("simclr_semantic/ap-seed0/backbone.safetensors")).unwrap()
    };
    let plain = weights("plain", &[]);
    assert!(plain == weights("flags", &["--workers", "3", "--ahead", "1"]), "the weights differ");
}

#[test]
fn errors_name_missing_files_and_folders() {
    assert!(
        refusal(&["pretrain", "/nowhere/experiment.toml"]).contains("/nowhere/experiment.toml")
    );
    assert!(refusal(&["cache", "/nowhere", "--out", "x"]).contains("/nowhere"));
    assert!(refusal(&["report", "/nowhere"]).contains("/nowhere: there is no such folder"));
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(folder.path(), str::to_owned);
    let weights = folder.path().join("weights.safetensors");
    let call = ["evaluate", &file, "--weights", &weights.display().to_string()];
    assert!(refusal(&call).contains("weights.safetensors"));
    fs::write(&weights, "no weights").unwrap();
    assert!(refusal(&call).contains("weights.safetensors"));
}

#[test]
fn commands_read_the_scenes_manifests_and_caches_they_write() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (scenes, manifest) = (at("scenes"), at("pairs.csv"));
    let run = |args: &[&str]| {
        let output = sempairs(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["scenes", "--out", &scenes, "--per-class", "3", "--size", "24"]);
    run(&["scenes", "--sheet", &at("sheet.png"), "--per-class", "4", "--size", "24"]);
    let pairs = |text: String| text.split_whitespace().nth(2) == Some("60");
    assert!(pairs(run(&["pairs", "make", &scenes, "--out", &manifest])));
    assert!(pairs(run(&["pairs", "check", &manifest, &scenes])));
    let summary = run(&["pairs", "check", &manifest, &scenes]);
    let aligned = |line: &str| line.is_char_boundary(19) && !line[19..].starts_with(' ');
    let columns = summary.lines().skip(1).all(|line| aligned(line) && line[..19].ends_with(' '));
    assert!(columns, "the numbers are not in one column: {summary}");
    for (count, shown) in
        [("1", "1 pair"), ("7", "7 pairs"), ("31", "31 pairs"), ("99", "60 pairs")]
    {
        let sheet = at("pairs.png");
        let show = ["pairs", "show", &manifest, &scenes, "--out", &sheet, "--count", count];
        assert_eq!(run(&show), format!("{sheet}: {shown}\n"));
    }
    assert!(run(&["cache", &scenes, "--out", &at("scenes.cache")]).contains("60 pictures"));
    let json = run(&["bench", "loader", &scenes, "--size", "16", "--batch", "8", "--batches", "3"]);
    let line: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    assert!(line["pairs_per_s"].as_f64().unwrap() > 0.0);

    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, format!("{text}nowhere.png,car/000000.png,car,x,1\n")).unwrap();
    let message = refusal(&["pairs", "check", &manifest, &scenes]);
    assert!(message.contains("pairs.csv") && message.contains("nowhere.png"), "{message}");
}

/// A limit on the file size simulates a full disk, since it also makes writes fail.
#[cfg(unix)]
#[test]
fn the_error_of_a_full_disk_names_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let file = experiment(folder.path(), |text| {
        text.replace("per_class = 400", "per_class = 4")
            .replace("batch = 64", "batch = 16")
            .replace("\nsteps = ", "\ncheckpoint_every = 2\nsteps = ")
            .replace("per_class = 100", "per_class = 4")
    });
    let script = r#"trap '' XFSZ; ulimit -f 2000; exec "$@""#;
    let output = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_sempairs"), "pretrain", &file, "--runs"])
        .arg(folder.path().join("runs"))
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{message}");
    assert!(message.contains("next.ckpt") && !message.contains("panicked"), "{message}");
    let run = folder.path().join("runs/simclr_semantic/ap-seed0");
    let checkpoints = fs::read_dir(run.join("checkpoint")).unwrap().count();
    assert_eq!(checkpoints, 0, "a partial checkpoint remains");
    assert!(run.join("metrics.jsonl").exists());
}
