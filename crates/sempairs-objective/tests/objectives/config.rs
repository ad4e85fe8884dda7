//! Configurations of methods.

use sempairs_objective::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Asserts that a configuration is valid, is unchanged by a round trip through text, and rejects an
/// unknown key.
fn read_back<C: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    config: C,
    check: impl Fn(&C) -> Result<(), ConfigError>,
) {
    assert_eq!(check(&config), Ok(()), "{config:?}");
    let text = toml::to_string(&config).unwrap();
    assert_eq!(toml::from_str::<C>(&text).unwrap(), config, "{text}");
    let error = toml::from_str::<C>(&format!("temprature = 1\n{text}")).unwrap_err();
    assert!(error.message().contains("temprature"), "{error}");
}

#[test]
fn published_configurations_are_valid_and_survive_a_round_trip() {
    for config in [SimClrConfig::paper(), SimClrConfig::code()] {
        read_back(config, SimClrConfig::check);
    }
    read_back(MoCoConfig::paper(), MoCoConfig::check);
    for config in [ByolConfig::paper(), ByolConfig::epochs_300()] {
        read_back(config, ByolConfig::check);
    }
    read_back(SimSiamConfig::paper(), SimSiamConfig::check);
    read_back(SwavConfig::paper(), SwavConfig::check);
    read_back(DinoConfig::paper(), DinoConfig::check);
    read_back(BarlowTwinsConfig::paper(), BarlowTwinsConfig::check);
    for config in [VicRegConfig::paper(), VicRegConfig::code()] {
        read_back(config, VicRegConfig::check);
    }
    read_back(SupConConfig::paper(), SupConConfig::check);
    read_back(DclConfig::paper(), DclConfig::check);
    read_back(NnClrConfig::paper(), NnClrConfig::check);
}

#[test]
fn defaults_are_optional() {
    let config: SwavConfig = toml::from_str(
        "temperature = 0.1\nepsilon = 0.05\niterations = 3\nprototypes = 512\nfreeze_steps = 114\n\
         projector = { hidden = [512], output = 128 }",
    )
    .unwrap();
    assert_eq!((config.queue, config.projector.norm), (None, HeadNorm::Hidden));
    let config: MoCoConfig = toml::from_str(
        "temperature = 0.2\nqueue = 4096\n\
         momentum = { kind = 'cosine', start = 0.99, end = 0.999 }\n\
         batch_norm = { kind = 'shuffled', groups = 8 }\n\
         projector = { hidden = [512], output = 128, norm = 'none' }",
    )
    .unwrap();
    assert_eq!(config.batch_norm, BatchSplit::Shuffled { groups: 8 });
}

#[test]
fn values_out_of_range_name_their_key() {
    let wide = ProjectorConfig::new([8], 300, HeadNorm::Hidden);
    let none = ProjectorConfig::new([], 0, HeadNorm::None);
    let moves = Schedule::Cosine { start: 0.99, end: 1.5 };
    let still = TeacherTemperature { start: 0.0, end: 0.07, warmup_epochs: 3 };
    let weights = VicRegWeights { covariance: -1.0, ..VicRegWeights::paper(VarianceTerm::Whole) };
    let queue = Some(SwavQueue { size: 0, from_epoch: 0 });
    let split = BatchSplit::Split { groups: 0 };
    for (checked, key) in [
        (MoCoConfig { temperature: -0.1, ..MoCoConfig::paper() }.check(), "temperature"),
        (MoCoConfig { queue: 0, ..MoCoConfig::paper() }.check(), "queue"),
        (MoCoConfig { batch_norm: split, ..MoCoConfig::paper() }.check(), "batch_norm.groups"),
        (MoCoConfig { momentum: moves, ..MoCoConfig::paper() }.check(), "momentum.end"),
        (ByolConfig { momentum: moves, ..ByolConfig::paper() }.check(), "momentum.end"),
        (ByolConfig { predictor: wide.clone(), ..ByolConfig::paper() }.check(), "predictor.output"),
        (
            SimSiamConfig { predictor: wide.clone(), ..SimSiamConfig::paper() }.check(),
            "predictor.output",
        ),
        (SwavConfig { epsilon: 0.0, ..SwavConfig::paper() }.check(), "epsilon"),
        (SwavConfig { iterations: 0, ..SwavConfig::paper() }.check(), "iterations"),
        (SwavConfig { prototypes: 0, ..SwavConfig::paper() }.check(), "prototypes"),
        (SwavConfig { queue, ..SwavConfig::paper() }.check(), "queue.size"),
        (
            DinoConfig { teacher_temperature: still, ..DinoConfig::paper() }.check(),
            "teacher_temperature.start",
        ),
        (DinoConfig { centre_momentum: 1.0, ..DinoConfig::paper() }.check(), "centre_momentum"),
        (DinoConfig { projector: none.clone(), ..DinoConfig::paper() }.check(), "projector.output"),
        (BarlowTwinsConfig { lambda: 0.0, ..BarlowTwinsConfig::paper() }.check(), "lambda"),
        (BarlowTwinsConfig { scale: f64::NAN, ..BarlowTwinsConfig::paper() }.check(), "scale"),
        (VicRegConfig { weights, ..VicRegConfig::paper() }.check(), "weights.covariance"),
        (SupConConfig { temperature: 0.0, ..SupConConfig::paper() }.check(), "temperature"),
        (DclConfig { projector: none, ..DclConfig::paper() }.check(), "projector.output"),
        (NnClrConfig { support: 0, ..NnClrConfig::paper() }.check(), "support"),
        (NnClrConfig { predictor: wide, ..NnClrConfig::paper() }.check(), "predictor.output"),
    ] {
        let message = checked.unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{key}`: ")), "{key}: {message}");
    }
}
