"""Makes one set of 3x32x32 images in each form that backfire reads, to be measured.

    python scripts/databench/make_sets.py DIRECTORY [IMAGES]

Needs numpy, Pillow, pyarrow and zstandard. The images are smooth random colours in ten classes, 60,000
unless another number is given. Each form is a file or directory of DIRECTORY.
"""

import io
import pickle
import struct
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from PIL import Image

FORMATS = {"png": {}, "jpg": {"quality": 90}, "webp": {"lossless": True}, "bmp": {}, "gif": {}, "tiff": {}, "ppm": {}, "pgm": {}}


def encoded(pixels, ending):
    out = io.BytesIO()
    picture = Image.fromarray(pixels)
    if ending == "pgm":
        picture = picture.convert("L")
    picture.save(out, {"jpg": "JPEG", "pgm": "PPM"}.get(ending, ending.upper()), **FORMATS[ending])
    return out.getvalue()


def main(root, n):
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    images = np.repeat(np.repeat(coarse, 8, 1), 8, 2)
    images = ((images.astype(np.uint16) * 7 + rng.integers(0, 256, images.shape, dtype=np.uint8)) // 8).astype(np.uint8)
    labels = np.arange(n) % 10
    pngs = [encoded(image, "png") for image in images]
    for ending in FORMATS:
        some = range(n) if ending == "png" else range(min(n, 10_000))
        for i in some:
            path = root / f"{ending}-folder" / f"c{labels[i]}" / f"{i:05}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(pngs[i] if ending == "png" else encoded(images[i], ending))
    for name, mode in (("tar", "w"), ("tar.gz", "w:gz"), ("tar.xz", "w:xz"), ("tar.bz2", "w:bz2")):
        with tarfile.open(root / f"png.{name}", mode) as archive:
            for i, data in enumerate(pngs):
                info = tarfile.TarInfo(f"c{labels[i]}/{i:05}.png")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    (root / "png.tar.zst").write_bytes(zstandard.compress((root / "png.tar").read_bytes()))
    with zipfile.ZipFile(root / "png.zip", "w") as archive:
        for i, data in enumerate(pngs):
            archive.writestr(f"c{labels[i]}/{i:05}.png", data)
    np.savez_compressed(root / "compressed.npz", images=images, labels=labels)
    np.savez(root / "plain.npz", images=images, labels=labels)
    column = pa.array([{"bytes": data, "path": None} for data in pngs], pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    (root / "parquet").mkdir(exist_ok=True)
    pq.write_table(pa.table({"image": column, "label": pa.array(labels)}), root / "parquet" / "train-00000-of-00001.parquet")
    planes = images.transpose(0, 3, 1, 2).reshape(n, -1)
    for folder in ("cifar-10-batches-bin", "cifar-10-batches-py", "cifar-100-binary", "cifar-100-python", "stl10_binary", "idx"):
        (root / folder).mkdir(exist_ok=True)
    for batch in range(5):
        part = slice(batch * n // 5, (batch + 1) * n // 5)
        content = {"labels": labels[part].tolist(), "data": planes[part]}
        (root / "cifar-10-batches-py" / f"data_batch_{batch + 1}").write_bytes(pickle.dumps(content, 2))
        records = np.concatenate([labels[part, None].astype(np.uint8), planes[part]], 1)
        (root / "cifar-10-batches-bin" / f"data_batch_{batch + 1}.bin").write_bytes(records.tobytes())
    (root / "cifar-10-batches-bin" / "test_batch.bin").write_bytes(records.tobytes())
    few = min(n, 50_000)
    records = np.concatenate([np.zeros((few, 1), np.uint8), labels[:few, None].astype(np.uint8), planes[:few]], 1)
    (root / "cifar-100-binary" / "train.bin").write_bytes(records.tobytes())
    names = [f"c{label}" for label in range(10)]
    content = {"fine_labels": labels[:few].tolist(), "coarse_labels": [0] * few, "data": planes[:few]}
    (root / "cifar-100-python" / "train").write_bytes(pickle.dumps(content, 2))
    (root / "cifar-100-python" / "meta").write_bytes(pickle.dumps({"fine_label_names": names}, 2))
    some = min(n, 5_000)
    large = np.repeat(np.repeat(images[:some], 3, 1), 3, 2).transpose(0, 3, 2, 1)  # column by column
    (root / "stl10_binary" / "train_X.bin").write_bytes(large.tobytes())
    (root / "stl10_binary" / "train_y.bin").write_bytes((labels[:some] + 1).astype(np.uint8).tobytes())
    (root / "stl10_binary" / "class_names.txt").write_text("\n".join(names) + "\n")
    head = lambda *shape: struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
    (root / "idx" / "mine-train-images-idx3-ubyte").write_bytes(head(n, 32, 32) + images[..., 0].tobytes())
    (root / "idx" / "mine-train-labels-idx1-ubyte").write_bytes(head(n) + labels.astype(np.uint8).tobytes())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60_000)
