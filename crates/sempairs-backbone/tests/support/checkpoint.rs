//! Writer of named tensors like PyTorch and safetensors, in any layout.

use std::fs;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

/// A tensor of a checkpoint.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Values,
}

#[derive(Clone, Debug)]
pub enum Values {
    Floats(Vec<f32>),
    Count(i64),
}

impl Named {
    /// A tensor that belongs to no network; a counter if the name says so.
    pub fn made_up(name: &str, shape: &[usize]) -> Self {
        let count = shape.iter().product();
        let values = match name.ends_with("num_batches_tracked") || name.ends_with("_ptr") {
            true => Values::Count(7),
            false => Values::Floats(vec![0.25; count]),
        };
        Self { name: name.to_owned(), shape: shape.to_vec(), values }
    }

    fn bytes(&self) -> Vec<u8> {
        match &self.values {
            Values::Floats(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Values::Count(count) => count.to_le_bytes().to_vec(),
        }
    }
}

/// Reads the tensors of a `.safetensors` file.
pub fn read(path: &Path) -> Vec<Named> {
    let bytes = fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let named = |(name, view): (&str, TensorView<'_>)| {
        let eight = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().unwrap());
        let four = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
        let values = match view.dtype() {
            Dtype::I64 => Values::Count(eight(view.data())),
            _ => Values::Floats(view.data().chunks_exact(4).map(four).collect()),
        };
        Named { name: name.to_owned(), shape: view.shape().to_vec(), values }
    };
    file.iter().map(named).collect()
}

/// Writes tensors as `.safetensors`, or like `torch.save` if the file has another extension.
pub fn write(path: &Path, tensors: &[Named]) {
    match path.extension().is_some_and(|ending| ending == "safetensors") {
        true => write_safetensors(path, tensors),
        false => fs::write(path, torch_save(tensors)).unwrap(),
    }
}

fn write_safetensors(path: &Path, tensors: &[Named]) {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(Named::bytes).collect();
    let views = tensors.iter().zip(&bytes).map(|(tensor, bytes)| {
        let dtype = match tensor.values {
            Values::Floats(_) => Dtype::F32,
            Values::Count(_) => Dtype::I64,
        };
        (tensor.name.as_str(), TensorView::new(dtype, tensor.shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// First words of names that are dictionaries of a checkpoint and not modules.
const DICTIONARIES: [&str; 8] = [
    "state_dict",
    "model",
    "student",
    "teacher",
    "online_network_state_dict",
    "target_network_state_dict",
    "encoder_state_dict",
    "classy_state_dict",
];

/// An archive like that of `torch.save`: a pickled dictionary, with nested dictionaries according
/// to the names, an epoch and an architecture's name.
fn torch_save(tensors: &[Named]) -> Vec<u8> {
    let dictionary = |tensor: &Named| {
        let word = tensor.name.split('.').next().unwrap_or_default().to_owned();
        DICTIONARIES.contains(&word.as_str()).then_some(word)
    };
    let mut words: Vec<Option<String>> = tensors.iter().map(dictionary).collect();
    words.sort();
    words.dedup();
    let mut pickle = b"\x80\x02}(".to_vec();
    for word in words {
        if let Some(word) = &word {
            text(&mut pickle, word);
            pickle.extend(b"ccollections\nOrderedDict\n)R(");
        }
        for (index, tensor) in tensors.iter().enumerate().filter(|(_, t)| dictionary(t) == word) {
            let name = match &word {
                Some(word) => &tensor.name[word.len() + 1..],
                None => &tensor.name,
            };
            text(&mut pickle, name);
            pickled(&mut pickle, index, tensor);
        }
        if word.is_some() {
            pickle.push(b'u');
        }
    }
    text(&mut pickle, "epoch");
    pickle.extend(b"K\x07");
    text(&mut pickle, "arch");
    text(&mut pickle, "resnet");
    pickle.extend(b"u.");

    let mut files = vec![("archive/data.pkl".to_owned(), pickle)];
    let data = tensors.iter().enumerate();
    files.extend(data.map(|(index, tensor)| (format!("archive/data/{index}"), tensor.bytes())));
    archive(&files)
}

fn pickled(out: &mut Vec<u8>, index: usize, tensor: &Named) {
    let count: usize = tensor.shape.iter().product();
    out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    text(out, "storage");
    out.extend(match tensor.values {
        Values::Floats(_) => &b"ctorch\nFloatStorage\n"[..],
        Values::Count(_) => b"ctorch\nLongStorage\n",
    });
    text(out, &index.to_string());
    text(out, "cuda:0");
    integer(out, count);
    out.extend(b"tQ");
    integer(out, 0);
    let axes = 0..tensor.shape.len();
    let strides: Vec<usize> = axes.map(|axis| tensor.shape[axis + 1..].iter().product()).collect();
    for numbers in [&tensor.shape, &strides] {
        out.push(b'(');
        numbers.iter().for_each(|&number| integer(out, number));
        out.push(b't');
    }
    out.extend(b"\x89ccollections\nOrderedDict\n)RtR");
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}

fn integer(out: &mut Vec<u8>, number: usize) {
    out.push(b'J');
    out.extend(i32::try_from(number).unwrap().to_le_bytes());
}

/// A zip archive of uncompressed files.
fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = out.len() as u32;
        let size = (content.len() as u32).to_le_bytes();
        let mut shared = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        shared.extend(crc32fast::hash(content).to_le_bytes());
        shared.extend([size, size].concat());
        shared.extend((name.len() as u16).to_le_bytes());
        shared.extend([0; 2]);
        out.extend(b"PK\x03\x04");
        out.extend(&shared);
        out.extend(name.as_bytes());
        out.extend(content);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&shared);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = out.len() as u32;
    let count = (files.len() as u16).to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}
