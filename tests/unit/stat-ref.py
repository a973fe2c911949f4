#!/usr/bin/env python3
"""Writes stat-ref.h: what numpy and scipy say of the samples that
stat_describe.c makes for itself with the same generator."""
import math
import numpy as np
from scipy import stats

M = (1 << 64) - 1
G = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M
    return z ^ z >> 31


def word(key, k):
    return mix((key + (k + 1) * G) & M)


def samples(kind, n):
    """0: noise; 1: dependent; 2: drifting; 3: few values; 4: outliers"""
    out, walk = [], 0
    for k in range(n):
        r = word(kind * 1000 + n, k) % 100000
        walk = (walk * 7 + r) // 8
        v = 1000000 + [r, walk, r + 1000 * k, r % 3, r][kind]
        if kind == 4 and r % 17 == 0:
            v *= 2 if r % 2 else 3
        out.append(v)
    return out


def tau(v):
    s = np.sign(np.array(v) - np.median(v))
    n = len(v)
    c = [float(np.sum(s[:n - k] * s[k:])) for k in range(n)]
    if c[0] == 0:
        return math.nan, float(n)
    total = 0
    for k in range(0, n - 1, 2):
        pair = c[k] + c[k + 1]
        if pair <= 0:
            break
        total += pair / c[0]
    t = 2 * total - 1
    return (c[1] / c[0] if n > 1 else 0.0), min(n, n / t) if t > 0 else n


def rank(m):
    if m < 6:
        return 0
    r = 0
    while stats.binom.cdf(r, m, 0.5) <= 0.025:
        r += 1
    return r


def interval(v, ess):
    k, m = len(v), int(ess)
    r = rank(m)
    if m < k:
        r = (k + 1) * r // (m + 1)
    s = sorted(v)
    return (s[r - 1], s[k - r]) if r else (0, 0)


def drift(v):
    n = len(v)
    b = min(n // 4, 8)
    cuts = [i * n // b for i in range(b + 1)]
    z = [np.median(v[cuts[i]:cuts[i + 1]]) for i in range(b)]
    x = [(cuts[i] + cuts[i + 1] - 1) / 2 for i in range(b)]
    return stats.theilslopes(z, x)[0] * (n - 1) / np.median(v) * 100


def tukey(v):
    q1, q3 = np.percentile(v, [25, 75])
    w = q3 - q1
    a = np.array(v)
    return (int(np.sum(a < q1 - 3 * w)),
            int(np.sum((a < q1 - 1.5 * w) & (a >= q1 - 3 * w))),
            int(np.sum((a > q3 + 1.5 * w) & (a <= q3 + 3 * w))),
            int(np.sum(a > q3 + 3 * w)))


def row(kind, n):
    v = samples(kind, n)
    # numpy's inverted_cdf takes one rank too many where 0.999 n is whole.
    near = [sorted(v)[-(-n * p // 1000) - 1]
            for p in (250, 500, 750, 900, 950, 990, 999)]
    lin = np.percentile(v, [25, 50, 75, 90, 95, 99, 99.9])
    rho, ess = tau(v)
    lo, hi = interval(v, ess)
    num = lambda x: '(double)NAN' if math.isnan(x) else repr(float(x))
    return '{%d, %d, %s, %s, %s, %s, {%s}, {%s}, %s, %s, %d, %d, %s, {%s}},' % (
        kind, n, num(np.mean(v)), num(np.std(v, ddof=1) if n > 1 else math.nan),
        num(np.median(v)), num(stats.median_abs_deviation(v)),
        ', '.join(num(x) for x in near), ', '.join(num(x) for x in lin),
        num(rho), num(ess), lo, hi, num(drift(v) if n >= 20 else math.nan),
        ', '.join(map(str, tukey(v))))


print('''/*
 * What numpy and scipy say of the samples of stat_describe.c: a row for each
 * kind and number of them. Made by stat-ref.py.
 */''')
print('/* clang-format off */')
for kind in range(5):
    for n in (1, 2, 5, 7, 20, 37, 80, 101, 400, 4000):
        print(row(kind, n))
print('/* Exact ranks of the interval of the median, for 0, 1, 2 … samples. */')
print('#define RANKS ' + ', '.join(str(rank(m)) for m in range(400)))
