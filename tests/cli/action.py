#!/usr/bin/env python3
"""action.py SOURCE FLREC FLREPLAY: the steps of action.yml, as a runner makes them.

The installation of packages is left out, since they are here; the build is made. Then the replay's step: a baseline
that fits passes, one that does not ends with 1, and the summary has the table. Exit code 77: PyYAML is not installed.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    sys.exit(77)


def step_run(step, inputs, environment):
    """Exit code and output of a step, by bash as GitHub starts it."""
    values = {name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda found: inputs[found.group(1)], text)
              for name, text in step.get("env", {}).items()}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(command, env={**environment, **values}, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def expect(condition, what, output):
    if not condition:
        sys.exit(f"{what}\n{output}")


def environment_make(source, folder):
    """What a runner sets, and a sudo that does nothing."""
    tools = os.path.join(folder, "tools")
    os.mkdir(tools)
    with open(os.path.join(tools, "sudo"), "w") as sudo:
        sudo.write("#!/bin/sh\n")
    os.chmod(sudo.name, 0o755)
    for name in ("path", "summary"):
        open(os.path.join(folder, name), "w").close()
    return {**os.environ, "PATH": tools + ":" + os.environ["PATH"], "GITHUB_ACTION_PATH": source,
            "RUNNER_TEMP": folder, "GITHUB_PATH": os.path.join(folder, "path"),
            "GITHUB_STEP_SUMMARY": os.path.join(folder, "summary")}


def replay_verify(step, defaults, environment, folder, flrec, flreplay):
    trace, baseline = os.path.join(folder, "t.zst"), os.path.join(folder, "base.json")
    subprocess.run([flrec, "-q", "-o", trace, "--", "sh", "-c", ":"], check=True)
    subprocess.run([flreplay, "-q", trace, "--runs=0", "--alloc=addr-tree", "--save-baseline=" + baseline],
                   check=True, stdout=subprocess.DEVNULL)
    inputs = {**defaults, "trace": trace, "baseline": baseline, "fail-on": "visits>1%"}
    code, output = step_run(step, inputs, environment)
    expect(code == 0 and "gate: passed" in output, "a gate that fits does not pass", output)
    with open(environment["GITHUB_STEP_SUMMARY"]) as summary:
        expect("addr-tree" in summary.read(), "there is no summary", output)
    code, output = step_run(step, {**defaults, "trace": trace, "arguments": "--check=full --jobs=1"}, environment)
    expect(code == 0, "without a baseline it fails", output)
    with open(baseline) as file:
        text = file.read()
    with open(baseline, "w") as file:
        file.write(re.sub(r'"splits": \d+', '"splits": 0', text))
    code, output = step_run(step, {**defaults, "trace": trace, "baseline": baseline}, environment)
    expect(code == 1, "a changed allocator passes", output)


def main():
    source, flrec, flreplay = sys.argv[1:4]
    with open(os.path.join(source, "action.yml")) as file:
        action = yaml.safe_load(file)
    defaults = {name: value["default"] for name, value in action["inputs"].items()}
    build, replay = action["runs"]["steps"]
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_make(source, folder)
        code, output = step_run(build, defaults, environment)
        expect(code == 0, "the build fails", output)
        with open(environment["GITHUB_PATH"]) as path:
            environment["PATH"] = path.read().strip() + ":" + environment["PATH"]
        found = shutil.which("flreplay", path=environment["PATH"]) or ""
        expect(found.startswith(folder), "flreplay is not on the path", output)
        replay_verify(replay, defaults, environment, folder, flrec, flreplay)


main()
