use sempairs_data::{Picture, RegionPicture};

use crate::blur::Blur;
use crate::colour::{colours, mean_luma};
use crate::resample::Resample;
use crate::rotate::Rotate;
use crate::{CropWindow, Plan, Step};

/// Reusable buffers of a thread. Once the largest view has been made, making views allocates
/// nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    resample: Resample,
    blur: Blur,
    rotate: Rotate,
}

impl Plan {
    /// Makes the view from a picture, in planar layout: `out[(channel * S + row) * S + column]`,
    /// where `S` is the side of the view.
    ///
    /// Values are in `[0, 1]` up to rounding, unless the plan normalises them. The result depends
    /// only on the picture and the plan.
    ///
    /// # Shapes
    ///
    /// - `out`: `[3, S, S]`, flattened
    ///
    /// # Panics
    ///
    /// Panics if the plan's crop does not lie within the picture, or if `out` has the wrong length.
    pub fn apply(&self, picture: &Picture<'_>, out: &mut [f32], scratch: &mut Scratch) {
        self.apply_to(self.crop_window, picture, out, scratch);
    }

    /// [`apply`](Self::apply) with the decoded part of a picture that contains the crop. The view
    /// is that of the whole picture, to the bit.
    ///
    /// # Shapes
    ///
    /// - `out`: `[3, S, S]`, flattened
    ///
    /// # Panics
    ///
    /// Panics if the plan's crop does not lie within the part, or if `out` has the wrong length.
    pub fn apply_part(&self, part: &RegionPicture<'_>, out: &mut [f32], scratch: &mut Scratch) {
        // The weights of the resampling depend on the sides of the crop only.
        let crop = part.locate(self.crop_window.crop);
        self.apply_to(CropWindow { crop, ..self.crop_window }, part.picture(), out, scratch);
    }

    fn apply_to(
        &self,
        crop_window: CropWindow,
        picture: &Picture<'_>,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        // Flips at the beginning are free: the resampled columns are written in reverse order.
        let flips = self.steps.iter().take_while(|step| **step == Step::Flip).count();
        scratch.resample.run(&crop_window, picture, flips % 2 == 1, out);
        run(&self.steps[flips..], crop_window.size, out, scratch);
    }

    /// Applies only the [`steps`](Self::steps), to a view that has already been cropped and
    /// resized.
    ///
    /// # Shapes
    ///
    /// - `view`: `[3, S, S]`, flattened
    ///
    /// # Panics
    ///
    /// Panics if `view` has the wrong length.
    pub fn apply_planar(&self, view: &mut [f32], scratch: &mut Scratch) {
        run(&self.steps, self.crop_window.size, view, scratch);
    }
}

fn run(steps: &[Step], size: usize, view: &mut [f32], scratch: &mut Scratch) {
    assert_eq!(view.len(), 3 * size * size, "values of a view of {size}x{size} pixels");
    let mut rest = steps;
    // The mean luma, if it is known from the previous pass.
    let mut mean = None;
    while let all @ [step, later @ ..] = rest {
        let known = mean.take();
        rest = later;
        match *step {
            Step::Flip => view.chunks_exact_mut(size).for_each(<[f32]>::reverse),
            Step::Rotate { degrees } => scratch.rotate.run(degrees, size, view),
            Step::Blur { kernel, sigma } => scratch.blur.run(kernel, sigma, size, view),
            _ => {
                // These steps act on each pixel separately, so consecutive ones share a pass over
                // the view. Contrast is the exception: it needs the mean luma of the whole view.
                // It therefore starts a new pass, and the pass before it computes the mean.
                let more = later.iter().take_while(|step| step.is_local()).count();
                let centre = match step {
                    Step::Contrast { .. } => known.unwrap_or_else(|| mean_luma(view)),
                    _ => 0.0,
                };
                let sum = matches!(later[more..], [Step::Contrast { .. }, ..]);
                mean = colours(&all[..1 + more], centre, sum, view);
                rest = &later[more..];
            }
        }
    }
}
