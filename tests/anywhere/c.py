"""c.py LIBRARY ASKED ANSWERED: what the library for C answers, called from Python by include/lintas.h alone."""

import base64
import ctypes
import json
import sys

library, asked, answered = sys.argv[1:]
lintas = ctypes.CDLL(library)
text, scanner = ctypes.c_char_p, ctypes.c_void_p
taken = ctypes.POINTER(ctypes.c_char)
for name, result, arguments in [
    ("scanner_enrolled", scanner, [text, ctypes.POINTER(taken)]),
    ("scanner_remembering", scanner, [text, ctypes.POINTER(taken)]),
    ("scanner_free", None, [scanner]),
    ("scanner_memory", taken, [scanner]),
    ("scanner_load", taken, [scanner, text, ctypes.c_size_t]),
    ("scanner_install", taken, [scanner, text, ctypes.c_size_t, ctypes.c_int64]),
    ("scanner_whole", ctypes.POINTER(ctypes.c_uint8), [scanner, ctypes.POINTER(ctypes.c_size_t)]),
    ("scanner_status", taken, [scanner, ctypes.c_int64]),
    ("scanner_scan", taken, [scanner, text, ctypes.c_int64, text, text, text]),
    ("text_free", None, [taken]),
]:
    function = getattr(lintas, f"lintas_{name}")
    function.restype, function.argtypes = result, arguments


def read(pointer):
    """The text at `pointer`, which is freed; nothing for null."""
    if not pointer:
        return None
    read = ctypes.string_at(pointer).decode()
    lintas.lintas_text_free(pointer)
    return read


class Scanner:
    def __init__(self, make, given):
        why = taken()
        self.at = make(given.encode(), ctypes.byref(why))
        self.failure = read(why)

    def __del__(self):
        lintas.lintas_scanner_free(self.at)


def played(steps):
    one, kept = None, b""
    for step in steps:
        at = step.get("at", [None, 0])[1]
        match step["do"]:
            case "enrol":
                enrolled = Scanner(lintas.lintas_scanner_enrolled, step["root"])
                assert (enrolled.failure is None) == (enrolled.at is not None)
                one = enrolled if enrolled.at else one
                yield enrolled.at is not None
            case "install":
                data = base64.b64decode(step["bytes"])
                failure = read(lintas.lintas_scanner_install(one.at, data, len(data), at))
                if failure:
                    yield {"failed": json.loads(failure)}
                    continue
                length = ctypes.c_size_t()
                whole = lintas.lintas_scanner_whole(one.at, ctypes.byref(length))
                kept = ctypes.string_at(whole, length.value) if whole else kept
                yield length.value
            case "status":
                yield json.loads(read(lintas.lintas_scanner_status(one.at, at)))
            case "scan":
                mode = step["mode"] and step["mode"].encode()
                yield json.loads(read(lintas.lintas_scanner_scan(one.at, step["text"].encode(), at, mode, None, None)))
            case "restart":
                memory = read(lintas.lintas_scanner_memory(one.at))
                one = Scanner(lintas.lintas_scanner_remembering, memory)
                assert read(lintas.lintas_scanner_load(one.at, kept, len(kept))) is None
                yield memory


# What is not there is refused, and ends nothing.
for odd in (
    read(lintas.lintas_scanner_install(None, b"", 0, 0)),
    read(lintas.lintas_scanner_scan(None, b"", 0, None, None, None)),
    read(lintas.lintas_scanner_status(None, 0)),
):
    assert json.loads(odd)["code"] == "request_invalid", odd
assert lintas.lintas_scanner_enrolled(None, None) is None
assert not lintas.lintas_scanner_memory(None) and not lintas.lintas_scanner_whole(None, None)
lintas.lintas_scanner_free(None)
lintas.lintas_text_free(None)
some = Scanner(lintas.lintas_scanner_enrolled, "ab" * 32)
for failure in (lintas.lintas_scanner_install(some.at, None, 5, 0), lintas.lintas_scanner_load(some.at, None, 0)):
    assert json.loads(read(failure))["code"] == "request_invalid"
not_text = json.loads(read(lintas.lintas_scanner_scan(some.at, b"HC1:\xff\xfe", 0, None, None, None)))
assert (not_text["colour"], not_text["code"]) == ("yellow", "request_invalid"), not_text

with open(asked, encoding="utf-8") as file:
    steps = json.load(file)["steps"]
with open(answered, "w", encoding="utf-8") as file:
    json.dump({"steps": list(played(steps))}, file)
print(f"Python {sys.version.split()[0]}: {len(steps)} steps")
