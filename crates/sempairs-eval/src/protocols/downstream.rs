//! Evaluation of a backbone on a downstream data set.

use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use sempairs_augment::Pipeline;
use sempairs_backbone::Backbone;
use sempairs_data::PictureSource;
use sempairs_internal::{ProgressBar, progress_bar};
use sempairs_scenes::SceneSource;
use serde_json::Value;

use super::class_mapping::matched;
use super::evaluation_protocol::{About, in_effect, score_features, score_input};
use super::labelled_input::LabelledInput;
use crate::analysis::invariance::{InvarianceReport, invariance_with};
use crate::features::{ClassTokens, features_identity};
use crate::features::{colour_histogram_with, extract_with, labels, raw_pixels_with};
use crate::{
    BoxedBackbone, ConfigError, EvalError, EvaluationProtocol, Features, InputKind, Knn,
    NetworkInput, Probe, Protocol, ProtocolSettings, Score,
};

/// A downstream data set with a training and a test set, scored under several protocols. Frozen
/// features are extracted once for all protocols.
#[derive(Clone)]
pub struct Downstream {
    /// Name of the data set in the scores.
    pub name: String,
    /// Pictures that protocols learn from.
    pub train: Arc<dyn PictureSource>,
    /// Pictures that are classified for the score.
    pub test: Arc<dyn PictureSource>,
    /// Pipeline from a picture to its evaluation view; see [`Pipeline::evaluation`].
    pub pipeline: Pipeline,
    /// Protocols, built-in ([`Protocol`]) or custom. Each gives one score.
    pub protocols: Vec<Arc<dyn EvaluationProtocol>>,
    /// Batch size of feature extraction.
    pub batch: usize,
    /// Folder to cache features in, as `train.safetensors` and `test.safetensors`
    /// (`train-4tokens.safetensors` for the class tokens of four blocks). `None` for no cache.
    pub cache: Option<PathBuf>,
    /// Whether to draw progress bars on standard error, if it is a terminal.
    pub progress: bool,
}

impl Downstream {
    /// A data set with the protocols k-NN and linear probe, a batch size of 256, no cache and no
    /// progress bars.
    pub fn new(
        name: impl Into<String>,
        train: Arc<dyn PictureSource>,
        test: Arc<dyn PictureSource>,
        pipeline: Pipeline,
    ) -> Self {
        let protocols = [Protocol::Knn(Knn::default()), Protocol::Probe(Probe::default())];
        let protocols = protocols.map(Into::into).into();
        let name = name.into();
        Self { name, train, test, pipeline, protocols, batch: 256, cache: None, progress: false }
    }

    /// Returns an error for protocols and pictures that cannot be scored, before features are
    /// extracted.
    ///
    /// # Errors
    ///
    /// [`EvalError::Config`] with the key, such as `protocols[1].k`, for settings out of range and
    /// for protocols that have the same effect with this training set, such as k-NN over all
    /// pictures twice; [`EvalError::Unlabelled`] for a picture without a class,
    /// [`EvalError::Mismatch`] for test pictures of classes that the training pictures do not have.
    pub fn check(&self) -> Result<(), EvalError> {
        for (index, protocol) in self.protocols.iter().enumerate() {
            protocol.check().map_err(|error| error.under(&protocol_key(index)))?;
        }
        let pictures = self.train.len();
        let asked = self.protocols.iter().map(|protocol| protocol.settings());
        let asked: Vec<ProtocolSettings> = asked.collect();
        let in_effect = self.protocols.iter().map(|it| in_effect(it, pictures).settings());
        let in_effect: Vec<ProtocolSettings> = in_effect.collect();
        for at in 0..asked.len() {
            let same =
                |other: &usize| asked[*other] != asked[at] && in_effect[*other] == in_effect[at];
            if let Some(other) = (0..at).find(same) {
                let [first, second] = [other, at].map(|index| self.protocols[index].name());
                let reason = format!(
                    "{first} and {second} are the same with {pictures} training pictures; \
                     remove one of them"
                );
                let key = differing_key(&asked[other], &asked[at]);
                return Err(ConfigError::new(key, reason).under(&protocol_key(at)).into());
            }
        }
        labels(&*self.train)?;
        matched(self.train.classes(), self.test.classes(), &labels(&*self.test)?)?;
        Ok(())
    }

