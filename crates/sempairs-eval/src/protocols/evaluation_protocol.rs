//! The interface of evaluation protocols.

use std::sync::Arc;

use sempairs_internal::ProgressBar;

use super::labelled_input::LabelledInput;
use crate::{
    ConfigError, EvalError, Features, Identity, InputKind, ProtocolInput, ProtocolOutput,
    ProtocolSettings, Score,
};

/// A way of scoring a backbone on a labelled training and test set.
///
/// The built-in implementations are [`Knn`](crate::Knn), [`Probe`](crate::Probe),
/// [`SgdMoco`](crate::SgdMoco), [`SgdDino`](crate::SgdDino) and [`FineTune`](crate::FineTune), and
/// [`Protocol`](crate::Protocol), which is any one of them. Implement this trait for a protocol of
/// your own, to use in [`Downstream::protocols`](crate::Downstream::protocols) or with
/// [`score`](Self::score):
///
/// ```
/// use sempairs_eval::{
///     EvalError, EvaluationProtocol, Predictions, ProtocolInput, ProtocolOutput,
///     ProtocolSettings,
/// };
///
/// /// Ranks the most frequent classes of the training set first, whatever the features.
/// struct Majority;
///
/// impl EvaluationProtocol for Majority {
///     fn name(&self) -> String {
///         "majority".into()
///     }
///
///     fn settings(&self) -> ProtocolSettings {
///         serde_json::json!({ "kind": "majority" }).into()
///     }
///
///     fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError> {
///         let (train, queries) = input.features()?;
///         let mut counts = vec![0.0; train.classes.len()];
///         train.labels.iter().for_each(|&label| counts[label] += 1.0);
///         let scores = counts.repeat(queries.len() / train.dim);
///         let predictions = Predictions::from_scores(&scores, counts.len());
///         Ok(predictions.ok_or(EvalError::NotFinite)?.into())
///     }
/// }
/// ```
pub trait EvaluationProtocol: Send + Sync {
    /// The name in tables and scores: the kind of protocol and its commonly varied settings.
    fn name(&self) -> String;

    /// All settings that a score depends on. They are stored with every score, and
    /// [`hash`](Self::hash) identifies the protocol by them alone, so they must differ from those
    /// of every other protocol. By convention they are an object whose `kind` names the kind of
    /// protocol.
    fn settings(&self) -> ProtocolSettings;

    /// The kind of input that [`predict`](Self::predict) gets; features by default.
    fn input_kind(&self) -> InputKind {
        InputKind::Features
    }

    /// Returns an error for settings that are out of range; accepts all by default.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the setting and the reason.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// The protocol [in effect](crate::in_effect) with this number of training pictures, if it
    /// differs from this one: with fewer than k pictures, k-NN uses all of them. `None` by default.
    fn limited_to(&self, _pictures: usize) -> Option<Arc<dyn EvaluationProtocol>> {
        None
    }

    /// Learns from the training set and ranks the classes of every test picture.
    ///
    /// The ranking must follow from the training set alone. When this is called by
    /// [`score`](Self::score) or [`Downstream`](crate::Downstream), features are finite and the
    /// settings have passed [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// Any [`EvalError`], such as [`EvalError::Diverged`].
    fn predict(&self, input: &ProtocolInput<'_>) -> Result<ProtocolOutput, EvalError>;

    /// The hash of all settings and of the views: the [FNV-1a hash](Identity) of the
    /// [settings](Self::settings) as JSON followed by `views`, each preceded by its length. Scores
    /// with the same hash were computed in the same way.
    fn hash(&self, views: &str) -> Identity {
        let settings = serde_json::to_string(&self.settings()).expect("settings are plain data");
        Identity::new().and_field(settings.as_bytes()).and_field(views.as_bytes())
    }

    /// Scores test features against training features.
    ///
    /// The training set alone decides how the test set is ranked; the classes of the test pictures
    /// are only compared with that ranking. Classes are matched by name, and the test set may lack
    /// some. The score has the name and the settings of the protocol
    /// [in effect](Self::limited_to).
    ///
    /// # Errors
    ///
    /// [`EvalError::Mismatch`] if the sets differ in the number of features, or a test picture is
    /// of a class that the training set does not have; [`EvalError::TooFew`] if a set is empty;
    /// [`EvalError::NotFinite`] for features that are not finite; [`EvalError::Config`] for
    /// settings out of range and for a protocol that needs the network.
    ///
    /// # Panics
    ///
    /// If the protocol does not return one prediction per test picture.
    fn score(
        &self,
        dataset: &str,
        views: &str,
        train: &Features,
        test: &Features,
    ) -> Result<Score, EvalError> {
        score_features(self, About { dataset, views }, [train, test], ProgressBar::hidden())
    }
}

/// The protocol in effect with this number of training pictures: the
/// [limited](EvaluationProtocol::limited_to) one if there is one, otherwise the protocol itself.
pub fn in_effect(
    protocol: &Arc<dyn EvaluationProtocol>,
    pictures: usize,
) -> Arc<dyn EvaluationProtocol> {
    protocol.limited_to(pictures).unwrap_or_else(|| protocol.clone())
}

/// The names in a score that do not depend on the protocol.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) dataset: &'a str,
    pub(crate) views: &'a str,
}

/// [`EvaluationProtocol::score`] with a progress bar.
pub(crate) fn score_features<P: EvaluationProtocol + ?Sized>(
    protocol: &P,
    about: About<'_>,
    sets: [&Features; 2],
    progress: ProgressBar,
) -> Result<Score, EvalError> {
    let input = LabelledInput::from_features(about.dataset, sets)?.with_progress(progress);
    match protocol.limited_to(input.n_train) {
        Some(limited) => score_input(&*limited, about, &input),
        None => score_input(protocol, about, &input),
    }
}

/// The score of a protocol in effect.
pub(crate) fn score_input<P: EvaluationProtocol + ?Sized>(
    protocol: &P,
    about: About<'_>,
    input: &LabelledInput<'_>,
) -> Result<Score, EvalError> {
    protocol.check()?;
    let LabelledInput { input, classes, n_train, labels } = input;
    let ProtocolOutput { predictions, extra } = protocol.predict(input)?;
    let per_class = predictions.per_class_accuracy(labels);
    Ok(Score {
        protocol: protocol.name(),
        protocol_hash: protocol.hash(about.views).to_string(),
        settings: protocol.settings(),
        views: about.views.to_owned(),
        dataset: about.dataset.to_owned(),
        top1: predictions.top_k_accuracy(1, labels),
        top5: predictions.top_k_accuracy(5, labels),
        per_class: per_class.into_iter().map(|(c, x)| (classes[c].clone(), x)).collect(),
        n_train: *n_train,
        n_test: labels.len(),
        extra,
        correct: Some(predictions.correct(labels)),
    })
}
