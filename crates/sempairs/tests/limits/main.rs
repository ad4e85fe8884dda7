//! Values that are too large, degenerate or of the wrong type: each is rejected with an error that
//! names its key, before anything is allocated.

mod command;

use sempairs::experiment::{Experiment, read_grid};

const EXPERIMENT: &str = include_str!("../../experiments/simclr_semantic.toml");

/// Reads the built-in experiment with these values.
fn set(overrides: &[&str]) -> Result<Experiment, String> {
    let overrides: Vec<String> = overrides.iter().map(|&set| set.to_owned()).collect();
    let mut all = read_grid(EXPERIMENT, "file.toml", &overrides).map_err(|e| e.to_string())?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

fn refused(overrides: &[&str]) -> String {
    match set(overrides) {
        Ok(_) => panic!("{overrides:?} was accepted"),
        Err(message) => message,
    }
}

/// Error message for invalid values, which must name the key and the permitted values.
fn check(overrides: &[&str], key: &str, reason: &str) {
    let message = refused(overrides);
    let named = message.contains(&format!("`{key}`: "));
    assert!(named && message.contains(reason), "{overrides:?}: {message}");
    assert_no_internal_name(&message);
    assert!(message.lines().count() == 1 && message.len() < 900, "{}: {message}", message.len());
}

fn assert_no_internal_name(message: &str) {
    for name in ["usize", "u64", "f32", "struct", "enum", "variant", "field", "invalid type", "::"]
    {
        assert!(!message.contains(name), "an internal name: {message}");
    }
}

const HEAD: &str = "projector = { hidden = [32], output = 16 }";
const PREDICTOR: &str = "predictor = { hidden = [32], output = 16 }";
const MOMENTUM: &str = "momentum = { kind = 'constant', value = 0.9 }";

/// `--set` argument of a method with small heads.
fn method(name: &str) -> String {
    let settings = match name {
        "moco" => format!("temperature = 0.2, queue = 64, {MOMENTUM}, {HEAD}"),
        "swav" => format!(
            "temperature = 0.1, epsilon = 0.05, iterations = 3, prototypes = 8, freeze_steps = 3, \
             queue = {{ size = 64, from_epoch = 1 }}, {HEAD}"
        ),
        "dino" => format!(
            "prototypes = 8, student_temperature = 0.1, centre_momentum = 0.9, freeze_epochs = 1, \
             teacher_temperature = {{ start = 0.04, end = 0.07, warmup_epochs = 2 }}, {MOMENTUM}, \
             {HEAD}"
        ),
        "byol" => format!("{MOMENTUM}, {HEAD}, {PREDICTOR}"),
        "nnclr" => format!("temperature = 0.2, support = 64, {HEAD}, {PREDICTOR}"),
        "barlow_twins" => format!("lambda = 0.005, {HEAD}"),
        "vicreg" => {
            let weights = "{ invariance = 25.0, variance = 25.0, covariance = 1.0 }";
            format!("weights = {weights}, {HEAD}")
        }
        _ => format!("temperature = 0.2, {HEAD}"),
    };
    format!("method={{ name = '{name}', {settings} }}")
}

/// Rows of a table of cases, with columns separated by ` | `.
fn cases<const N: usize>(text: &str) -> Vec<[&str; N]> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let columns: Vec<&str> = line.split(" | ").collect();
        columns.try_into().unwrap_or_else(|_| panic!("not {N} columns: {line}"))
    })
    .collect()
}

#[test]
fn errors_of_excessive_sizes_name_the_key() {
    for [set, key, reason] in cases(include_str!("sizes.txt")) {
        check(&[set], key, reason);
    }
    // Each width is valid on its own, but the last one is too large for the layer before it.
    let layers = |width: &str, count: usize| {
        format!("method.projector.hidden=[{}]", vec![width; count].join(", "))
    };
    check(&[&layers("16384", 60)], "method.projector", "parameters");
    check(&[&layers("1", 65)], "method.projector.hidden", "65 layers");
    let wide = "backbone.widths=[16, 32, 64, 512]";
    check(&[wide, &layers("1048576", 1)], "method.projector.hidden[0]", "512 by 1048576 values");
    let often = ["training.steps=1000000000", "evaluation.every=1"];
    check(&often, "evaluation.every", "scored 1000000000 times");
    let views = ["views.size=4096", "views.left.0.size=4096", "training.batch=65536"];
    check(&views, "training.batch", "GiB");
}

