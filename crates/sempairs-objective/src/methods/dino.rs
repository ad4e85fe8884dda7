use burn::module::{Module, RunningState};
use burn::optim::GradientsParams;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use sempairs_backbone::Backbone;
use sempairs_kernels::soft_cross_entropy;
use serde::{Deserialize, Serialize};

use crate::limits::{EPOCHS, PROTOTYPES, TEMPERATURES};
use crate::losses::cross_entropy_across;
use crate::losses::stop_gradient;
use crate::losses::{by_view, features};
use crate::{
    Activation, Clock, ConfigError, DinoHead, Ema, HeadNorm, Loss, Method, ProjectorConfig,
    Schedule, TEACHER_ENTROPY, Views,
};

/// Temperature of DINO's teacher: linear warm-up from `start` in epoch 0 to `end` in epoch
/// `warmup_epochs - 1`, then `end`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherTemperature {
    /// Temperature in the first epoch.
    pub start: f64,
    /// Temperature after the warm-up.
    pub end: f64,
    /// Number of warm-up epochs; 0 for no warm-up.
    pub warmup_epochs: usize,
}

impl TeacherTemperature {
    /// The temperature in an epoch, counted from 0.
    pub fn at(&self, epoch: usize) -> f64 {
        if epoch >= self.warmup_epochs {
            return self.end;
        }
        let whole = (self.warmup_epochs - 1).max(1) as f64;
        self.start + (self.end - self.start) * epoch as f64 / whole
    }
}

/// Hyper-parameters of DINO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DinoConfig {
    /// Number of prototypes `K`, the output width of the last layer.
    pub prototypes: usize,
    /// Temperature of the student.
    pub student_temperature: f64,
    /// Temperature of the teacher.
    pub teacher_temperature: TeacherTemperature,
    /// Momentum of the centre.
    pub centre_momentum: f64,
    /// Momentum of the teacher.
    pub momentum: Schedule,
    /// Number of epochs at the start in which the last layer is frozen.
    pub freeze_epochs: usize,
    /// Whether the norms of the last layer's columns stay one (`--norm_last_layer`). This makes
    /// training more stable, but results of a ViT-S worse.
    #[serde(default)]
    pub fixed_lengths: bool,
    /// The MLP of the head, before the last layer.
    pub projector: ProjectorConfig,
}

impl DinoConfig {
    /// Values for a ViT-S on ImageNet: 65,536 prototypes, temperatures 0.1 and 0.04 to 0.07 over 30
    /// epochs, centre momentum 0.9, teacher momentum 0.996 to 1, the last layer frozen for an
    /// epoch, a head 2048-2048-256 with GELU (arXiv 2104.14294, section 3.2 and appendix; the
    /// authors' `main_dino.py` and README).
    pub fn paper() -> Self {
        let projector = ProjectorConfig::new([2048, 2048], 256, HeadNorm::None);
        Self {
            prototypes: 65_536,
            student_temperature: 0.1,
            teacher_temperature: TeacherTemperature { start: 0.04, end: 0.07, warmup_epochs: 30 },
            centre_momentum: 0.9,
            momentum: Schedule::Cosine { start: 0.996, end: 1.0 },
            freeze_epochs: 1,
            fixed_lengths: false,
            projector: ProjectorConfig { activation: Activation::Gelu, ..projector },
        }
    }

    /// Returns an error for a value that is out of range.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the key of the first such value.
    pub fn check(&self) -> Result<(), ConfigError> {
        let TeacherTemperature { start, end, warmup_epochs } = self.teacher_temperature;
        ConfigError::unless_within("prototypes", self.prototypes, PROTOTYPES)?;
        let student = self.student_temperature;
        ConfigError::unless_within("student_temperature", student, TEMPERATURES)?;
        ConfigError::unless_within("teacher_temperature.start", start, TEMPERATURES)?;
        ConfigError::unless_within("teacher_temperature.end", end, TEMPERATURES)?;
        ConfigError::unless_within("teacher_temperature.warmup_epochs", warmup_epochs, EPOCHS)?;
        ConfigError::unless_within("freeze_epochs", self.freeze_epochs, EPOCHS)?;
        ConfigError::unless_share("centre_momentum", self.centre_momentum)?;
        self.momentum.check_momentum("momentum")?;
        self.projector.check("projector")
    }

