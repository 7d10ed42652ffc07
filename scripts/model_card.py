#!/usr/bin/env python3
"""Writes the tables of a model card from what `undertone evaluate --format json` printed.

The card keeps its own words; what stands between `<!-- table NAME -->` and `<!-- end -->` is replaced:

    scripts/model_card.py --card models/undertone-en/MODEL_CARD.md --figures test.json \
        [--without-context plain.json] [--open open.json] [--robustness lines.txt]

sentiment, heads, real, written, pairs, confusion come from --figures; context from --without-context beside it; open
from --open beside it; agreement from models/annotations; robustness from the lines that tests/robustness.rs prints.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def f3(value):
    return "–" if value is None else f"{value:.3f}"


def f2(value):
    return f"{value:.2f}"


def sentiment(report):
    head = ["set", "rows", "accuracy", "macro-F1", "recall", "calibration error", "VADER macro-F1", "words macro-F1"]
    rows = [
        [s["set"], s["model"]["rows"], f3(s["model"]["accuracy"]), f3(s["model"]["macro_f1"]),
         f3(s["model"]["macro_recall"]), f3(s["model"]["calibration_error"]), f3(s["vader"]["macro_f1"]),
         f3(s["bag_of_words"]["macro_f1"])]
        for s in report["sets"]
    ]
    return table(head, rows)


def counted(report, where, head):
    of = [c for c in report["classes"] if c["set"] == where and c["head"] == head]
    return [c for c in of if (c["aimed"] if where == "real" else c["model"]["positives"] > 0)]


def mean(values):
    return sum(values) / len(values) if values else float("nan")


def macro(report, where, head, who="model", figure="f1"):
    return mean([c[who][figure] for c in counted(report, where, head)])


def heads(report):
    rows = []
    for where in ["real", "written"]:
        for head in ["signals", "mistakes", "acts"]:
            rows.append([where, head, len(counted(report, where, head)), f3(macro(report, where, head)),
                         f3(macro(report, where, head, figure="average_precision")),
                         f3(macro(report, where, head, figure="calibration_error")),
                         f3(macro(report, where, head, "bag_of_words")),
                         f3(macro(report, where, head, "sentiment_alone"))])
    return table(["rows", "head", "classes", "macro-F1", "average precision", "calibration error",
                  "words macro-F1", "sentiment alone macro-F1"], rows)


def classes(report, where):
    rows = []
    for c in report["classes"]:
        m = c["model"]
        if c["set"] == where and m["positives"]:
            rows.append([c["class"] + ("" if c["aimed"] or where != "real" else " *"), m["positives"], m["said"],
                         f2(m["precision"]), f2(m["recall"]), f2(m["f1"]), f2(m["average_precision"]),
                         f3(m["calibration_error"]), f2(c["threshold"]), f2(c["bag_of_words"]["f1"]),
                         f2(c["sentiment_alone"]["f1"])])
    return table(["class", "positives", "said", "precision", "recall", "F1", "average precision", "calibration error",
                  "threshold", "words F1", "sentiment alone F1"], rows)


def pairs(report):
    rows = [[p["class"], p["against"], f"{p['found']} of {p['positives']}", f"{p['wrongly_said']} of {p['near_misses']}"]
            for p in report["pairs"]]
    return table(["class", "against", "found", "near-misses wrongly said"], rows)


def confusion(report):
    rows = []
    for s in report["sets"]:
        for label, row in zip(["negative", "neutral", "positive"], s["model"]["confusion"]):
            if sum(row):
                rows.append([s["set"], label, *row])
    return table(["set", "truth", "as negative", "as neutral", "as positive"], rows)


def of_set(report, name):
    return next((s["model"]["macro_f1"] for s in report["sets"] if s["set"] == name), float("nan"))


def beside(reports):
    """Several reports' main figures side by side."""
    lines = [(f"sentiment, {name}", lambda r, name=name: of_set(r, name))
             for name in ["tweetsumm_twcs", "maia_raw_chats", "ibm_twitter_customer_care", "twitter_us_airline",
                          "vader_tweets", "written", "all"]]
    lines += [(f"{head}, {where}", lambda r, head=head, where=where: macro(r, where, head))
              for where in ["real", "written"] for head in ["signals", "mistakes", "acts"]]
    rows = [[name, *(f3(figure(report)) for _, report in reports)] for name, figure in lines]
    return table(["macro-F1", *(title for title, _ in reports)], rows)


def agreement():
    """F1 of each class between the first and the blind second reading."""
    first, second = {}, []
    for file in sorted((ROOT / "models/annotations").glob("*.jsonl")):
        for line in file.open():
            one = json.loads(line)
            first[one["set"], one["conversation_id"]] = one
    for file in sorted((ROOT / "models/annotations/second").glob("*.jsonl")):
        second += [json.loads(line) for line in file.open()]
    both, only_first, only_second = (collections.Counter() for _ in range(3))
    for two in second:
        one = first[two["set"], two["conversation_id"]]
        for kind, key in (("signals", "s"), ("mistakes", "m"), ("acts", "a")):
            a = {(x["i"], x[key]) for x in one[kind]}
            b = {(x["i"], x[key]) for x in two[kind]}
            both.update(x[1] for x in a & b)
            only_first.update(x[1] for x in a - b)
            only_second.update(x[1] for x in b - a)
    rows = []
    for name in sorted({*both, *only_first, *only_second}):
        n = both[name]
        rows.append([name, n, only_first[name], only_second[name],
                     f2(2 * n / (2 * n + only_first[name] + only_second[name]))])
    return table(["class", "both", "first only", "second only", "F1"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["card", "figures"]:
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    for name in ["without-context", "open", "robustness"]:
        parser.add_argument(f"--{name}", type=pathlib.Path)
    args = parser.parse_args()
    report = json.loads(args.figures.read_text())
    tables = {
        "sentiment": sentiment(report), "heads": heads(report), "real": classes(report, "real"),
        "written": classes(report, "written"), "pairs": pairs(report), "confusion": confusion(report),
        "agreement": agreement(),
    }
    if args.without_context:
        tables["context"] = beside([("with context", report),
                                    ("without", json.loads(args.without_context.read_text()))])
    if args.open:
        tables["open"] = beside([("undertone-en", report), ("undertone-en-open", json.loads(args.open.read_text()))])
    if args.robustness:
        rows = [line.strip().strip("|").split("|") for line in args.robustness.read_text().splitlines()
                if re.match(r"^\| (customer|agent) \|", line)]
        tables["robustness"] = table(["turns of", "change", "sentiment changes", "raised names change"],
                                     [[cell.strip() for cell in row] for row in rows])
    text = args.card.read_text()
    for name, content in tables.items():
        pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.S)
        text, found = pattern.subn(lambda match: match[1] + content + "\n" + match[2], text)
        if not found:
            print(f"warning: {args.card} has no place for table {name}", file=sys.stderr)
    args.card.write_text(text)


if __name__ == "__main__":
    main()