#[test]
fn errors_of_excessive_sizes_of_methods_name_the_key() {
    for [name, set, key, reason] in cases(include_str!("methods.txt")) {
        let method = method(name);
        assert_eq!(self::set(&[&method]).err(), None, "the method itself is valid");
        check(&[&method, &format!("method.{set}")], &format!("method.{key}"), reason);
    }
}

#[test]
fn errors_of_degenerate_values_name_the_key() {
    for [set, key, reason] in cases(include_str!("degenerate.txt")) {
        check(&[set], key, reason);
    }
    check(&[&format!("arms.0.name={}", "a".repeat(300))], "arms[0].name", "300 bytes");
    check(&[&format!("name={}", "é".repeat(120))], "name", "240 bytes");
    assert!(set(&[&format!("arms.0.name={}", "a".repeat(230))]).is_ok());
}

#[test]
fn the_size_of_a_grid_is_limited() {
    let axis = |key: &str, values: &[String]| {
        format!("[[vary]]\nkey = \"{key}\"\nvalues = [{}]\n", values.join(", "))
    };
    let refused = |axes: String| {
        let text = format!("{EXPERIMENT}\n{axes}");
        read_grid(&text, "file.toml", &[]).unwrap_err().to_string()
    };
    let message = refused(axis("evaluation.dataset", &[format!("\"{}\"", "a".repeat(230))]));
    assert!(message.contains("`[[vary]]`") && message.contains("bytes"), "{message}");
    let values: Vec<String> = (1..=200).map(|it| it.to_string()).collect();
    let keys = ["pictures.seed", "training.log_every", "training.checkpoint_every"];
    let message = refused(keys.map(|key| axis(key, &values)).concat());
    assert!(message.contains("8000000 experiments, more than 10000"), "{message}");
}

#[test]
fn errors_of_values_of_a_wrong_type_use_the_terms_of_toml() {
    for [name, set, expected] in cases(include_str!("kinds.txt")) {
        let method = method(name);
        let message = match name {
            "-" => refused(&[set]),
            _ => refused(&[&method, set]),
        };
        let matches = message.starts_with(&format!("--set {set}: ")) && message.contains(expected);
        assert!(matches, "not {expected}: {message}");
        assert_no_internal_name(&message);
    }
}

#[test]
fn errors_of_values_in_a_file_have_the_line() {
    for (good, bad, expected) in [
        (
            "temperature = 0.2",
            "temperature = \"hot\"",
            "`method.temperature`: is the string \"hot\", but must be a number",
        ),
        ("hidden = [512]", "hidden = [512, true]", "`method.projector.hidden[1]`: is true"),
        (
            "{ op = \"horizontal_flip\", p = 0.5 }",
            "{ op = \"horizontal_flip\", p = 0.5, q = 1 }",
            "`views.left[1]`: there is no key `q`",
        ),
        ("dataset = \"unseen scenes\"\n", "", "`evaluation`: the key `dataset` is missing"),
        ("temperature = 0.2", "temperature = 0.0", "`method.temperature`: must be"),
        (
            "\"random_in_class\"",
            "\"wrong_fraction\", share = 2.0",
            "`arms[1].pairing.share`: is 2, but must be",
        ),
    ] {
        let text = EXPERIMENT.replacen(good, bad, 1);
        assert_ne!(text, EXPERIMENT);
        let at = text.find(bad).filter(|_| !bad.is_empty()).or(text.find("[evaluation]")).unwrap();
        let line = 1 + text[..at].matches('\n').count();
        let message = read_grid(&text, "file.toml", &[]).unwrap_err().to_string();
        assert!(message.starts_with(&format!("file.toml: line {line}: {expected}")), "{message}");
        let parsed = Experiment::parse(&text, "file.toml").unwrap_err().to_string();
        assert_eq!(parsed, message);
    }
}

