"""Runs a training step repeatedly, each from the variables of the one before.

  follow.py STEP.mlir DATA.npz STEPS
"""

import re
import subprocess
import sys
import zipfile


def step(program, data, out):
    subprocess.run(["dsc-interpret", program, "--data", data, "-o", out], check=True)
    show = [sys.executable, __file__.replace("docs/follow.py", "npz.py"), "show", out]
    text = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"^loss_sum f4 \(\) (\S+)", text, re.MULTILINE).group(1))


def hand_back(data, out, following):
    """The inputs of `data` and the variables of `out` under their own names."""
    with zipfile.ZipFile(following, "w") as archive:
        for source, prefix in ((data, ""), (out, "variable.")):
            with zipfile.ZipFile(source) as arrays:
                for name in arrays.namelist():
                    if name.startswith(prefix):
                        archive.writestr(name.removeprefix(prefix), arrays.read(name))


def main(program, data, steps):
    out, following = data + ".out.npz", data + ".next.npz"
    losses = [step(program, data, out)]
    for _ in range(int(steps)):
        hand_back(data, out, following)
        losses.append(step(program, following, out))
    print(*(f"{loss:.4f}" for loss in losses))
    print("the loss fell" if losses[-1] < 0.8 * losses[0] else "the loss did not fall")


if __name__ == "__main__":
    main(*sys.argv[1:])
