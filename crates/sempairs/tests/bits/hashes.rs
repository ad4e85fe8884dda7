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
    ("simclr adamw", [0x501d7862ed8c43ea, 0x59872e0f435edbf4, 0x0684b0299de5617d]),
    ("byol lars", [0xa29235ddc311c518, 0xf40d01e5aca97122, 0x23883590770f37d3]),
    ("moco sgd", [0x8778a65c8537590a, 0x2955fb250244b924, 0x754c9403bbbfb659]),
    ("swav larc", [0xfdc1cdd8bd81680f, 0x442949922871e10c, 0x05d965e82cb5cddb]),
    ("dino vit", [0x0ad714a6c3f7e260, 0xca0dfbee6deb73a7, 0xc2ee48308eaa1c51]),
];

/// Computed by the same binary on an emulated CPU: `qemu-x86_64 -cpu Haswell`.
const AVX2: &Hashes = &[
    ("simclr adamw", [0x895d5e62ca8797de, 0xa71ecbfc8f1564af, 0x263b671a57320a81]),
    ("byol lars", [0x19c5af4c7c990cb7, 0x11d970e210d59cca, 0x23883590770f37d3]),
    ("moco sgd", [0xa28d0921d9c9e645, 0x199dbc1f2f3b8851, 0x754c9403bbbfb659]),
    ("swav larc", [0xd39c61290329b081, 0x4df412f082484d52, 0xa120ba0546f08198]),
    ("dino vit", [0x65ecac600b88b431, 0xdd2e85cf4cfde8a9, 0xc2ee48308eaa1c51]),
];