#[test]
fn invalid_toml_in_a_flag_is_an_error_and_a_plain_word_is_a_string() {
    for (set, reason) in [
        ("evaluation.protocols=[{kind=\"knn\",k=3}", "is not valid TOML"),
        ("seeds=[18446744073709551615]", "a whole number is at most 9223372036854775807"),
        ("seeds=[0, 1", "is not valid TOML"),
        ("pictures={ kind = \"scenes\"", "is not valid TOML"),
        ("name=\"half", "is not valid TOML"),
        ("name='half", "is not valid TOML"),
        ("training.batch=16x", "is not valid TOML"),
        ("training.batch=-", "is not valid TOML"),
        ("training.batch=+-3", "is not valid TOML"),
        ("training.batch=99999999999999999999", "a whole number is at most"),
        ("training.batch=16\nseeds = [1]", "more than one value"),
        ("=3", "not of the form key=value"),
        ("training..batch=3", "not of the form key=value"),
    ] {
        let message = refused(&[set]);
        assert!(
            message.starts_with(&format!("--set {set}: ")) && message.contains(reason),
            "{message}"
        );
        assert_no_internal_name(&message);
    }
    for number in ["18446744073709551615", "99999999999999999999", &"9".repeat(60)] {
        let text = EXPERIMENT.replacen("seeds = [0, 1, 2]", &format!("seeds = [{number}]"), 1);
        let message = read_grid(&text, "file.toml", &[]).unwrap_err().to_string();
        assert!(message.contains("a whole number is at most"), "{message}");
        assert_no_internal_name(&message);
        assert!(refused(&[&format!("seeds=[{number}]")]).contains("a whole number is at most"));
    }
    for name in ["2nd", "3d", "2024-views"] {
        assert_eq!(set(&[&format!("name={name}")]).unwrap().name, name);
    }
    assert!(refused(&["training.batch=1e400"]).contains("not valid TOML at character"));
    for word in ["tiny", "tiny-2", "a b", "ünïcode", "_x", "true-ish"] {
        assert_eq!(set(&[&format!("name={word}")]).unwrap().name, word);
    }
    assert_eq!(set(&["training.batch= 16 # pairs"]).unwrap().training.batch, 16);
}

#[test]
fn a_warmup_longer_than_the_run_gives_a_warning() {
    let run = |warmup: &str| {
        let set_to = [warmup, "training.learning_rate.warmup_epochs=0", "training.steps=20"];
        set(&set_to).unwrap().warnings()
    };
    assert!(run("training.learning_rate.warmup_steps=19").is_empty());
    let warnings = run("training.learning_rate.warmup_steps=20");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("`training.learning_rate.warmup_steps`: is 20"));
}

#[test]
fn means_and_deviations_on_the_scale_of_bytes_give_a_warning() {
    assert!(set(&[]).unwrap().warnings().is_empty());
    let bytes =
        "views.normalize={ mean = [123.675, 116.28, 103.53], std = [58.395, 57.12, 57.375] }";
    let warnings = set(&[bytes]).unwrap().warnings();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("`views.normalize.mean`: is [123.675, 116.28, 103.53]"));
    assert!(warnings[0].ends_with("divided by 255 it would be [0.485, 0.456, 0.406]"));
    assert!(
        warnings[1].contains("`views.normalize.std`")
            && warnings[1].ends_with("[0.229, 0.224, 0.225]")
    );
    let left =
        "views.left.3={ op = \"normalize\", mean = [0.5, 0.5, 0.5], std = [60.0, 60.0, 60.0] }";
    let text = EXPERIMENT.replacen("normalize = {", "#", 1);
    let experiments = read_grid(&text, "file.toml", &[left.to_owned()]).unwrap();
    let warnings = experiments[0].warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].starts_with("`views.left[3].std`: "), "{warnings:?}");
}
