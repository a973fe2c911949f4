fmwork.py -m /m/granite/base -r 2
