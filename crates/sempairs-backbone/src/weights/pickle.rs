//! Writer of the pickle (protocol 2) of a PyTorch state dict, with the few opcodes that it needs.
//!
//! Opcodes: <https://github.com/python/cpython/blob/main/Lib/pickletools.py>. Each tensor is
//! `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`. The
//! storage is a persistent id that names a file of the archive.

use super::output::{Entry, Values};

const PROTOCOL_2: &[u8] = b"\x80\x02";
const MARK: u8 = b'(';
const TUPLE: u8 = b't';
const REDUCE: u8 = b'R';
const SET_ITEMS: u8 = b'u';
const PERSISTENT_ID: u8 = b'Q';
const FALSE: u8 = 0x89;
const STOP: u8 = b'.';
/// `collections.OrderedDict()`: the class, an empty tuple of arguments, and the call.
const ORDERED_DICT: &[u8] = b"ccollections\nOrderedDict\n)R";

/// Pickles a state dict of `entries`; the data of each are in the archive's file `data/INDEX`.
pub(super) fn state_dict(entries: &[Entry]) -> Vec<u8> {
    let mut out = [PROTOCOL_2, ORDERED_DICT].concat();
    out.push(MARK);
    for (index, entry) in entries.iter().enumerate() {
        text(&mut out, &entry.name);
        tensor(&mut out, index, entry);
    }
    out.extend([SET_ITEMS, STOP]);
    out
}

fn tensor(out: &mut Vec<u8>, index: usize, entry: &Entry) {
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n");
    out.push(MARK);
    let (storage, length): (&[u8], _) = match &entry.values {
        Values::Floats(values) => (b"ctorch\nFloatStorage\n", values.len()),
        Values::Count(_) => (b"ctorch\nLongStorage\n", 1),
    };
    out.push(MARK);
    text(out, "storage");
    out.extend(storage);
    text(out, &index.to_string());
    text(out, "cpu");
    integer(out, length);
    out.extend([TUPLE, PERSISTENT_ID]);
    integer(out, 0);
    tuple(out, &entry.shape);
    let strides: Vec<usize> =
        (0..entry.shape.len()).map(|axis| entry.shape[axis + 1..].iter().product()).collect();
    tuple(out, &strides);
    out.push(FALSE);
    out.extend(ORDERED_DICT);
    out.extend([TUPLE, REDUCE]);
}

fn tuple(out: &mut Vec<u8>, integers: &[usize]) {
    out.push(MARK);
    integers.iter().for_each(|&value| integer(out, value));
    out.push(TUPLE);
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn integer(out: &mut Vec<u8>, value: usize) {
    match i32::try_from(value) {
        Ok(value) => {
            out.push(b'J');
            out.extend(value.to_le_bytes());
        }
        Err(_) => {
            // A signed integer of eight bytes, sufficient for any length in memory.
            out.extend([0x8a, 8]);
            out.extend((value as i64).to_le_bytes());
        }
    }
}
