"""The files of this folder, as PyTorch writes them: a ResNet-10 of 4, 6, 8 and 10 channels behind a
3x3 stem, after a step of SGD with momentum; and a checkpoint laid out as DINO's, of a transformer of one block.

    pip install torch torchvision safetensors
    python make.py
"""
from argparse import Namespace

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models.resnet import BasicBlock


def block(before, after, stride):
    shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
    return nn.Sequential(BasicBlock(before, after, stride, None if before == after else shortcut))


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        self.layer1, self.layer2 = block(4, 4, 1), block(4, 6, 2)
        self.layer3, self.layer4 = block(6, 8, 2), block(8, 10, 2)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


torch.manual_seed(0)
network = Backbone()
optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9)
network(torch.randn(4, 3, 16, 16)).square().sum().backward()
optimizer.step()
weights = network.state_dict()
save_file(weights, "expected.safetensors")
torch.save(weights, "state_dict.pth")
torch.save(weights, "legacy.pth", _use_new_zipfile_serialization=False)
wrapped = {f"module.encoder_q.{name}": value for name, value in weights.items()}
wrapped |= {f"module.encoder_k.{name}": value + 1 for name, value in weights.items()}
checkpoint = {"epoch": 1, "arch": "resnet10", "state_dict": wrapped, "optimizer": optimizer.state_dict()}
torch.save(checkpoint, "checkpoint.pth")
torch.save(network.to(memory_format=torch.channels_last).state_dict(), "channels_last.pth")

# What DINO's `main_dino.py` saves: a student within DistributedDataParallel, a teacher without, heads beside the backbones, and
# the arguments of the call, which are no tensors.
SHAPES = {
    "cls_token": (1, 1, 12), "pos_embed": (1, 17, 12), "patch_embed.proj.weight": (12, 3, 4, 4), "patch_embed.proj.bias": (12,),
    "blocks.0.norm1.weight": (12,), "blocks.0.norm1.bias": (12,), "blocks.0.attn.qkv.weight": (36, 12),
    "blocks.0.attn.qkv.bias": (36,), "blocks.0.attn.proj.weight": (12, 12), "blocks.0.attn.proj.bias": (12,),
    "blocks.0.norm2.weight": (12,), "blocks.0.norm2.bias": (12,), "blocks.0.mlp.fc1.weight": (48, 12),
    "blocks.0.mlp.fc1.bias": (48,), "blocks.0.mlp.fc2.weight": (12, 48), "blocks.0.mlp.fc2.bias": (12,), "norm.weight": (12,),
    "norm.bias": (12,),
}
HEAD = {"mlp.0.weight": (8, 12), "mlp.0.bias": (8,), "last_layer.weight_g": (5, 1), "last_layer.weight_v": (5, 8)}
random = lambda shapes, prefix: {prefix + name: torch.randn(shape) for name, shape in shapes.items()}
teacher = random(SHAPES, "backbone.") | random(HEAD, "head.")
student = random(SHAPES, "module.backbone.") | random(HEAD, "module.head.")
parameter = nn.Parameter(student["module.backbone.norm.bias"])
parameter.grad = torch.ones(12)
optimizer = torch.optim.AdamW([parameter])
optimizer.step()
torch.save(
    {
        "student": student, "teacher": teacher, "optimizer": optimizer.state_dict(), "epoch": 3,
        "args": Namespace(arch="vit_small", patch_size=8, out_dim=5, norm_last_layer=False),
        "dino_loss": {"center": torch.zeros(1, 5)}, "fp16_scaler": {"scale": 65536.0},
    },
    "dino.pth",
)
unwrapped = {name.removeprefix("backbone."): value for name, value in teacher.items() if name.startswith("backbone.")}
save_file(unwrapped, "dino_expected.safetensors")
