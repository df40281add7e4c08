"""Writes the files of this directory: forms of data for which Go has no encoder.

Needs Python 3 with numpy and Pillow. The files are small and committed.
"""

import bz2
import io
import pickle
import sys
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

here = Path(__file__).parent


def ramp(rows):
    """Rows of 3,072 bytes that count up."""
    return (np.arange(rows * 3072) % 251).astype(np.uint8).reshape(rows, 3072)


def png(value):
    out = io.BytesIO()
    Image.new("L", (2, 2), value).save(out, "PNG")
    return out.getvalue()


# As CIFAR-10's batches are: Python 2's protocol 2, keys that are texts.
dump = lambda name, value, protocol: (here / name).write_bytes(pickle.dumps(value, protocol))
dump("data_batch_1", {"batch_label": "training batch 1 of 1", "labels": [1, 0], "data": ramp(2), "filenames": ["a.png", "b.png"]}, 2)
dump("batches.meta", {"num_cases_per_batch": 2, "label_names": ["cat", "dog"], "num_vis": 3072}, 2)
# As a program of today stores them again.
dump("cifar100_test", {"fine_labels": [1, 0], "coarse_labels": [0, 0], "data": ramp(2), "filenames": ["a.png", "b.png"]}, 4)
dump("cifar100_meta", {"fine_label_names": ["ant", "bee"], "coarse_label_names": ["insects"]}, 4)

Image.new("RGB", (2, 2), (200, 10, 20)).save(here / "red.webp", lossless=True)

out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
    for name, value in (("p/cat/1.png", 7), ("p/dog/1.png", 9)):
        data = png(value)
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
(here / "pets.tar.bz2").write_bytes(bz2.compress(out.getvalue()))

# A JPEG with many colours and chroma at half size, and Pillow's pixels of it.
rng = np.random.default_rng(1)
small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)).resize((61, 47), Image.BICUBIC)
small.save(here / "photo.jpg", quality=75)
small.save(here / "photo444.jpg", quality=95, subsampling=0)
for name in ("photo", "photo444"):
    Image.fromarray(np.asarray(Image.open(here / f"{name}.jpg"))).save(here / f"{name}-pillow.png")
print("Pillow", Image.__version__, "numpy", np.__version__, "Python", sys.version.split()[0])
