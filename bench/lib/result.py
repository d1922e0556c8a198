"""What an experiment found: tables for people, data for programs, and everything that went wrong or was left out."""
import json
import os
import time


class Table:
    """Rows under a header; cells are shown as they are written here."""

    def __init__(self, title, header, rows=None):
        self.title = title
        self.header = header
        self.rows = rows if rows is not None else []
        self.notes = []

    def text(self):
        cells = [[str(c) for c in row] for row in [self.header] + self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.header))]
        lines = [self.title, ""]
        for n, row in enumerate(cells):
            lines.append("| " + " | ".join(
                c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |")
            if n == 0:
                lines.append("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":"
                                             for i, w in enumerate(widths)) + "|")
        if self.notes:
            lines += [""] + self.notes
        return "\n".join(lines) + "\n"

    def fail(self, name, reason):
        """A contestant that did not get to the end is a row, too."""
        self.rows.append([name, "failed: " + brief(reason)] + [""] * (len(self.header) - 2))


class Result:
    """Of one experiment. wrong: what must not be in any run; a run that has any of it ends with 1."""

    def __init__(self):
        self.tables = []
        self.data = {}
        self.failed = {}  # contestant -> reason
        self.wrong = []  # answers or figures that cannot be right
        self.skipped = {}  # contestant -> why it was not asked
        self.seconds = 0.0

    def table(self, title, header):
        self.tables.append(Table(title, header))
        return self.tables[-1]

    def fail(self, name, error):
        self.failed[name] = brief(error)

    def text(self):
        parts = [t.text() for t in self.tables]
        parts += [f"skipped, {why}: " + "; ".join(n for n, reason in self.skipped.items() if reason == why) + "\n"
                  for why in dict.fromkeys(self.skipped.values())]
        parts += [f"failed: {name}: {why}\n" for name, why in self.failed.items()]
        parts += [f"WRONG: {what}\n" for what in self.wrong]
        return "\n".join(parts)

    def as_dict(self):
        return {"seconds": round(self.seconds, 1), "failed": self.failed, "wrong": self.wrong, "skipped": self.skipped,
                "tables": [{"title": t.title, "header": t.header, "rows": t.rows, "notes": t.notes}
                           for t in self.tables], "data": self.data}


def brief(error):
    """One line of an error, fit for a table."""
    text = " ".join(str(error).split()).replace("|", "/")
    return text if len(text) < 160 else text[:60] + " ... " + text[-95:]


def replace_file(path, text):
    with open(path + ".new", "w") as out:
        out.write(text)
    os.rename(path + ".new", path)


class Report:
    """The files of a run, written again after each experiment: an interrupted run keeps what it has."""

    def __init__(self, folder, command, machine, scale):
        self.folder = folder
        self.head = {"command": command, "machine": machine, "scale": scale, "began": time.strftime("%Y-%m-%d %H:%M:%SZ",
                                                                                                      time.gmtime())}
        self.results = {}
        os.makedirs(folder, exist_ok=True)

    def add(self, name, result):
        self.results[name] = result
        replace_file(os.path.join(self.folder, "results.json"), self.json())
        replace_file(os.path.join(self.folder, "tables.md"), self.markdown())

    def trouble(self):
        """Whether anything failed or was wrong."""
        return any(r.failed or r.wrong for r in self.results.values())

    def ending(self):
        """The last lines of a run: seconds of each experiment, the machine, and what was wrong."""
        machine = self.head["machine"]
        total = sum(r.seconds for r in self.results.values())
        lines = ["seconds: " + ", ".join(f"{n} {r.seconds:.0f}" for n, r in self.results.items()) + f"; all {total:.0f}",
                 f"machine: {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, load {machine['load']:.1f} "
                 f"at start; results in {self.folder}"]
        for name, result in self.results.items():
            lines += [f"failed: {name}: {who}: {why}" for who, why in result.failed.items()]
            lines += [f"WRONG: {what}" for what in result.wrong]
        return "\n".join(lines)

    def json(self):
        return json.dumps(dict(self.head, experiments={n: r.as_dict() for n, r in self.results.items()}), indent=1)

    def markdown(self):
        machine = self.head["machine"]
        lines = [f"`{self.head['command']}`, {self.head['began']}", "",
                 f"The machine: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['os']}, "
                 f"Linux {machine['kernel']}; load average {machine['load']:.2f} at the start.", ""]
        lines += [f"- {name}: {version}" for name, version in machine["versions"].items()]
        for name, result in self.results.items():
            lines += ["", f"## {name} ({result.seconds:.0f} s)", "", result.text().rstrip()]
        total = sum(r.seconds for r in self.results.values())
        return "\n".join(lines + ["", f"All in {total:.0f} s.", ""])
