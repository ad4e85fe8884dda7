//! Destinations of decoded scans: samples, or coefficients that later scans refine.

use super::damage::Damage;
use super::frame::{Component, Frame};
use super::idct::idct;
use super::sequential::Block;

/// The samples of a component, in whole blocks.
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

    /// Elements from the first sample of the block in column `x` and row `y`.
    #[inline(always)]
    pub(super) fn block(&mut self, x: usize, y: usize) -> &mut [u8] {
        &mut self.samples[8 * (y * self.stride + x)..]
    }
}

/// The coefficients of a component, block by block.
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

    /// Converts to samples, once all scans of the component have been read.
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

/// Creates one value, such as a plane, for each component.
pub(super) fn each<T>(frame: &Frame, make: impl Fn(&Component) -> T) -> Vec<T> {
    frame.components.iter().map(make).collect()
}

/// Checks that the mean of a block is in the range of 8-bit samples.
///
/// The DC coefficient is eight times the mean minus 128, rounded by the encoder to a multiple of
/// the quantisation step. Overwritten data often exceed this range, since each DC coefficient is
/// coded as a difference from the previous block.
#[inline(always)]
pub(super) fn check_mean(block: &Block, quantiser: &[i32; 64]) -> Result<(), Damage> {
    let mean = i32::from(block[0]).wrapping_mul(quantiser[0]);
    if mean.unsigned_abs() > 1024 + quantiser[0].unsigned_abs() {
        return Err(Damage::Coefficient);
    }
    Ok(())
}