    /// Scores a backbone, which is not changed, under every protocol.
    ///
    /// # Errors
    ///
    /// [`EvalError`] with the picture, file or setting that caused it.
    pub fn run<B: Backbone>(&self, backbone: &B, device: &Device) -> Result<Vec<Score>, EvalError> {
        self.check()?;
        let views = self.views();
        let about = About { dataset: &self.name, views: &views };
        let mut inputs = Inputs { downstream: self, backbone, device, made: Vec::new() };
        let mut score = |protocol: &Arc<dyn EvaluationProtocol>| {
            let protocol = in_effect(protocol, self.train.len());
            let input = inputs.get(protocol.input_kind())?;
            let bar = self.bar(format!("{} {}", self.name, protocol.name()));
            score_input(&*protocol, about, &input.with_progress(bar))
        };
        let mut scores = Vec::with_capacity(self.protocols.len());
        for (at, protocol) in self.protocols.iter().enumerate() {
            scores.push(score(protocol).map_err(|error| error.under(&protocol_key(at)))?);
        }
        Ok(scores)
    }

    /// The features of the training and of the test set.
    ///
    /// # Errors
    ///
    /// As [`extract`](crate::extract), and [`EvalError::File`] for a damaged cache.
    pub fn features<B: Backbone>(
        &self,
        backbone: &B,
        device: &Device,
    ) -> Result<[Features; 2], EvalError> {
        self.sets("", backbone, device)
    }

    /// The features of the test set alone.
    ///
    /// # Errors
    ///
    /// As [`features`](Self::features).
    pub fn test_features<B: Backbone>(
        &self,
        backbone: &B,
        device: &Device,
    ) -> Result<Features, EvalError> {
        self.set("test", &*self.test, backbone, device)
    }

    /// Scores of features that need no network: weighted k-NN ([`Knn`] with its default settings)
    /// on [raw pixels](crate::raw_pixels) of 32 by 32 and on
    /// [colour histograms](crate::colour_histogram) of 8 bins per channel. A score's
    /// [`views`](Score::views) names its features.
    ///
    /// # Errors
    ///
    /// As [`extract`](crate::extract) and [`EvaluationProtocol::score`].
    pub fn baselines(&self) -> Result<Vec<Score>, EvalError> {
        type Describe = fn(&dyn PictureSource, &ProgressBar) -> Result<Features, EvalError>;
        let knn = Protocol::Knn(Knn::default());
        let describe: [(&str, Describe); 2] = [
            ("raw pixels 32x32", |source, bar| raw_pixels_with(source, 32, bar)),
            ("colour histogram 8x8x8", |source, bar| colour_histogram_with(source, 8, bar)),
        ];
        let score = |(name, describe): (&str, Describe)| {
            let bar = self.bar(format!("{} as {name}", self.name));
            let [train, test] = [&self.train, &self.test].map(|source| describe(&**source, &bar));
            drop(bar);
            let bar = self.bar(format!("{} {knn} on {name}", self.name));
            let about = About { dataset: &self.name, views: name };
            score_features(&knn, about, [&train?, &test?], bar)
        };
        describe.into_iter().map(score).collect()
    }

    /// The [invariance](crate::analysis::invariance::invariance) of a backbone's features, with
    /// this data set's pipeline and batch size.
    ///
    /// # Errors
    ///
    /// As [`invariance`](crate::analysis::invariance::invariance).
    pub fn invariance<B: Backbone>(
        &self,
        backbone: &B,
        scenes: &SceneSource,
        device: &Device,
    ) -> Result<InvarianceReport, EvalError> {
        let bar = self.bar("invariance".into());
        invariance_with(backbone, scenes, &self.pipeline, device, self.batch, &bar)
    }

