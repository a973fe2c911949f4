#!/usr/bin/env python3
"""Writes compare-ref.h: results of scipy and statsmodels, and Smyth's prior
computed with scipy's special functions."""
import numpy as np
from scipy import optimize, special, stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(7)
print("/* Written by compare.py. */")


def array(name, values):
    print("static const double %s[] = {" % name)
    for v in values:
        print("\t%r," % float(v))
    print("};")


def rows(name, fields, values):
    print("static const struct {\n\tdouble %s;\n} %s[] = {" % (fields, name))
    for row in values:
        print("\t{ " + ", ".join("%r" % float(v) for v in row) + " },")
    print("};")


rows("t_cdf", "t, df, p", [(t, df, stats.t.cdf(t, df))
     for df in (1, 2, 3.7, 8, 30, 224, 5000)
     for t in (-40, -6, -2.5, -1, -0.1, 0, 0.3, 2, 12)])
rows("t_quantile", "p, df, t", [(p, df, stats.t.ppf(p, df))
     for df in (1, 2, 3.7, 8, 30, 224, 5000) for p in (1e-6, 0.0125, 0.025, 0.3, 0.8, 0.975)])
x = rng.normal(0, 0.01, 5)
y = rng.normal(0.02, 0.03, 7)
array("ref_x", x)
array("ref_y", y)
w = stats.ttest_ind(y, x, equal_var=False)
ci = w.confidence_interval(0.95)
array("ref_welch", [w.pvalue, w.df, ci.low, ci.high])
e = stats.ttest_ind(y, x)
ci = e.confidence_interval(0.95)
array("ref_pooled", [e.pvalue, e.df, ci.low, ci.high])
array("ref_shift", [np.median([b - a for a in x for b in y])])
p = np.array([0.001, 0.2, 0.04, 0.9, 0.012, 0.04, 0.5, 0.0004])
array("ref_p", p)
array("ref_holm", multipletests(p, method="holm")[1])
array("ref_bh", multipletests(p, method="fdr_bh")[1])

# Smyth 2004, section 6.2.
df = np.array([8, 8, 6, 8, 4, 8, 8, 3, 8, 8, 8, 8.0])
s2 = 1e-4 * 5 / rng.chisquare(5, 12) * rng.chisquare(df) / df
array("ref_df", df)
array("ref_s2", s2)
e = np.log(s2) - special.digamma(df / 2) + np.log(df / 2)
more = np.var(e, ddof=1) - np.mean(special.polygamma(1, df / 2))
assert more > 0
h = optimize.brentq(lambda h: special.polygamma(1, h) - more, 1e-3, 1e6, xtol=1e-14)
array("ref_prior", [np.exp(e.mean() + special.digamma(h) - np.log(h)), 2 * h])
