//! What scans are decoded into: samples, or coefficients that later scans add to.

use super::damage::Damage;
use super::frame::{Component, Frame};
use super::idct::idct;
use super::sequential::Block;

/// A component's samples, in whole blocks.
pub(super) struct Plane {
    pub(super) samples: Vec<u8>,
    pub(super) stride: usize,
}

impl Plane {
    pub(super) fn of(component: &Component) -> Self {
        Self { samples: vec![0; 64 * component.block_count()], stride: component.stride() }
    }

    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.stride]
    }

    /// Where the samples of the block in column `x` and row `y` begin.
    #[inline(always)]
    pub(super) fn block(&mut self, x: usize, y: usize) -> &mut [u8] {
        &mut self.samples[8 * (y * self.stride + x)..]
    }
}

/// A component's coefficients, block by block.
pub(super) struct Coefficients {
    blocks: Vec<Block>,
    along: usize,
}

impl Coefficients {
    pub(super) fn of(component: &Component) -> Self {
        Self { blocks: vec![[0; 64]; component.block_count()], along: component.blocks.0 }
    }

    #[inline(always)]
    pub(super) fn block(&mut self, x: usize, y: usize) -> &mut Block {
        &mut self.blocks[y * self.along + x]
    }

    /// The samples of a component whose last scan was read.
    pub(super) fn into_plane(
        mut self,
        component: &Component,
        quantiser: &[i32; 64],
    ) -> Result<Plane, Damage> {
        let mut plane = Plane::of(component);
        for (number, block) in self.blocks.iter_mut().enumerate() {
            check_mean(block, quantiser)?;
            let coded = if block[1..].iter().all(|&it| it == 0) { 1 } else { 64 };
            let (x, y) = (number % self.along, number / self.along);
            idct(block, coded, quantiser, plane.block(x, y), component.stride());
        }
        Ok(plane)
    }
}

/// One plane or block of coefficients a component.
pub(super) fn each<T>(frame: &Frame, make: impl Fn(&Component) -> T) -> Vec<T> {
    frame.components.iter().map(make).collect()
}

/// Checks that the mean of a block is one that samples of 8 bits can have.
///
/// The DC coefficient is eight times the mean, less 128, and encoders round it to a step. Data that
/// were overwritten often leave this range, since each block is coded as a difference from the one
/// before.
#[inline(always)]
pub(super) fn check_mean(block: &Block, quantiser: &[i32; 64]) -> Result<(), Damage> {
    let mean = i32::from(block[0]).wrapping_mul(quantiser[0]);
    if mean.unsigned_abs() > 1024 + quantiser[0].unsigned_abs() {
        return Err(Damage::Coefficient);
    }
    Ok(())
}
