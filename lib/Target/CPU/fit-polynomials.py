#!/usr/bin/env python3
"""Prints the coefficients of MathApproximation.cpp.

Each is the minimax polynomial of a function on an interval under a weight (what
the value is finally multiplied with, so that the relative error of the result is
level), found by Remez exchange in extended precision. Needs mpmath."""
import mpmath as mp

mp.mp.dps = 40


def remez(name, f, weight, lo, hi, degree):
    n = degree + 2
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]
    grid = [lo + (hi - lo) * (mp.mpf(i) + mp.mpf("0.5")) / 4000 for i in range(4000)]
    fs = [(x, f(x), weight(x)) for x in grid]
    for _ in range(30):
        a = mp.matrix(n, n)
        b = mp.matrix(n, 1)
        for i, x in enumerate(xs):
            for k in range(degree + 1):
                a[i, k] = x**k
            a[i, degree + 1] = (-1) ** i / weight(x)
            b[i] = f(x)
        c = list(mp.lu_solve(a, b))[: degree + 1]
        # The extremum of each run of equal sign of the error is a new node.
        errors = [(x, (v - mp.polyval(c[::-1], x)) * w) for x, v, w in fs]
        runs = []
        for x, e in errors:
            if not runs or (runs[-1][1] > 0) != (e > 0):
                runs.append((x, e))
            elif abs(e) > abs(runs[-1][1]):
                runs[-1] = (x, e)
        if len(runs) < n:
            break
        while len(runs) > n:
            runs.pop(0 if abs(runs[0][1]) < abs(runs[-1][1]) else -1)
        moved = max(abs(x - y[0]) for x, y in zip(xs, runs))
        xs = [x for x, _ in runs]
        if moved < 1e-6:
            break
    worst = max(abs(e) for _, e in errors)
    print(f"{name}: error {mp.nstr(worst, 3)}")
    print("  {" + ", ".join(mp.nstr(v, 10) + "f" for v in c) + "}")


one = mp.mpf(1)
zero = mp.mpf("1e-12")  # where a quotient has a removable pole
ln2 = mp.log(2)
quarter = mp.pi / 4 * mp.mpf("1.001")


def erf_over_x(s):
    return mp.erf(mp.sqrt(s)) / mp.sqrt(s)


# exp(r) = 1 + r + r^2 q(r)
remez(
    "exp",
    lambda r: (mp.expm1(r) - r) / r**2,
    lambda r: max(abs(r), mp.mpf("1e-3")),
    -ln2 / 2 * mp.mpf("1.01"),
    ln2 / 2 * mp.mpf("1.01"),
    4,
)
# log(1 + f) = f - f^2/2 + f^3 q(f)
remez(
    "log",
    lambda f: (mp.log1p(f) - f + f * f / 2) / f**3,
    lambda f: f * f,
    mp.sqrt(one / 2) - 1,
    mp.sqrt(2) - 1,
    8,
)
# erf(x) = x + x q(x^2) for |x| < 1
remez("erf small", lambda s: erf_over_x(s) - 1, lambda s: 1 / erf_over_x(s), zero, one, 6)
# erf(x) = 1 - exp(-q(x)) for x in [1, 4)
remez(
    "erf large",
    lambda x: -mp.log(mp.erfc(x)),
    mp.erfc,
    mp.mpf("0.98"),
    mp.mpf("3.95"),
    7,
)
# sin(r) = r + r^3 q(r^2), cos(r) = 1 - r^2/2 + r^4 q(r^2)
remez(
    "sin",
    lambda s: (mp.sin(mp.sqrt(s)) / mp.sqrt(s) - 1) / s,
    lambda s: s,
    zero,
    quarter**2,
    3,
)
remez(
    "cos",
    lambda s: (mp.cos(mp.sqrt(s)) - 1 + s / 2) / s**2,
    lambda s: s * s,
    mp.mpf("1e-6"),
    quarter**2,
    2,
)
