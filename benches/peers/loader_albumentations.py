#!/usr/bin/env python3
"""Times simplejpeg, albumentationsX and a DataLoader, for comparison with `sempairs bench loader`.

    pip install torch albumentationsx simplejpeg opencv-python-headless
    python loader_albumentations.py FOLDER --size 64 --workers 2 --batch 256 --batches 40

FOLDER contains one folder of JPEG files per class. A pair consists of SimCLR's views of two files,
as 32-bit floats in tensors of PyTorch. With one worker, all processes run on one core.

The work differs from SimCLR's in sempairs as follows:

- The second file of a pair is drawn from the whole folder, not from the class of the first.
- The crop is bilinear. Where it shrinks, it averages areas (OpenCV's INTER_AREA).
- All stages compute on bytes, the colour jitter with tables.

Prints one line of JSON with the keys of loader.py.
"""
import os
import random

# Keeps albumentationsX from asking for its newest version, and from sending usage statistics.
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
os.environ["ALBUMENTATIONS_NO_TELEMETRY"] = "1"

import albumentations as A
import cv2
import simplejpeg
import torch
from albumentations.pytorch import ToTensorV2

from timing import blur_kernel, flags, jpeg_files, pin, tell, time_dataloader


class Pairs(torch.utils.data.Dataset):
    """SimCLR's views of each file and of another one."""

    def __init__(self, files, size):
        kernel = blur_kernel(size)
        strength = (0.2, 1.8)
        self.files = files
        stages = [
            A.RandomResizedCrop(
                (size, size), interpolation=cv2.INTER_LINEAR, area_for_downscale="image"
            ),
            A.HorizontalFlip(p=0.5),
            A.ColorJitter(strength, strength, strength, (-0.2, 0.2), p=0.8),
            A.ToGray(p=0.2),
            A.GaussianBlur(blur_range=(kernel, kernel), sigma_range=(0.1, 2.0), p=0.5),
            A.ToFloat(max_value=255),
            ToTensorV2(),
        ]
        self.augment = A.Compose(stages, telemetry=False)

    def __len__(self):
        return len(self.files)

    def view(self, name):
        with open(name, "rb") as file:
            picture = simplejpeg.decode_jpeg(file.read(), "RGB")
        return self.augment(image=picture)["image"]

    def __getitem__(self, index):
        return self.view(self.files[index]), self.view(random.choice(self.files))


def main():
    args = flags(__doc__.splitlines()[0], workers="worker processes; 0 for none").parse_args()
    pin(args.workers)
    cv2.setNumThreads(0)
    found = time_dataloader(args, Pairs(jpeg_files(args.folder), args.size))
    peer = {"albumentationsX": A.__version__, "simplejpeg": simplejpeg.__version__}
    tell(args, {**peer, "OpenCV": cv2.__version__, "torch": torch.__version__}, found)


if __name__ == "__main__":
    main()