    /// The features of both sets; `kind` is a suffix of the names of the cache files.
    fn sets<B: Backbone>(
        &self,
        kind: &str,
        backbone: &B,
        device: &Device,
    ) -> Result<[Features; 2], EvalError> {
        let train = self.set(&format!("train{kind}"), &*self.train, backbone, device)?;
        Ok([train, self.set(&format!("test{kind}"), &*self.test, backbone, device)?])
    }

    fn set<B: Backbone>(
        &self,
        which: &str,
        source: &dyn PictureSource,
        backbone: &B,
        device: &Device,
    ) -> Result<Features, EvalError> {
        let make = || {
            let bar = self.bar(format!("{} {which}: features", self.name));
            extract_with(backbone, source, &self.pipeline, device, self.batch, &bar)
        };
        let Some(folder) = &self.cache else { return make() };
        let identity = features_identity(backbone, source, &self.pipeline);
        Features::cached(&folder.join(format!("{which}.safetensors")), identity, make)
    }

    /// The views in a score: the pipeline as JSON.
    pub fn views(&self) -> String {
        serde_json::to_string(&self.pipeline).expect("a pipeline is plain data")
    }

    /// A progress bar whose length is set later; hidden unless [`progress`](Self::progress) is set.
    /// It disappears when dropped.
    fn bar(&self, what: String) -> ProgressBar {
        if self.progress { progress_bar(what, 0) } else { ProgressBar::hidden() }
    }
}

/// The key of a protocol in the list.
fn protocol_key(index: usize) -> String {
    format!("protocols[{index}]")
}

/// The first setting in which two protocols differ.
fn differing_key(one: &ProtocolSettings, other: &ProtocolSettings) -> String {
    let [one, other] = [one, other].map(|it| serde_json::to_value(it).expect("plain data"));
    let differs = |(key, value): &(&String, &Value)| other.get(key.as_str()) != Some(*value);
    let found = one.as_object().and_then(|settings| settings.iter().find(differs));
    found.map_or("kind", |(key, _)| key.as_str()).to_owned()
}

/// The inputs of the protocols of a run. Each is made once, whatever the order of the protocols.
struct Inputs<'a, B> {
    downstream: &'a Downstream,
    backbone: &'a B,
    device: &'a Device,
    made: Vec<(InputKind, Input)>,
}

/// An input that a run keeps for further protocols of its kind.
enum Input {
    /// Features of the training and of the test set.
    Features([Features; 2]),
    /// The network in evaluation mode.
    Network(BoxedBackbone),
}

impl<B: Backbone> Inputs<'_, B> {
    /// The input for protocols of a kind.
    fn get(&mut self, kind: InputKind) -> Result<LabelledInput<'_>, EvalError> {
        let index = self.index(kind)?;
        let Downstream { name, train, test, pipeline, .. } = self.downstream;
        match &self.made[index].1 {
            Input::Features([train, test]) => LabelledInput::from_features(name, [train, test]),
            Input::Network(backbone) => LabelledInput::from_network(NetworkInput {
                backbone,
                train: &**train,
                test: &**test,
                view: pipeline,
                device: self.device,
            }),
        }
    }

    /// The index of the input for protocols of a kind, which is made if it is not there yet.
    fn index(&mut self, kind: InputKind) -> Result<usize, EvalError> {
        if let Some(index) = self.made.iter().position(|(of, _)| *of == kind) {
            return Ok(index);
        }
        let Self { downstream, backbone, device, .. } = *self;
        let input = match kind {
            InputKind::Features => Input::Features(downstream.features(backbone, device)?),
            InputKind::ClassTokens(blocks) => match backbone.transformer() {
                Some(network) => {
                    let tokens = ClassTokens::new(network, blocks)?;
                    let which = format!("-{blocks}tokens");
                    Input::Features(downstream.sets(&which, &tokens, device)?)
                }
                // Of a network without class tokens the features are used.
                None => return self.index(InputKind::Features),
            },
            // `valid` copies the running statistics, which a clone would share.
            InputKind::Network => Input::Network(BoxedBackbone::new(&backbone.valid())),
        };
        self.made.push((kind, input));
        Ok(self.made.len() - 1)
    }
}
