//! Expected hashes.

/// Hashes of weights, losses and scores, by the name of a run.
pub type Hashes = [(&'static str, [u64; 3])];

/// Hashes for an instruction set and a C library, if known.
pub fn of(set: &str, library: u64) -> Option<&'static Hashes> {
    let known = KNOWN.iter().find(|(of, with, _)| (*of, *with) == (set, library))?;
    Some(known.2)
}

/// Hash of the pixels of the fixtures, equal on all machines.
pub const PIXELS: u64 = 0xcb60_dce4_106d_5c52;

/// Hash of the mathematical functions of glibc 2.36.
const GLIBC: u64 = 0x1e2d_e982_18c1_00b2;

const KNOWN: &[(&str, u64, &Hashes)] =
    &[("x86_64 AVX-512", GLIBC, AVX_512), ("x86_64 AVX2", GLIBC, AVX2)];

const AVX_512: &Hashes = &[
    ("simclr adamw", [0xd5463c40aeccef60, 0xcd956426dc83bbf5, 0x8442bb99223b22b0]),
    ("byol lars", [0xac24addfa79b7855, 0xf0cc9e4a1782276b, 0x23883590770f37d3]),
    ("moco sgd", [0xba40ebb20c94462c, 0xba10ffd5aad0acc7, 0x754c9403bbbfb659]),
    ("swav larc", [0xa8632314cf4329d3, 0x27ff9a153e4eb52a, 0x8da5ad7d380d8621]),
    ("dino vit", [0x123e12b5eb209e6d, 0x01312b3d88899b82, 0xc2ee48308eaa1c51]),
];

/// Computed by the same binary on an emulated CPU: `qemu-x86_64 -cpu Haswell`.
const AVX2: &Hashes = &[
    ("simclr adamw", [0x3ec5e225b9806460, 0x61625bdb2324867d, 0x0b6c5aaf6171d757]),
    ("byol lars", [0xa0a02687624a1898, 0x211b0ce08e08a6b1, 0x23883590770f37d3]),
    ("moco sgd", [0xe9bc5f6792dc00b9, 0x4b75423ac06e4b9a, 0x754c9403bbbfb659]),
    ("swav larc", [0xa8196e46442d2545, 0xd1746560caa75ee3, 0xbab43aeaf89e10fe]),
    ("dino vit", [0x6b40ec2ad643c102, 0xf23d6942e918de2e, 0xc2ee48308eaa1c51]),
];
