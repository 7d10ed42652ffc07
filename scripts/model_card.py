#!/usr/bin/env python3
"""Writes the tables of a model card from what `undertone evaluate --format json` printed.

The card keeps its own words; what stands between `<!-- table NAME -->` and `<!-- end -->` is replaced:

    scripts/model_card.py --card models/undertone-en/MODEL_CARD.md [--figures test.json] \
        [--without-context plain.json] [--open open.json] [--robustness lines.txt] \
        [--risk risk.json] [--leave-one-out lines.txt]

sentiment, heads, real, written, pairs, confusion come from --figures; context from --without-context beside it; open
from --open beside it; agreement from models/annotations; regression and regression-failures from the written
conversations and the list of what fails in them, which tests/regression writes; robustness from the lines that
tests/robustness.rs prints; the tables of the risk from what `undertone evaluate --risk --format json` printed, and
risk-left-out from what `undertone train --risk --leave-one-out` printed. Without --figures only what is in the checkout is written anew.
"""

import argparse
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What is detected, in the order of src/wire/names.rs.
NAMES = """
    frustration escalation_request churn_threat public_or_legal_threat distress agent_abused repeats_self confused
    thanks_resolved stuck
    left_waiting cut_short not_listening no_empathy blames_customer disowns_problem dismissive_tone policy_wall
    cannot_help must_start_over empty_promise overcomplicates contradicts canned_reply pushy_sell missing_basics
""".split()


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


def conversations():
    """The written conversations, and what fails in them as (conversation, name, turn or a word)."""
    folder = ROOT / "tests/data/conversations"
    written = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.open()]
    lines = (folder / "known-failures.tsv").read_text().splitlines()
    return written, [tuple(line.split("\t")) for line in lines if not line.startswith("#")]


def regression():
    written, failures = conversations()
    healthy = {one["conversation_id"] for one in written if one["healthy"]}
    expected = collections.Counter(e["name"] for one in written for e in one["expect"])
    near_misses = collections.Counter(name for one in written for name in one["absent"])
    missed = collections.Counter(name for _, name, place in failures if place not in ("absent", "healthy"))
    said = collections.Counter(name for _, name, place in failures if place == "absent")
    raised = collections.Counter(name for id, name, place in failures
                                 if place in ("absent", "healthy") and id in healthy)
    rows = [[name, expected[name], expected[name] - missed[name], near_misses[name], near_misses[name] - said[name],
             raised[name]] for name in NAMES]
    rows.append([f"all ({len(written)} conversations, {len(healthy)} healthy)",
                 *(sum(row[column] for row in rows) for column in range(1, 6))])
    return table(["name", "expected", "found", "near-misses", "silent", "raised in healthy conversations"], rows)


def regression_failures():
    _, failures = conversations()
    rows = []
    for name in NAMES:
        of = [(id.removeprefix("r-"), place) for id, failing, place in failures if failing == name]
        missed = [id if place == "anywhere" else f"{id}:{place}" for id, place in of
                  if place not in ("absent", "healthy")]
        said = [id for id, place in of if place == "absent"]
        others = [id for id, place in of if place == "healthy"]
        if of:
            rows.append([name, *(", ".join(sorted(ids, key=in_order)) for ids in (missed, said, others))])
    return table(["name", "not found", "raised in a near-miss", "raised in another healthy one"], rows)


def in_order(id):
    conversation, _, turn = id.partition(":")
    return conversation, int(turn or -1)


def percent(value):
    return "–" if value is None else f"{100 * value:.0f} %"


def risk_tables(report):
    sets = report["sets"]
    whole = sets[0]
    ranking = [
        [s["set"], s["conversations"], s["tense"] + s["escalated"], f3(s["highest"]["auc"]), f3(s["auc_to_alert"]),
         f3(s["highest"]["auc_escalated"]), *(percent(r) for r in s["highest"]["recall"])] for s in sets
    ]
    reached = [[s["set"], f"{r['level']} ({r['least']:.2f})", percent(r["tense"]), percent(r["escalated"]),
                percent(r["calm"])] for s in sets for r in s["reached"]]
    course = []
    for s in sets:
        lead, (_, high, critical) = s["lead"], s["taken_back"]
        course.append([s["set"], *(lead[key] for key in ["conversations", "before", "at", "one_later", "later", "never"]),
                       *(f"{t['taken_back']} of {t['reached']}" for t in [high, critical]), f3(s["early"]["auc"])])
    calibration = [[f"{b['from']:.2f} to {b['to']:.2f}", b["conversations"], f2(b["mean_risk"]), f2(b["share_bad"])]
                   for b in whole["calibration"] if b["conversations"]]
    tables = {
        "risk-ranking": table(["set", "conversations", "tense or escalated", "highest", "up to the annotated turn",
                               "escalated over calm", "2 %", "5 %", "10 %", "20 %"], ranking),
        "risk-reached": table(["set", "level", "tense", "escalated", "calm"], reached),
        "risk-course": table(["set", "tense or escalated", "before", "at it", "one later", "later", "never",
                              "taken back at high", "at critical", "turns before, AUC"], course),
        "risk-calibration": table(["highest risk", "conversations", "mean risk", "tense or escalated"], calibration),
    }
    if report["derailment"]:
        d = report["derailment"]
        rows = [[name, *(percent(at[key]) for key in ["accuracy", "false_positive_rate", "recall"]),
                 "–" if not at["horizon_comments"] else f"{at['horizon_comments']:.1f}"]
                for name, at in [("this risk, threshold chosen on the other half", d["chosen"]),
                                 ("this risk at high, as in customer care", d["high"])]]
        rows.append(["ConvoKit's RoBERTa-base, as published", "68.1 %", "34.4 %", "–", "–"])
        tables["risk-derailment"] = table(["", "accuracy", "false positives", "recall", "comments ahead"], rows)
    return tables


def left_out(lines):
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    head = next(i for i, row in enumerate(rows) if row[0] == "without")
    return table(rows[head], [row for row in rows[head + 2:] if len(row) == len(rows[head])])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", required=True, type=pathlib.Path)
    for name in ["figures", "without-context", "open", "robustness", "risk", "leave-one-out"]:
        parser.add_argument(f"--{name}", type=pathlib.Path)
    args = parser.parse_args()
    if (args.without_context or args.open) and not args.figures:
        parser.error("--without-context and --open are shown beside --figures")
    tables = {"agreement": agreement(), "regression": regression(), "regression-failures": regression_failures()}
    if args.figures:
        report = json.loads(args.figures.read_text())
        tables |= {
            "sentiment": sentiment(report), "heads": heads(report), "real": classes(report, "real"),
            "written": classes(report, "written"), "pairs": pairs(report), "confusion": confusion(report),
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
    if args.risk:
        tables |= risk_tables(json.loads(args.risk.read_text()))
    if args.leave_one_out:
        tables["risk-left-out"] = left_out(args.leave_one_out.read_text().splitlines())
    text = args.card.read_text()
    for name, content in tables.items():
        pattern = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.S)
        text, found = pattern.subn(lambda match: match[1] + content + "\n" + match[2], text)
        if not found:
            print(f"warning: {args.card} has no place for table {name}", file=sys.stderr)
    args.card.write_text(text)


if __name__ == "__main__":
    main()
