"""alloc_heavy: a script whose objects come from malloc one by one, to be recorded.

    PYTHONMALLOC=malloc flrec -o t.zst -- python3 alloc_heavy.py [ROUNDS]

Each round builds, reshapes and drops what scripts are made of: texts, tuples, dictionaries,
nested lists, instances with attributes. The default is more than 10 million allocations.
"""

import sys


class Node:
    def __init__(self, key, below):
        self.key = key
        self.below = below


def words(count):
    return ["%d-%x" % (i, i * 2654435761 % 65537) for i in range(count)]


def index(texts):
    groups = {}
    for text in texts:
        groups.setdefault(text[-2:], []).append((text, float(len(text))))
    return groups


def chain(count):
    node = None
    for key in range(count):
        node = Node(str(key) * 3, node)
    length = 0
    while node is not None:
        node = node.below
        length += 1
    return length


def run_round(number):
    texts = words(20000)
    groups = index(texts)
    ranked = sorted(((len(group), key) for key, group in groups.items()), reverse=True)
    joined = " ".join(text.upper() for text in texts).split()
    return len(ranked) + len(joined) + chain(10000 + number % 10)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(sum(run_round(number) for number in range(rounds)))


main()
