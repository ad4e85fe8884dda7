//! JPEG files that the `image` crate's encoder does not write.

/// An 8x8 baseline JPEG of one colour with these four stored components, and Adobe's marker with
/// the given colour transform, if any (ITU-T T.81, annexes B and F; T.872 for the marker).
pub fn four_components(stored: [u8; 4], adobe: Option<u8>) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8];
    let mut segment = |marker: u8, body: &[u8]| {
        file.extend([0xFF, marker]);
        file.extend((body.len() as u16 + 2).to_be_bytes());
        file.extend(body);
    };
    if let Some(transform) = adobe {
        let mut body = b"Adobe\0\x64\0\0\0\0".to_vec();
        body.push(transform);
        segment(0xEE, &body);
    }
    let mut quantisation = vec![0];
    quantisation.extend([1; 64]);
    segment(0xDB, &quantisation);
    let mut frame = vec![8, 0, 8, 0, 8, 4];
    frame.extend((1..=4).flat_map(|component| [component, 0x11, 0]));
    segment(0xC0, &frame);
    // DC: twelve codes of four bits for the length of the value. AC: one code of one bit, end of
    // block.
    let mut constants = vec![0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    constants.extend(0..12);
    segment(0xC4, &constants);
    segment(0xC4, &[0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    segment(0xDA, &[4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);

    let mut bits = String::new();
    for value in stored {
        let term = 8 * (i32::from(value) - 128);
        let length = 32 - term.unsigned_abs().leading_zeros() as usize;
        bits += &format!("{length:04b}");
        let coded = if term < 0 { term + (1 << length) - 1 } else { term };
        if length > 0 {
            bits += &format!("{coded:0length$b}");
        }
        bits += "0";
    }
    while !bits.len().is_multiple_of(8) {
        bits += "1";
    }
    for byte in bits.as_bytes().chunks(8) {
        let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
        file.push(byte);
        if byte == 0xFF {
            file.push(0);
        }
    }
    file.extend([0xFF, 0xD9]);
    file
}

/// Inserts an EXIF segment with only the orientation after the start of a JPEG.
pub fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    // Tag 0x0112, type SHORT, one value.
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut file = jpeg[..2].to_vec();
    file.extend([0xFF, 0xE1]);
    file.extend((exif.len() as u16 + 2).to_be_bytes());
    file.extend(exif);
    file.extend(&jpeg[2..]);
    file
}