    /// Builds the method from a backbone with a newly initialised head, their teacher, and a centre
    /// of zeros. The seed determines the weights of the head.
    pub fn init<B: Backbone>(&self, backbone: B, seed: u64, device: &Device) -> Dino<B> {
        let Self { prototypes, fixed_lengths, .. } = *self;
        let features = backbone.features();
        let head =
            DinoHead::new(&self.projector, prototypes, fixed_lengths, features, seed, device);
        let student = Network { backbone, head };
        Dino {
            teacher: Ema::new(&student),
            student,
            centre: RunningState::new(Tensor::zeros([prototypes], device)),
            config: self.clone(),
            seed,
        }
    }
}

/// DINO loss: cross-entropy between the student's distribution over prototypes for one view and the
/// teacher's for another.
///
/// With `g_t` the teacher's and `g_v` the student's logits, `c` the centre, and `T` the number of
/// terms with `v != t`:
///
/// `L = -1/T sum_t sum_{v != t} 1/b sum_i sum_k p_t,ik log q_v,ik`, where
///
/// - `p_t,i = softmax((g_t,i - c) / tau_t)`,
/// - `q_v,i = softmax(g_v,i / tau_s)`.
///
/// The first views of the student are the views of the teacher, in the same order. The teacher gets
/// no gradient. Source: Caron et al., "Emerging Properties in Self-Supervised Vision Transformers"
/// (arXiv 2104.14294), equation 3 and algorithm 1.
///
/// # Shapes
/// - student, teacher: `[b, K]` for each view
/// - centre: `[K]`
/// - output: `[1]`, in nats; `ln K` for uniform distributions
///
/// # Panics
///
/// If the student has fewer than two views or fewer than the teacher, the teacher has none, or a
/// temperature is not positive.
pub fn dino_loss(
    student: &[Tensor<2>],
    teacher: &[Tensor<2>],
    centre: Tensor<1>,
    student_temperature: f64,
    teacher_temperature: f64,
) -> Tensor<1> {
    let (views, whole) = (student.len(), teacher.len());
    assert!(
        views > 1 && (1..=views).contains(&whole),
        "{views} views of the student, {whole} of the teacher"
    );
    assert!(
        student_temperature > 0.0,
        "the temperature must be positive, not {student_temperature}"
    );
    assert!(
        teacher_temperature > 0.0,
        "the temperature must be positive, not {teacher_temperature}"
    );
    let centre = stop_gradient(centre);
    if let [one, two] = student {
        // Each target is used once, so the fused kernel, which does not store it, is cheaper.
        let [b, _] = one.dims();
        let against = |student: &Tensor<2>, teacher: &Tensor<2>| {
            let (student, teacher) = (student.clone(), stop_gradient(teacher.clone()));
            let (of_student, of_teacher) = (student_temperature, teacher_temperature);
            soft_cross_entropy(student, teacher, centre.clone(), of_student, of_teacher).sum()
        };
        let total = teacher.iter().zip([two, one]).map(|(g, other)| against(other, g));
        let total = total.reduce(Tensor::add).expect("at least one view of the teacher");
        return total / (b * teacher.len()) as f64;
    }
    let targets = teacher_distributions(teacher, centre, teacher_temperature);
    cross_entropy_across(student, &targets, student_temperature)
}

/// `softmax((g - c) / tau)` of each view, detached.
fn teacher_distributions(
    teacher: &[Tensor<2>],
    centre: Tensor<1>,
    temperature: f64,
) -> Vec<Tensor<2>> {
    let centre = centre.unsqueeze::<2>(); // [1, K]
    let sharpen =
        |g: &Tensor<2>| softmax((stop_gradient(g.clone()) - centre.clone()) / temperature, 1);
    teacher.iter().map(sharpen).collect()
}

