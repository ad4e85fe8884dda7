//! A single run, with all its steps.

use sempairs_backbone::BackboneFactory;
use sempairs_backbone::weights::{self, LoadOptions, Prefix};
use sempairs_eval::Downstream;
use sempairs_objective::Method;
use sempairs_train::check_method;

use super::check::unfit;
use super::finish::{Finished, finish};
use super::prepare::Prepared;
use super::runner::Runner;
use super::score::Scorer;
use super::train::StartedRun;
use crate::Error;
use crate::experiment::{Arm, Objective, Study, UseMethod};

impl Runner {
    /// Pre-trains and scores one arm with one seed, from its last checkpoint if there is one.
    /// `downstream` are the study's data sets, from [`downstream`](Self::downstream).
    ///
    /// Existing scores are not recomputed. Of missing scores, for example after a change of the
    /// protocols or with a further data set, only those of step 0 and of steps from the checkpoint
    /// on can still be computed; the other steps are listed on standard error.
    ///
    /// # Errors
    /// Any [`Error`]; [`Error::Interrupted`] if the run was stopped.
    pub fn pretrain<M: Objective, B: BackboneFactory>(
        &self,
        study: &Study<M, B>,
        arm: &Arm,
        seed: u64,
        downstream: &[Downstream],
    ) -> Result<Finished<B::Backbone>, Error> {
        study.check(&study.name)?;
        // Kept in use until the run has them, so that they are drawn only once.
        let drawn = self.checked_pairs(study, arm, seed)?;
        let study = &self.in_steps(study)?;
        let run = self.prepare(study, arm, seed)?;
        drop(drawn);
        study.check_downstream(downstream)?;
        run.complete(downstream)
    }
}

impl<M: Objective, B: BackboneFactory> Prepared<'_, M, B> {
    /// Trains and scores the run, from its last checkpoint if there is one, and writes its result.
    /// `downstream` are the data sets of the study, which must have been checked.
    pub fn complete(self, downstream: &[Downstream]) -> Result<Finished<B::Backbone>, Error> {
        let Self { runner, study, seed, .. } = self;
        let mut backbone = study.backbone.init_seeded(&runner.device, seed);
        if let Some(path) = study.backbone.weights() {
            backbone = weights::load(backbone, path, &LoadOptions { prefix: Prefix::Common })?;
        }
        study.method.init_for(backbone, seed, &runner.device, Steps { run: self, downstream })
    }
}

/// The steps of a run after its preparation, for a method of any type.
struct Steps<'a, M, B> {
    run: Prepared<'a, M, B>,
    downstream: &'a [Downstream],
}

impl<M: Objective, B: BackboneFactory> UseMethod<B::Backbone> for Steps<'_, M, B> {
    type Output = Result<Finished<B::Backbone>, Error>;

    fn with<N: Method<Backbone = B::Backbone>>(self, method: N) -> Self::Output {
        let Self { mut run, downstream } = self;
        // What only the method itself knows about its data, before any file is written.
        check_method(&method, &run.pairs, &run.pipelines, run.study.training.batch)
            .map_err(|error| unfit(run.study, error))?;
        let started = StartedRun::new(&mut run)?;
        let (directory, begun) = (started.directory.clone(), started.begun());
        let mut scorer = Scorer::open(&run, directory.scores(), begun, downstream)?;
        if begun > 0 {
            // Step 0 can be scored without a checkpoint.
            scorer.score(method.evaluated(), 0)?;
        }
        let outcome = started.train(method, |backbone, step| scorer.score(backbone, step))?;
        finish(&run, &directory, downstream, outcome, scorer.curve())
    }
}
