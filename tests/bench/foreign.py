"""Files in the formats of other tools, generated: the same calls in each, as far as the format can say them.

`live` objects are allocated first; then an object chosen at random is freed and another allocated in its place, so that the
table of addresses is as large as said and is met at random. Addresses are those of slots of 4 KiB, or random.
"""

import random

SLOT_BYTES = 4096
BASE = 0x7F1200000000
SIZES = 4096  # different draws of a size


def calls(count, live, is_random=False):
    """`count` calls: (number of the object, its address, its size), the size of a free being None."""
    draw = random.Random(4)
    sizes = [16 + draw.randrange(497) for _ in range(SIZES)]

    def address(slot):
        return draw.getrandbits(43) << 4 if is_random else BASE + slot * SLOT_BYTES

    held = [(number, address(number)) for number in range(min(live, count))]
    made = [(number, place, sizes[number % SIZES]) for number, place in held]
    for number in range(len(held), len(held) + (count - len(held)) // 2):
        slot = int(draw.random() * live)
        made.append((*held[slot], None))
        held[slot] = (number, address(slot))
        made.append((*held[slot], sizes[number % SIZES]))
    return made


def text(alloc, free, head=lambda made: ""):
    """Who writes calls as lines; `alloc` makes one of number, address and size, `free` of number and address."""
    def write(path, made):
        with open(path, "w", encoding="ascii") as file:
            file.write(head(made))
            file.writelines(alloc(n, a, s) if s is not None else free(n, a) for n, a, s in made)
    return write


def timed(line):
    """The same with ltrace's -tt in front: a time that goes on by a microsecond from object to object."""
    return lambda n, a, s=None: "7421 12:00:%02d.%06d %s" % (n // 10**6 % 60, n % 10**6, line(n, a, s))


def ltrace_line(n, a, s=None):
    return "app->free(0x%x) = <void>\n" % a if s is None else "app->malloc(%d) = 0x%x\n" % (s, a)


def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(number, content):
    """A field of protocol buffers that is bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def protobuf_line(n, s):
    number = varint(n + 1)
    call = message(2, b"\x08" + number) if s is None else message(1, b"\x08" + number + b"\x10" + varint(s))
    return message(1, call)


def malloc_bench(path, made):
    with open(path, "wb") as file:
        file.writelines(protobuf_line(n, s) for n, _, s in made)


WRITERS = {
    "android": text(lambda n, a, s: "7421: malloc 0x%x %d\n" % (a, s), lambda n, a: "7421: free 0x%x\n" % a),
    "mtrace": text(lambda n, a, s: "@ ./app:[0x55d0c1a211f0] + 0x%x 0x%x\n" % (a, s),
                   lambda n, a: "@ ./app:[0x55d0c1a21211] - 0x%x\n" % a, lambda made: "= Start\n"),
    "malloc-bench": malloc_bench,
    "rep": text(lambda n, a, s: "a %d %d\n" % (n, s), lambda n, a: "f %d\n" % n,
                lambda made: "1000000\n%d\n%d\n1\n" % (sum(s is not None for _, _, s in made), len(made))),
    "wee-alloc": text(lambda n, a, s: "Alloc(%d),\n" % s, lambda n, a: "Free(%d),\n" % n),
    "valgrind": text(lambda n, a, s: "--12691-- malloc(%d) = 0x%X\n" % (s, a), lambda n, a: "--12691-- free(0x%X)\n" % a),
    "ltrace": text(ltrace_line, ltrace_line),
    "ltrace-tt": text(timed(ltrace_line), timed(ltrace_line)),
}
