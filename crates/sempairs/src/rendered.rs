//! Rendering of views as 8-bit pictures.

use sempairs_augment::{Pipeline, Scratch};
use sempairs_data::{Key, Picture};

/// Returns a view as an 8-bit picture, without the image normalisation.
pub(crate) fn visible(pipeline: &Pipeline, picture: &Picture<'_>, key: Key) -> Picture<'static> {
    let pipeline = pipeline.without_normalization();
    let size = pipeline.size();
    let mut planes = vec![0.0; 3 * size * size];
    pipeline.render(picture, key, &mut planes, &mut Scratch::default());
    let byte = |i: usize| {
        let (pixel, channel) = (i / 3, i % 3);
        (255.0 * planes[channel * size * size + pixel]).round().clamp(0.0, 255.0) as u8
    };
    Picture::new(size, size, (0..3 * size * size).map(byte).collect::<Vec<u8>>())
}
