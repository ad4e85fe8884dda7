//! Scores of raw pixels and colour histograms on the built-in scenes, as reported with the results.

use sempairs_data::PictureSource;
use sempairs_eval::{EvalError, Features, Knn, colour_histogram, raw_pixels};
use sempairs_scenes::{SceneSource, SceneSplit};

const SIZE: usize = 32;

fn scenes(split: SceneSplit) -> SceneSource {
    SceneSource::new(split, 100, SIZE, 0).in_memory()
}

#[test]
fn pixels_and_colours_have_a_low_accuracy_on_the_scenes() {
    let (train, test) = (scenes(SceneSplit::DownstreamTrain), scenes(SceneSplit::DownstreamTest));
    assert_eq!((train.classes().len(), train.len(), test.len()), (12, 1200, 1200));
    let top1 = |describe: fn(&dyn PictureSource) -> Result<Features, EvalError>| {
        let (train, test) = (describe(&train).unwrap(), describe(&test).unwrap());
        Knn { k: 20, temperature: 0.07 }
            .predict(&train, &test.values)
            .unwrap()
            .top_k_accuracy(1, &test.labels)
    };
    let pixels = top1(|source| raw_pixels(source, SIZE));
    let colours = top1(|source| colour_histogram(source, 8));
    // The accuracies are 0.217 and 0.097; chance level is 1/12.
    assert!(pixels < 0.25, "raw pixels: {pixels}");
    assert!(colours < 0.15, "colour histograms: {colours}");
}
