use std::mem::take;
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use sempairs_augment::Plan;
use sempairs_data::{Picture, Side};
use sempairs_kernels::views;
use sempairs_objective::Views;

/// A batch on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The step it belongs to.
    pub step: usize,
    /// The numbers of its pairs.
    pub pairs: Vec<u32>,
    /// View one of each pair, `[b, 3, size, size]` in row-major order; empty if views are to be
    /// made on the device.
    pub left: Vec<f32>,
    /// View two.
    pub right: Vec<f32>,
    /// Pixels along a side of a view.
    pub size: usize,
    /// The small crops of each pair, `[b, crops, 3, local_size, local_size]`.
    pub locals: Vec<f32>,
    /// Pixels along a side of a small crop; 0 without any.
    pub local_size: usize,
    /// The class of each pair's left picture, if every one has a class.
    pub classes: Option<Vec<u32>>,
    /// What views are made of on the device; empty if they have been made.
    pub planned: Vec<Planned>,
}

/// The pictures of a pair and the plans of its views.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The left picture.
    pub left: Picture<'static>,
    /// The right one; `None` if it is the same.
    pub right: Option<Picture<'static>>,
    /// The plan of each view and the picture it is of: view one, view two, then the small crops.
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
    /// The batch as tensors.
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
        let [left, right] =
            <[_; 2]>::try_from(self.make_views(0..2, device)).expect("as many as were asked for");
        let views = Views::pair(left, right);
        match self.planned[0].views.len() {
            2 => views,
            count => views.with_locals(self.make_views(2..count, device)),
        }
    }

    /// The views of these numbers, which are of one size, `[b, 3, size, size]` each.
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
