#!/usr/bin/env python3
"""What fm-process does with REP and RES lines of embed/tf, in the Python that
one would write for it: standard library, one pass, no tricks either way. For
each point one line with its statistics, the same text that fm-process prints.

    records.py LOG >stats.jsonl
"""
import json
import statistics
import sys
from bisect import bisect_left, bisect_right
from math import floor, sqrt

NEEDS = {250: 13, 500: 6, 750: 13, 900: 36, 950: 72, 990: 368, 999: 3688}
NAMES = {250: 'p25', 500: 'p50', 750: 'p75', 900: 'p90', 950: 'p95',
         990: 'p99', 999: 'p999'}


def type7(x, p):
    h = (len(x) - 1) * p / 1000
    i = int(h)
    return x[-1] if i + 1 >= len(x) else x[i] + (h - i) * (x[i + 1] - x[i])


def effective(v, median):
    """Geyer's sum over the signs of the distances from the median."""
    s = [(t > median) - (t < median) for t in v]
    n = len(s)

    def lagged(k):
        return sum(a * b for a, b in zip(s, s[k:]))

    c0 = lagged(0)
    if not c0:
        return None, n
    total = 0
    for k in range(0, n - 1, 2):
        pair = lagged(k) + lagged(k + 1)
        if pair <= 0:
            break
        total += pair / c0
    total = 2 * total - 1
    return lagged(1) / c0, n / total if total > 1 else n


def rank(m):
    """The largest r with P(Binomial(m, 1/2) < r) <= 0.025, as is known from
    the normal approximation."""
    return int(m / 2 + .5 - 1.959963984540054 / 2 * sqrt(m - .47)) if m > 5 \
        else 0


def interval(x, ess):
    n, m = len(x), int(ess)
    r = rank(m)
    if m < n:
        r = (n + 1) * r // (m + 1)
    return (x[r - 1], x[n - r]) if r else None


def drift(v, ess, median):
    """Theil and Sen over the medians of batches, in percent."""
    n = len(v)
    b = min(n // 4, 8)
    if n < 20:
        return None
    cut = [i * n // b for i in range(b + 1)]
    z = [statistics.median(v[cut[i]:cut[i + 1]]) for i in range(b)]
    at = [(cut[i] + cut[i + 1] - 1) / 2 for i in range(b)]
    slopes = sorted((z[j] - z[i]) / (at[j] - at[i])
                    for i in range(b) for j in range(i + 1, b))
    k = len(slopes)
    half = 1.959963984540054 / 2 * sqrt(
        b * (b - 1) * (2 * b + 5) / 18 * max(b / ess, 1))
    lo = int(k / 2 - half) if half < k / 2 else 0
    scale = (n - 1) * 100 / median
    return [statistics.median(slopes) * scale, slopes[lo] * scale,
            slopes[k - 1 - lo] * scale]


def seconds(ns, decimals=9):
    """At least nine decimals; zeros beyond them are cut. Halves go up, which
    with binary numbers they do not by themselves."""
    scale = 10 ** (decimals - 9)
    whole, part = divmod(floor(ns * scale + .5), scale * 10 ** 9)
    text = '%d.%0*d' % (whole, decimals, part)
    while len(text) - text.index('.') > 10 and text[-1] == '0':
        text = text[:-1]
    return text


def number(v, decimals):
    if v is None:
        return 'null'
    scale = 10 ** decimals
    text = '%.*f' % (decimals, floor(abs(v) * scale + .5) / scale)
    if v < 0 and text.strip('0.'):
        text = '-' + text
    while text[-1] == '0' and text[-2] != '.':
        text = text[:-1]
    return text


def describe(samples):
    n = len(samples)
    dropped = max(n // 5, 1) if n > 1 else 0
    v = samples[dropped:]
    x = sorted(v)
    k = len(x)
    median = statistics.median(x)
    mean = sum(x) / k
    sd = sqrt(sum((t - mean) ** 2 for t in x) / (k - 1)) if k > 1 else None
    mad = statistics.median(abs(t - median) for t in x)
    q1, q3 = type7(x, 250), type7(x, 750)
    w = q3 - q1
    low, low3 = bisect_left(x, q1 - 1.5 * w), bisect_left(x, q1 - 3 * w)
    high, high3 = bisect_right(x, q3 + 1.5 * w), bisect_right(x, q3 + 3 * w)
    rho1, ess = effective(v, median)
    ci = interval(x, ess)
    change = drift(v, ess, median)
    steady = 'null'
    if change:
        steady = json.dumps(not (abs(change[0]) > 1 and
                                 (change[1] > 0 or change[2] < 0)))
    out = ['"n":%d' % n, '"dropped":%d' % dropped, '"rule":"fmwork"',
           '"first":' + seconds(samples[0]), '"mean":' + seconds(mean, 10),
           '"sd":' + (seconds(sd, 10) if sd is not None else 'null'),
           '"median":' + seconds(median, 10), '"mad":' + seconds(mad, 11),
           '"min":' + seconds(x[0]), '"max":' + seconds(x[-1])]
    for p, name in NAMES.items():
        out.append('"%s":%s' % (name, seconds(x[-(-k * p // 1000) - 1])
                                if k >= NEEDS[p] else 'null'))
    out.append('"ci95":' + ('[%s,%s]' % (seconds(ci[0]), seconds(ci[1]))
                            if ci else 'null'))
    out.append('"rho1":' + number(rho1, 3))
    out.append('"ess":' + number(ess, 1))
    out.append('"drift":' + ('{"percent":%s,"lo":%s,"hi":%s}' % tuple(
        number(t, 3) for t in change) if change else 'null'))
    out.append('"steady":' + steady)
    out.append('"outliers":{"low_severe":%d,"low_mild":%d,"high_mild":%d,'
               '"high_severe":%d}' % (low3, low - low3, high3 - high,
                                      k - high3))
    return '{%s}' % ','.join(out)


def main():
    samples, opts, setup = [], [], None
    with open(sys.argv[1]) as log:
        for line in log:
            if line.startswith('FMWORK REP '):
                whole, part = line.rsplit(' ', 1)[1].rstrip().split('.')
                samples.append(int(whole + part))
            elif line.startswith('FMWORK RES '):
                t0, t1, model, cls, size, batch, lat, thp = line.split()[2:]
                print('{"timestamp":"%s","engine":"fmwork/embed/tf",'
                      '"model":"%s","model_class":"%s","input":%s,"batch":%s,'
                      '"opts":%s,"setup":%s,"itl":%s,"thp":%s,'
                      '"time_end":"%s","stats":%s}'
                      % (t0, model, cls, size, batch, json.dumps(opts), setup,
                         lat, thp, t1, describe(samples)))
                samples = []
            elif line.startswith('FMWORK ARG '):
                opts.append(line[11:].rstrip('\n'))
            elif line.startswith('FMWORK SETUP '):
                setup = line[13:].rstrip()


main()
