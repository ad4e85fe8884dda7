use sempairs_data::Picture;

use crate::blur::Blur;
use crate::colour::{colours, mean_luma};
use crate::resample::Resample;
use crate::rotate::Rotate;
use crate::{Plan, Step};

/// Buffers that a thread keeps from view to view, so that none is allocated once the largest was seen.
#[derive(Debug, Default)]
pub struct Scratch {
    resample: Resample,
    blur: Blur,
    rotate: Rotate,
}

impl Plan {
    /// Makes the view: `out[(channel * S + row) * S + column]` for views of `S` by `S` pixels.
    ///
    /// Values are in `[0, 1]`, to the rounding of a weighted mean, unless the plan normalises them. They
    /// depend on nothing but the picture and the plan.
    ///
    /// # Shapes
    ///
    /// - `out`: `[3, S, S]`, flat
    ///
    /// # Panics
    ///
    /// If the plan's box does not lie within the picture, or `out` has another length.
    pub fn apply(&self, picture: &Picture<'_>, out: &mut [f32], scratch: &mut Scratch) {
        // Flips that come first cost nothing: the resampled columns are written the other way round.
        let flips = self.steps.iter().take_while(|step| **step == Step::Flip).count();
        scratch.resample.run(&self.frame, picture, flips % 2 == 1, out);
        run(&self.steps[flips..], self.frame.size, out, scratch);
    }

    /// Applies only the [`steps`](Self::steps), to a view that has its frame already.
    ///
    /// # Shapes
    ///
    /// - `view`: `[3, S, S]`, flat
    ///
    /// # Panics
    ///
    /// If `view` has another length.
    pub fn apply_planar(&self, view: &mut [f32], scratch: &mut Scratch) {
        run(&self.steps, self.frame.size, view, scratch);
    }
}

fn run(steps: &[Step], size: usize, view: &mut [f32], scratch: &mut Scratch) {
    assert_eq!(view.len(), 3 * size * size, "numbers of a view of {size}x{size} pixels");
    let mut rest = steps;
    // The mean luma, while it is known.
    let mut mean = None;
    while let all @ [step, later @ ..] = rest {
        let known = mean.take();
        rest = later;
        match *step {
            Step::Flip => view.chunks_exact_mut(size).for_each(<[f32]>::reverse),
            Step::Rotate { degrees } => scratch.rotate.run(degrees, size, view),
            Step::Blur { kernel, sigma } => scratch.blur.run(kernel, sigma, size, view),
            _ => {
                // The colours of a pixel depend on that pixel alone, so as many steps as follow each
                // other share a pass. Only contrast needs the whole view: it begins a pass, and the
                // one before it adds up the luma.
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