/// The centre after a batch: `m c + (1 - m) mean(g)`, the mean over all rows of all views of the
/// teacher.
///
/// Source: arXiv 2104.14294, equation 4.
///
/// # Shapes
/// - centre, output: `[K]`
/// - teacher: `[b, K]` for each view
pub fn next_centre(centre: Tensor<1>, teacher: &[Tensor<2>], momentum: f64) -> Tensor<1> {
    let rows = stop_gradient(Tensor::cat(teacher.to_vec(), 0));
    centre * momentum + rows.mean_dim(0).squeeze_dim::<1>(0) * (1.0 - momentum)
}

/// Mean entropy of the teacher's distributions, in nats, computed as their cross-entropy with
/// themselves.
fn entropy(teacher: &[Tensor<2>], centre: Tensor<1>, temperature: f64) -> Tensor<1> {
    let rows = Tensor::cat(teacher.to_vec(), 0);
    let centred = rows.clone() - centre.clone().unsqueeze();
    soft_cross_entropy(centred, rows, centre, temperature, temperature).mean()
}

/// A backbone with DINO's projection head.
#[derive(Module, Debug)]
struct Network<B: Backbone> {
    backbone: B,
    head: DinoHead,
}

/// DINO: the student predicts the distribution over prototypes of the teacher, its momentum
/// encoder. Centring keeps the teacher's outputs from collapsing to one prototype, sharpening from
/// becoming uniform. The student also gets local crops, if there are any, the teacher only global
/// views.
///
/// Source: Caron et al., "Emerging Properties in Self-Supervised Vision Transformers" (arXiv
/// 2104.14294).
#[derive(Module, Debug)]
pub struct Dino<B: Backbone> {
    student: Network<B>,
    teacher: Ema<Network<B>>,
    centre: RunningState<Tensor<1>>,
    #[module(skip)]
    config: DinoConfig,
    seed: u64,
}

impl<B: Backbone> Dino<B> {
    /// The centre that the next step subtracts, detached.
    ///
    /// # Shapes
    /// - output: `[K]`
    pub fn centre(&self) -> Tensor<1> {
        self.centre.value_sync()
    }
}

impl<B: Backbone> Method for Dino<B> {
    type Backbone = B;

    fn loss(&self, views: Views, clock: Clock) -> Loss {
        let b = views.batch();
        let whole = [views.left, views.right];
        let seen = features(&self.teacher.backbone, whole.clone(), Vec::new(), None);
        let teacher = &self.teacher.head;
        let teacher = by_view(stop_gradient(teacher.logits(teacher.embed(seen))), b);
        let head = &self.student.head;
        // Stochastic depth applies to the student alone. Its draws are determined by seed and step.
        let draw = Some(self.seed.rotate_left(32) ^ clock.step as u64);
        let seen = features(&self.student.backbone, whole, views.locals, draw);
        let embeddings = head.embed(seen);
        let student = by_view(head.logits(embeddings.clone()), b);

        let centre = self.centre();
        let temperature = self.config.teacher_temperature.at(clock.epoch());
        let heat = self.config.student_temperature;
        let value = dino_loss(&student, &teacher, centre.clone(), heat, temperature);
        let entropy = entropy(&teacher, centre.clone(), temperature);
        self.centre.update(next_centre(centre, &teacher, self.config.centre_momentum));
        // A `RunningState` applies an update at the next access; a record must have it now.
        self.centre.value_sync();
        Loss::new(value, embeddings.narrow(0, 0, 2 * b)).with(TEACHER_ENTROPY, entropy)
    }

    fn mask(&self, grads: &mut GradientsParams, clock: Clock) {
        if clock.epoch() < self.config.freeze_epochs {
            let last = &self.student.head.last_layer;
            grads.remove::<2>(last.direction.weight.id);
            grads.remove::<2>(last.length.id);
        }
    }

    fn after_step(self, clock: Clock) -> Self {
        let teacher = self.teacher.follow(&self.student, self.config.momentum.at(clock));
        Self { teacher, ..self }
    }

    fn backbone(&self) -> &B {
        &self.student.backbone
    }

    fn evaluated(&self) -> &B {
        &self.teacher.backbone
    }

    fn chance(&self, _batch: usize) -> Option<f64> {
        Some((self.config.prototypes as f64).ln())
    }

    fn takes_locals(&self) -> bool {
        true
    }
}
