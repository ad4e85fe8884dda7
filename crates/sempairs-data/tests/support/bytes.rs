//! Files of formats other than JPEG, built byte by byte.

/// A PNG of the given kind with `chunks` between its header and its end (PNG specification,
/// chapters 5 and 11).
pub fn png(
    (width, height): (u32, u32),
    bits: u8,
    colour: u8,
    chunks: &[(&[u8; 4], &[u8])],
) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([bits, colour, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", &header[..])].iter().chain(chunks).chain(&[(b"IEND", &[][..])]) {
        file.extend((body.len() as u32).to_be_bytes());
        let checked = [&name[..], body].concat();
        file.extend(&checked);
        file.extend(crc32fast::hash(&checked).to_be_bytes());
    }
    file
}

/// A zlib stream of one stored block (RFC 1950 and 1951).
pub fn stored(bytes: &[u8]) -> Vec<u8> {
    let length = bytes.len() as u16;
    let mut stream = vec![0x78, 1, 1];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend(bytes);
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65521;
        b = (b + a) % 65521;
    }
    stream.extend((b << 16 | a).to_be_bytes());
    stream
}

/// A BMP with this palette and pixel data.
pub fn bmp(
    (width, height): (i32, i32),
    bits: u16,
    compression: u32,
    palette: &[[u8; 3]],
    data: &[u8],
) -> Vec<u8> {
    let offset = 54 + 4 * palette.len() as u32;
    let mut file = b"BM".to_vec();
    file.extend((offset + data.len() as u32).to_le_bytes());
    file.extend([0; 4]);
    file.extend(offset.to_le_bytes());
    file.extend(40u32.to_le_bytes());
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend(1u16.to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(compression.to_le_bytes());
    file.extend([0; 12]);
    file.extend((palette.len() as u32).to_le_bytes());
    file.extend([0; 4]);
    file.extend(palette.iter().flat_map(|rgb| [rgb[2], rgb[1], rgb[0], 0]));
    file.extend(data);
    file
}

/// A GIF with a canvas of this size and one frame of 2x1 pixels at `(left, 0)`, of the colours 0
/// and `second`; its palette has the colours (10, 20, 30) and (40, 50, 60).
pub fn gif(width: u16, height: u16, left: u16, second: u8) -> Vec<u8> {
    let mut file = b"GIF89a".to_vec();
    file.extend(width.to_le_bytes());
    file.extend(height.to_le_bytes());
    file.extend([0x80, 0, 0, 10, 20, 30, 40, 50, 60, 0x2C]);
    file.extend(left.to_le_bytes());
    file.extend([0, 0, 2, 0, 1, 0, 0]);
    // Codes of three bits, least significant first: clear, both colours, end.
    let codes = 4 | u16::from(second) << 6 | 5 << 9;
    file.extend([2, 2]);
    file.extend(codes.to_le_bytes());
    file.extend([0, 0x3B]);
    file
}
