//! Checks of a WebP file before it is decoded (RFC 9649), because the decoder allocates memory for
//! the sizes in the header without comparing them with the length of the file.

use crate::limits;

/// Assumed upper bound of pixels per byte. The format has no bound: a picture of a single colour
/// takes 40 bytes whatever its size, and is rejected above some millions of pixels.
const PLAIN: u64 = 1 << 16;

/// Returns an error for a file that is shorter than it states, or whose frames have more pixels
/// than it can hold.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let length = bytes.len();
    let stated = bytes.get(4..).and_then(number).ok_or("truncated within its header")?;
    let end = stated as usize + 8;
    if end > length {
        return Err(format!("truncated: {length} of {end} bytes"));
    }
    let room = length as u64 * PLAIN;
    for chunk in chunks(bytes.get(12..end).ok_or("truncated within its header")?) {
        let (name, body) = chunk?;
        match name {
            b"VP8X" => {
                let side = |at: usize| {
                    body.get(at..at + 3).map(|it| {
                        1 + u64::from(it[0]) + 256 * u64::from(it[1]) + 65536 * u64::from(it[2])
                    })
                };
                let sides = side(4).zip(side(7)).ok_or("its extended header is truncated")?;
                limits::check(sides.0, sides.1, room)?;
            }
            b"ANMF" => {
                let frames = body.get(16..).ok_or("a frame of the animation is truncated")?;
                for chunk in chunks(frames) {
                    let (name, body) = chunk?;
                    check_picture(name, body, room)?;
                }
            }
            _ => check_picture(name, body, room)?,
        }
    }
    Ok(())
}

/// Checks the sides in the header of the image data.
fn check_picture(name: &[u8; 4], body: &[u8], room: u64) -> Result<(), String> {
    let sides = match name {
        b"VP8 " => body.get(6..).and_then(number).map(|it| (it & 0x3FFF, it >> 16 & 0x3FFF)),
        b"VP8L" => {
            body.get(1..).and_then(number).map(|it| (1 + (it & 0x3FFF), 1 + (it >> 14 & 0x3FFF)))
        }
        _ => return Ok(()),
    };
    let (width, height) = sides.ok_or("its image data is truncated")?;
    limits::check(width.into(), height.into(), room)
}

/// Iterates over the names and contents of the chunks of a RIFF file.
fn chunks(mut rest: &[u8]) -> impl Iterator<Item = Result<(&[u8; 4], &[u8]), String>> {
    std::iter::from_fn(move || {
        let (name, behind) = rest.split_first_chunk::<4>()?;
        let (length, body) = behind.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let Some(content) = body.get(..length) else {
            rest = &[];
            let name = name.escape_ascii();
            return Some(Err(format!("truncated within its chunk \"{name}\"")));
        };
        // A chunk of odd length is followed by a padding byte, which may be missing at the end.
        rest = body.get(length.next_multiple_of(2)..).unwrap_or_default();
        Some(Ok((name, content)))
    })
}

fn number(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|it| u32::from_le_bytes(*it))
}
