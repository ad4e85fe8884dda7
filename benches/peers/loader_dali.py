#!/usr/bin/env python3
"""Times DALI's pipelines on the CPU, for comparison with `sempairs bench loader`.

    pip install torch nvidia-dali-cuda120        # needs no GPU
    python loader_dali.py FOLDER --size 64 --workers 2 --batch 256 --batches 40

FOLDER contains one folder of JPEG files per class. A pair consists of SimCLR's views of two files,
as 32-bit floats in tensors of PyTorch. `--workers` is the number of DALI's threads. With one, the
process runs on one core.

The work differs from SimCLR's in sempairs as follows:

- The two files of a pair are drawn from the whole folder, not from one class.
- The crop is bilinear with antialiasing. Only the rectangle of the crop is decoded.
- The colour jitter is one pass in one order: hue, saturation, contrast, brightness. Its hue is a
  rotation of the colours instead of a shift in HSV, and its contrast is about mid-grey instead of
  the mean of the picture.
- Greyscale is a saturation of zero within the jitter, so it does not come after it.
- The flip is last. All other stages store bytes.

Prints one line of JSON with the keys of loader.py. The batches that DALI prepared in advance are
not timed.
"""
from nvidia import dali
from nvidia.dali import fn, pipeline_def, types
from nvidia.dali.plugin.pytorch import DALIGenericIterator

from timing import blur_kernel, flags, jpeg_files, pin, tell, time_batches

AHEAD = 2  # batches that the pipeline prepares in advance


def chance(probability):
    return fn.random.coin_flip(probability=probability, dtype=types.BOOL)


def uniform(low, high):
    return fn.random.uniform(range=[low, high])


@pipeline_def(enable_conditionals=True, device_id=None, prefetch_queue_depth=AHEAD)
def pairs(files, size):
    """SimCLR's views of two files, each drawn for itself."""

    def view(name):
        encoded, _ = fn.readers.file(files=files, random_shuffle=True, name=name)
        picture = fn.decoders.image_random_crop(
            encoded, device="cpu", random_area=[0.08, 1.0], random_aspect_ratio=[3 / 4, 4 / 3]
        )
        linear = types.INTERP_LINEAR
        picture = fn.resize(picture, size=[size, size], interp_type=linear, antialias=True)
        coloured = 1 - fn.random.coin_flip(probability=0.2)
        if chance(0.8):
            picture = fn.color_twist(
                picture,
                brightness=uniform(0.2, 1.8),
                contrast=uniform(0.2, 1.8),
                saturation=uniform(0.2, 1.8) * coloured,
                hue=uniform(-72.0, 72.0),  # degrees: a fifth of the circle
            )
        else:
            picture = fn.saturation(picture, saturation=fn.cast(coloured, dtype=types.FLOAT))
        if chance(0.5):
            sigma = uniform(0.1, 2.0)
            picture = fn.gaussian_blur(picture, window_size=blur_kernel(size), sigma=sigma)
        # The default layout of the result is CHW, its type a 32-bit float.
        mirror = fn.random.coin_flip()
        return fn.crop_mirror_normalize(picture, mirror=mirror, mean=[0.0] * 3, std=[255.0] * 3)

    return view("left"), view("right")


def main():
    args = flags(__doc__.splitlines()[0], workers="threads of DALI", fewest=1).parse_args()
    pin(args.workers)
    files = jpeg_files(args.folder)
    pipeline = pairs(files, args.size, batch_size=args.batch, num_threads=args.workers)
    batches = DALIGenericIterator([pipeline], ["left", "right"])
    for _ in range(1 + AHEAD):
        next(batches)
    tell(args, {"DALI": dali.__version__}, time_batches(args, batches))


if __name__ == "__main__":
    main()
