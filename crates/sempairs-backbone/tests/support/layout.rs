//! Layouts of published checkpoints: the names of a network, its copies and its heads in other
//! programs.

/// Names and shapes of a checkpoint.
pub struct Layout {
    /// Name of the program.
    pub name: &'static str,
    /// Prefix of the network that is evaluated.
    pub prefix: &'static str,
    /// Prefixes of its copies, such as a momentum encoder.
    pub copies: &'static [&'static str],
    /// Prefixes of further copies with the same weights.
    pub also_complete: &'static [&'static str],
    pub spelling: Spelling,
    /// Heads, queues and counters.
    pub others: Vec<(&'static str, &'static [usize])>,
    /// Those of the others that have the prefix of the network, as reported when it is loaded.
    pub ignored: Vec<&'static str>,
}

/// Naming scheme of a layout.
#[derive(Clone, Copy)]
pub enum Spelling {
    /// The names of torchvision and timm.
    Own,
    /// Indices as in `nn.Sequential(*list(torchvision_resnet.children())[:-1])`, which count the
    /// ReLU and the pooling layer of the stem.
    Sequential,
    /// Indices as in lightly's ResNet for CIFAR, which has neither and names a projection
    /// `shortcut`.
    Consecutive,
}

impl Spelling {
    pub fn name(self, prefix: &str, name: &str) -> String {
        let fields = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"];
        let numbers = match self {
            Self::Own => return format!("{prefix}{name}"),
            Self::Sequential => [0, 1, 4, 5, 6, 7],
            Self::Consecutive => [0, 1, 2, 3, 4, 5],
        };
        let (field, rest) = name.split_once('.').unwrap();
        let number = numbers[fields.iter().position(|known| *known == field).unwrap()];
        let rest = match self {
            Self::Consecutive => rest.replace("downsample", "shortcut"),
            _ => rest.to_owned(),
        };
        format!("{prefix}{number}.{rest}")
    }
}

impl Layout {
    /// A network without any other tensors.
    pub fn plain(name: &'static str, prefix: &'static str, spelling: Spelling) -> Self {
        let (others, ignored) = (Vec::new(), Vec::new());
        Self { name, prefix, copies: &[], also_complete: &[], spelling, others, ignored }
    }

    fn own(name: &'static str, prefix: &'static str) -> Self {
        Self::plain(name, prefix, Spelling::Own)
    }

    fn others(self, others: &[(&'static str, &'static [usize])]) -> Self {
        Self { others: others.to_vec(), ..self }
    }

