"""Check dashboards/ for what promtool does not see; called by scripts/test.

Every dashboard is valid JSON with a stable uid, and every panel has a title, a description and queries whose PromQL
promtool accepts; panels do not overlap. Every metric named in a dashboard or rule is one that undertone exports
(src/telemetry), and every alert has its runbook. Standard library only.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DASHBOARDS = ROOT / "dashboards" / "grafana"
RULES = ROOT / "dashboards" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
RUNBOOK_PARTS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
UID_CHARACTERS_MAX = 40
GRID_COLUMNS = 24

problems = []


def complain(path: pathlib.Path, message: str) -> None:
    problems.append(f"{path.relative_to(ROOT)}: {message}")


def load(path: pathlib.Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        complain(path, f"not JSON: {error}")
        return {}


def check_grid(path: pathlib.Path, panels: list) -> None:
    taken = {}
    for panel in panels:
        place = panel.get("gridPos", {})
        x, y, w, h = (place.get(key, -1) for key in "xywh")
        if min(x, y) < 0 or min(w, h) < 1 or x + w > GRID_COLUMNS:
            complain(path, f"panel {panel.get('title')!r} lies outside the grid")
        for cell in ((column, row) for column in range(x, x + w) for row in range(y, y + h)):
            if taken.setdefault(cell, panel) is not panel:
                complain(path, f"panel {panel.get('title')!r} lies over {taken[cell].get('title')!r}")
                break


def check_dashboard(path: pathlib.Path) -> list:
    """The expressions of the dashboard's panels."""
    dashboard = load(path)
    uid = dashboard.get("uid") or ""
    if uid != path.stem or len(uid) > UID_CHARACTERS_MAX:
        complain(path, f"uid {uid!r} must be the file's name without .json, at most {UID_CHARACTERS_MAX} characters")
    if dashboard.get("id") is not None:
        complain(path, "an id belongs to one Grafana only: remove it")
    panels = dashboard.get("panels", [])
    check_grid(path, panels)
    ids = [panel.get("id") for panel in panels]
    if len(set(ids)) != len(ids):
        complain(path, "two panels have the same id")
    expressions = []
    for panel in panels:
        title = panel.get("title")
        if not title or (panel.get("type") != "row" and not panel.get("description")):
            complain(path, f"panel {title!r} ({panel.get('id')}) lacks a title or a description")
        if panel.get("type") not in ("row", "text") and not panel.get("targets"):
            complain(path, f"panel {title!r} has no query")
        expressions += [target["expr"] for target in panel.get("targets", [])]
    return expressions


def check_promql(path: pathlib.Path, expressions: list, promtool: str) -> None:
    """Let promtool parse the expressions as if they were recording rules."""
    rules = []
    for number, expression in enumerate(expressions):
        text = re.sub(r"\$__(rate_interval|interval|range)\b", "5m", expression).replace("$queue", "billing")
        rules.append({"record": f"expression:{number}", "expr": text})
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "expressions.json")
        # JSON is YAML too.
        file.write_text(json.dumps({"groups": [{"name": path.stem, "rules": rules}]}))
        run = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True)
    if run.returncode != 0:
        complain(path, f"promtool refuses a query:\n{run.stdout}{run.stderr}")


def check_alerts(path: pathlib.Path, text: str) -> None:
    alerts = re.findall(r"^\s*- alert: (\w+)$", text, re.MULTILINE)
    for alert in alerts:
        if f"runbook_url: docs/runbooks/{alert}.md\n" not in text:
            complain(path, f"{alert} has no runbook_url docs/runbooks/{alert}.md")
        runbook = RUNBOOKS / f"{alert}.md"
        if not runbook.is_file():
            complain(path, f"{alert} has no runbook")
            continue
        parts = re.findall(r"^## (\w+)", runbook.read_text(encoding="utf-8"), re.MULTILINE)
        if tuple(parts) != RUNBOOK_PARTS:
            complain(runbook, f"its parts are {', '.join(parts)}, not {', '.join(RUNBOOK_PARTS)}")


def check_names(path: pathlib.Path, text: str, telemetry: str) -> None:
    """Each metric occurs in the source with its name, with or without the prefix."""
    # In a rule's name the metric stands between two colons, without its unit or _total.
    text = re.sub(r"\b[a-z_]+:undertone_\w+:\w+", "", text)
    # What a query names: file names, addresses and variables are not followed by these.
    names = set(re.findall(r"\bundertone_([a-z0-9_]+)(?=[\s{\[),\"]|$)", text))
    for name in sorted(names):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if not re.search(rf'"(undertone_)?({name}|{base})"', telemetry):
            complain(path, f"undertone_{name} is not a metric of src/telemetry")


def main() -> None:
    promtool = sys.argv[1] if len(sys.argv) > 1 else None
    sources = [ROOT / "src" / "telemetry.rs", *sorted((ROOT / "src" / "telemetry").glob("**/*.rs"))]
    telemetry = "\n".join(source.read_text(encoding="utf-8") for source in sources if source.is_file())
    dashboards = sorted(DASHBOARDS.glob("*.json"))
    rules = sorted(RULES.glob("*.rules.yml"))
    if not dashboards or not rules:
        sys.exit("dashboards: no dashboard or no rules found")
    for path in dashboards:
        expressions = check_dashboard(path)
        if promtool:
            check_promql(path, expressions, promtool)
        check_names(path, "\n".join(expressions), telemetry)
    for path in rules:
        text = path.read_text(encoding="utf-8")
        check_alerts(path, text)
        check_names(path, "\n".join(re.findall(r"expr: (?:\|2\n)?(.*(?:\n {10,}.*)*)", text)), telemetry)
    for problem in problems:
        print(f"dashboards: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"dashboards: {len(dashboards)} dashboards and {len(rules)} rule files are in order")


if __name__ == "__main__":
    main()
