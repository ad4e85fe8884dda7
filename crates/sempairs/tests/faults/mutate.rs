//! Mutations of files: bit flips, truncation, removal, splicing, and fields with boundary values.

use crate::random::Random;

/// Boundary values of sizes and counts.
const EDGES: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
];

/// Replacements for a word of a text file.
const WORDS: [&str; 22] = [
    "0",
    "-1",
    "1e9",
    "1e99",
    "-0.0",
    "nan",
    "inf",
    "9223372036854775807",
    "18446744073709551615",
    "1e-320",
    "\"\"",
    "\"a\\nb\"",
    "\"\\u0000\"",
    "true",
    "null",
    "[]",
    "{}",
    "[[",
    "=",
    ",",
    "\u{e9}",
    "\"../..\"",
];

/// Returns a mutated copy of one of `seeds`.
pub fn mutate(seeds: &[Vec<u8>], is_text: bool, random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    let times = 1 << random.below(4);
    for _ in 0..times {
        if is_text && random.below(2) == 0 {
            bytes = mutate_text(&String::from_utf8_lossy(&bytes), random).into_bytes();
        } else {
            mutate_bytes(&mut bytes, seeds, random);
        }
    }
    bytes
}

fn mutate_bytes(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len());
    // Mostly short pieces, since removing a long one leaves little of the file to test.
    let most = (bytes.len() - at).min(1 << random.below(12));
    let end = at + random.below(most + 1);
    match random.below(10) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = random.next() as u8,
        3 | 4 => {
            let width = 1 << random.below(4);
            let number = EDGES[random.below(EDGES.len())];
            let [little, big] = [number.to_le_bytes(), number.to_be_bytes()];
            let field = if random.below(2) == 0 { &little[..width] } else { &big[8 - width..] };
            for (byte, new) in bytes.iter_mut().skip(at).zip(field) {
                *byte = *new;
            }
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.drain(at..end)),
        7 => {
            let piece = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        8 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len());
            let piece = &other[from..other.len().min(from + end - at)];
            bytes.splice(at..end, piece.iter().copied());
        }
        _ => {
            let new = random.next() as u8;
            bytes[at..end].fill(new);
        }
    }
}

fn mutate_text(text: &str, random: &mut Random) -> String {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+');
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if before == Some(is_word(c)) && is_word(c) => word.push(c),
            _ => words.push(c.to_string()),
        }
        before = Some(is_word(c));
    }
    let at = random.below(words.len());
    match random.below(4) {
        0 if at < words.len() => drop(words.remove(at)),
        1 if at < words.len() => {
            let other = words[random.below(words.len())].clone();
            words[at] = other;
        }
        2 => {
            let mut lines: Vec<&str> = text.lines().collect();
            let from = random.below(lines.len());
            let to = random.below(lines.len() + 1);
            if random.below(2) == 0 && from < lines.len() {
                lines.remove(from);
            } else if let Some(&line) = lines.get(from) {
                lines.insert(to, line);
            }
            return lines.join("\n");
        }
        _ if at < words.len() => words[at] = random.of(&WORDS).to_owned(),
        _ => {}
    }
    words.concat()
}