    fn ignored(self, ignored: &[&'static str]) -> Self {
        Self { ignored: ignored.to_vec(), ..self }
    }
}

/// Layouts of residual networks with ten features.
pub fn residual_layouts() -> Vec<Layout> {
    let mut layouts = vec![
        Layout::own("torchvision", "")
            .others(&[("fc.weight", &[7, 10]), ("fc.bias", &[7])])
            .ignored(&["`fc` (2 tensors)"]),
        Layout { copies: &["state_dict.module.encoder_k."], ..Layout::own("MoCo v1", Q) }
            .others(&[
                ("state_dict.module.encoder_q.fc.weight", &[4, 10]),
                ("state_dict.module.encoder_q.fc.bias", &[4]),
                ("state_dict.module.encoder_k.fc.weight", &[4, 10]),
                ("state_dict.module.encoder_k.fc.bias", &[4]),
                ("state_dict.module.queue", &[4, 32]),
                ("state_dict.module.queue_ptr", &[1]),
            ])
            .ignored(&["`fc` (2 tensors)"]),
        Layout { copies: &["state_dict.module.encoder_k."], ..Layout::own("MoCo v2", Q) }
            .others(&[
                ("state_dict.module.encoder_q.fc.0.weight", &[10, 10]),
                ("state_dict.module.encoder_q.fc.0.bias", &[10]),
                ("state_dict.module.encoder_q.fc.2.weight", &[4, 10]),
                ("state_dict.module.encoder_q.fc.2.bias", &[4]),
                ("state_dict.module.encoder_k.fc.0.weight", &[10, 10]),
                ("state_dict.module.queue", &[4, 32]),
                ("state_dict.module.queue_ptr", &[1]),
            ])
            .ignored(&["`fc` (4 tensors)"]),
        swav("SwAV, published", "module."),
        swav("SwAV, in training", "state_dict.module."),
        Layout::own("SimSiam", "state_dict.module.encoder.")
            .others(&[
                ("state_dict.module.encoder.fc.0.weight", &[10, 10]),
                ("state_dict.module.encoder.fc.1.weight", &[10]),
                ("state_dict.module.encoder.fc.1.running_var", &[10]),
                ("state_dict.module.encoder.fc.1.num_batches_tracked", &[]),
                ("state_dict.module.encoder.fc.3.weight", &[10, 10]),
                ("state_dict.module.encoder.fc.6.weight", &[10, 10]),
                ("state_dict.module.encoder.fc.6.bias", &[10]),
                ("state_dict.module.encoder.fc.7.running_mean", &[10]),
                ("state_dict.module.predictor.0.weight", &[5, 10]),
                ("state_dict.module.predictor.3.weight", &[10, 5]),
                ("state_dict.module.predictor.3.bias", &[10]),
            ])
            .ignored(&["`fc` (8 tensors)"]),
        moco_v3("MoCo v3, ResNet")
            .others(&[
                ("state_dict.module.base_encoder.fc.0.weight", &[16, 10]),
                ("state_dict.module.base_encoder.fc.1.weight", &[16]),
                ("state_dict.module.base_encoder.fc.3.weight", &[4, 16]),
                ("state_dict.module.base_encoder.fc.4.running_mean", &[4]),
                ("state_dict.module.momentum_encoder.fc.0.weight", &[16, 10]),
                ("state_dict.module.predictor.0.weight", &[16, 4]),
            ])
            .ignored(&["`fc` (4 tensors)"]),
        dino("DINO, ResNet"),
        Layout {
            copies: &["target_network_state_dict.encoder."],
            also_complete: &["online_network_state_dict.encoder."],
            ..Layout::plain("PyTorch-BYOL", "encoder_state_dict.", Spelling::Sequential)
        }
        .others(&[
            ("online_network_state_dict.projetion.net.0.weight", &[16, 10]),
            ("target_network_state_dict.projetion.net.0.weight", &[16, 10]),
        ]),
        Layout {
            copies: &["target_encoder.net."],
            also_complete: &["online_encoder.net."],
            ..Layout::own("byol-pytorch", "net.")
        }
        .others(&[
            ("net.fc.weight", &[7, 10]),
            ("net.fc.bias", &[7]),
            ("online_encoder.net.fc.weight", &[7, 10]),
            ("online_encoder.projector.0.weight", &[16, 10]),
            ("online_predictor.0.weight", &[16, 4]),
        ])
        .ignored(&["`fc` (2 tensors)"]),
        barlow_twins("Barlow Twins").others(&[
            ("model.module.projector.0.weight", &[16, 10]),
            ("model.module.projector.1.running_var", &[16]),
            ("model.module.bn.running_mean", &[16]),
        ]),
        barlow_twins("VICReg").others(&[
            ("model.module.projector.0.weight", &[16, 10]),
            ("model.module.projector.0.bias", &[16]),
        ]),
        Layout::own("SimCLR of sthalles", "state_dict.backbone.")
            .others(&[
                ("state_dict.backbone.fc.0.weight", &[10, 10]),
                ("state_dict.backbone.fc.2.weight", &[4, 10]),
            ])
            .ignored(&["`fc` (2 tensors)"]),
        Layout {
            copies: &["state_dict.momentum_backbone."],
            ..Layout::own("solo-learn", LIGHTNING)
        }
        .others(&[
            ("state_dict.classifier.weight", &[7, 10]),
            ("state_dict.projector.0.weight", &[16, 10]),
            ("state_dict.momentum_projector.0.weight", &[16, 10]),
        ]),
        Layout {
            copies: &["state_dict.backbone_momentum."],
            ..Layout::plain("lightly, of torchvision", LIGHTNING, Spelling::Sequential)
        }
        .others(&[("state_dict.projection_head.layers.0.weight", &[16, 10])]),
        Layout::plain("lightly, for CIFAR", LIGHTNING, Spelling::Consecutive)
            .others(&[("state_dict.projection_head.layers.0.weight", &[16, 10])]),
        Layout::plain("a Sequential alone", "", Spelling::Sequential)
            .others(&[("9.weight", &[7, 10]), ("9.bias", &[7])])
            .ignored(&["`9` (2 tensors)"]),
        Layout::own("VISSL", "classy_state_dict.base_model.model.trunk._feature_blocks.").others(
            &[(
                "classy_state_dict.base_model.model.heads.0.projection_head.clf.0.weight",
                &[16, 10],
            )],
        ),
        Layout {
            copies: &["state_dict.encoder_k.0."],
            ..Layout::own("MMSelfSup", "state_dict.encoder_q.0.")
        }
        .others(&[("state_dict.encoder_q.1.mlp.0.weight", &[16, 10])]),
    ];
    for prefix in [
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "state_dict.model._orig_mod.",
        "model._orig_mod.module.backbone.",
    ] {
        layouts.push(Layout::own("torch.compile", prefix));
    }
    layouts
}

/// Layouts of vision transformers with embedding dimension twelve.
pub fn transformer_layouts() -> Vec<Layout> {
    vec![
        Layout::own("timm", "")
            .others(&[("head.weight", &[7, 12]), ("head.bias", &[7])])
            .ignored(&["`head` (2 tensors)"]),
        dino("DINO, transformer"),
        moco_v3("MoCo v3, transformer")
            .others(&[
                ("state_dict.module.base_encoder.head.0.weight", &[16, 12]),
                ("state_dict.module.base_encoder.head.1.weight", &[16]),
                ("state_dict.module.base_encoder.head.3.weight", &[16, 16]),
                ("state_dict.module.base_encoder.head.6.weight", &[4, 16]),
                ("state_dict.module.base_encoder.head.7.running_mean", &[4]),
                ("state_dict.module.momentum_encoder.head.0.weight", &[16, 12]),
                ("state_dict.module.predictor.0.weight", &[16, 4]),
            ])
            .ignored(&["`head` (5 tensors)"]),
        Layout::own("MAE", "model.")
            .others(&[
                ("model.mask_token", &[1, 1, 8]),
                ("model.decoder_pos_embed", &[1, 17, 8]),
                ("model.decoder_blocks.0.norm1.weight", &[8]),
                ("model.decoder_blocks.0.norm1.bias", &[8]),
                ("model.decoder_norm.weight", &[8]),
            ])
            .ignored(&[
                "`decoder_blocks` (2 tensors)",
                "`decoder_norm.weight`",
                "`decoder_pos_embed`",
                "`mask_token`",
            ]),
        Layout::own("torch.compile", "module._orig_mod."),
    ]
}

const Q: &str = "state_dict.module.encoder_q.";
const LIGHTNING: &str = "state_dict.backbone.";

fn moco_v3(name: &'static str) -> Layout {
    let copies = &["state_dict.module.momentum_encoder."];
    Layout { copies, ..Layout::own(name, "state_dict.module.base_encoder.") }
}

fn dino(name: &'static str) -> Layout {
    let copies = &["student.module.backbone."];
    Layout { copies, ..Layout::own(name, "teacher.backbone.") }.others(&[
        ("student.module.head.mlp.0.weight", &[8, 12]),
        ("student.module.head.last_layer.weight_g", &[5, 1]),
        ("student.module.head.last_layer.weight_v", &[5, 8]),
        ("teacher.head.mlp.0.weight", &[8, 12]),
        ("teacher.head.last_layer.weight_v", &[5, 8]),
        ("dino_loss.center", &[1, 5]),
    ])
}

/// Barlow Twins and VICReg, which have the same names.
fn barlow_twins(name: &'static str) -> Layout {
    Layout::own(name, "model.module.backbone.")
}

fn swav(name: &'static str, prefix: &'static str) -> Layout {
    let others: &[(&'static str, &'static [usize])] = match prefix {
        "module." => &[
            ("module.projection_head.0.weight", &[16, 10]),
            ("module.projection_head.0.bias", &[16]),
            ("module.projection_head.1.weight", &[16]),
            ("module.projection_head.1.running_mean", &[16]),
            ("module.projection_head.1.num_batches_tracked", &[]),
            ("module.projection_head.3.weight", &[4, 16]),
            ("module.projection_head.3.bias", &[4]),
            ("module.prototypes.weight", &[30, 4]),
        ],
        _ => &[
            ("state_dict.module.projection_head.0.weight", &[16, 10]),
            ("state_dict.module.projection_head.3.weight", &[4, 16]),
            ("state_dict.module.prototypes.prototypes0.weight", &[30, 4]),
            ("state_dict.module.prototypes.prototypes1.weight", &[20, 4]),
        ],
    };
    let ignored: &[&'static str] = match prefix {
        "module." => &["`projection_head` (7 tensors)", "`prototypes.weight`"],
        _ => &["`projection_head` (2 tensors)", "`prototypes` (2 tensors)"],
    };
    Layout::own(name, prefix).others(others).ignored(ignored)
}
