//! Serialisation and validation of pipelines and presets.

use sempairs_augment::{Augmentation, Interpolation, Pipeline, Plan, Transform};

use super::{crop, key};

#[test]
fn presets_are_valid_and_serialisable() {
    for preset in Augmentation::all() {
        assert_eq!(preset.to_string().parse(), Ok(preset));
        let json = serde_json::to_string(&preset).unwrap();
        assert_eq!(json, format!("\"{preset}\""));
        for size in [3, 32, 64, 96, 224] {
            for pipeline in preset.pipelines(size).into_iter().chain([preset.evaluation(size)]) {
                assert_eq!(pipeline.check(), Ok(()), "{preset} at {size}");
                assert_eq!(pipeline.size(), size);
                let json = serde_json::to_string(&pipeline).unwrap();
                assert_eq!(serde_json::from_str::<Pipeline>(&json).unwrap(), pipeline);
                let plan = pipeline.plan(200, 100, key(1));
                let json = serde_json::to_string(&plan).unwrap();
                assert!(json.starts_with("{\"frame\":{\"crop\":"), "{json}");
                assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
            }
        }
    }
    let error = "simclr2".parse::<Augmentation>().unwrap_err().to_string();
    assert!(error.contains("\"simclr2\"") && error.contains("simclr_cifar"), "{error}");
    assert!(error.ends_with("; did you mean `simclr`?"), "{error}");
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct File {
    views: Pipeline,
}

#[test]
fn pipelines_are_serialised_to_toml_and_unknown_keys_are_errors() {
    for preset in Augmentation::all() {
        for views in preset.pipelines(64) {
            let file = File { views };
            let text = toml::to_string(&file).unwrap();
            assert_eq!(toml::from_str::<File>(&text).unwrap(), file, "{text}");
        }
    }
    let good = "[[views]]\nop = \"center_crop\"\nsize = 64\n";
    toml::from_str::<File>(good).unwrap();
    for bad in [
        format!("{good}sise = 3\n"),
        good.replace("center_crop", "centre"),
        "[[views]]\nop = \"center_crop\"\n".into(),
        format!("{good}[[views]]\nop = \"solarize\"\np = 0.5\nthreshold = 0.5\nkernel = 3\n"),
    ] {
        let error = toml::from_str::<File>(&bad).unwrap_err().to_string();
        assert!(error.contains("unknown") || error.contains("missing"), "{error}");
    }
}

#[test]
fn check_reports_invalid_pipelines() {
    let square = || crop(32, [0.1, 1.0], [0.75, 1.5]);
    let blur = |kernel| Transform::GaussianBlur { p: 0.5, kernel, sigma: [0.1, 2.0] };
    let resize = Transform::Resize { size: 40, interpolation: Interpolation::Bicubic };
    for (transforms, complaint) in [
        (vec![], "no fixed output size"),
        (vec![Transform::Grayscale { p: 0.2 }], "no fixed output size"),
        (vec![resize.clone()], "no fixed output size"),
        (
            vec![square(), Transform::CenterCrop { size: 16 }],
            "`[1]`: center_crop would crop or resize",
        ),
        (vec![square(), square()], "again"),
        (
            vec![square(), Transform::Grayscale { p: 1.5 }],
            "`[1].p`: is 1.5, but it must be from 0 to 1 (grayscale)",
        ),
        (vec![square(), Transform::HorizontalFlip { p: f32::NAN }], "`[1].p`: is NaN"),
        (vec![square(), blur(4)], "odd"),
        (vec![square(), blur(65)], "less than the view's 32"),
        (vec![crop(32, [0.0, 1.0], [1.0, 1.0])], "`[0].area`: is [0, 1]"),
        (vec![crop(32, [0.1, 1.1], [1.0, 1.0])], "`[0].area`"),
        (vec![crop(32, [0.1, 1.0], [2.0, 1.0])], "`[0].ratio`: is [2, 1]"),
        (vec![crop(0, [0.1, 1.0], [1.0, 1.0])], "`[0].size`: is 0"),
    ] {
        let error = Pipeline::new(transforms).check().unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
    assert_eq!(
        Pipeline::new(vec![resize, Transform::CenterCrop { size: 32 }, blur(63)]).check(),
        Ok(())
    );
}
