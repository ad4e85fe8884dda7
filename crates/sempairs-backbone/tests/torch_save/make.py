"""The files of this folder, as PyTorch writes them: a ResNet-10 of 4, 6, 8 and 10 channels behind a
3x3 stem, after a step of SGD with momentum.

    pip install torch torchvision safetensors
    python make.py
"""
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
