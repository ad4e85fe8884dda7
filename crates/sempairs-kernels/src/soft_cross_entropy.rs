//! Cross-entropy between two softmax distributions.

#[cfg(feature = "cube")]
use burn::backend::Dispatch;
#[cfg(feature = "cube")]
use burn::tensor::DType;
use burn::tensor::Tensor;

#[cfg(feature = "cube")]
use crate::cube::{self, LossOps};
use crate::reference;

/// Cross-entropy of the student's softmax against the centred and sharpened softmax of the teacher,
/// per row: `L = −Σₖ softmax((t − c) / τₜ)ₖ · log softmax(s / τₛ)ₖ`.
///
/// Teacher and centre are constants: only the student gets a gradient. A SwAV code `q`, which is a
/// distribution already, is the teacher `log q` at temperature 1 and centre 0. Sources: Caron et
/// al., "Emerging Properties in Self-Supervised Vision Transformers" (2021), algorithm 1; Caron et
/// al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments" (2020),
/// equation 2.
///
/// # Shapes
/// - `student`, `teacher`: `[n, k]`; `centre`: `[k]`
/// - output: `[n]`, in nats, in 32 bits where the operation is fused
///
/// # Panics
/// If the shapes disagree.
pub fn soft_cross_entropy(
    student: Tensor<2>,
    teacher: Tensor<2>,
    centre: Tensor<1>,
    temperature: f64,
    temperature_of_teacher: f64,
) -> Tensor<1> {
    assert_eq!(student.dims(), teacher.dims(), "soft_cross_entropy: shapes of both logits");
    assert_eq!(centre.dims(), [student.dims()[1]], "soft_cross_entropy: length of the centre");
    #[cfg(feature = "cube")]
    if cube::supports(&student) && student.dtype() == teacher.dtype() {
        let (student, teacher) = (student.into_dispatch(), teacher.into_dispatch());
        let centre = centre.cast(DType::F32).into_dispatch();
        let scales = [temperature.recip(), temperature_of_teacher.recip()];
        let (losses, ..) = Dispatch::fused_soft_cross_entropy(student, teacher, centre, scales);
        return Tensor::from_dispatch(losses);
    }
    reference::soft_cross_entropy(student, teacher, centre, temperature, temperature_of_teacher)
}
