use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::Picture;

/// Reduces a picture so that its shorter side is `short_side`, by antialiased bilinear filtering as
/// torchvision's `Resize` does by default. The longer side becomes `floor(short_side * long /
/// short)`, also as in torchvision. A picture that is not larger is returned unchanged.
pub(super) fn shrink<'a>(
    picture: Picture<'a>,
    short_side: usize,
    resizer: &mut Resizer,
) -> Picture<'a> {
    let (width, height) = (picture.width(), picture.height());
    let short = width.min(height);
    if short <= short_side {
        return picture;
    }
    let (new_width, new_height) = (short_side * width / short, short_side * height / short);
    const SIZE: &str = "a decoded picture has valid sides and three bytes per pixel";
    let from = ImageRef::new(width as u32, height as u32, picture.pixels(), PixelType::U8x3);
    let mut to = Image::new(new_width as u32, new_height as u32, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    resizer.resize(&from.expect(SIZE), &mut to, &options).expect(SIZE);
    Picture::new(new_width, new_height, to.into_vec())
}
