"""Lists of names, the same on every machine: a seeded generator that looks like real block lists."""
import os
import random

TLDS = ["com"] * 45 + ["net"] * 12 + ["org"] * 8 + ["ru", "de", "co.uk", "info", "xyz", "top", "cn", "com.br",
        "fr", "nl", "pl", "it", "io", "biz", "site", "online", "club", "shop", "jp", "in"]
WORDS = ("ad track stat cdn api img click pixel media web data cloud shop news mail app dev test static "
         "login secure update play game video music photo blog best free my go top pro net info site "
         "line zone hub lab box link tech soft home life store world city").split()
HOSTS = ["www", "cdn", "api", "ads", "img", "static", "m", "t", "a1", "srv", "track", "s3", "edge"]


def generate(count, seed):
    """count distinct registrable or host names, sorted by nothing."""
    rng = random.Random(seed)
    seen = set()
    while len(seen) < count:
        base = rng.choice(WORDS) + rng.choice(["", "-", ""]) + rng.choice(WORDS)
        if rng.random() < 0.75:
            base += str(rng.randrange(100000)) if rng.random() < 0.6 else rng.choice(WORDS)
        name = base + "." + rng.choice(TLDS)
        while rng.random() < 0.38:
            name = rng.choice(HOSTS) + (str(rng.randrange(100)) if rng.random() < 0.5 else "") + "." + name
        seen.add(name)
    names = list(seen)
    names.sort()
    rng.shuffle(names)
    return names


MANY = 1000000


def stretched(folder, count, seed):
    """count names, a multiple of MANY: those of MANY, each behind a letter or two. Making up that many takes minutes."""
    base = read(cached(folder, MANY, seed))
    return [f"{chr(ord('a') + i % 26)}{i // 26 or ''}{name}" for i in range(count // MANY) for name in base]


def cached(folder, count, seed):
    """A file with count names, the same for the same seed, made once."""
    path = os.path.join(folder, f"names-{count}-{seed}.txt")
    if not os.path.exists(path):
        with open(path + ".new", "w") as out:
            names = stretched(folder, count, seed) if count > MANY and count % MANY == 0 else generate(count, seed)
            out.write("\n".join(names) + "\n")
        os.rename(path + ".new", path)
    return path


def read(path):
    return [line.strip() for line in open(path) if line.strip()]
