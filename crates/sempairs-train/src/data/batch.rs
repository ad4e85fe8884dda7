use std::mem::take;
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use sempairs_augment::Plan;
use sempairs_data::{Picture, Side};
use sempairs_kernels::views;
use sempairs_objective::Views;

/// Mini-batch in host memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Step that the batch belongs to, counted from 0.
    pub step: usize,
    /// Indices of the pairs of the batch in the data set.
    pub pairs: Vec<u32>,
    /// First view of each pair, `[b, 3, size, size]` in row-major order; empty if the views are
    /// computed on the device.
    pub left: Vec<f32>,
    /// Second view of each pair, in the same layout.
    pub right: Vec<f32>,
    /// Side length of a view in pixels.
    pub size: usize,
    /// Local crops of each pair, `[b, crops, 3, local_size, local_size]` in row-major order.
    pub locals: Vec<f32>,
    /// Side length of a local crop in pixels; 0 if there are none.
    pub local_size: usize,
    /// Class of each pair's left picture; `None` if a picture has no class.
    pub classes: Option<Vec<u32>>,
    /// Pictures and plans from which the device computes the views; empty if the host did.
    pub planned: Vec<Planned>,
}

/// Pictures of a pair and the augmentation plans of its views.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Left picture.
    pub left: Picture<'static>,
    /// Right picture; `None` if it is the same as the left.
    pub right: Option<Picture<'static>>,
    /// Plan and source picture of each view, in the order first view, second view, local crops.
    pub views: Vec<(Plan, Side)>,
}

impl Planned {
    fn picture(&self, side: Side) -> Picture<'_> {
        let picture = match side {
            Side::Left => &self.left,
            Side::Right => self.right.as_ref().unwrap_or(&self.left),
        };
        Picture::new(picture.width(), picture.height(), picture.pixels())
    }
}

impl Batch {
    /// Transfers the batch to `device` and returns its views as tensors.
    pub fn views(mut self, device: &Device) -> Views {
        let mut views =
            if self.planned.is_empty() { self.upload(device) } else { self.make(device) };
        views.classes = self.classes;
        views
    }

    fn upload(&mut self, device: &Device) -> Views {
        let (batch, size, side) = (self.pairs.len(), self.size, self.local_size);
        let view = |values: &mut Vec<f32>| {
            let data = TensorData::new(take(values), [batch, 3, size, size]);
            Tensor::<4>::from_data(data, device)
        };
        let views = Views::pair(view(&mut self.left), view(&mut self.right));
        if self.locals.is_empty() {
            return views;
        }
        let crops = self.locals.len() / (batch * 3 * side * side);
        let data = TensorData::new(take(&mut self.locals), [batch, crops, 3, side, side]);
        let all = Tensor::<5>::from_data(data, device);
        let crop = |i| all.clone().narrow(1, i, 1).reshape([batch, 3, side, side]);
        views.with_locals((0..crops).map(crop).collect())
    }

    fn make(&self, device: &Device) -> Views {
        let [left, right] = <[_; 2]>::try_from(self.make_views(0..2, device))
            .expect("one tensor per requested view");
        let views = Views::pair(left, right);
        match self.planned[0].views.len() {
            2 => views,
            count => views.with_locals(self.make_views(2..count, device)),
        }
    }

    /// Computes the views with these numbers, all of one size, `[b, 3, size, size]` each.
    fn make_views(&self, numbers: Range<usize>, device: &Device) -> Vec<Tensor<4>> {
        let of_all = numbers.clone().flat_map(|number| {
            self.planned.iter().map(move |pair| {
                let (plan, side) = &pair.views[number];
                (plan.clone(), pair.picture(*side))
            })
        });
        let (plans, pictures): (Vec<_>, Vec<_>) = of_all.unzip();
        let (all, batch) = (views(&plans, &pictures, device), self.planned.len());
        (0..numbers.len()).map(|i| all.clone().narrow(0, i * batch, batch)).collect()
    }
}
