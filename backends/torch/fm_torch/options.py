"""The backend's options: the table, and values as they come from a command
line (text) or from `@` values (JSON)."""
from .errors import Refused

TABLE = (
    # name, type, default as text ("" = none), help
    ("python", "str", "", "Python to run in, instead of $FM_PYTHON or "
     "python3"),
    ("threads", "int", "0", "threads inside one operator, 0 = PyTorch "
     "decides"),
    ("events", "bool", "false", "time each repetition by the device's events "
     "as well"),
    ("time_transfers", "bool", "false", "copy inputs to the device and the "
     "first output back inside the timed region"),
    ("report", "none|upmem", "none", "a summary after a profile, in the form "
     "of UPMEM's framework"),
)

TRUE = ("true", "1", "yes", "on")
FALSE = ("false", "0", "no", "off")


def wrong(name, want, got):
    return Refused("usage", "option '%s' must be %s, got '%s'"
                   % (name, want, got))


def read_int(name, value):
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if isinstance(value, bool) or number < 0:
        raise wrong(name, "a whole number from 0 up", value)
    return number


def read_bool(name, value):
    word = str(value).lower()
    if word not in TRUE + FALSE:
        raise wrong(name, "true or false", value)
    return word in TRUE


def read_str(name, value):
    if not isinstance(value, str):
        raise wrong(name, "text", value)
    return value


def read_report(name, value):
    if value not in ("none", "upmem"):
        raise wrong(name, "none or upmem", value)
    return value


READ = {"int": read_int, "bool": read_bool, "str": read_str,
        "none|upmem": read_report}


def read(given):
    """Checked values with defaults; options without either are absent."""
    known = {name: kind for name, kind, _, _ in TABLE}
    for name in given:
        if name not in known:
            raise Refused("usage", "backend torch has no option '%s'; it "
                          "has: %s" % (name, ", ".join(known)))
    values = {}
    for name, kind, default, _ in TABLE:
        value = given.get(name, default)
        if name in given or default:
            values[name] = READ[kind](name, value)
    return values
